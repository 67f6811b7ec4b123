// SPDX-License-Identifier: MIT
#include <blobshift/migrate/operation.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include <blobshift/backends/file_store.hpp>
#include <blobshift/backends/memory_store.hpp>

#include "../support/flaky_store.hpp"
#include "../support/temporary_folder.hpp"
#include "../support/virtual_clock.hpp"

namespace {

using namespace blobshift;
using namespace std::chrono_literals;
using blobshift::testing::name;

constexpr std::string_view guid = "1d4689da-ca3b-4659-b0c7-7bf6c9ff25e1";
const operation_id known_id = operation_id::parse(guid).value();
const blob_name record_name = name(".blobshift/operations/1d4689da-ca3b-4659-b0c7-7bf6c9ff25e1");

struct operation_bench {
    blobshift::testing::virtual_clock clock;
    context c = blobshift::testing::context_of(clock);
    any_store state;

    explicit operation_bench(any_store s = any_store(memory_store{})) : state(std::move(s)) {}

    result<started_operation> start(operation_options options = {}, operation_kind kind = operation_kind::copy) {
        return running_operation::start(state, c, known_id, kind, options);
    }
    operation_record record() { return read_operation(state, c, known_id).value().value(); }
};

}  // namespace

TEST_CASE("operation id: a guid in any case, and nothing else") {
    CHECK(operation_id::parse("1D4689DA-CA3B-4659-B0C7-7BF6C9FF25E1").value() == known_id);
    CHECK(known_id.text() == guid);
    for (const char* wrong :
         {"", "1d4689da", "1d4689daca3b4659b0c77bf6c9ff25e1", "1d4689da-ca3b-4659-b0c7-7bf6c9ff25e", "x",
          "1d4689da-ca3b-4659-b0c7-7bf6c9ff25e1a", "1d4689da-ca3b-4659-b0c7-7bf6c9ff25eg",
          "1d4689da+ca3b-4659-b0c7-7bf6c9ff25e1", "{1d4689da-ca3b-4659-b0c7-7bf6c9ff25e1}"}) {
        CAPTURE(wrong);
        CHECK(operation_id::parse(wrong).error().code == errc::invalid_argument);
    }
    const operation_id made = operation_id::make();
    CHECK(operation_id::parse(made.text()).value() == made);
    CHECK(made.text()[14] == '4');
    CHECK(std::string_view("89ab").find(made.text()[19]) != std::string_view::npos);
    CHECK(made != operation_id::make());
}

TEST_CASE("operation: begins, gives signs of life no more often than it should, and ends; on memory and on files") {
    blobshift::testing::temporary_folder folder;
    for (const bool files : {false, true}) {
        CAPTURE(files);
        operation_bench b(files ? any_store(file_store::open(folder.path()).value()) : any_store(memory_store{}));
        auto started = b.start();
        REQUIRE(started);
        CHECK(started->how == operation_start::begun);
        CHECK_FALSE(started->before);
        running_operation& mine = *started->mine;
        CHECK(b.record() == mine.record());
        CHECK(b.record().status == operation_status::running);
        CHECK(b.record().runs == 1);

        b.clock.advance(9s);
        REQUIRE(mine.beat(b.c, {.objects = 1}));
        CHECK(b.record().counts.objects == 0);
        b.clock.advance(1s);
        REQUIRE(mine.beat(b.c, {.objects = 2, .objects_total = 10, .bytes = 30, .bytes_total = 40}));
        CHECK(b.record().counts == operation_counts{2, 10, 30, 40});
        CHECK(b.record().heartbeat - b.record().started == 10s);

        REQUIRE(mine.finish(b.c, operation_status::succeeded, {.objects = 10}));
        CHECK(b.record().status == operation_status::succeeded);
        CHECK(b.record().counts.objects == 10);
    }
}

