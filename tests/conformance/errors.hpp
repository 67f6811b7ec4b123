// SPDX-License-Identifier: MIT
//
// Conformance: stop, deadline, and what errors say and keep to themselves. Part of <conformance/conformance.hpp>.

#ifndef BLOBSHIFT_TESTS_CONFORMANCE_ERRORS_HPP
#define BLOBSHIFT_TESTS_CONFORMANCE_ERRORS_HPP

#include <stop_token>  // stop_source

#include <conformance/subject.hpp>
#include <support/virtual_clock.hpp>

namespace blobshift::conformance {

/// Calls every verb with `c`, on blobs named `there` and `absent`, and gives each error to `each`.
template <class Each>
void every_verb(subject& the, const context& c, std::string_view there, std::string_view absent, const etag& tag,
                Each each) {
    any_store& s = the.store;
    const blob_name n = name(there);
    const blob_name gone = name(absent);
    const condition match = condition::if_match(tag);
    bytes buffer(16);
    const auto note = [&](const std::string& verb, auto&& outcome) {
        if (!outcome) each(verb, outcome.error());
    };
    note("head", s.head(c, n));
    note("head", s.head(c, gone));
    note("etag_of", s.etag_of(c, n));
    note("etag_of", s.etag_of(c, gone));
    note("read", s.read(c, n, {}, buffer, match));
    note("read", s.read(c, n, read_range::from(1'000'000), buffer, {}));
    note("read", s.read(c, n, {}, buffer, condition::if_absent()));
    note("read", s.read(c, gone, {}, buffer, {}));
    note("list", s.list(c, {}));
    note("list", s.list(c, {.prefix = std::string(there), .delimiter = "?"}));
    note("scan", s.scan(c, {}, [](blob_info&&) { return result<void>(); }));
    note("put", s.put(c, n, as_bytes("after"), {}, match));
    note("put", s.put(c, n, as_bytes("after"), {}, condition::if_absent()));
    note("put", s.put(c, gone, as_bytes("after"), {}, match));
    note("remove", s.remove(c, n, match));
    note("remove", s.remove(c, n, condition::if_absent()));
    note("copy", s.copy(c, n, gone, match, {}));
    note("copy", s.copy(c, n, n, {}, {}));
    note("copy", s.copy(c, gone, n, {}, {}));
    note("begin_upload", s.begin_upload(c, gone));
    const upload_session u{gone, "no such upload"};
    note("stage_block", s.stage_block(c, u, 0, 0, as_bytes("x")));
    note("commit_upload", s.commit_upload(c, u, 1, 1, {}, match));
    note("abandon_upload", s.abandon_upload(c, u));
}

/// Every verb under a context that has ended: each must fail, with `code` unless something else is wrong with the call,
/// do nothing and say so.
inline void nothing_happens(subject& the, const context& ended, errc code) {
    const etag tag = put(the, "blob", "before").tag;
    int refused = 0;
    every_verb(the, ended, "blob", "absent", tag, [&](const std::string& verb, const error& e) {
        CAPTURE(verb);
        ++refused;
        CHECK(e.done == effect::none);
        CHECK_FALSE(e.is_transient());
    });
    CHECK(refused == 23);  // all of them
    CHECK(refusal(the.store.head(ended, name("blob")), "blob") == code);
    CHECK(refusal(the.store.put(ended, name("blob"), as_bytes("after"), {}, {}), "blob") == code);
    CHECK(refusal(the.store.put(ended, name("new"), as_bytes("after"), {}, condition::if_absent()), "new") == code);
    CHECK(refusal(the.store.remove(ended, name("blob"), {}), "blob") == code);
    CHECK(refusal(the.store.copy(ended, name("blob"), name("new"), {}, {})) == code);
    CHECK(refusal(the.store.list(ended, {})) == code);

    CHECK(text_of(the, "blob") == "before");
    CHECK(head(the, "blob").value().tag == tag);
    CHECK(names(the) == std::vector<std::string>{"blob"});
}

CONFORMANCE_CASE("a stopped context keeps every call from doing anything") {
    std::stop_source stop;
    context stopped;
    stopped.stop = stop.get_token();
    stop.request_stop();
    nothing_happens(the, stopped, errc::cancelled);
}

CONFORMANCE_CASE("a deadline that has passed keeps every call from doing anything") {
    testing::virtual_clock clock;
    context late = testing::context_of(clock);
    late.deadline = clock.now() + std::chrono::seconds(1);
    CHECK(the.store.put(late, name("in/time"), as_bytes("x"), {}, {}));
    clock.advance(std::chrono::seconds(1));
    CHECK(refusal(the.store.remove(late, name("in/time"), {}), "in/time") == errc::deadline_exceeded);
    CHECK(remove(the, "in/time").value());
    nothing_happens(the, late, errc::deadline_exceeded);
}

CONFORMANCE_CASE("a scan that is stopped on the way ends with cancelled, never as if it were complete") {
    const std::size_t count = the.times(300, 20);
    for (std::size_t i = 0; i < count; ++i) put(the, "n" + std::to_string(i), "");
    for (const unsigned concurrency : {1U, 3U}) {
        std::stop_source stop;
        context c;
        c.stop = stop.get_token();
        std::size_t seen = 0;
        const auto ended = the.store.scan(c, {.concurrency = concurrency}, [&](blob_info&&) -> result<void> {
            if (++seen == 2) stop.request_stop();
            return {};
        });
        if (seen < count) CHECK(refusal(ended) == errc::cancelled);
        CHECK(seen >= 2);
    }
}

CONFORMANCE_CASE("errors name the blob in their subject and nowhere else") {
    // A name as a hospital writes it. None of its parts may reach a line that people, logs or reports can see.
    const std::string there = "1.2.840.113619.2.55.3/1.3.6.1.4.1.14519.5/2.25.3141592653589793_17.dcm";
    const std::string absent = "1.2.840.113619.2.55.4/1.3.6.1.4.1.14519.6/2.25.2718281828459045_18.dcm";
    put(the, there, "before");
    int failures = 0;
    every_verb(the, the.c, there, absent, etag("\"stale\""), [&](const std::string& verb, const error& e) {
        CAPTURE(verb);
        ++failures;
        CHECK_FALSE(e.message.empty());
        for (const std::string_view part : {"113619", "14519", "31415926535", "27182818284", "1.2.840", ".dcm"}) {
            CHECK(e.message.find(part) == std::string::npos);
            CHECK(e.service_code.find(part) == std::string::npos);
            CHECK(e.request_id.find(part) == std::string::npos);
            CHECK(describe(e).find(part) == std::string::npos);
        }
        CHECK((e.subject.empty() || e.subject == there || e.subject == absent || e.code == errc::unsupported));
        CHECK(e.done == effect::none);
        CHECK_FALSE(e.is_transient());
    });
    CHECK(failures >= 14);
    CHECK(text_of(the, there) == "before");
    CHECK(names(the) == std::vector<std::string>{there});
}

CONFORMANCE_CASE("a request id of the caller changes nothing that is stored") {
    context c;
    c.request_id = "caller-17";
    CHECK(the.store.put(c, name("blob"), as_bytes("content"), {}, condition::if_absent()));
    CHECK(head(the, "blob").value().attrs.empty());
    CHECK(text_of(the, "blob") == "content");
}

}  // namespace blobshift::conformance

#endif
