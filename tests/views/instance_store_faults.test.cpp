// SPDX-License-Identifier: MIT
#include <blobshift/views/instance_store.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <support/print.hpp>
#include <views/service_bench.hpp>

namespace {

using namespace blobshift;
using namespace blobshift::testing;

error broken() { return make_error(errc::io_error, "broken"); }

/// No part of an id, and no name, is in the line that people read.
template <class R>
void expect_discreet(const R& failed) {
    REQUIRE_FALSE(failed);
    const std::string line = describe(failed.error());
    CAPTURE(line);
    for (const char* secret : {"2.25.9", "9000", ".dcm", "_metadata", "_frames"}) {
        CHECK(line.find(secret) == std::string::npos);
    }
}

}  // namespace

TEST_CASE("instance_store: only a blob that was not found sends a read to the next name") {
    for (const errc code : {errc::unavailable, errc::throttled, errc::permission_denied, errc::unauthenticated,
                            errc::blocked, errc::corrupt, errc::io_error, errc::deadline_exceeded, errc::cancelled}) {
        for (const format f : {format::old_names, format::dual, format::new_names}) {
            CAPTURE(to_string(code));
            CAPTURE(to_string(f));
            service_bench b(f);
            const instance_id id = b.id(1);
            const bool new_first = f == format::new_names;
            b.plant(new_first ? b.old_name(id) : b.new_name(id), "the second name would have it");
            const blob_name first = new_first ? b.new_name(id) : b.old_name(id);
            b.files.hook().before = failing("read", first, make_error(code, "no"));
            CHECK(b.store.get(b.c, id, blob_kind::instance, 100).error().code == code);
            CHECK(b.files.hook().calls["read"] == 1);
            b.files.hook().before = failing("head", first, make_error(code, "no"));
            CHECK(b.store.head(b.c, id, blob_kind::instance).error().code == code);
            CHECK(b.files.hook().calls["head"] == 1);
        }
    }
}

TEST_CASE("instance_store: an error at the second name, or at the third look, is the answer") {
    service_bench b(format::dual);
    const instance_id id = b.id(1);
    b.files.hook().before = failing("read", b.new_name(id), broken());
    CHECK(b.got(id) == std::nullopt);
    CHECK(b.store.get(b.c, id, blob_kind::instance, 100).error().code == errc::io_error);
    CHECK(b.files.hook().calls["read"] == 4);

    int looks = 0;
    b.files.hook().before = [&](std::string_view, std::string_view) -> std::optional<error> {
        if (++looks == 3) return broken();
        return std::nullopt;
    };
    CHECK(b.store.get(b.c, id, blob_kind::instance, 100).error().code == errc::io_error);
}

TEST_CASE("instance_store: a blob that moves between two looks is found") {
    for (const format f : {format::old_names, format::dual, format::new_names}) {
        CAPTURE(to_string(f));
        service_bench b(f);
        const instance_id id = b.id(1);
        const blob_name first = f == format::new_names ? b.new_name(id) : b.old_name(id);
        const blob_name second = f == format::new_names ? b.old_name(id) : b.new_name(id);
        b.plant(second, "content");
        // The first name has been missed; now the blob goes from the second name to the first.
        b.files.hook().before = [&](std::string_view verb, std::string_view n) -> std::optional<error> {
            if (verb == "read" && n == second.text()) {
                b.plant(first, "content");
                b.uproot(second);
            }
            return std::nullopt;
        };
        CHECK(b.got(id) == "content");
        CHECK(b.files.hook().calls["read"] == 3);
    }
}

