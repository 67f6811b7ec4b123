// SPDX-License-Identifier: MIT
//
// How much memory a plan over many names takes: `plan_memory NAMES`. The bar is 64 MiB resident for 10 million.
//
// Half of the names are old, half of those have a new one beside them; they come in no useful order. The store makes
// them up, so that what is measured is the migration: listing, classifying, sorting with spill files, joining.

#include <chrono>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <blobshift/backends/file_store.hpp>
#include <blobshift/migrate/plan.hpp>
#include <blobshift/naming/dicom_names.hpp>

namespace {

using namespace blobshift;

/// Lists names that it makes up; holds nothing.
class made_up_store {
public:
    explicit made_up_store(std::uint64_t names) : names_(names) {}

    result<blob_info> head(const context&, const blob_name&) { return fail(errc::not_found, "made up"); }
    result<read_result> read(const context&, const blob_name&, const read_range&, byte_span, const condition&) {
        return fail(errc::not_found, "made up");
    }
    result<list_page> list(const context&, const list_query& q) {
        list_page page;
        std::uint64_t at = q.cursor.empty() ? 0 : std::strtoull(q.cursor.c_str(), nullptr, 10);
        for (const std::uint64_t end = at + 5000 < names_ ? at + 5000 : names_; at < end; ++at) {
            // Every third name is the new one of the second before it, far away in the listing.
            const bool is_new = at % 3 == 2;
            const auto watermark = static_cast<std::int64_t>((is_new ? names_ - at - 1 : at) + 1);
            const std::string number = std::to_string(watermark);
            instance_id id{"1.2.826.0.1.3680043.8.498." + number + "1370", "1.2.826.0.1.3680043.8.498." + number + "22",
                           "1.2.826.0.1.3680043.8.498." + number + "12345678901234", watermark};
            auto name = is_new ? new_names_.name_of(id, blob_kind::instance) : old_names_.name_of(id, blob_kind::instance);
            if (!name) return unexpected(std::move(name).error());
            blob_info info(*std::move(name));
            info.size_bytes = 4096;
            info.tag = etag("\"0x8D" + number + "\"");
            page.blobs.push_back(std::move(info));
        }
        if (at < names_) page.cursor = std::to_string(at);
        return page;
    }
    result<blob_info> put(const context&, const blob_name&, byte_view, const attributes&, const condition&) {
        return fail(errc::unsupported, "made up");
    }
    result<bool> remove(const context&, const blob_name&, const condition&) { return fail(errc::unsupported, "made up"); }
    result<copy_result> copy(const context&, const blob_name&, const blob_name&, const condition&, const condition&) {
        return fail(errc::unsupported, "made up");
    }

private:
    std::uint64_t names_;
    uid_names old_names_;
    prefix_names new_names_;
};

/// A line of /proc/self/status, in KiB; 0 where there is no such file.
std::uint64_t status_kib(const std::string& key) {
    std::ifstream status("/proc/self/status");
    for (std::string word; status >> word;) {
        if (word == key + ":") return status >> word ? std::strtoull(word.c_str(), nullptr, 10) : 0;
    }
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    const std::uint64_t names = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1'000'000;
    const auto scratch_path = std::filesystem::temp_directory_path() / ("blobshift-bench-" + std::to_string(std::rand()));
    auto files = file_store::open(scratch_path.string(), {.durable = durability::none, .create = true});
    if (!files) {
        std::fprintf(stderr, "%s\n", describe(files.error()).c_str());
        return 1;
    }
    any_store scratch{*std::move(files)};
    made_up_store store(names);
    const uid_names from;
    const prefix_names to;
    migration_observer observer;
    const migration_job job{store, from, to, scratch, scratch, observer};
    const std::uint64_t idle_kib = status_kib("VmRSS");
    const auto start = std::chrono::steady_clock::now();
    auto plan = plan_migration(job, {});
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    if (!plan) {
        std::fprintf(stderr, "%s\n", describe(plan.error()).c_str());
        return 1;
    }
    std::printf("names %" PRIu64 ": old %" PRIu64 ", new %" PRIu64 ", missing %" PRIu64 ", present %" PRIu64 "\n", names,
                plan->found.sources, plan->found.targets, plan->outcomes.objects(outcome::missing),
                plan->outcomes.objects(outcome::present));
    const std::uint64_t peak_kib = status_kib("VmHWM");
    std::printf("peak resident %.1f MiB (idle %.1f), %.1f s, %.0f names/s\n", static_cast<double>(peak_kib) / 1024,
                static_cast<double>(idle_kib) / 1024, took.count(), static_cast<double>(names) / took.count());
    std::filesystem::remove_all(scratch_path);
    std::printf("%s: %.1f of 64 MiB\n", peak_kib <= 64 * 1024 ? "within the bar" : "OVER THE BAR",
                static_cast<double>(peak_kib) / 1024);
    return peak_kib <= 64 * 1024 ? 0 : 1;
}