TEST_CASE("operation: a second start while it runs is refused, with the age of its last sign of life") {
    operation_bench b;
    auto first = b.start();
    REQUIRE(first);
    b.clock.advance(42s);
    const auto second = b.start();
    REQUIRE_FALSE(second);
    CHECK(second.error().code == errc::blocked);
    CHECK(second.error().message ==
          "already running elsewhere: operation 1d4689da-ca3b-4659-b0c7-7bf6c9ff25e1 gave a sign of life 42 s "
          "ago: wait for its end; if it was killed, begin again in 18 s or take it over (--take-over)");
    b.clock.advance(18s);
    CHECK_FALSE(b.start());
    b.clock.advance(1ms);
    auto third = b.start();
    REQUIRE(third);
    CHECK(third->how == operation_start::taken_over);
    CHECK(third->before->owner == first->mine->record().owner);
    CHECK(b.record().runs == 2);
    CHECK(b.record().started == first->mine->record().started);

    SUBCASE("the one that was taken over is told, and changes nothing") {
        CHECK(first->mine->beat(b.c, {}).error().code == errc::conflict);
        CHECK(first->mine->finish(b.c, operation_status::succeeded, {}).error().code == errc::conflict);
        CHECK(b.record().status == operation_status::running);
        CHECK(b.record().owner == third->mine->record().owner);
    }
    SUBCASE("a person may say that the other one is dead") {
        CHECK_FALSE(b.start());
        CHECK(b.start({.take_over = true})->how == operation_start::taken_over);
    }
}

TEST_CASE("operation: a sign of life from a clock that is ahead counts, and is called what it is") {
    operation_bench b;
    operation_bench ahead;
    ahead.clock.advance(std::chrono::hours(1));
    REQUIRE(running_operation::start(b.state, ahead.c, known_id, operation_kind::copy));
    const auto refused = b.start();
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == errc::blocked);
    CHECK(refused.error().message.find("3600 s from now, by a clock that is ahead: wait") != std::string::npos);
}

TEST_CASE("operation: what was completed is said so, and begun anew only when asked") {
    operation_bench b;
    REQUIRE(b.start()->mine->finish(b.c, operation_status::succeeded, {.objects = 7}));
    const auto again = b.start();
    REQUIRE(again);
    CHECK(again->how == operation_start::already_completed);
    CHECK(again->before->counts.objects == 7);
    CHECK_FALSE(again->mine);
    CHECK(b.record().runs == 1);
    auto anew = b.start({.again = true});
    REQUIRE(anew);
    CHECK(anew->how == operation_start::repeated);
    CHECK(anew->mine);
    CHECK(b.record().status == operation_status::running);
}

TEST_CASE("operation: failed and cancelled ones are resumed") {
    for (const operation_status ended : {operation_status::failed, operation_status::cancelled}) {
        CAPTURE(to_string(ended));
        operation_bench b;
        REQUIRE(b.start()->mine->finish(b.c, ended, {}));
        const auto resumed = b.start();
        REQUIRE(resumed);
        CHECK(resumed->how == operation_start::resumed);
        CHECK(resumed->before->status == ended);
        CHECK(resumed->mine);
    }
}

TEST_CASE("operation: an id that stands for another kind is refused") {
    operation_bench b;
    REQUIRE(b.start()->mine->finish(b.c, operation_status::succeeded, {}));
    const auto other = b.start({}, operation_kind::remove);
    REQUIRE_FALSE(other);
    CHECK(other.error().code == errc::conflict);
    CHECK(other.error().message.find("stands for a copy, not for a delete") != std::string::npos);
}

