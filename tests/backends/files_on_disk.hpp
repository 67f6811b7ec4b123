// SPDX-License-Identifier: MIT
//
// What a test does to a store's folder behind its back, and what it sees there.

#ifndef BLOBSHIFT_TESTS_BACKENDS_FILES_ON_DISK_HPP
#define BLOBSHIFT_TESTS_BACKENDS_FILES_ON_DISK_HPP

#include <algorithm>    // sort
#include <filesystem>   // recursive_directory_iterator
#include <fstream>      // ifstream, ofstream
#include <iterator>     // istreambuf_iterator
#include <string>       // string
#include <string_view>  // string_view
#include <vector>       // vector

#include <doctest/doctest.h>

#include <blobshift/backends/file_store.hpp>

#include <support/print.hpp>
#include <support/temporary_folder.hpp>

namespace blobshift::testing {

inline blob_name name(std::string_view text) { return blob_name::parse(text).value(); }

/// A folder, and files in it that no store has written.
struct disk {
    temporary_folder folder;

    [[nodiscard]] std::string path(std::string_view below = {}) const {
        return below.empty() ? folder.path() : folder.path() + '/' + std::string(below);
    }
    void write(std::string_view below, std::string_view content) const {
        std::filesystem::create_directories(std::filesystem::path(path(below)).parent_path());
        std::ofstream(path(below), std::ios::binary) << content;
    }
    [[nodiscard]] std::string read(std::string_view below) const {
        std::ifstream in(path(below), std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }
    [[nodiscard]] bool has(std::string_view below) const {
        return std::filesystem::symlink_status(path(below)).type() != std::filesystem::file_type::not_found;
    }
    /// All paths, directories with a '/' at the end, but not the store's own.
    [[nodiscard]] std::vector<std::string> all() const { return below(folder.path(), false); }
    /// Temporary files of whatever owner.
    [[nodiscard]] std::vector<std::string> temps() const {
        const std::string tmp = path(".blobshift-store./tmp");
        std::vector<std::string> files;
        if (!std::filesystem::exists(tmp)) return files;
        for (const std::string& each : below(tmp, true)) {
            if (each.back() != '/') files.push_back(each);
        }
        return files;
    }

private:
    [[nodiscard]] static std::vector<std::string> below(const std::string& root, bool private_too) {
        std::vector<std::string> list;
        for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
            std::string path = entry.path().string().substr(root.size() + 1);
            if (!private_too && path.starts_with(".blobshift-store.")) continue;
            if (entry.is_directory() && !entry.is_symlink()) path += '/';
            list.push_back(std::move(path));
        }
        std::sort(list.begin(), list.end());
        return list;
    }
};

/// The whole of a blob, or the error.
template <class S>
result<std::string> content_of(S& store, std::string_view n) {
    bytes buffer(1 << 16);
    auto got = store.read({}, name(n), read_range::all(), buffer, {});
    if (!got) return unexpected(std::move(got).error());
    return std::string(as_text(byte_view(buffer).first(got->count)));
}

template <class S>
result<blob_info> put(S& store, std::string_view n, std::string_view content, const condition& when = {}) {
    return store.put({}, name(n), as_bytes(content), {}, when);
}

template <class S>
result<copy_result> copy(S& store, std::string_view from, std::string_view to,
                         const condition& target = condition::if_absent()) {
    return store.copy({}, name(from), name(to), {}, target);
}

template <class S>
result<bool> remove(S& store, std::string_view n) {
    return store.remove({}, name(n), {});
}

/// All names, in the order in which the pages give them.
template <class S>
std::vector<std::string> names(S& store, list_query q = {}) {
    std::vector<std::string> list;
    do {
        const list_page page = store.list({}, q).value();
        for (const blob_info& each : page.blobs) list.push_back(each.name.text());
        for (const std::string& each : page.prefixes) list.push_back(each);
        q.cursor = page.cursor;
    } while (!q.cursor.empty());
    return list;
}

/// A folder, and a store in it that is not durable: what most tests need.
struct stored {
    disk on;
    file_store store = open();

    [[nodiscard]] file_store open(file_store_options options = {.durable = durability::none}) const {
        return file_store::open(on.path(), options).value();
    }
};

/// The kind of an error that changed nothing and names nothing.
template <class R>
errc code_of(const R& r) {
    REQUIRE_FALSE(r.has_value());
    CHECK(r.error().done == effect::none);
    CHECK(r.error().message.find('/') == std::string::npos);
    return r.error().code;
}

}  // namespace blobshift::testing

#endif
