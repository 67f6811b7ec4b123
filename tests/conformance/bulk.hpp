// SPDX-License-Identifier: MIT
//
// Conformance: copies and removals by the many. Part of <conformance/conformance.hpp>.

#ifndef BLOBSHIFT_TESTS_CONFORMANCE_BULK_HPP
#define BLOBSHIFT_TESTS_CONFORMANCE_BULK_HPP

#include <optional>    // optional
#include <stop_token>  // stop_source

#include <conformance/subject.hpp>

namespace blobshift::conformance {

/// Results by index; a second result for one index, or one for no request, fails the case.
template <class T>
class outcomes {
public:
    explicit outcomes(std::size_t count) : kept_(count) {}

    void keep(std::size_t index, result<T>&& r) {
        REQUIRE(index < kept_.size());
        CHECK_FALSE(kept_[index]);
        if (!kept_[index]) ++count_;
        kept_[index].emplace(std::move(r));
    }
    [[nodiscard]] std::size_t count() const noexcept { return count_; }
    [[nodiscard]] const result<T>& operator[](std::size_t index) const {
        REQUIRE(kept_[index]);
        return *kept_[index];
    }

private:
    std::vector<std::optional<result<T>>> kept_;
    std::size_t count_ = 0;
};

[[nodiscard]] inline outcomes<copy_result> copy_many(subject& the, const context& c,
                                                     const std::vector<copy_request>& requests, unsigned concurrency) {
    outcomes<copy_result> all(requests.size());
    the.store.copy_many(c, requests, {.concurrency = concurrency},
                        [&](std::size_t i, result<copy_result>&& r) { all.keep(i, std::move(r)); });
    return all;
}

[[nodiscard]] inline outcomes<bool> remove_many(subject& the, const context& c,
                                                const std::vector<remove_request>& requests, unsigned concurrency) {
    outcomes<bool> all(requests.size());
    the.store.remove_many(c, requests, {.concurrency = concurrency},
                          [&](std::size_t i, result<bool>&& r) { all.keep(i, std::move(r)); });
    return all;
}

CONFORMANCE_CASE("copying many gives each request its own result, exactly once") {
    put(the, "from/0", "zero");
    put(the, "from/1", "one");
    put(the, "from/2", "two");
    const etag stale = head(the, "from/2").value().tag;
    put(the, "from/2", "two, changed");
    put(the, "taken", "before");
    const std::vector<copy_request> requests = {
        {name("from/0"), name("to/0")},
        {name("absent"), name("to/absent")},
        {name("from/1"), name("taken")},
        {name("from/2"), name("to/2"), condition::if_match(stale)},
        {name("from/1"), name("from/1")},
        {name("from/1"), name("I'm a < & weird name"), {}, condition::always()},
    };
    for (const unsigned concurrency : {0U, 1U, 3U, 64U}) {
        CAPTURE(concurrency);
        const auto all = copy_many(the, the.c, requests, concurrency);
        CHECK(all.count() == requests.size());
        REQUIRE(all[0]);
        CHECK(all[0]->info.name == name("to/0"));
        CHECK(all[0]->source_tag == head(the, "from/0").value().tag);
        CHECK(refusal(all[1], "absent") == errc::not_found);
        CHECK(refusal(all[2], "taken") == errc::already_exists);
        CHECK(refusal(all[3], "from/2") == errc::condition_failed);
        CHECK(refusal(all[4], "from/1") == errc::invalid_argument);
        CHECK(all[5]);
        CHECK(text_of(the, "to/0") == "zero");
        CHECK(text_of(the, "I'm a < & weird name") == "one");
        CHECK(text_of(the, "taken") == "before");
        remove(the, "to/0").value();
    }
}

CONFORMANCE_CASE("removing many gives each request its own result, exactly once") {
    for (const unsigned concurrency : {0U, 1U, 3U, 64U}) {
        CAPTURE(concurrency);
        put(the, "a");
        const etag stale = head(the, "a").value().tag;
        const etag fresh = put(the, "a", "changed").tag;
        put(the, "b/ % & < weird name");
        put(the, "c");
        put(the, "stays");
        const std::vector<remove_request> requests = {
            {name("b/ % & < weird name")},
            {name("absent")},
            {name("a"), condition::if_match(stale)},
            {name("c"), condition::if_absent()},
            {name("absent"), condition::if_match(stale)},
        };
        const auto all = remove_many(the, the.c, requests, concurrency);
        CHECK(all.count() == requests.size());
        CHECK(all[0].value());
        CHECK_FALSE(all[1].value());
        CHECK(refusal(all[2], "a") == errc::condition_failed);
        CHECK(refusal(all[3]) == errc::invalid_argument);
        CHECK_FALSE(all[4].value());
        CHECK(names(the) == std::vector<std::string>{"a", "c", "stays"});
        CHECK(remove_many(the, the.c, {{name("a"), condition::if_match(fresh)}}, concurrency)[0].value());
    }
}

CONFORMANCE_CASE("no requests, no results") {
    CHECK(copy_many(the, the.c, {}, 8).count() == 0);
    CHECK(remove_many(the, the.c, {}, 8).count() == 0);
}

CONFORMANCE_CASE("many copies and many removals are all done") {
    const std::size_t count = the.times(600, 40);
    std::vector<copy_request> copies;
    std::vector<remove_request> removals;
    for (std::size_t i = 0; i < count; ++i) {
        const std::string n = std::to_string(i);
        put(the, "from/" + n, n);
        copies.push_back({name("from/" + n), name("to/" + n)});
        removals.push_back({name("from/" + n)});
    }
    const auto copied = copy_many(the, the.c, copies, 4);
    CHECK(copied.count() == count);
    for (std::size_t i = 0; i < count; ++i) CHECK(copied[i]);
    const auto removed = remove_many(the, the.c, removals, 4);
    CHECK(removed.count() == count);
    for (std::size_t i = 0; i < count; ++i) CHECK(removed[i].value());
    CHECK(names(the, "from/").empty());
    CHECK(names(the, "to/").size() == count);
    CHECK(text_of(the, "to/17") == "17");
}

CONFORMANCE_CASE("two requests for one blob have one winner") {
    put(the, "from");
    std::vector<copy_request> copies(8, {name("from"), name("to")});
    const auto copied = copy_many(the, the.c, copies, 4);
    std::size_t made = 0;
    for (std::size_t i = 0; i < copies.size(); ++i) {
        if (copied[i]) ++made;
        else CHECK(refusal(copied[i], "to") == errc::already_exists);
    }
    CHECK(made == 1);

    std::vector<remove_request> removals(8, {name("to")});
    const auto removed = remove_many(the, the.c, removals, 4);
    std::size_t gone = 0;
    for (std::size_t i = 0; i < removals.size(); ++i) gone += removed[i].value() ? 1 : 0;
    CHECK(gone == 1);
}

CONFORMANCE_CASE("a stop on the way leaves each request with a result that is true") {
    const std::size_t count = the.times(200, 30);
    std::vector<copy_request> copies;
    for (std::size_t i = 0; i < count; ++i) {
        put(the, "from/" + std::to_string(i), "x");
        copies.push_back({name("from/" + std::to_string(i)), name("to/" + std::to_string(i))});
    }
    std::stop_source stop;
    context c;
    c.stop = stop.get_token();
    outcomes<copy_result> all(count);
    the.store.copy_many(c, copies, {.concurrency = 2}, [&](std::size_t i, result<copy_result>&& r) {
        all.keep(i, std::move(r));
        if (all.count() == 5) stop.request_stop();
    });
    CHECK(all.count() == count);
    std::size_t done = 0;
    for (std::size_t i = 0; i < count; ++i) {
        CAPTURE(i);
        const bool there = head(the, "to/" + std::to_string(i)).has_value();
        if (all[i]) {
            ++done;
            CHECK(there);
        } else if (all[i].error().done == effect::none) {
            CHECK(all[i].error().code == errc::cancelled);
            CHECK_FALSE(there);
        } else {
            CHECK(all[i].error().done == effect::indeterminate);
        }
    }
    CHECK(done >= 5);

    const auto none = remove_many(the, c, {{name("from/0")}, {name("from/1")}}, 2);
    for (std::size_t i = 0; i < 2; ++i) CHECK(refusal(none[i]) == errc::cancelled);
    CHECK(names(the, "from/").size() == count);
}

CONFORMANCE_CASE("a deadline that has passed keeps bulk requests from starting") {
    put(the, "from");
    context late;
    late.deadline = late.clock->now();
    CHECK(refusal(copy_many(the, late, {{name("from"), name("to")}}, 2)[0]) == errc::deadline_exceeded);
    CHECK(refusal(remove_many(the, late, {{name("from")}}, 2)[0]) == errc::deadline_exceeded);
    CHECK(names(the) == std::vector<std::string>{"from"});
}

}  // namespace blobshift::conformance

#endif
