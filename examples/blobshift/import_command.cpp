// SPDX-License-Identifier: MIT
//
// import: DICOM files into a store, under the names of the chosen format.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <blobshift/migrate/stage.hpp>
#include <blobshift/migrate/ledger.hpp>
#include <blobshift/naming/dicom_names.hpp>
#include <blobshift/naming/format.hpp>
#include <blobshift/store/ops.hpp>
#include <blobshift/views/deletion_log.hpp>

#include "dicom_file.hpp"
#include "file_io.hpp"
#include "json_line.hpp"
#include "program.hpp"
#include "progress.hpp"
#include "run_report.hpp"
#include "state_home.hpp"
#include "store_address.hpp"

namespace blobshift::cli {

namespace {

namespace fs = std::filesystem;
struct import_options {
    std::string store = {};
    std::string metadata = {};  ///< Empty: the same store.
    std::string state = {};     ///< Empty: each store keeps its own.
    std::string folder = {};
    std::string format = "old";
    std::string report = {};
    bool report_names = false;
    std::string durable = "full";
    bool as_json = false;
};

/// What is below `root`, sorted by its path from there; what could not be looked into is given to `skip`.
template <class Skip>
std::vector<std::string> files_below(const fs::path& root, Skip skip) {
    std::vector<std::string> found;
    if (fs::is_regular_file(root)) return {std::string()};
    std::vector<fs::path> folders = {root};
    while (!folders.empty()) {
        const fs::path folder = std::move(folders.back());
        folders.pop_back();
        std::error_code failed;
        fs::directory_iterator entry(folder, failed);
        for (; !failed && entry != fs::directory_iterator(); entry.increment(failed)) {
            std::error_code unknown;
            const fs::file_type type = entry->symlink_status(unknown).type();
            const std::string path = entry->path().lexically_relative(root).string();
            if (type == fs::file_type::directory)
                folders.push_back(entry->path());
            else if (type == fs::file_type::regular)
                found.push_back(path);
            else
                skip(path, "it is no ordinary file");
        }
        if (failed) skip(folder.lexically_relative(root).string(), "the directory cannot be read");
    }
    std::sort(found.begin(), found.end());
    return found;
}

/// The highest watermark that anybody has, or had, in the store: by the names of either scheme, by the undo ledger, and
/// by the deletion log; 0 if there is none. What was deleted or removed keeps its watermark: both records would be
/// taken for another instance's.
std::int64_t highest_watermark(any_store& store, any_store& state, const context& c) {
    const uid_names older;
    const prefix_names newer;
    std::int64_t highest = 0;
    const auto take = [&](const instance_id& id) -> result<void> {
        highest = (std::max)(highest, id.watermark);
        return {};
    };
    const auto take_name = [&](const blob_name& n) -> result<void> {
        if (const auto known = newer.parse(n)) return take(known->id);
        if (const auto known = older.parse(n)) return take(known->id);
        return {};
    };
    or_fail(scan(store, c, {}, [&](blob_info&& info) { return take_name(info.name); }),
            "import: cannot list the store");
    constexpr unsigned concurrency = bulk_options{}.concurrency;
    const auto take_entry = [&](const ledger_entry& entry) { return take_name(entry.target); };
    const auto take_removal = [&](const deletion& removal) { return take(removal.id); };
    or_fail(read_ledger(state, c, take_entry, concurrency), "import");
    or_fail(read_deletions(state, c, 0, take_removal, concurrency), "import");
    return highest;
}

class importer {
public:
    importer(const import_options& o, program& p)
        : o_(o), p_(p), format_(format_of(o.format)), progress_(p.out, *p.ctx.clock) {
        std::error_code unknown;
        if (!fs::is_directory(o.folder, unknown) && !fs::is_regular_file(o.folder, unknown)) {
            throw wrong_use("there is no directory " + o.folder + "; name one that holds DICOM files");
        }
        const store_settings settings{.durable = parse_durability(o.durable)};
        if (!o.report.empty()) {
            report_.emplace(o.report, *p.ctx.clock, "import",
                            json{{"format", o.format}, {"names", o.report_names}, {"durability", o.durable}});
        }
        refuse_overlaps(o.store, o.metadata, o.state);
        // What must be there comes before what is made.
        if (!o.state.empty()) state_.emplace(open_state(p.ctx, o.state, false, settings));
        if (!o.state.empty() && !o.metadata.empty()) {
            metadata_state_.emplace(open_state(p.ctx, o.state, true, settings));
        }
        instances_.emplace(open_store(p.ctx, o.store, opening::create, settings));
        if (!o.metadata.empty()) metadata_.emplace(open_store(p.ctx, o.metadata, opening::create, settings));
    }

