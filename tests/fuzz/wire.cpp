// SPDX-License-Identifier: MIT
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include <curl/curl.h>
#include <pugixml.hpp>

#include <blobshift/core/xxh64.hpp>
#include <blobshift/detail/azure_batch.hpp>
#include <blobshift/detail/azure_connection_string.hpp>
#include <blobshift/detail/azure_list_stream.hpp>
#include <blobshift/detail/azure_xml.hpp>
#include <blobshift/detail/http_date.hpp>

#include <detail/same_page.hpp>

#include "targets.hpp"

namespace fuzz {

using namespace blobshift;
using namespace blobshift::detail;

namespace {

/// All but the white space at the end, without which a document is as whole.
[[nodiscard]] std::string_view without_tail(std::string_view text) {
    const std::size_t last = text.find_last_not_of(" \t\r\n");
    return text.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

/// A length from 0 to `all`, by the text itself.
[[nodiscard]] std::size_t some_length(std::string_view text, std::size_t all) {
    return all == 0 ? 0 : static_cast<std::size_t>(xxh64_of(text) % all);
}

/// What no message of ours says by itself.
constexpr std::string_view mark = "zQ7wJx0Kp";

void list_page(std::string_view input) {
    const auto page = parse_list(input);
    azure_list_stream arriving({}, 1);
    const std::size_t piece = 1 + some_length(input, 300);
    for (std::size_t at = 0; at < input.size(); at += piece) arriving.take(as_bytes(input.substr(at, piece)));
    const auto streamed = arriving.finish();
    require(page.has_value() == streamed.has_value(), "a page is taken while it arrives if it is at once");
    if (!page) return;
    require(blobshift::testing::same_page(*page, *streamed), "a page is the same when it is read while it arrives");
    // XML makes a line feed of a carriage return; we keep it: a blob_name holds neither.
    constexpr unsigned how = (pugi::parse_default | pugi::parse_ws_pcdata_single) & ~pugi::parse_eol;
    pugi::xml_document tree;
    require(static_cast<bool>(tree.load_buffer(input.data(), input.size(), how, pugi::encoding_utf8)),
            "a page that is accepted is a document to others, too");
    const pugi::xml_node root = tree.child("EnumerationResults");
    require(page->marker == root.child("NextMarker").child_value(), "the marker is the one that others read");
    std::size_t known = 0;
    std::size_t entries = 0;
    for (const pugi::xml_node blob : root.child("Blobs").children("Blob")) {
        ++entries;
        // The last one counts, here and there.
        pugi::xml_node name;
        for (const pugi::xml_node each : blob.children("Name")) name = each;
        if (known == page->blobs.size() || std::string_view(name.attribute("Encoded").value()) == "true") {
            if (known < page->blobs.size() && decode_percent(name.child_value()) == page->blobs[known].name.text())
                ++known;
            continue;
        }
        if (name.child_value() != page->blobs[known].name.text()) continue;
        pugi::xml_node length;
        for (const pugi::xml_node properties : blob.children("Properties")) {
            for (const pugi::xml_node each : properties.children("Content-Length")) length = each;
        }
        if (std::strtoull(length.child_value(), nullptr, 10) == page->blobs[known].size_bytes) ++known;
    }
    require(known == page->blobs.size(), "every blob of a page is one that others read, in their order");
    require(page->blobs.size() + page->foreign_names + page->uncommitted + page->deleted + page->snapshots +
                    page->old_versions + page->directories ==
                entries,
            "every entry of a page is accounted for");
    const std::string_view whole = without_tail(input);
    require(!parse_list(whole.substr(0, some_length(input, whole.size()))), "a page that was cut is refused");
    require(!parse_list(whole.substr(0, whole.size() - 1)), "a page without its last byte is refused");
}

void batch_answer(std::string_view input) {
    constexpr std::string_view type = "multipart/mixed; boundary=b";
    const auto parts = split_batch(input, type);
    const std::vector<http_request> requests(3, http_request{.method = "DELETE", .url = "https://h/c/x"});
    const http_request request{.method = "POST", .url = "https://h/c"};
    const http_response answer{.status = 202,
                               .headers = {{"content-type", std::string(type)}, {"x-ms-request-id", "1"}},
                               .body = to_bytes(input)};
    const auto outcomes = read_batch(request, answer, requests);
    if (outcomes) require(parts && outcomes->size() == requests.size(), "each request of a batch has one outcome");
    if (!parts) return;
    const std::size_t end = input.find("\n--b--");
    if (end == std::string_view::npos) return;
    const auto cut = split_batch(input.substr(0, some_length(input, end)), type);
    require(!cut || cut->size() < parts->size() || parts->empty(), "a batch that was cut has not all parts");
}

void error_body(std::string_view input) {
    if (input.find(mark) != std::string_view::npos) return;
    std::string marked(input);
    constexpr std::string_view opening = "<Message>";
    for (std::size_t at = marked.find(opening); at != std::string::npos; at = marked.find(opening, at)) {
        marked.insert(at += opening.size(), mark);
    }
    const http_request request{.method = "PUT", .url = "https://h/c/x"};
    for (const int status : {404, 409, 412, 503}) {
        const http_response answer{.status = status, .body = to_bytes(input)};
        const error e = service_error(request, answer);
        require(e.message.size() < 200, "a message is our own");
        const error told = service_error(request, {.status = status, .body = to_bytes(marked)});
        require(told.service_code.find(mark) != std::string::npos || describe(told).find(mark) == std::string::npos,
                "no message holds what the service said");
        require(status != 404 || e.done == effect::none, "what was refused was not done");
    }
}

void xml_documents(std::string_view input) {
    if (const auto blocks = parse_block_list(input)) {
        require(!parse_block_list(without_tail(input).substr(0, some_length(input, without_tail(input).size()))),
                "a list of blocks that was cut is refused");
    }
    (void)parse_tags(input);
    (void)parse_user_delegation_key(input);
    if (is_xml_text(input)) {
        require(xml_text(input).size() <= input.size(), "text does not grow when its references are resolved");
    }
}

/// No message holds the value of a setting: the same string, with a mark in each value, is refused without it.
void require_silence(std::string_view connection_string) {
    if (connection_string.find(mark) != std::string_view::npos) return;
    std::string marked;
    for (cut_text rest{{}, connection_string}; !rest.behind.empty();) {
        rest = cut(rest.behind, ";");
        marked += rest.before;
        if (rest.before.find('=') != std::string_view::npos) marked += mark;
        marked += ';';
    }
    const auto account = parse_connection_string(marked);
    require(account || describe(account.error()).find(mark) == std::string::npos, "no message holds a value");
}

void connection_string(std::string_view input) {
    const auto account = parse_connection_string(input, {.allow_http = true});
    require_silence(input);
    if (!account) return;
    const auto again = parse_endpoint(account->endpoint.url, {.allow_http = true});
    require(again && again->url == account->endpoint.url && again->secure == account->endpoint.secure,
            "an endpoint that was read is read again");
    const auto strict = parse_connection_string(input);
    require(!strict || strict->endpoint.secure || is_loopback(parse_url(strict->endpoint.url)->host),
            "plain http is for loopback only");
}

struct curl_url_free {
    void operator()(CURLU* url) const noexcept { ::curl_url_cleanup(url); }
};

[[nodiscard]] std::string curl_part(CURLU* url, CURLUPart part) {
    char* text = nullptr;
    std::string found;
    if (::curl_url_get(url, part, &text, 0) == CURLUE_OK) found = text;
    ::curl_free(text);
    return found;
}

void address(std::string_view input) {
    const auto parts = parse_url(input);
    const auto found = parse_address(input, {.allow_http = true});
    if (!parts) return require(!found, "an address is a URL");
    const std::string text(input);
    const std::unique_ptr<CURLU, curl_url_free> url(::curl_url());
    const CURLUcode code = ::curl_url_set(url.get(), CURLUPART_URL, text.c_str(), CURLU_PATH_AS_IS);
    if (code != CURLUE_OK) {
        // Curl knows more of IPv6 than our check of its letters.
        return require(is_ipv6(parts->host), "what we take for a URL is one to curl");
    }
    std::string host = curl_part(url.get(), CURLUPART_HOST);
    for (char& c : host) c = to_lower(c);
    if (!is_ipv6(parts->host)) require(host == parts->host, "curl would go to the same host");
    const std::string port = curl_part(url.get(), CURLUPART_PORT);
    require(std::strtoul(port.c_str(), nullptr, 10) == std::strtoul(std::string(parts->port).c_str(), nullptr, 10),
            "and to the same port");
    require((curl_part(url.get(), CURLUPART_SCHEME) == "https") == parts->secure, "and as securely");
    require(curl_part(url.get(), CURLUPART_USER).empty(), "and as nobody");
    require(curl_part(url.get(), CURLUPART_QUERY) == parts->query, "and with the same query");
    if (!found) return;
    require(is_container_name(found->container), "an address names a container");
    std::string printed = container_url(found->endpoint, found->container);
    if (!found->sas.empty()) printed += '?' + std::string(found->sas.reveal());
    const auto again = parse_address(printed, {.allow_http = true});
    require(again && again->endpoint.url == found->endpoint.url && again->container == found->container &&
                again->sas.reveal() == found->sas.reveal(),
            "an address that was read is printed and read again");
}

void sas(std::string_view input) {
    const auto token = parse_sas(input);
    if (token) {
        require(token->reveal() == (input.starts_with('?') ? input.substr(1) : input), "a SAS is kept to the letter");
    }
    const auto marked = parse_sas(std::string(input).append(mark));
    const bool is_silent = marked || describe(marked.error()).find(mark) == std::string::npos;
    require(is_silent, "no message holds a SAS");
}

void percent(std::string_view input) {
    require(decode_percent(encode_component(input)) == input, "what was encoded is decoded");
    require(decode_percent(encode_path(input)) == input, "a path, too");
    if (const auto plain = decode_percent(input)) require(plain->size() <= input.size(), "nothing grows when decoded");
}

void http_date(std::string_view input) {
    const auto when = from_rfc1123(input);
    if (when) require(from_rfc1123(to_rfc1123(*when)) == when, "a date that was read is written and read again");
}

constexpr target targets[] = {{"list_page", list_page},
                              {"batch_answer", batch_answer},
                              {"error_body", error_body},
                              {"xml_documents", xml_documents},
                              {"connection_string", connection_string},
                              {"address", address},
                              {"sas", sas},
                              {"percent", percent},
                              {"http_date", http_date}};

}  // namespace

std::span<const target> wire_targets() { return targets; }

}  // namespace fuzz