TEST_CASE("operation: a record that is corrupt or foreign is refused with its line, and left as it is") {
    const auto lines = [](std::string_view kind, std::string_view record) {
        journal_lines document(kind);
        document.append(record);
        return document.text();
    };
    struct row {
        std::string text;
        errc code;
        std::string_view says;
    };
    const row rows[] = {
        {"{\"status\":\"running\"}", errc::corrupt, "line 1"},
        {lines("node", "x"), errc::unsupported, "line 1"},
        {lines("operation", "copy\trunning"), errc::corrupt, "line 2 of the operation record is malformed"},
        {lines("operation", "walk\trunning\t0\t0\t0\t0\t0\t0\t0\t0\t0"), errc::corrupt, "line 2"},
        {lines("operation", "copy\twalking\t0\t0\t0\t0\t0\t0\t0\t0\t0"), errc::corrupt, "line 2"},
        {lines("operation", "copy\trunning\t0\t0\t0\t0\t0\t0\t0\t0\t0\t0"), errc::corrupt, "line 2"},
    };
    for (const row& r : rows) {
        CAPTURE(r.text);
        operation_bench b;
        b.state.put(b.c, record_name, as_bytes(std::string_view(r.text)), {}, {}).value();
        for (const auto& refused : {b.start().error(), read_operation(b.state, b.c, known_id).error(),
                                    list_operations(b.state, b.c).error()}) {
            CHECK(refused.code == r.code);
            CHECK(refused.message.find(r.says) != std::string::npos);
        }
        CHECK(as_text(read_all(b.state, b.c, record_name, 1000)->content) == r.text);
    }
}

TEST_CASE("operation: of two that start at the same moment one is told so") {
    const auto script = std::make_shared<blobshift::testing::fault_script>();
    operation_bench b{any_store(blobshift::testing::flaky_store(script))};
    script->fail_before(operation::put, make_error(errc::already_exists, "faster"));
    CHECK(b.start().error().code == errc::conflict);
    script->fail_before(operation::put, make_error(errc::no_space, "full"));
    CHECK(b.start().error().code == errc::no_space);
    script->fail_before(operation::read, make_error(errc::permission_denied, "no"));
    CHECK(b.start().error().code == errc::permission_denied);
}

TEST_CASE("operation: a record that was lost is made again by the next sign of life") {
    operation_bench b;
    auto started = b.start();
    b.state.remove(b.c, record_name, {}).value();
    b.clock.advance(10s);
    REQUIRE(started->mine->beat(b.c, {.objects = 3}));
    CHECK(b.record().counts.objects == 3);
}

TEST_CASE("operation: a sign of life that the store refuses is an error and is tried again") {
    const auto script = std::make_shared<blobshift::testing::fault_script>();
    operation_bench b{any_store(blobshift::testing::flaky_store(script))};
    auto started = b.start();
    b.clock.advance(10s);
    script->fail_after(operation::put, blobshift::testing::busy());  // done, although it says no
    CHECK(started->mine->beat(b.c, {}).error().code == errc::throttled);
    REQUIRE(started->mine->beat(b.c, {.objects = 5}));
    CHECK(b.record().counts.objects == 5);
}

TEST_CASE("operation: those that run now stand in the way of others, the dead and the done do not") {
    operation_bench b;
    const operation_id other = operation_id::make();
    CHECK(obstacles_of_operations(b.state, b.c).value().empty());
    REQUIRE(b.start()->mine->finish(b.c, operation_status::failed, {}));
    auto running = running_operation::start(b.state, b.c, other, operation_kind::remove);
    REQUIRE(running);
    CHECK(list_operations(b.state, b.c)->size() == 2);
    b.clock.advance(5s);
    const auto found = obstacles_of_operations(b.state, b.c, operation_kind::copy).value();
    REQUIRE(found.size() == 1);
    CHECK(found[0].code == "operation_running");
    CHECK(found[0].text == "the delete operation " + other.text() +
                               " is running, its last sign of life 5 s ago: wait for its end, or stop it; if it was "
                               "killed, it counts for another 55 s");
    CHECK(obstacles_of_operations(b.state, b.c, operation_kind::remove).value().empty());
    b.clock.advance(56s);
    CHECK(obstacles_of_operations(b.state, b.c).value().empty());
    b.state.put(b.c, name(".blobshift/operations/notes.txt"), as_bytes(std::string_view("x")), {}, {}).value();
    CHECK(obstacles_of_operations(b.state, b.c).error().code == errc::corrupt);
}