    exit_code run() {
        if (format_ != format::new_names && or_fail(read_stage(state(), p_.ctx), "import").is_sealed()) {
            throw failure(exit_code::refused,
                          "import: the store is sealed, nobody looks for old names in it; use --format new");
        }
        named_stores named{state(), {&*instances_}};
        if (metadata_) named.containers.push_back(&*metadata_);
        bind_or_refuse(named, p_.ctx, "import");
        last_ = highest_watermark(*instances_, state(), p_.ctx);
        if (metadata_) {
            any_store& its_state = metadata_state_ ? *metadata_state_ : *metadata_;
            last_ = (std::max)(last_, highest_watermark(*metadata_, its_state, p_.ctx));
        }
        const fs::path root(o_.folder);
        const auto files = files_below(root, [&](const std::string& path, const char* why) { skip(path, why); });
        for (std::size_t i = 0; i < files.size() && !p_.ctx.stop.stop_requested(); ++i) {
            show_progress(i, files.size());
            const auto stored = import_file(files[i].empty() ? root.string() : (root / files[i]).string(), files[i]);
            if (!stored && exit_code_of(stored.error()) == exit_code::interrupted) break;
            if (!stored) skip(files[i], stored.error().message);
        }
        show_progress(imported_ + skipped_, files.size());
        return summarize(files.size());
    }

private:
    void show_progress(std::size_t files, std::size_t all) {
        const progress_event now{.phase = "import", .objects = files, .objects_total = all, .bytes = bytes_};
        if (report_) report_->add_progress(now);
        progress_.show(now);
    }

    [[nodiscard]] static format format_of(const std::string& text) {
        auto f = parse_format(text);
        if (!f) throw wrong_use("--format is old, dual or new");
        return *f;
    }

    /// A blob that this file brought.
    struct stored_blob {
        any_store* store;
        blob_info info;
    };

    result<void> import_file(const std::string& path, const std::string& shown) {
        auto file = read_dicom(path);
        if (!file) return unexpected(std::move(file).error());
        std::vector<stored_blob> made;
        // Another import may take a watermark between the listing and now: then the next one is tried.
        result<void> stored;
        for (bool again = true; again;) {
            if (last_ == (std::numeric_limits<std::int64_t>::max)()) {
                return fail(errc::invalid_argument, "the watermarks of this store are used up");
            }
            file->id.watermark = ++last_;
            made.clear();
            stored = store_all(path, *file, made);
            if (!stored) undo(made);
            if (!stored && stored.error().code == errc::unsupported && std::exchange(keeps_attributes_, false)) {
                p_.out.say("import: " + stored.error().message + "; blobs are stored without their content type");
                continue;
            }
            again = !stored && stored.error().code == errc::already_exists;
        }
        if (!stored) return stored;
        ++imported_;
        bytes_ += made.front().info.size_bytes;
        report(shown, "imported", {}, made);
        return {};
    }

    /// The file itself and its metadata, each under all names of the format.
    result<void> store_all(const std::string& path, const dicom_file& file, std::vector<stored_blob>& made) {
        const dual_names<uid_names, prefix_names> names;
        for (const blob_kind kind : {blob_kind::instance, blob_kind::metadata}) {
            auto to_write = names.to_write(format_, file.id, kind);
            if (!to_write) return unexpected(std::move(to_write).error());
            for (const blob_name& name : *to_write) {
                auto stored = kind == blob_kind::instance ? store_instance(path, name) : store_metadata(file, name);
                if (!stored) return unexpected(std::move(stored).error());
                made.push_back(
                    {kind == blob_kind::instance ? &*instances_ : &metadata_store(), std::move(stored->info)});
            }
        }
        return {};
    }
    result<transfer_report> store_instance(const std::string& path, const blob_name& name) {
        auto source = file_source::open(path);
        if (!source) return unexpected(std::move(source).error());
        return upload(*instances_, p_.ctx, name, *source, attributes_for("application/dicom"), condition::if_absent());
    }
    result<transfer_report> store_metadata(const dicom_file& file, const blob_name& name) {
        return upload(metadata_store(), p_.ctx, name, memory_source(as_bytes(file.metadata)),
                      attributes_for("application/dicom+json"), condition::if_absent());
    }
    [[nodiscard]] attributes attributes_for(const char* type) const {
        return keeps_attributes_ ? attributes{.content_type = type} : attributes{};
    }
    [[nodiscard]] any_store& state() { return state_ ? *state_ : *instances_; }
    [[nodiscard]] any_store& metadata_store() { return metadata_ ? *metadata_ : *instances_; }

