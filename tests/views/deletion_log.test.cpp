// SPDX-License-Identifier: MIT
#include <blobshift/views/deletion_log.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include <support/flaky_store.hpp>
#include <support/print.hpp>

namespace {

using namespace blobshift;
using namespace blobshift::testing;

struct log_bench {
    std::shared_ptr<fault_script> script = std::make_shared<fault_script>();
    any_store state{flaky_store{script}};
    context c = {};
    deletion_log log{state};

    [[nodiscard]] std::vector<deletion> read(std::uint64_t after = 0) {
        std::vector<deletion> all;
        read_deletions(state, c, after, [&](const deletion& d) -> result<void> {
            all.push_back(d);
            return {};
        }).value();
        return all;
    }
};

instance_id id(std::int64_t watermark) { return {"2.25.90001", "2.25.90002", "2.25.90003", watermark}; }

}  // namespace

TEST_CASE("deletion_log: removals are read in the order of their sequence, those of one call under one number") {
    log_bench b;
    const std::vector<instance_id> three = {id(3), id(1), id(2)};
    CHECK(b.log.record(b.c, three).value() == 1);
    CHECK(b.log.record(b.c, std::vector{id(9)}).value() == 2);
    CHECK(b.read() == std::vector<deletion>{{1, id(3)}, {1, id(1)}, {1, id(2)}, {2, id(9)}});
    CHECK(b.read(1) == std::vector<deletion>{{2, id(9)}});
    CHECK(b.script->calls(operation::put) == 2);
}

TEST_CASE("deletion_log: nothing is recorded for no ids, nor if one of them is bad") {
    log_bench b;
    CHECK(b.log.record(b.c, {}).value() == 0);
    const std::vector<instance_id> one_bad = {id(1), id(0)};
    CHECK(b.log.record(b.c, one_bad).error().code == errc::invalid_argument);
    CHECK(b.script->calls(operation::put) == 0);
    CHECK(b.script->calls(operation::list) == 0);
}

TEST_CASE("deletion_log: erased removals are gone, and the log goes on behind them") {
    log_bench b;
    for (std::int64_t w = 1; w <= 3; ++w) REQUIRE(b.log.record(b.c, std::vector{id(w)}));
    CHECK(erase_deletions(b.state, b.c, 2).value() == 2);
    CHECK(b.read() == std::vector<deletion>{{3, id(3)}});
    CHECK(erase_deletions(b.state, b.c, 3).value() == 1);
    CHECK(b.read().empty());
    deletion_log restarted(b.state);
    CHECK(restarted.record(b.c, std::vector{id(4)}).value() == 4);
    CHECK(b.read(3) == std::vector<deletion>{{4, id(4)}});
}

TEST_CASE("deletion_log: very many removals take several segments, and a failure between them says that some stand") {
    log_bench b;
    std::vector<instance_id> many(65'537);
    for (std::size_t i = 0; i < many.size(); ++i) many[i] = {"1", "2", "3", static_cast<std::int64_t>(i + 1)};
    b.script->fail_before(operation::put, busy());
    CHECK(b.log.record(b.c, many).value() == 2);
    CHECK(b.read().size() == many.size());
    CHECK(b.read(1) == std::vector<deletion>{{2, many.back()}});

    int puts = 0;
    b.script->by_rule = [&](operation verb) -> std::optional<fault> {
        if (verb != operation::put || ++puts == 1) return std::nullopt;
        return fault{verb, make_error(errc::no_space, "full"), fault::moment::before_effect};
    };
    const auto failed = b.log.record(b.c, many);
    CHECK(failed.error().code == errc::no_space);
    CHECK(failed.error().done == effect::applied);
}

TEST_CASE("deletion_log: a record that is no removal is corrupt, and a reader's error is handed on") {
    log_bench b;
    journal_lines lines(deletion_journal);
    lines.append("nonsense");
    b.state.put(b.c, name(".blobshift/deletions/00000000000000000001"), as_bytes(lines.text()), {}, {}).value();
    const auto none = [](const deletion&) -> result<void> { return {}; };
    CHECK(read_deletions(b.state, b.c, 0, none).error().code == errc::corrupt);
    REQUIRE(b.log.record(b.c, std::vector{id(1)}));
    const auto stop = [](const deletion&) -> result<void> { return fail(errc::cancelled, "enough"); };
    CHECK(read_deletions(b.state, b.c, 1, stop).error().code == errc::cancelled);
}
