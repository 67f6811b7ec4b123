// SPDX-License-Identifier: MIT
//
// What is known of one target name: what a listing said of its blobs, and what the records of earlier runs say.
//
// Row: migrate (core, naming, store).   Tests: tests/migrate/inventory.test.cpp

#ifndef BLOBSHIFT_MIGRATE_NAME_PAIR_HPP
#define BLOBSHIFT_MIGRATE_NAME_PAIR_HPP

#include <cstdint>   // uint64_t
#include <optional>  // optional
#include <string>    // string
#include <vector>    // vector

#include <blobshift/core/blob_info.hpp>
#include <blobshift/core/digest.hpp>
#include <blobshift/core/etag.hpp>
#include <blobshift/migrate/evidence.hpp>

namespace blobshift::inline v1 {

/// What a listing said of one blob: enough to decide, and to pin it later.
struct blob_facts {
    std::string name;
    std::uint64_t size_bytes = 0;
    etag tag = {};
    std::string object_id = {};
    std::string stored_hash = {};  ///< "algorithm:hex"; empty when the listing gave none.
    std::string tier = {};
    copy_state copy = copy_state::none;
    blob_obstacles obstacles = {};

    /// Whether the store says that the bytes are all there.
    [[nodiscard]] bool is_whole() const noexcept {
        return copy == copy_state::none || copy == copy_state::succeeded;
    }
};

/// What a head or a listing said.
[[nodiscard]] inline blob_facts facts_of(const blob_info& info) {
    return {.name = info.name.text(),
            .size_bytes = info.size_bytes,
            .tag = info.tag,
            .object_id = info.object_id,
            .stored_hash = info.stored_hash ? std::string(to_string(info.stored_hash->algorithm)) + ':' +
                                                  to_hex(info.stored_hash->value)
                                            : std::string(),
            .tier = info.tier,
            .copy = info.copy,
            .obstacles = info.obstacles};
}

/// What the undo ledger knows of a blob that is left alone under its new name.
struct known_content {
    std::uint64_t size_bytes = 0;
    std::string stored_hash = {};  ///< "algorithm:hex"; empty when its listing gave none.
    etag tag = {};                 ///< Empty in ledgers that were written without.
};

/// One target name: who wants to have it, what stands there, and what was proved of the two.
struct name_pair {
    std::string target = {};
    std::vector<blob_facts> sources = {};      ///< Usually one, or none (new already). More than one is a collision.
    std::optional<blob_facts> present = {};
    std::vector<evidence> proofs = {};         ///< Of earlier runs; they may be stale.
    std::vector<std::string> origins = {};     ///< Old names that it had, by the undo ledger; each once.
    std::vector<known_content> promises = {};  ///< What the undo ledger says that it holds, where it says so.
    bool is_given_up = false;                  ///< On record as removed: it need not be there.
};

}  // namespace blobshift::inline v1

#endif