TEST_CASE("instance_store: a large blob whose name goes while it is read is read under the other name") {
    service_bench b(format::dual);
    const instance_id id = b.id(1);
    const std::string content(100'000, 'x');  // more than one read
    b.plant(b.old_name(id), content);
    b.plant(b.new_name(id), content);
    b.files.hook().after = [&](std::string_view verb, std::string_view n) {
        if (verb == "read" && n == b.old_name(id).text()) b.uproot(b.old_name(id));
    };
    CHECK(b.got(id) == content);
}

TEST_CASE("instance_store: an unfinished copy is as good as no blob") {
    service_bench b(format::new_names);
    const instance_id id = b.id(1);
    b.plant(b.new_name(id), "");
    b.plant(b.old_name(id), "content");
    copy_state state = copy_state::pending;
    b.files.hook().infos = [&](blob_info& info) {
        if (info.name == b.new_name(id)) info.copy = state;
    };
    for (const copy_state unfinished : {copy_state::pending, copy_state::failed, copy_state::aborted}) {
        state = unfinished;
        CHECK(b.got(id) == "content");
        CHECK(b.store.head(b.c, id, blob_kind::instance)->size_bytes == 7);
        bytes part(4);  // of an empty blob there is no part
        CHECK(b.store.read(b.c, id, blob_kind::instance, read_range::from(3), part)->count == 4);
        CHECK(as_text(part) == "tent");
    }
    CHECK(b.store.old_format_reads() == 9);
    bytes beyond(1);
    CHECK(b.store.read(b.c, id, blob_kind::instance, read_range::from(7), beyond).error().code == errc::out_of_range);
    b.uproot(b.old_name(id));
    CHECK(b.store.get(b.c, id, blob_kind::instance, 100).error().code == errc::not_found);
    state = copy_state::succeeded;
    CHECK(b.got(id) == "");
}

TEST_CASE("instance_store: a Dual put whose first write fails has stored nothing and is on no list") {
    service_bench b(format::dual);
    b.files.hook().before = failing("put", b.old_name(b.id(1)), broken());
    const auto failed = b.put(b.id(1), "content");
    CHECK(failed.error().code == errc::io_error);
    CHECK(failed.error().done == effect::none);
    CHECK(b.blobs() == 0);
    CHECK(b.repairs().empty());
}

TEST_CASE("instance_store: a Dual put whose second write fails is an error and a repair, and can be repeated") {
    for (const blob_kind kind : {blob_kind::instance, blob_kind::metadata}) {
        service_bench b(format::dual);
        const instance_id id = b.id(1);
        b.container(kind).hook().before = failing("put", b.new_name(id, kind), broken(), 1);
        const auto failed = b.put(id, "content", kind);
        CHECK(failed.error().code == errc::io_error);
        CHECK(failed.error().done == effect::indeterminate);
        CHECK(b.text_of(kind, b.old_name(id, kind)) == "content");
        CHECK(b.repairs() == std::vector<repair>{{id, kind}});
        CHECK(b.put(id, "content", kind));
        CHECK(b.text_of(kind, b.new_name(id, kind)) == "content");
        CHECK(b.repairs().size() == 1);
    }
}

TEST_CASE("instance_store: the repair is recorded even when the caller's time is over") {
    for (const bool stopped : {true, false}) {
        service_bench b(format::dual);
        std::stop_source stopper;
        b.c.stop = stopper.get_token();
        b.c = b.c.with_timeout(std::chrono::seconds(1));
        b.files.hook().after = [&](std::string_view verb, std::string_view n) {
            if (verb != "put" || n != b.old_name(b.id(1)).text()) return;
            if (stopped) stopper.request_stop();
            else b.clock.advance(std::chrono::seconds(2));
        };
        const auto failed = b.put(b.id(1), "content");
        CHECK(failed.error().code == (stopped ? errc::cancelled : errc::deadline_exceeded));
        CHECK(b.repairs() == std::vector<repair>{{b.id(1), blob_kind::instance}});
    }
}

TEST_CASE("instance_store: when the repair list fails, too, the error says both") {
    service_bench b(format::dual);
    b.files.hook().before = failing("put", b.new_name(b.id(1)), broken());
    b.state_faults->fail_before(operation::put, make_error(errc::no_space, "full"));
    const auto failed = b.put(b.id(1), "content");
    CHECK(failed.error().code == errc::io_error);
    CHECK(failed.error().message.find("broken") != std::string::npos);
    CHECK(failed.error().message.find("no_space") != std::string::npos);
    expect_discreet(failed);
}

TEST_CASE("instance_store: a put meets the copier: its own content is a success, other content an error") {
    for (const format f : {format::old_names, format::dual, format::new_names}) {
        CAPTURE(to_string(f));
        service_bench b(f);
        const instance_id id = b.id(1);
        // As soon as the first name is there, a copier makes the second.
        b.files.hook().after = [&](std::string_view verb, std::string_view n) {
            if (verb == "put" && n == b.old_name(id).text()) b.plant(b.new_name(id), "content");
        };
        CHECK(b.put(id, "content"));
        CHECK(b.put(id, "content"));
        CHECK(b.repairs().empty());
        CHECK(b.put(id, "another").error().code == errc::already_exists);
        CHECK(b.repairs().empty());
        CHECK(b.got(id) == "content");
    }
}

TEST_CASE("instance_store: other content under the second name is an error and a repair, and is not touched") {
    service_bench b(format::dual);
    const instance_id id = b.id(1);
    b.plant(b.new_name(id), "foreign");
    const auto failed = b.put(id, "content");
    CHECK(failed.error().code == errc::already_exists);
    CHECK(failed.error().done == effect::indeterminate);
    CHECK(b.text_of(b.new_name(id)) == "foreign");
    CHECK(b.repairs() == std::vector<repair>{{id, blob_kind::instance}});
}

TEST_CASE("instance_store: a source that gives other bytes the second time does not become two different blobs") {
    struct changing : rewindable_memory {
        using rewindable_memory::rewindable_memory;
        int rewinds = 0;
        result<void> rewind() {
            ++rewinds;
            return rewindable_memory::rewind();
        }
        result<std::size_t> read(byte_span out) {
            auto got = rewindable_memory::read(out);
            if (rewinds == 2 && got && *got > 0) out[0] ^= std::byte{1};
            return got;
        }
    };
    service_bench b(format::dual);
    changing source(as_bytes("content"));
    CHECK(b.store.put(b.c, b.id(1), blob_kind::instance, source).error().code == errc::corrupt);
    CHECK(b.text_of(b.new_name(b.id(1))) == std::nullopt);
    CHECK(b.repairs().size() == 1);
}

TEST_CASE("instance_store: without a record there is no removal") {
    service_bench b(format::dual);
    REQUIRE(b.put(b.id(1), "content"));
    b.state_faults->by_rule = [](operation verb) -> std::optional<fault> {
        if (verb != operation::put) return std::nullopt;
        return fault{verb, lost_answer(), fault::moment::before_effect};
    };
    const auto failed = b.store.remove(b.c, b.id(1));
    CHECK(failed.error().code == errc::unavailable);
    CHECK(failed.error().done == effect::indeterminate);
    CHECK(b.blobs() == 2);
}

TEST_CASE("instance_store: an id that has no name stops a removal before anything is recorded") {
    service_bench b(format::dual);
    REQUIRE(b.put(b.id(1), "content"));
    const std::vector<instance_id> ids = {b.id(1), {"2.25.90001", "not a uid", "2.25.90003", 2}};
    const auto failed = b.store.remove(b.c, ids);
    CHECK(failed.error().code == errc::invalid_argument);
    CHECK(b.state_faults->calls(operation::put) == 0);
    CHECK(b.blobs() == 2);
    CHECK(b.store.remove(b.c, std::vector<instance_id>{}).value().sequence == 0);
}

TEST_CASE("instance_store: a blob that cannot be removed does not keep the others, and is counted") {
    service_bench b(format::dual);
    std::vector<instance_id> ids;
    for (std::int64_t w = 1; w <= 4; ++w) {
        ids.push_back(b.id(w));
        REQUIRE(b.put(ids.back(), "content"));
    }
    b.files.hook().before = [&](std::string_view verb, std::string_view n) -> std::optional<error> {
        const bool held = n == b.old_name(ids[1]).text() || n == b.new_name(ids[2]).text();
        if (verb != "remove" || !held) return std::nullopt;
        return make_error(errc::blocked, "leased", n);
    };
    const auto failed = b.store.remove(b.c, ids);
    CHECK(failed.error().code == errc::blocked);
    CHECK(failed.error().done == effect::indeterminate);
    CHECK(failed.error().message == "2 blobs could not be removed; the first: leased");
    CHECK(b.blobs() == 2);
    CHECK(b.deletions().size() == 4);
    b.files.hook().before = {};
    CHECK(b.store.remove(b.c, ids).value().blobs == 2);
}

TEST_CASE("instance_store: a listing that fails is not an empty study") {
    service_bench b(format::dual);
    REQUIRE(b.put(b.id(1), "content"));
    b.metadata.hook().before = [](std::string_view verb, std::string_view) -> std::optional<error> {
        if (verb != "list") return std::nullopt;
        return make_error(errc::unavailable, "no");
    };
    CHECK(b.store.find_old_names(b.c, "2.25.90001").error().code == errc::unavailable);
}

TEST_CASE("instance_store: a node that may not write still reads") {
    service_bench b(format::dual);
    REQUIRE(b.put(b.id(1), "content"));
    b.hooks.refusal = make_error(errc::blocked, "this node is more than one stage behind");
    const auto refused = b.put(b.id(2), "content");
    CHECK(refused.error().code == errc::blocked);
    CHECK(b.hooks.asked_under == format::dual);
    CHECK(refused.error().message == "this node is more than one stage behind");
    CHECK(b.store.remove(b.c, b.id(1)).error().code == errc::blocked);
    CHECK(b.got(b.id(1)) == "content");
    CHECK(b.blobs() == 2);
    CHECK(b.deletions().empty());
    b.hooks.refusal.reset();
    CHECK(b.put(b.id(2), "content"));
}

TEST_CASE("instance_store: no write outlives the lease that it began under") {
    service_bench b(format::dual);
    b.hooks.lease = std::chrono::seconds(5);
    b.files.hook().after = [&](std::string_view verb, std::string_view n) {
        if (verb == "put" && n == b.old_name(b.id(1)).text()) b.clock.advance(std::chrono::seconds(6));
    };
    CHECK(b.put(b.id(1), "content").error().code == errc::deadline_exceeded);
    CHECK(b.text_of(b.new_name(b.id(1))) == std::nullopt);
    CHECK(b.repairs().size() == 1);
}

TEST_CASE("instance_store: no removal is recorded, and no name removed, after the lease that it began under") {
    {
        service_bench b(format::dual);
        REQUIRE(b.put(b.id(1), "content"));
        b.hooks.lease = std::chrono::seconds(5);
        b.state_faults->by_rule = [&](operation verb) -> std::optional<fault> {
            if (verb == operation::list) b.clock.advance(std::chrono::seconds(6));
            return std::nullopt;
        };
        CHECK_FALSE(b.store.remove(b.c, b.id(1)));
        CHECK(b.deletions().empty());
        CHECK(b.blobs() == 2);
    }
    service_bench b(format::dual);
    REQUIRE(b.put(b.id(1), "content"));
    b.hooks.lease = std::chrono::seconds(5);
    b.files.hook().after = [&](std::string_view verb, std::string_view n) {
        if (verb == "remove" && n == b.old_name(b.id(1)).text()) b.clock.advance(std::chrono::seconds(6));
    };
    CHECK_FALSE(b.store.remove(b.c, b.id(1)));
    CHECK(b.text_of(b.new_name(b.id(1))).has_value());
}

TEST_CASE("instance_store: what is said of a failure tells no name and no uid") {
    for (const format f : {format::old_names, format::dual, format::new_names}) {
        CAPTURE(to_string(f));
        service_bench b(f);
        const instance_id id = b.id(1);
        expect_discreet(b.store.get(b.c, id, blob_kind::instance, 100));
        expect_discreet(b.store.head(b.c, id, blob_kind::metadata));
        bytes out(10);
        expect_discreet(b.store.read(b.c, id, blob_kind::instance, {}, out));
        REQUIRE(b.put(id, "content"));
        expect_discreet(b.put(id, "another"));
        expect_discreet(b.store.get(b.c, id, blob_kind::instance, 3));
        expect_discreet(b.store.read(b.c, id, blob_kind::instance, read_range::from(99), out));
        expect_discreet(b.put({"2.25.90001", "2.25.90002.x", "2.25.90003", 1}, "bad uid"));
        expect_discreet(b.put({"2.25.90001", "2.25.90002", "2.25.90003", 0}, "bad watermark"));
        expect_discreet(b.store.remove(b.c, {"2.25.90001", "2.25.90002\n", "2.25.90003", 3}));
        expect_discreet(b.put({"", "", "2.25.90003", 1}, "an instance without a study"));
        b.files.hook().before = [](std::string_view, std::string_view n) -> std::optional<error> {
            return make_error(errc::io_error, "broken", n);
        };
        expect_discreet(b.put(b.id(2), "content"));
        expect_discreet(b.store.remove(b.c, id));
        expect_discreet(b.store.find_old_names(b.c, id.study));
    }
}
