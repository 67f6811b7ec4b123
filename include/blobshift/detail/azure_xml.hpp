// SPDX-License-Identifier: MIT
//
// The small XML answers: errors, block lists, tags, user delegation keys. Listings are read by azure_list.
//
// Row: detail (core; the only includer of <pugixml.hpp>).   Tests: tests/detail/azure_xml.test.cpp

#ifndef BLOBSHIFT_DETAIL_AZURE_XML_HPP
#define BLOBSHIFT_DETAIL_AZURE_XML_HPP

#include <charconv>      // from_chars
#include <cstdint>       // uint64_t
#include <map>           // map
#include <string>        // string
#include <string_view>   // string_view
#include <system_error>  // errc
#include <utility>       // move, pair
#include <vector>        // vector

#include <pugixml.hpp>

#include <blobshift/core/result.hpp>
#include <blobshift/core/secret.hpp>
#include <blobshift/detail/azure_sas.hpp>
#include <blobshift/detail/xml_reader.hpp>

namespace blobshift::inline v1::detail {

/// An answer that should have been a document of the service, but is none: to be repeated.
[[nodiscard]] inline unexpected broken_document(std::string_view what) {
    error e = make_error(errc::corrupt, std::string("the answer is not a whole ").append(what));
    e.again = retry_hint::wait;
    return unexpected(std::move(e));
}

/// Parses `document` into `tree`, if it is one that `xml_reader` takes: pugixml alone would also take a DOCTYPE,
/// control characters, undefined entities, and text that is not UTF-8.
///
/// \return whether it was parsed, and has that root.
[[nodiscard]] inline bool load_xml(pugi::xml_document& tree, std::string_view document, const char* root) {
    xml_reader reader(document);
    if (!reader.next() || reader.name() != root) return false;
    reader.skip();
    if (!reader.finish()) return false;
    return static_cast<bool>(tree.load_buffer(document.data(), document.size(),
                                              pugi::parse_default | pugi::parse_ws_pcdata_single, pugi::encoding_utf8));
}

/// What the body of an error says. Any of it may be missing; the texts may hold the name of the blob.
struct azure_error_body {
    std::string code = {};
    std::string message = {};
    std::string authentication_detail = {};  ///< Among others, the string that the service signed.
    std::string copy_source_code = {};       ///< Why the source of a copy could not be read.
    int copy_source_status = 0;
};

/// All empty when `document` is no error of the service: empty, HTML, cut.
[[nodiscard]] inline azure_error_body parse_error_body(std::string_view document) {
    azure_error_body body;
    pugi::xml_document tree;
    if (!load_xml(tree, document, "Error")) return body;
    const pugi::xml_node error = tree.child("Error");
    body.code = error.child_value("Code");
    body.message = error.child_value("Message");
    body.authentication_detail = error.child_value("AuthenticationErrorDetail");
    body.copy_source_code = error.child_value("CopySourceErrorCode");
    const std::string_view status = error.child_value("CopySourceStatusCode");
    std::from_chars(status.data(), status.data() + status.size(), body.copy_source_status);
    return body;
}

/// One block of a blob, or of an upload to it.
struct azure_block {
    std::string id = {};  ///< Base64.
    std::uint64_t size_bytes = 0;
};

struct azure_block_list {
    std::vector<azure_block> committed = {};
    std::vector<azure_block> uncommitted = {};
};

[[nodiscard]] inline result<azure_block_list> parse_block_list(std::string_view document) {
    pugi::xml_document tree;
    if (!load_xml(tree, document, "BlockList")) return broken_document("list of blocks");
    azure_block_list list;
    for (const auto& [name, blocks] :
         {std::pair{"CommittedBlocks", &list.committed}, std::pair{"UncommittedBlocks", &list.uncommitted}}) {
        for (const pugi::xml_node block : tree.child("BlockList").child(name).children("Block")) {
            azure_block read{block.child_value("Name")};
            const std::string_view size = block.child_value("Size");
            const char* const end = size.data() + size.size();
            const auto number = std::from_chars(size.data(), end, read.size_bytes);
            if (read.id.empty() || number.ec != std::errc() || number.ptr != end)
                return broken_document("list of blocks");
            blocks->push_back(std::move(read));
        }
    }
    return list;
}

[[nodiscard]] inline result<std::map<std::string, std::string>> parse_tags(std::string_view document) {
    pugi::xml_document tree;
    if (!load_xml(tree, document, "Tags")) return broken_document("set of tags");
    std::map<std::string, std::string> tags;
    for (const pugi::xml_node tag : tree.child("Tags").child("TagSet").children("Tag")) {
        tags.insert_or_assign(tag.child_value("Key"), tag.child_value("Value"));
    }
    return tags;
}

[[nodiscard]] inline result<user_delegation_key> parse_user_delegation_key(std::string_view document) {
    pugi::xml_document tree;
    if (!load_xml(tree, document, "UserDelegationKey")) return broken_document("user delegation key");
    const pugi::xml_node root = tree.child("UserDelegationKey");
    user_delegation_key key{.object_id = root.child_value("SignedOid"),
                            .tenant_id = root.child_value("SignedTid"),
                            .start = root.child_value("SignedStart"),
                            .expiry = root.child_value("SignedExpiry"),
                            .service = root.child_value("SignedService"),
                            .version = root.child_value("SignedVersion"),
                            .value = secret(root.child_value("Value"))};
    for (const std::string* field :
         {&key.object_id, &key.tenant_id, &key.start, &key.expiry, &key.service, &key.version}) {
        if (field->empty()) return broken_document("user delegation key");
    }
    if (key.value.empty()) return broken_document("user delegation key");
    return key;
}

}  // namespace blobshift::inline v1::detail

#endif
