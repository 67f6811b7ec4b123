// SPDX-License-Identifier: MIT
#include "store_address.hpp"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <system_error>
#include <utility>

#include <blobshift/detail/http.hpp>
#include <blobshift/layers/prefix.hpp>
#include <blobshift/layers/throttle.hpp>

#include "azure_address.hpp"
#include "exit_code.hpp"

namespace blobshift::cli {

namespace {

[[nodiscard]] std::string path_of(const std::string& address) {
    std::string path = address.substr(std::string_view("file:").size());
    if (path.empty()) throw wrong_use("the address 'file:' has no path; write file:PATH");
    // file://HOST/PATH is how a URL names another machine's file.
    if (path.starts_with("//") && !path.starts_with("///")) {
        throw wrong_use("a file address has no host; write file:PATH");
    }
    return path;
}

[[nodiscard]] file_store open_files(const std::string& address, opening how, const store_settings& settings) {
    auto store = file_store::open(path_of(address), {.durable = settings.durable, .create = how == opening::create});
    if (store) return *std::move(store);
    const std::string what = "cannot open the store " + address + ": ";
    switch (store.error().code) {
        case errc::not_found:
            throw wrong_use(what + (how == opening::create ? "the directory above it does not exist; create that first"
                                                           : "there is no such directory; check the address"));
        case errc::invalid_argument: throw wrong_use(what + "it is not a directory; name the directory of the store");
        default: throw wrong_use(what + describe(store.error()));
    }
}

[[nodiscard]] bool is_of_files(const std::string& address) {
    if (address.starts_with("file:")) return true;
    std::string scheme = address.substr(0, address.find("://"));
    for (char& letter : scheme) letter = detail::to_lower(letter);
    if (scheme != address && (scheme == "azure" || scheme == "https" || scheme == "http")) return false;
    throw wrong_use(
        "a store is addressed as file:PATH, azure://CONTAINER or https://ACCOUNT.blob.core.windows.net/CONTAINER");
}

[[nodiscard]] any_store open_unlimited(const context& c, const std::string& address, opening how,
                                       const store_settings& settings) {
    return is_of_files(address) ? any_store(open_files(address, how, settings))
                                : open_azure(c, address, how, settings.list_obstacles);
}

}  // namespace

any_store open_store(const context& c, const std::string& address, opening how, const store_settings& settings) {
    any_store store = open_unlimited(c, address, how, settings);
    if (settings.requests_per_second <= 0) return store;
    return any_store(throttle(std::move(store), {.requests_per_second = settings.requests_per_second}));
}

any_store open_state(const context& c, const std::string& address, bool is_metadata, const store_settings& settings) {
    any_store state = open_store(c, address, opening::existing, settings);
    if (!is_metadata) return state;
    return any_store(or_fail(prefix<any_store>::make(std::move(state), ".blobshift/metadata/"), "--state"));
}

std::uint64_t count_foreign(const context& c, const std::string& address, double requests_per_second) {
    if (!is_of_files(address)) return count_foreign_in_azure(c, address, requests_per_second);
    return or_fail(open_files(address, opening::existing, {}).count_foreign(c), "cannot list the store");
}

std::string address_of_container(const std::string& account, const std::string& container) {
    const std::size_t end = account.starts_with("file:") ? account.size() : std::min(account.find('?'), account.size());
    const bool slash = account.substr(0, end).ends_with('/');
    return account.substr(0, end) + (slash ? "" : "/") + container + account.substr(end);
}

bool is_same_store(const std::string& a, const std::string& b) {
    if (a == b || !a.starts_with("file:") || !b.starts_with("file:")) return a == b;
    std::error_code unknown;
    return std::filesystem::equivalent(path_of(a), path_of(b), unknown);
}

namespace {

/// Whether one directory is below the other, as far as can be seen.
[[nodiscard]] bool is_one_within_the_other(const std::string& a, const std::string& b) {
    if (!a.starts_with("file:") || !b.starts_with("file:")) return false;
    std::error_code unknown;
    const auto first = std::filesystem::weakly_canonical(path_of(a) + "/", unknown);
    const auto second = std::filesystem::weakly_canonical(path_of(b) + "/", unknown);
    if (first.empty() || second.empty()) return false;
    const auto end = [](const std::filesystem::path& p) { return p.has_filename() ? p.end() : std::prev(p.end()); };
    const auto [x, y] = std::mismatch(first.begin(), end(first), second.begin(), end(second));
    return x == end(first) || y == end(second);
}

}  // namespace

void refuse_overlaps(const std::string& store, const std::string& metadata, const std::string& state) {
    if (is_same_store(metadata, store)) {
        throw wrong_use("--metadata names the same store again; leave it out");
    }
    if (is_same_store(state, store) || (!state.empty() && is_same_store(state, metadata))) {
        throw wrong_use("--state names a store that is migrated; leave it out, and each store keeps its own");
    }
    if (is_one_within_the_other(store, metadata) || is_one_within_the_other(store, state) ||
        is_one_within_the_other(metadata, state)) {
        throw wrong_use(
            "STORE, --metadata and --state are stores beside each other: one lies in the directory of another");
    }
}

durability parse_durability(std::string_view text) {
    if (text == "none") return durability::none;
    if (text == "data") return durability::data;
    if (text == "full") return durability::full;
    throw wrong_use("--durability is none, data or full");
}

}  // namespace blobshift::cli
