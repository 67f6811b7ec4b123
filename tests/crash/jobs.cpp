// SPDX-License-Identifier: MIT
#include "jobs.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <utility>

#include <sys/xattr.h>
#include <unistd.h>

#include <blobshift/backends/memory_store.hpp>
#include <blobshift/migrate/cleanup.hpp>
#include <blobshift/migrate/copy.hpp>
#include <blobshift/migrate/ledger.hpp>
#include <blobshift/migrate/remove.hpp>
#include <blobshift/migrate/rollback.hpp>
#include <blobshift/migrate/verify.hpp>
#include <blobshift/naming/dicom_names.hpp>
#include <blobshift/store/any_store.hpp>
#include <blobshift/views/deletion_log.hpp>

namespace crash_test {

using namespace blobshift;
namespace fs = std::filesystem;

namespace {

[[nodiscard]] blob_name name(std::string_view text) { return blob_name::parse(text).value(); }

[[nodiscard]] std::string text_of(std::string_view rest) { return std::string(zeros) + std::string(rest); }

const attributes dressed{.content_type = "application/dicom", .metadata = {{"k", "v"}}, .tags = {{"t", "1"}}};

[[nodiscard]] worker_store open_quickly(const std::string& folder) {
    return worker_store::open(folder, {.durable = durability::none, .create = true}).value();
}

void put_quickly(worker_store& store, std::string_view n, std::string_view content, const attributes& attrs = {}) {
    store.put({}, name(n), as_bytes(content), attrs, {}).value();
}

void fill(const std::string& folder) {
    auto store = open_quickly(folder);
    put_quickly(store, "a/source", text_of("source"), dressed);
    put_quickly(store, "a/old", "old");
    put_quickly(store, "only/one/here", "x");
}

/// Opens the store and calls `act(store)`.
template <class Act>
[[nodiscard]] auto in_store(Act act) {
    return [act](const std::string& folder, const file_store_options& options) -> result<void> {
        auto store = worker_store::open(folder, options);
        if (!store) return unexpected(std::move(store).error());
        auto done = act(*store);
        if (!done) return unexpected(std::move(done).error());
        return {};
    };
}

[[nodiscard]] job put_job(std::string_view what, std::string_view to, durability durable, const attributes& attrs,
                          const condition& when) {
    return {what,
            {.durable = durable},
            fill,
            in_store([=](worker_store& s) {
                return s.put({}, name(to), as_bytes(text_of("content")), attrs, when); }),
            false,
            true};
}

[[nodiscard]] job copy_job(std::string_view what, std::string_view to, copy_method how, durability durable) {
    return {what,
            {.durable = durable, .copying = how},
            fill,
            in_store([=](worker_store& s) {
                return s.copy({}, name("a/source"), name(to), {}, condition::always()); }),
            false,
            how == copy_method::byte_copy};
}

[[nodiscard]] job remove_job(std::string_view what, std::string_view which) {
    return {what, {.durable = durability::full}, fill, in_store([=](worker_store& s) {
                return s.remove({}, name(which), {});
            })};
}

result<blob_info> upload_in_blocks(worker_store& s) {
    auto upload = s.begin_upload({}, name("new/upload"));
    if (!upload) return unexpected(std::move(upload).error());
    const std::string first = text_of("first");
    const std::string second = text_of("second");
    auto staged = s.stage_block({}, *upload, 1, first.size(), as_bytes(second));
    if (staged) staged = s.stage_block({}, *upload, 0, 0, as_bytes(first));
    if (!staged) return unexpected(std::move(staged).error());
    return s.commit_upload({}, *upload, 2, first.size() + second.size(), dressed, condition::always());
}

/// What a writer that died long ago left: files, and a folder of its own.
void leave_temporaries(const std::string& folder) {
    fill(folder);
    const std::string dead = folder + "/.blobshift-store./tmp/2222222222222222";
    fs::create_directories(dead);
    for (const char* each : {"0", "1"}) std::ofstream(dead + "/" + each) << "half";
}

// ---------------------------------------------------------------------------------------------------------------------

constexpr std::int64_t instances = 2;
const uid_names older;
const prefix_names newer;

constexpr std::int64_t removed_instance = 2;  // by the job `cleanup`

[[nodiscard]] instance_id instance(std::int64_t w) {
    const std::string number = std::to_string(w);
    return {"1.2.826.0.1.3680043.10.99999.1", "1.2.826.0.1.3680043.10.99999.2." + number,
            "1.2.826.0.1.3680043.10.99999.3." + number, w};
}

void fill_archive(const std::string& folder) {
    auto store = open_quickly(folder);
    for (std::int64_t w = 1; w <= instances; ++w) {
        const std::string number = std::to_string(w);
        const instance_id id = instance(w);
        put_quickly(store, older.name_of(id, blob_kind::instance).value().text(), "image " + number, dressed);
        put_quickly(store, older.name_of(id, blob_kind::metadata).value().text(), "{\"w\":" + number + "}");
    }
}

/// Where a migration keeps its state: with the blobs, or in a folder beside them.
[[nodiscard]] std::string state_folder(const std::string& folder) {
    const std::string apart = folder + "-state";
    return fs::exists(apart) ? apart : folder;
}

void fill_archive_with_state_apart(const std::string& folder) {
    fill_archive(folder);
    fs::create_directory(folder + "-state");
}

/// The store in `folder` with its state in `state_in`, as `act(migration)` wants them; its bool: whether all was done.
template <class Act>
result<void> in_migration(const std::string& state_in, const std::string& folder, const file_store_options& options,
                          Act act) {
    auto blobs = worker_store::open(folder, options);
    if (!blobs) return unexpected(std::move(blobs).error());
    auto kept = worker_store::open(state_in, options);
    if (!kept) return unexpected(std::move(kept).error());
    any_store store(*std::move(blobs));
    any_store state(*std::move(kept));
    any_store scratch{memory_store{}};
    migration_observer quiet;
    // Batches of three where the ledger makes the new names durable by the way, for it is in the same folder.
    const std::size_t batch = state_in == folder ? 3 : 100;
    const migration_job work{store, older, newer, state, scratch, quiet, {.concurrency = 1, .batch_size = batch}};
    const migration all{std::vector{work}, state};
    return act(all);
}

/// \return `done`, or that not all of it was.
template <class Summary>
[[nodiscard]] result<void> completed(const result<Summary>& done, const char* what) {
    if (!done) return unexpected(done.error());
    if (done->complete) return {};
    error e = make_error(errc::conflict, what);
    e.done = effect::indeterminate;
    return unexpected(std::move(e));
}

/// Copy, verify, then delete, as the command line does it.
result<void> migrate_with_state_in(const std::string& state_in, const std::string& folder,
                                   const file_store_options& options) {
    return in_migration(state_in, folder, options, [](const auto& all) {
        auto done = completed(copy_blobs(all.jobs.front(), {}), "the copy is not complete");
        if (done) done = completed(verify_copies(all.jobs.front(), {}), "the verification is not complete");
        if (done) done = completed(remove_sources(all.jobs.front(), {}), "the delete is not complete");
        return done;
    });
}

result<void> migrate(const std::string& folder, const file_store_options& options) {
    return migrate_with_state_in(folder, folder, options);
}
result<void> migrate_apart(const std::string& folder, const file_store_options& options) {
    return migrate_with_state_in(folder + "-state", folder, options);
}

/// Both names of each blob, whose bytes are not shared: so verify has to read them.
void fill_with_copies(const std::string& folder) {
    fill_archive(folder);
    const file_store_options quick{.durable = durability::none, .copying = copy_method::byte_copy};
    in_migration(folder, folder, quick, [](const auto& all) {
        return completed(copy_blobs(all.jobs.front(), {}), "the copy is not complete");
    }).value();
}
result<void> verify(const std::string& folder, const file_store_options& options) {
    return in_migration(folder, folder, options, [](const auto& all) {
        auto done = completed(verify_copies(all.jobs.front(), {}), "the verification is not complete");
        if (done) done = completed(remove_sources(all.jobs.front(), {}), "the delete is not complete");
        return done;
    });
}

void fill_migrated(const std::string& folder) {
    fill_archive(folder);
    migrate(folder, {.durable = durability::none}).value();
}
result<void> rollback(const std::string& folder, const file_store_options& options) {
    return in_migration(folder, folder, options, [](const auto& all) {
        // This level, because a disk that is restored from the cut of its power has new versions of everything.
        const rollback_options how{.level = verify_level::stored_hash, .remove_new = true};
        return completed(roll_back(all, {}, how), "the rollback is not complete");
    });
}

void fill_with_removal(const std::string& folder) {
    fill_with_copies(folder);
    any_store state(open_quickly(folder));
    deletion_log(state).record({}, std::vector{instance(removed_instance)}).value();
}
result<void> cleanup(const std::string& folder, const file_store_options& options) {
    return in_migration(folder, folder, options,
                        [](const auto& all) { return completed(clean_up(all, {}), "the cleanup is not complete"); });
}

[[nodiscard]] std::optional<std::string> new_name_of(const std::string& old_name) {
    const auto known = older.parse(name(old_name));
    if (!known) return std::nullopt;
    return newer.name_of(known->id, known->kind).value().text();
}

/// The old names of which the ledger knows that they may be gone.
[[nodiscard]] result<std::set<std::string>> recorded_in(const std::string& folder) {
    any_store state(open_quickly(state_folder(folder)));
    std::set<std::string> sources;
    auto read = read_ledger(state, {}, [&](const ledger_entry& e) -> result<void> {
        sources.insert(e.source.text());
        return {};
    });
    if (read) read = read_evidence(state, {}, [](const evidence&) { return result<void>(); });
    if (!read) return unexpected(std::move(read).error());
    return sources;
}

}  // namespace

const std::vector<job>& all_jobs() {
    static const std::vector<job> jobs = {
        {"first_put",
         {.durable = durability::full, .create = true},
         [](const std::string&) {},
         in_store([](worker_store& s) { return s.put({}, name("x"), as_bytes("first"), {}, {}); })},
        put_job("put", "new/deep/x", durability::data, {}, {}),
        put_job("create", "new/deep/x", durability::data, {}, condition::if_absent()),
        put_job("replace", "a/old", durability::data, {}, {}),
        put_job("put_durably", "new/deep/x", durability::full, dressed, {}),
        copy_job("link", "new/deep/x", copy_method::hard_link, durability::full),
        copy_job("link_over", "a/old", copy_method::hard_link, durability::full),
        copy_job("copy_bytes", "new/deep/x", copy_method::byte_copy, durability::full),
        copy_job("copy_bytes_over", "a/old", copy_method::byte_copy, durability::data),
        copy_job("reflink", "new/deep/x", copy_method::reflink, durability::data),
        remove_job("remove", "only/one/here"),
        remove_job("remove_one_of_two", "a/old"),
        {"upload", {.durable = durability::data}, fill, in_store(upload_in_blocks), false, true},
        {"sweep", {.durable = durability::full}, leave_temporaries, in_store([](worker_store&) {
             return result<void>();
         })},
        {"migrate", {.durable = durability::full}, fill_archive, migrate, true},
        {"migrate_apart", {.durable = durability::full}, fill_archive_with_state_apart, migrate_apart, true},
        {"verify", {.durable = durability::full}, fill_with_copies, verify, true},
        {"rollback", {.durable = durability::full}, fill_migrated, rollback, true, false, aim::old_names},
        {"cleanup", {.durable = durability::full}, fill_with_removal, cleanup, true, false, aim::both_but_removed},
    };
    return jobs;
}

const job* find_job(std::string_view wanted) {
    const auto& jobs = all_jobs();
    const auto found = std::find_if(jobs.begin(), jobs.end(), [&](const job& j) { return j.name == wanted; });
    return found == jobs.end() ? nullptr : &*found;
}

void prefer_memory() {
    if (std::getenv("TMPDIR") != nullptr) return;
    char probe[] = "/dev/shm/blobshift-crash-XXXXXX";
    const int fd = ::mkstemp(probe);
    if (fd < 0) return;
    if (::fsetxattr(fd, "user.blobshift", "", 0, 0) == 0) ::setenv("TMPDIR", "/dev/shm", 1);
    ::close(fd);
    ::unlink(probe);
}

result<contents> contents_of(const std::string& folder) {
    if (!fs::exists(folder)) return contents();
    auto store = worker_store::open(folder, {.durable = durability::none});
    if (!store) return unexpected(std::move(store).error());
    contents all;
    auto listed = store->scan({}, {}, [&](blob_info&& info) -> result<void> {
        if (is_reserved(info.name.text())) return {};
        bytes content(info.size_bytes);
        auto read = store->read({}, info.name, {}, content, condition::if_match(info.tag));
        if (!read) return unexpected(std::move(read).error());
        std::string& text = all[info.name.text()] = detail::encode_attributes(read->info.attrs);
        text += as_text(content);
        return {};
    });
    if (!listed) return unexpected(std::move(listed).error());
    auto foreign = store->count_foreign({});
    if (!foreign) return unexpected(std::move(foreign).error());
    if (*foreign != 0) return fail(errc::corrupt, "something in the folder is no blob");
    return all;
}

std::vector<std::string> leftovers(const std::string& folder) {
    std::vector<std::string> found;
    const std::string temporaries = folder + "/.blobshift-store./tmp";
    if (!fs::exists(temporaries)) return found;
    for (const auto& each : fs::recursive_directory_iterator(temporaries)) found.push_back(each.path().string());
    return found;
}

namespace {

/// `before` under the old names alone, whichever it has.
[[nodiscard]] contents under_old_names(const contents& before) {
    contents all;
    for (std::int64_t w = 1; w <= instances; ++w) {
        for (const blob_kind kind : {blob_kind::instance, blob_kind::metadata}) {
            const std::string old_name = older.name_of(instance(w), kind).value().text();
            for (const std::string& each : {old_name, *new_name_of(old_name)}) {
                if (const auto found = before.find(each); found != before.end()) all[old_name] = found->second;
            }
        }
    }
    return all;
}

[[nodiscard]] bool is_removed(const job& j, const std::string& old_name) {
    return j.ends == aim::both_but_removed && older.parse(name(old_name))->id.watermark == removed_instance;
}

}  // namespace

contents end_of(const job& j, const contents& before) {
    contents after;
    for (const auto& [old_name, content] : under_old_names(before)) {
        if (is_removed(j, old_name)) continue;
        if (j.ends != aim::new_names) after[old_name] = content;
        if (j.ends != aim::old_names) after[new_name_of(old_name).value()] = content;
    }
    return after;
}

std::string fault_of_migration(const job& j, const std::string& folder, const contents& before) {
    auto now = contents_of(folder);
    if (!now) return "the store cannot be read: " + now.error().message;
    const auto recorded = recorded_in(folder);
    if (!recorded) return "the state cannot be read: " + recorded.error().message;
    for (const auto& [old_name, content] : under_old_names(before)) {
        bool is_old = false;
        bool is_new = false;
        for (const auto& [which, seen] : {std::pair(old_name, &is_old), std::pair(*new_name_of(old_name), &is_new)}) {
            const auto found = now->find(which);
            if (found == now->end()) continue;
            if (found->second != content) return "a blob has other content";
            *seen = true;
            now->erase(found);
        }
        if (is_removed(j, old_name)) continue;
        if (!is_old && !is_new) return "a blob is lost";
        if (j.ends == aim::both_but_removed && !(is_old && is_new)) return "a name is lost that nobody removed";
        if (!is_old && !recorded->contains(old_name)) return "an old name is gone, and the ledger does not know it";
    }
    return now->empty() ? "" : "there is a blob that nobody made";
}

std::string fault_of_end(const job& j, const std::string& folder, const contents& before) {
    if (std::string fault = fault_of_migration(j, folder, before); !fault.empty()) return fault;
    const auto now = contents_of(folder);
    return now && *now == end_of(j, before) ? "" : "it is not at its end";
}

}  // namespace crash_test
