// SPDX-License-Identifier: MIT
//
// A made-up archive in two containers, files and metadata, with the state of a service; in memory with hooks, or on
// disk.

#ifndef BLOBSHIFT_TESTS_MIGRATE_TWO_CONTAINERS_HPP
#define BLOBSHIFT_TESTS_MIGRATE_TWO_CONTAINERS_HPP

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <blobshift/backends/file_store.hpp>
#include <blobshift/migrate/announcer.hpp>
#include <blobshift/views/deletion_log.hpp>
#include <blobshift/views/repair_list.hpp>

#include "../support/temporary_folder.hpp"
#include "../support/virtual_clock.hpp"
#include "archive.hpp"

namespace blobshift_tests {

/// Where the containers are. On disk they share one folder with their states, as a program's default is.
enum class medium { memory, disk };

struct two_containers {
    blobshift::testing::virtual_clock clock;
    context c = blobshift::testing::context_of(clock);
    std::optional<blobshift::testing::temporary_folder> folder = {};
    hooked_store::hooks* files_hook = nullptr;     ///< In memory only; also of `metadata_hook`.
    hooked_store::hooks* metadata_hook = nullptr;
    any_store files;
    any_store metadata;
    any_store files_state;
    any_store metadata_state;
    any_store state;  ///< Of the service.
    any_store scratch{memory_store{}};
    uid_names from = {};
    prefix_names to = {};
    remembering_observer heard = {};
    job_options options = {};

    explicit two_containers(medium where = medium::memory)
        : files(open(where, "files", &files_hook)),
          metadata(open(where, "metadata", &metadata_hook)),
          files_state(open(where, "files", nullptr)),
          metadata_state(open(where, "metadata", nullptr)),
          state(open(where, "files", nullptr)) {}

    [[nodiscard]] any_store open(medium where, const std::string& name, hooked_store::hooks** hook) {
        if (where == medium::disk) {
            if (!folder) folder.emplace();
            return any_store(file_store::open(folder->path() + "/" + name, {.create = true}).value());
        }
        hooked_store store;
        if (hook != nullptr) *hook = &store.hook();
        return any_store(std::move(store));
    }

    [[nodiscard]] auto all() {
        return migration{std::vector{migration_job{files, from, to, files_state, scratch, heard, options},
                                     migration_job{metadata, from, to, metadata_state, scratch, heard, options}},
                         state};
    }

    [[nodiscard]] any_store& of(blob_kind kind) { return kind == blob_kind::instance ? files : metadata; }
    [[nodiscard]] static instance_id id(std::int64_t watermark) { return archive::id(watermark); }
    [[nodiscard]] static std::string content(std::int64_t watermark, blob_kind kind) {
        return std::string(to_string(kind)) + " of " + archive::content(watermark);
    }
    [[nodiscard]] blob_name name(format f, std::int64_t watermark, blob_kind kind) const {
        return f == format::new_names ? to.name_of(id(watermark), kind).value()
                                      : from.name_of(id(watermark), kind).value();
    }
    void put(format f, std::int64_t watermark, blob_kind kind, std::optional<std::string> text = {}) {
        const std::string bytes = text.value_or(content(watermark, kind));
        of(kind).put(c, name(f, watermark, kind), as_bytes(std::string_view(bytes)), {}, {}).value();
    }
    /// Under its old names, its new ones, or (Dual) both: file and metadata; frame ranges under their only name.
    void store(format f, std::int64_t watermark) {
        for (const blob_kind kind : {blob_kind::instance, blob_kind::metadata}) {
            if (f != format::new_names) put(format::old_names, watermark, kind);
            if (f != format::old_names) put(format::new_names, watermark, kind);
        }
        put(format::new_names, watermark, blob_kind::frame_ranges);
    }
    void remove(format f, std::int64_t watermark, blob_kind kind) {
        of(kind).remove(c, name(f, watermark, kind), {}).value();
    }
    [[nodiscard]] bool has(format f, std::int64_t watermark, blob_kind kind = blob_kind::instance) {
        return exists(of(kind), c, name(f, watermark, kind)).value();
    }
    void record_removal(std::int64_t watermark) {
        deletion_log log(state);
        log.record(c, std::vector{id(watermark)}).value();
    }
    void record_repair(std::int64_t watermark, blob_kind kind = blob_kind::instance) {
        repair_list list(state);
        REQUIRE(list.add(c, {id(watermark), kind}));
    }
    [[nodiscard]] std::size_t recorded_removals() {
        std::size_t count = 0;
        read_deletions(state, c, 0, [&](const deletion&) { return ++count, result<void>(); }).value();
        return count;
    }
    [[nodiscard]] std::size_t recorded_repairs() {
        std::size_t count = 0;
        read_repairs(state, c, [&](const repair&) { return ++count, result<void>(); }).value();
        return count;
    }
    /// All names and contents of both containers.
    [[nodiscard]] std::map<std::string, std::string> everything() {
        std::map<std::string, std::string> all_blobs;
        for (any_store* each : {&files, &metadata}) {
            const list_page page = list_all(*each, c, {}).value();
            for (const blob_info& info : page.blobs) {
                all_blobs[info.name.text()] = as_text(read_all(*each, c, info.name, 10'000)->content);
            }
        }
        return all_blobs;
    }
    /// A node that announces itself once.
    void announce(std::string_view node, format f, bool sealed = false) {
        node_announcer announcer(state, node_name::parse(node).value(), {.leads = false});
        announcer.announce(c, {.runs = f, .sealed = sealed}).value();
    }
};

/// The codes of some reasons, with the node where there is one.
[[nodiscard]] inline std::vector<std::string> codes_of(const std::vector<obstacle>& all) {
    std::vector<std::string> codes;
    for (const obstacle& each : all) {
        codes.push_back(std::string(each.code) + (each.node.empty() ? "" : " " + each.node));
    }
    return codes;
}

}  // namespace blobshift_tests

#endif