    /// Takes back what a file that could not be stored completely has brought, even when the program is to stop.
    void undo(const std::vector<stored_blob>& made) const {
        context c = p_.ctx;
        c.stop = {};
        c = c.with_timeout(std::chrono::seconds(15));  // the store may be silent
        for (const stored_blob& blob : made) {
            const auto gone = blob.store->remove(c, blob.info.name, condition::if_match(blob.info.tag));
            if (!gone) p_.out.say("import: cannot take back a part of a file: " + describe(gone.error()));
        }
    }

    void skip(const std::string& path, const std::string& why) {
        ++skipped_;
        p_.out.say("skipped " + (path.empty() ? o_.folder : path) + ": " + why);
        report(path, "skipped", why, {});
    }

    void report(const std::string& path, const char* what, const std::string& why,
                const std::vector<stored_blob>& made) {
        if (!report_) return;
        json line = {{"outcome", what}};
        if (!made.empty()) line["bytes"] = made.front().info.size_bytes;
        if (o_.report_names) line["file"] = path;
        if (!made.empty()) line["watermark"] = last_;
        if (!why.empty()) line["reason"] = why;
        if (o_.report_names) {
            for (const stored_blob& blob : made) line["names"].push_back(blob.info.name.text());
        }
        report_->add_object(json_line(line));
    }

    exit_code summarize(std::size_t files) {
        const bool stopped = p_.ctx.stop.stop_requested();
        if (o_.as_json) {
            p_.out.print(json_line({{"command", "import"},
                                    {"imported", imported_},
                                    {"skipped", skipped_},
                                    {"bytes", bytes_},
                                    {"interrupted", stopped}}));
        } else {
            p_.out.print("imported " + std::to_string(imported_) + " of " + std::to_string(files) + " files (" +
                         human_bytes(bytes_) + "), skipped " + std::to_string(skipped_) + "\n");
        }
        const bool complete = skipped_ == 0 && imported_ == files;
        exit_code code = stopped ? exit_code::interrupted : complete ? exit_code::done : exit_code::some_failed;
        if (report_) {
            const json came_to = {{"complete", complete},
                                  {"interrupted", stopped},
                                  {"outcomes",
                                   {{"imported", {{"objects", imported_}, {"bytes", bytes_}}},
                                    {"skipped", {{"objects", skipped_}, {"bytes", 0}}}}}};
            if (const auto written = report_->finish(code, came_to); !written) {
                p_.out.say("the report is not complete: " + describe(written.error()));
                if (code == exit_code::done) code = exit_code::some_failed;
            }
        }
        if (stopped) p_.out.say("interrupted; what is imported stays, and a second import stores it again");
        return code;
    }

    const import_options& o_;
    program& p_;
    format format_;
    progress progress_;
    std::optional<run_report> report_ = {};
    std::optional<any_store> instances_ = {};
    std::optional<any_store> metadata_ = {};
    std::optional<any_store> state_ = {};  ///< Where they are not kept in the stores: those of the two.
    std::optional<any_store> metadata_state_ = {};
    bool keeps_attributes_ = true;  ///< As far as is known: some file systems keep none.
    std::int64_t last_ = 0;         ///< The highest watermark that is taken.
    std::uint64_t imported_ = 0;
    std::uint64_t skipped_ = 0;
    std::uint64_t bytes_ = 0;
};

}  // namespace

void add_import_command(CLI::App& app, program& p) {
    const auto o = std::make_shared<import_options>();
    CLI::App* const command =
        app.add_subcommand("import", "Store DICOM files and their metadata; make the store if it is missing");
    command->add_option("STORE", o->store, std::string(address_help))->required();
    command->add_option("DICOM_DIR", o->folder, "a directory, with all below it, or one file")->required();
    command->add_option("--format", o->format, "old, dual or new: the names to write");
    command->add_option("--metadata", o->metadata, "another store, for the metadata");
    command->add_option("--state", o->state, "where the undo ledger is, if a migration keeps it in a store of its own");
    CLI::Option* const report = command->add_option("--report", o->report, "a line of JSON for each file");
    command->add_flag("--report-names", o->report_names, "with files and names in it: personal data")->needs(report);
    command->add_option("--durability", o->durable, "none, data or full: what a power cut must not take (files)");
    command->add_flag("--json", o->as_json, "the summary as one JSON object");
    command->callback([o, &p] { p.command = [o, &p] { return importer(*o, p).run(); }; });
}

}  // namespace blobshift::cli
