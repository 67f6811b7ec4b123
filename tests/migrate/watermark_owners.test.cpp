// SPDX-License-Identifier: MIT
#include <blobshift/migrate/watermark_owners.hpp>

#include <doctest/doctest.h>

#include <set>
#include <vector>

#include "two_containers.hpp"

namespace {

using namespace blobshift_tests;
using enum format;
using detail::ownership;

instance_id other_than(std::int64_t watermark) {
    instance_id id = two_containers::id(watermark);
    id.series += ".9";
    return id;
}

}  // namespace

TEST_CASE("watermark owners: one that another instance has is told from one's own, in any order") {
    struct row {
        std::vector<instance_id> noted;
        ownership whose;
    };
    const instance_id mine = two_containers::id(5);
    const instance_id item{.sop = "1.2", .watermark = 5};
    for (const row& t : {row{{}, ownership::unknown}, row{{mine}, ownership::own}, row{{other_than(5)}, ownership::another},
                         row{{mine, other_than(5)}, ownership::another}, row{{other_than(5), mine}, ownership::another},
                         row{{item, two_containers::id(6)}, ownership::unknown}}) {
        detail::watermark_owners owners;
        owners.ask(mine);
        owners.ask(mine);
        for (const instance_id& id : t.noted) owners.note(id);
        REQUIRE(owners.asked().size() == 2);
        for (const auto& each : owners.asked()) CHECK(each.whose == t.whose);
        owners.clear();
        owners.note(mine);
        CHECK(owners.asked().empty());
    }
}

TEST_CASE("watermark owners: promises are withdrawn once, in the ledger that has them, for the very instance") {
    two_containers t;
    ledger_writer ledger(t.metadata_state);
    for (const std::int64_t w : {1, 2}) {
        ledger.add(t.name(old_names, w, blob_kind::metadata).text(), t.name(new_names, w, blob_kind::metadata).text(), 9);
    }
    ledger.add(t.from.name_of(other_than(3), blob_kind::metadata)->text(),
               t.name(new_names, 3, blob_kind::metadata).text(), 9);
    REQUIRE(ledger.flush(t.c));
    const std::set<instance_id> ids = {two_containers::id(1), two_containers::id(3), two_containers::id(4)};
    for (int times = 0; times < 2; ++times) {
        REQUIRE(detail::withdraw_promises(t.all(), t.c, ids));
        std::vector<std::string> withdrawn;
        REQUIRE(read_ledger(t.metadata_state, t.c, [&](const ledger_entry& e) -> result<void> {
            if (e.is_withdrawal()) withdrawn.push_back(e.target.text());
            return {};
        }));
        CHECK(withdrawn == std::vector{t.name(new_names, 1, blob_kind::metadata).text()});
        CHECK(journal_segments(t.files_state, t.c, ledger_journal)->empty());
    }
}
