// SPDX-License-Identifier: MIT
//
// put, get, ls, stat, rm, cp: a store by hand.

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <blobshift/store/ops.hpp>

#include "file_io.hpp"
#include "json_line.hpp"
#include "number.hpp"
#include "program.hpp"
#include "store_address.hpp"

namespace blobshift::cli {

namespace {

struct store_options {
    std::string store = {};
    std::string name = {};
    std::string target = {};              ///< The new name, for cp.
    std::vector<std::string> names = {};  ///< For rm.
    std::string file = "-";
    std::string content_type = {};
    std::string range = {};
    std::string prefix = {};
    std::string delimiter = {};
    std::string durable = "full";
    bool as_json = false;

    [[nodiscard]] any_store open(const context& c, opening how = opening::existing) const {
        return open_store(c, store, how, {.durable = parse_durability(durable)});
    }
};

/// A bad file outside of the store is wrong use, and nothing was changed.
template <class T>
T file_or_fail(result<T>&& opened, const std::string& what) {
    if (!opened)
        throw wrong_use("cannot open the file to " + what + ": " + opened.error().message + "; check its path");
    return *std::move(opened);
}

// ---------------------------------------------------------------------------------------------------------------------

exit_code put(const store_options& o, program& p) {
    const blob_name name = parse_blob_name(o.name);
    const attributes attrs{.content_type = o.content_type};
    or_fail(validate(attrs), "put");
    if (o.file == "-") {
        any_store store = o.open(p.ctx, opening::create);
        or_fail(upload(store, p.ctx, name, stdin_source(), attrs), "put");
    } else {
        auto source = file_or_fail(file_source::open(o.file), "put");
        any_store store = o.open(p.ctx, opening::create);
        or_fail(upload(store, p.ctx, name, source, attrs), "put");
    }
    return exit_code::done;
}

/// "A-B" (both included), "A-" or "-N" (the last N).
[[nodiscard]] read_range parse_range(std::string_view text) {
    constexpr auto number = parse_number<std::uint64_t>;
    const std::size_t dash = text.find('-');
    if (dash != std::string_view::npos) {
        const auto first = number(text.substr(0, dash));
        const auto last = number(text.substr(dash + 1));
        if (first && dash + 1 == text.size()) return read_range::from(*first);
        if (dash == 0 && last) return read_range::last(*last);
        if (first && last && *first <= *last) {
            const std::uint64_t more = *last - *first;
            return read_range::part(*first, more + (more < (std::numeric_limits<std::uint64_t>::max)() ? 1 : 0));
        }
    }
    throw wrong_use("--range is A-B (both included), A- or -N");
}

/// Reads a part of one version of a blob, piece by piece.
result<void> read_part(any_store& store, const context& c, const blob_name& name, read_range range, file_sink& sink) {
    bytes buffer(std::size_t{1} << 20);
    condition version;
    for (;;) {
        auto got = store.read(c, name, range, buffer, version);
        if (!got) return unexpected(std::move(got).error());
        const byte_view part = byte_view(buffer).first(got->count);
        if (auto written = sink.write(part); !written) return written;
        const std::uint64_t wanted = (std::min)(range.length, got->info.size_bytes - got->offset);
        if (got->count >= wanted) return {};
        if (got->count == 0) return fail(errc::corrupt, "the store gave fewer bytes than it has");
        range = read_range::part(got->offset + got->count, wanted - got->count);
        version = condition::if_match(got->info.tag);
    }
}

exit_code get(const store_options& o, program& p) {
    const blob_name name = parse_blob_name(o.name);
    std::optional<read_range> part;
    if (!o.range.empty()) part = parse_range(o.range);
    any_store store = o.open(p.ctx);
    auto sink = file_or_fail(file_sink::open(o.file), "write");
    if (part)
        or_fail(read_part(store, p.ctx, name, *part, sink), "get");
    else
        or_fail(download(store, p.ctx, name, sink), "get");
    const auto written = sink.commit();
    if (!written) throw failure(exit_code::some_failed, "cannot complete the file: " + describe(written.error()));
    return exit_code::done;
}

// ---------------------------------------------------------------------------------------------------------------------

[[nodiscard]] json to_json(const blob_info& info) {
    json j = {{"name", info.name.text()},
              {"size_bytes", info.size_bytes},
              {"etag", info.tag.text()},
              {"last_modified_ms", info.last_modified.time_since_epoch().count()}};
    if (!info.tier.empty()) j["tier"] = info.tier;
    const attributes& a = info.attrs;
    const auto add = [&](const char* key, const std::string& value) {
        if (!value.empty()) j[key] = value;
    };
    add("content_type", a.content_type);
    add("content_encoding", a.content_encoding);
    add("content_language", a.content_language);
    add("content_disposition", a.content_disposition);
    add("cache_control", a.cache_control);
    if (!a.metadata.empty()) j["metadata"] = a.metadata;
    if (!a.tags.empty()) j["tags"] = a.tags;
    return j;
}

exit_code list(const store_options& o, program& p) {
    any_store store = o.open(p.ctx);
    list_query q{.prefix = o.prefix, .delimiter = o.delimiter};
    do {
        auto page = or_fail(store.list(p.ctx, q), "ls");
        std::string text;
        // Both are in the store's order; a directory and a file are merged by their bytes for who reads them.
        auto folder = page.prefixes.begin();
        const auto add_folders = [&](const std::string* before) {
            for (; folder != page.prefixes.end() && (before == nullptr || *folder < *before); ++folder) {
                text += o.as_json ? json_line({{"prefix", *folder}}) : *folder + "\n";
            }
        };
        for (const blob_info& info : page.blobs) {
            add_folders(&info.name.text());
            text += o.as_json ? json_line(to_json(info)) : info.name.text() + "\n";
        }
        add_folders(nullptr);
        p.out.print(text);
        q.cursor = std::move(page.cursor);
    } while (!q.cursor.empty());
    const bool whole = o.prefix.empty() && o.delimiter.empty();
    if (const std::uint64_t left_out = whole ? count_foreign(p.ctx, o.store) : 0; left_out > 0) {
        p.out.say("ls: " + std::to_string(left_out) + std::string(foreign_names_help));
    }
    return exit_code::done;
}

exit_code stat(const store_options& o, program& p) {
    const blob_name name = parse_blob_name(o.name);
    any_store store = o.open(p.ctx);
    const json j = to_json(or_fail(store.head(p.ctx, name), "stat"));
    if (o.as_json) {
        p.out.print(json_line(j));
        return exit_code::done;
    }
    std::string text;
    for (const auto& [key, value] : j.items()) {
        text += key + ": " + (value.is_string() ? value.get<std::string>() : value.dump()) + "\n";
    }
    p.out.print(text);
    return exit_code::done;
}

exit_code remove(const store_options& o, program& p) {
    std::vector<blob_name> names;
    for (const std::string& text : o.names) names.push_back(parse_blob_name(text));
    any_store store = o.open(p.ctx);
    exit_code end = exit_code::done;
    for (std::size_t i = 0; i < names.size(); ++i) {
        auto gone = store.remove(p.ctx, names[i], {});
        if (gone && *gone) continue;
        const std::string which = "rm: name " + std::to_string(i + 1) + " of " + std::to_string(names.size());
        if (!gone && exit_code_of(gone.error()) != exit_code::some_failed) or_fail(std::move(gone), which);
        p.out.say(which + ": " + (gone ? "there is no such blob" : describe(gone.error())));
        end = exit_code::some_failed;
    }
    return end;
}

exit_code copy(const store_options& o, program& p) {
    const blob_name from = parse_blob_name(o.name);
    const blob_name to = parse_blob_name(o.target);
    any_store store = o.open(p.ctx);
    const auto made = or_fail(store.copy(p.ctx, from, to, {}, {}), "cp");
    if (made.info.copy != copy_state::pending) return exit_code::done;
    p.out.say("cp: the store is still copying; ask stat until it is done");
    return exit_code::interrupted;
}

}  // namespace

void add_store_commands(CLI::App& app, program& p) {
    const auto o = std::make_shared<store_options>();
    const auto add = [&](const char* name, const char* help, exit_code (*run)(const store_options&, program&)) {
        CLI::App* const command = app.add_subcommand(name, help);
        command->add_option("STORE", o->store, std::string(address_help))->required();
        command->callback([o, run, &p] { p.command = [o, run, &p] { return run(*o, p); }; });
        return command;
    };
    const auto add_name = [&](CLI::App* command) {
        command->add_option("NAME", o->name, "the blob's name")->required();
    };
    const auto add_durability = [&](CLI::App* command) {
        command->add_option("--durability", o->durable, "none, data or full: what a power cut must not take (files)");
    };

    CLI::App* command = add("put", "Store a file, or stdin, as a blob; make the store if it is missing", put);
    add_name(command);
    command->add_option("FILE", o->file, "the file, or - for stdin")->required();
    command->add_option("--content-type", o->content_type, "kept with the blob");
    add_durability(command);

    command = add("get", "Write a blob to a file, or to stdout", get);
    add_name(command);
    command->add_option("FILE", o->file, "the file, whole or not at all; - is stdout");
    command->add_option("--range", o->range, "A-B (both included), A- or -N (the last N): only these bytes");

    command = add("ls", "List names", list);
    command->add_option("PREFIX", o->prefix, "only names that begin with it");
    command->add_option("--delimiter", o->delimiter, "/: cut names behind the first / after the prefix");
    command->add_flag("--json", o->as_json, "one JSON object a line");

    command = add("stat", "Show what a store knows of a blob", stat);
    add_name(command);
    command->add_flag("--json", o->as_json, "one JSON object");

    command = add("rm", "Remove blobs", remove);
    command->add_option("NAME", o->names, "the blobs' names")->required()->expected(1, -1);
    add_durability(command);

    command = add("cp", "Copy a blob inside its store, over what has the new name", copy);
    command->add_option("FROM", o->name, "the blob's name")->required();
    command->add_option("TO", o->target, "the new name")->required();
    add_durability(command);
}

}  // namespace blobshift::cli
