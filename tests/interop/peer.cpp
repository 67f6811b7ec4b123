// SPDX-License-Identifier: MIT
//
// Our side of the tests with other programs: writes the blobs that a file describes, or checks that they are there.
//
//     peer create|remove CONTAINER           peer write|check|copy CONTAINER FILE [plain|copies]
//     peer sas CONTAINER                     peer url CONTAINER
//
// CONTAINER is a name, in the account of BLOBSHIFT_AZURITE, or a URL with a SAS. `copy` makes a copy of each blob,
// whose name has "copies/" before it. `check` finds every blob that the file describes, and none beside: with `plain`
// their bytes and hashes, with `copies` their copies as well. `sas` prints the container's URL with a SAS for an hour.

#include <blobshift/backends/azure_store.hpp>

#include <algorithm>  // min
#include <cstdlib>    // getenv
#include <fstream>
#include <iostream>
#include <map>
#include <set>
#include <stdexcept>  // runtime_error
#include <string>
#include <vector>

namespace {

using namespace blobshift;

struct description {
    blob_name name;
    attributes attrs = {};
    std::string tier = {};
    std::size_t size = 0;
    std::size_t block = 0;  ///< 0 = in one put.
};

/// What every program makes the content of.
[[nodiscard]] bytes content_of(const description& d) {
    bytes content(d.size);
    for (std::size_t i = 0; i < d.size; ++i) content[i] = static_cast<std::byte>(131 * i + 7 * (i >> 8) + d.size);
    return content;
}

[[nodiscard]] description parse(std::string_view line) {
    std::map<std::string, std::string> fields;
    while (!line.empty()) {
        const std::string_view field = line.substr(0, line.find('&'));
        line.remove_prefix((std::min)(field.size() + 1, line.size()));
        const std::size_t equals = field.find('=');
        fields[std::string(field.substr(0, equals))] = detail::decode_percent(field.substr(equals + 1)).value();
    }
    const auto number = [&](const char* key) { return fields.contains(key) ? std::stoul(fields[key]) : 0; };
    std::string name = fields.at("name");
    while (name.size() < number("fill")) name += name.size() % 101 == 100 ? '/' : 'x';
    description d{blob_name::parse(name).value()};
    d.size = number("size");
    d.block = number("blocks");
    d.tier = fields["tier"];
    d.attrs.content_type = fields["type"];
    d.attrs.content_encoding = fields["encoding"];
    d.attrs.content_language = fields["language"];
    d.attrs.content_disposition = fields["disposition"];
    d.attrs.cache_control = fields["cache"];
    for (const auto& [key, value] : fields) {
        if (key.starts_with("meta.")) d.attrs.metadata[key.substr(5)] = value;
        if (key.starts_with("tag.")) d.attrs.tags[key.substr(4)] = value;
    }
    return d;
}

[[nodiscard]] std::vector<description> read_descriptions(const std::string& file) {
    std::ifstream in(file);
    std::vector<description> all;
    for (std::string line; std::getline(in, line);) {
        if (!line.starts_with('#')) all.push_back(parse(line));
    }
    if (all.empty()) throw std::runtime_error("no descriptions in " + file);
    return all;
}

/// Or the end of the program, with the reason and the name.
template <class T>
T sure(result<T> got, const description& d) {
    if (!got) throw std::runtime_error(describe(got.error()) + ": " + d.name.text());
    if constexpr (!std::is_void_v<T>) return *std::move(got);
}

[[nodiscard]] std::string connection_string() {
    const char* const text = std::getenv("BLOBSHIFT_AZURITE");
    return text == nullptr ? "" : text;
}

[[nodiscard]] azure_store open(const std::string& container) {
    auto place = container.starts_with("http") ? azure_place::from_url(container)
                                               : azure_place::from_connection_string(connection_string(), container);
    return azure_store::open(std::move(place).value()).value();
}

void write(azure_store& store, const description& d) {
    const bytes content = content_of(d);
    if (d.block == 0) {
        sure(store.put({}, d.name, content, d.attrs, {}), d);
    } else {
        const upload_session u = sure(store.begin_upload({}, d.name), d);
        std::uint32_t count = 0;
        for (std::size_t at = 0; at < content.size(); at += d.block, ++count) {
            const byte_view block = byte_view(content).subspan(at, (std::min)(d.block, content.size() - at));
            sure(store.stage_block({}, u, count, at, block), d);
        }
        sure(store.commit_upload({}, u, count, content.size(), d.attrs, condition::if_absent()), d);
    }
    if (!d.tier.empty()) sure(store.control().set_tier({}, d.name, d.tier), d);
}

[[nodiscard]] blob_name copy_name(const blob_name& n) { return blob_name::parse("copies/" + n.text()).value(); }
[[nodiscard]] bool has_copy(const description& d) { return d.name.text().size() < 1000; }

/// \return what is wrong, or "".
[[nodiscard]] std::string check(azure_store& store, const description& d, const blob_name& n, bool plain) {
    const bytes content = content_of(d);
    const blob_info info = sure(store.head({}, n), d);
    bytes read(content.size() + 1);
    std::size_t size = 0;
    for (;;) {
        const auto part = sure(store.read({}, n, read_range::from(size), byte_span(read).subspan(size), {}), d);
        size += part.count;
        if (part.count == 0 || size >= content.size()) break;
    }
    read.resize(size);
    if (info.size_bytes != content.size()) return "another size";
    if (read != content) return "other bytes";
    if (info.stored_hash != detail::openssl_hash_of(hash_algorithm::md5, content).value())
        return "another MD5, or none";
    if (plain) return "";
    if (info.attrs != d.attrs) return "other attributes";
    if (info.tier != (d.tier.empty() ? "Hot" : d.tier)) return "another tier";
    return "";
}

int check_all(azure_store& store, const std::vector<description>& all, bool plain, bool copies) {
    int problems = 0;
    const auto complain = [&](const std::string& what, const std::string& name) {
        std::cerr << what << ": " << name << '\n';
        ++problems;
    };
    std::set<std::string> expected;
    for (const description& d : all) {
        expected.insert(d.name.text());
        if (const std::string what = check(store, d, d.name, plain); !what.empty()) complain(what, d.name.text());
        if (!copies || !has_copy(d)) continue;
        const blob_name copy = copy_name(d.name);
        expected.insert(copy.text());
        if (const std::string what = check(store, d, copy, plain); !what.empty()) complain(what, copy.text());
    }
    list_query q;
    q.with_attributes = true;
    do {
        const list_page page = store.list({}, q).value();
        for (const blob_info& info : page.blobs) {
            if (expected.erase(info.name.text()) == 0) complain("nobody asked for", info.name.text());
        }
        q.cursor = page.cursor;
    } while (!q.cursor.empty());
    for (const std::string& name : expected) complain("not listed", name);
    std::cout << "checked " << all.size() << " blobs\n";
    return problems == 0 ? 0 : 1;
}

int run(const std::vector<std::string>& args) {
    const std::string& verb = args.at(0);
    const std::string& container = args.at(1);
    const std::string how = args.size() > 3 ? args[3] : "";
    azure_store store = open(container);
    if (verb == "create") return store.control().create_container({}).value() ? 0 : 1;
    if (verb == "remove") return store.control().remove_container({}).value() ? 0 : 1;
    if (verb == "url" || verb == "sas") {
        auto account = detail::parse_connection_string(connection_string()).value();
        std::string url = detail::container_url(account.endpoint, container);
        if (verb == "sas") {
            detail::service_sas access;
            access.version = "2020-10-02";
            access.resource = "c";
            access.container = container;
            access.permissions = "racwdl";
            access.expiry = detail::to_iso8601(system_time::instance().utc_now() + std::chrono::hours(1));
            url += "?";
            url += detail::sign_sas(access, std::get<detail::shared_key>(account.credential)).value().reveal();
        }
        std::cout << url << '\n';
        return 0;
    }
    const std::vector<description> all = read_descriptions(args.at(2));
    if (verb == "check") return check_all(store, all, how == "plain", how == "copies");
    for (const description& d : all) {
        if (verb == "write") write(store, d);
        if (verb == "copy" && has_copy(d))
            sure(store.copy({}, d.name, copy_name(d.name), {}, condition::if_absent()), d);
    }
    return 0;
}

}  // namespace

int main(int argc, char** argv) try { return run({argv + 1, argv + argc}); } catch (const std::exception& e) {
    std::cerr << "peer: " << e.what() << '\n';
    return 1;
}
