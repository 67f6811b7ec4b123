// SPDX-License-Identifier: MIT
//
// A page of "List Blobs": from the bytes of the answer to blobs, prefixes and the marker of the next page, or to an
// error.
//
// Row: detail (core).   Tests: tests/detail/azure_list.test.cpp

#ifndef BLOBSHIFT_DETAIL_AZURE_LIST_HPP
#define BLOBSHIFT_DETAIL_AZURE_LIST_HPP

#include <charconv>     // from_chars
#include <cstddef>      // size_t
#include <cstdint>      // uint64_t
#include <optional>     // optional
#include <string>       // string
#include <string_view>  // string_view
#include <utility>      // move
#include <vector>       // vector

#include <blobshift/core/blob_info.hpp>
#include <blobshift/detail/azure_hash.hpp>
#include <blobshift/detail/http.hpp>
#include <blobshift/detail/http_date.hpp>
#include <blobshift/detail/percent.hpp>
#include <blobshift/detail/xml_reader.hpp>

namespace blobshift::inline v1::detail {

/// One page. Only an empty marker is the end: a page may hold nothing and still not be the last.
struct azure_page {
    std::vector<blob_info> blobs = {};       ///< In the service's order.
    std::vector<std::string> prefixes = {};  ///< As the delimiter cut them, wherever they stood among the blobs.
    std::string marker = {};                 ///< To be given back to the letter; empty = this was the last page.
    // Entries that are not in `blobs`, by the reason:
    std::size_t foreign_names = 0;  ///< Names that are no `blob_name`: written by others, not to be touched.
    std::size_t uncommitted = 0;    ///< Blocks without a blob.
    std::size_t deleted = 0;        ///< Deleted softly.
    std::size_t snapshots = 0;
    std::size_t old_versions = 0;
    std::size_t directories = 0;     ///< Of an account with a hierarchical namespace.
    std::string last_snapshot = {};  ///< The name of the last snapshot, when no other entry stood behind it: the blob
                                     ///< itself may be the first of the next page.
};

/// What the state of a copy is called on the wire.
[[nodiscard]] inline copy_state parse_copy_state(std::string_view text) noexcept {
    return text == "pending"   ? copy_state::pending
           : text == "success" ? copy_state::succeeded
           : text == "failed"  ? copy_state::failed
           : text == "aborted" ? copy_state::aborted
                               : copy_state::none;
}

/// With the quotes that the headers have and the listings lack.
[[nodiscard]] inline etag quoted_etag(std::string_view text) {
    if (text.empty() || text.front() == '"' || text.starts_with("W/")) return etag(std::string(text));
    std::string quoted;
    quoted.reserve(text.size() + 2);
    ((quoted += '"') += text) += '"';
    return etag(std::move(quoted));
}

/// Reads one page.
class azure_list_parser {
public:
    /// \param with_versions   Old versions were asked for, and are told from the present ones.
    /// \param snapshot_before `last_snapshot` of the page before.
    explicit azure_list_parser(std::string_view document, bool with_versions = false,
                               std::string_view snapshot_before = {})
        : xml_(document), with_versions_(with_versions), bytes_(document.size()) {
        page_.last_snapshot = snapshot_before;
    }

    /// \return errc::corrupt, to be repeated, for all that is not one whole, well-formed page: a page that was cut must
    ///         never look like the end of the listing.
    [[nodiscard]] result<azure_page> parse() {
        bool have_blobs = false;
        bool have_marker = false;
        if (xml_.next() && xml_.name() == "EnumerationResults") {
            while (xml_.next()) {
                if (xml_.name() == "Blobs" && !have_blobs) {
                    have_blobs = true;
                    read_blobs();
                } else if (xml_.name() == "NextMarker" && !have_marker) {
                    have_marker = true;
                    page_.marker = xml_text(xml_.text());
                } else if (xml_.name() == "Blobs" || xml_.name() == "NextMarker") {
                    xml_.fault();
                } else {
                    xml_.skip();
                }
            }
        }
        if (!have_blobs || !xml_.finish()) {
            error e = make_error(errc::corrupt, "the answer is not a whole list of blobs");
            e.again = retry_hint::wait;
            return unexpected(std::move(e));
        }
        return std::move(page_);
    }

private:
    /// One `<Blob>`, as it stands there.
    struct entry {
        std::string_view name, snapshot, version, current, deleted, last_modified, etag, length, type, encoding,
            language, md5, disposition, cache, tier, archive, lease, copy_id, copy_status, immutable_until, legal_hold,
            resource;
        bool name_encoded = false;
    };

    void read_blobs() {
        page_.blobs.reserve(bytes_ < 5000 * 512 ? bytes_ / 512 : 5000);
        while (xml_.next()) {
            if (xml_.name() == "Blob") {
                read_blob();
            } else if (xml_.name() == "BlobPrefix") {
                read_prefix();
            } else {
                xml_.skip();
            }
        }
    }

    void read_prefix() {
        std::optional<std::string> name;
        while (xml_.next()) {
            if (xml_.name() == "Name") {
                const bool encoded = xml_.attribute("Encoded") == "true";
                name = plain_name(xml_.text(), encoded);
                if (!name) xml_.fault();
            } else {
                xml_.skip();
            }
        }
        if (!name) {
            xml_.fault();
        } else {
            page_.prefixes.push_back(*std::move(name));
        }
    }

    using slot = std::string_view entry::*;

    struct property {
        std::string_view name;
        slot place;  ///< Where its text goes; null = nowhere.
    };

    /// What is known of a property; null = nothing, it may hold anything.
    [[nodiscard]] static const property* find_property(std::string_view name) noexcept {
        static constexpr property properties[] = {{"Creation-Time", nullptr},
                                                  {"Last-Modified", &entry::last_modified},
                                                  {"Etag", &entry::etag},
                                                  {"ResourceType", &entry::resource},
                                                  {"Content-Length", &entry::length},
                                                  {"Content-Type", &entry::type},
                                                  {"Content-Encoding", &entry::encoding},
                                                  {"Content-Language", &entry::language},
                                                  {"Content-CRC64", nullptr},
                                                  {"Content-MD5", &entry::md5},
                                                  {"Cache-Control", &entry::cache},
                                                  {"Content-Disposition", &entry::disposition},
                                                  {"BlobType", nullptr},
                                                  {"AccessTier", &entry::tier},
                                                  {"AccessTierChangeTime", nullptr},
                                                  {"ArchiveStatus", &entry::archive},
                                                  {"LeaseStatus", &entry::lease},
                                                  {"LeaseState", nullptr},
                                                  {"CopyId", &entry::copy_id},
                                                  {"CopyStatus", &entry::copy_status},
                                                  {"CopyCompletionTime", nullptr},
                                                  {"ImmutabilityPolicyUntilDate", &entry::immutable_until},
                                                  {"LegalHold", &entry::legal_hold}};
        for (const property& p : properties) {
            if (p.name == name) return &p;
        }
        return nullptr;
    }

    void read_blob() {
        entry e;
        extra_ = {};
        if (!read_like_the_last(e)) {
            e = {};
            learn_from(e);
        }
        if (!xml_.is_faulty()) take(e);
    }

    /// One text of a blob: the markup that stood before it, and where it goes.
    struct step {
        std::string_view markup;
        slot place;
    };

    /// Blobs of one page mostly differ in their texts alone. Where the markup between them is, byte for byte, that of a
    /// blob that was read strictly, it needs no second look.
    [[nodiscard]] bool read_like_the_last(entry& e) {
        if (shape_.empty()) return false;
        std::string_view rest = xml_.rest();
        for (const step& s : shape_) {
            if (!rest.starts_with(s.markup)) return false;
            rest.remove_prefix(s.markup.size());
            if (&s == &shape_.back()) break;
            const std::size_t size = find_byte(rest, '<');
            if (s.place != nullptr) e.*s.place = rest.substr(0, size);
            rest.remove_prefix(size);
        }
        xml_.leave_at(rest);
        return true;
    }

    /// Reads a blob element by element, and keeps its shape if there are only plain texts in it.
    void learn_from(entry& e) {
        shape_.clear();
        const char* markup = xml_.rest().data();
        const auto text = [&](slot place) {
            const char* const begin = xml_.rest().data();
            const std::string_view found = xml_.text();
            if (place != nullptr) e.*place = found;
            if (found.empty()) return;  // `<name />` and the like: part of the markup
            shape_.push_back({{markup, static_cast<std::size_t>(begin - markup)}, place});
            markup = begin + found.size();
        };
        while (xml_.next()) {
            const std::string_view name = xml_.name();
            if (name == "Name") {
                e.name_encoded = xml_.attribute("Encoded") == "true";
                text(&entry::name);
            } else if (name == "Properties") {
                while (xml_.next()) {
                    if (const property* known = find_property(xml_.name())) {
                        text(known->place);
                    } else {
                        xml_.skip();
                    }
                }
            } else if (name == "Snapshot") {
                text(&entry::snapshot);
            } else if (name == "VersionId") {
                text(&entry::version);
            } else if (name == "IsCurrentVersion") {
                text(&entry::current);
            } else if (name == "Deleted") {
                text(&entry::deleted);
            } else if (name == "Metadata") {
                read_metadata();
            } else if (name == "Tags") {
                read_tags();
            } else {
                xml_.skip();
            }
        }
        shape_.push_back({{markup, static_cast<std::size_t>(xml_.rest().data() - markup)}, nullptr});
        if (e.name_encoded || !extra_.empty()) shape_.clear();
    }

    /// Names come in the case in which they were set, but mean the same in every case; headers have them in lower case.
    void read_metadata() {
        while (xml_.next()) {
            std::string name(xml_.name());
            for (char& c : name) c = to_lower(c);
            std::string value = xml_text(xml_.text());
            if (name != "x-ms-invalid-name") extra_.metadata.insert_or_assign(std::move(name), std::move(value));
        }
    }

    void read_tags() {
        while (xml_.next()) {      // TagSet
            while (xml_.next()) {  // Tag
                std::string key;
                std::string value;
                while (xml_.next()) {
                    if (xml_.name() == "Key") {
                        key = xml_text(xml_.text());
                    } else if (xml_.name() == "Value") {
                        value = xml_text(xml_.text());
                    } else {
                        xml_.skip();
                    }
                }
                extra_.tags.insert_or_assign(std::move(key), std::move(value));
            }
        }
    }

    /// A name that XML cannot hold comes percent-encoded, and says so.
    [[nodiscard]] static std::optional<std::string> plain_name(std::string_view raw, bool encoded) {
        return encoded ? decode_percent(xml_text(raw)) : xml_text(raw);
    }

    void take(entry& e) {
        if (e.name.empty()) return static_cast<void>(xml_.fault());
        const auto text = plain_name(e.name, e.name_encoded);
        if (!text) return static_cast<void>(xml_.fault());
        if (e.deleted == "true") return static_cast<void>(++page_.deleted);
        if (!e.snapshot.empty()) return take_snapshot(*text);
        if (with_versions_ && !e.version.empty() && e.current != "true") return static_cast<void>(++page_.old_versions);
        if (e.resource == "directory") return static_cast<void>(++page_.directories);
        const bool has_snapshots = !page_.last_snapshot.empty() && page_.last_snapshot == *text;
        page_.last_snapshot.clear();
        if (e.etag.empty() && e.last_modified.empty()) return static_cast<void>(++page_.uncommitted);
        auto name = blob_name::parse(*text);
        if (!name) return static_cast<void>(++page_.foreign_names);

        const auto modified = from_rfc1123(e.last_modified);
        std::uint64_t size = 0;
        const auto number = std::from_chars(e.length.data(), e.length.data() + e.length.size(), size);
        if (!modified || e.etag.empty() || e.length.empty() || number.ec != std::errc() ||
            number.ptr != e.length.data() + e.length.size()) {
            return static_cast<void>(xml_.fault());
        }
        blob_info& info = page_.blobs.emplace_back(*std::move(name));
        info.size_bytes = size;
        info.tag = quoted_etag(e.etag);
        info.last_modified = *modified;
        info.attrs = std::move(extra_);
        info.attrs.content_type = xml_text(e.type);
        info.attrs.content_encoding = xml_text(e.encoding);
        info.attrs.content_language = xml_text(e.language);
        info.attrs.content_disposition = xml_text(e.disposition);
        info.attrs.cache_control = xml_text(e.cache);
        if (!e.md5.empty()) info.stored_hash = parse_azure_hash(hash_algorithm::md5, xml_text(e.md5));
        info.tier = xml_text(e.tier);
        info.copy = parse_copy_state(e.copy_status);
        if (info.copy != copy_state::none) info.copy_id = xml_text(e.copy_id);
        info.obstacles.archived = e.tier == "Archive" || !e.archive.empty();
        info.obstacles.leased = e.lease == "locked";
        info.obstacles.immutable = !e.immutable_until.empty() || e.legal_hold == "true";
        info.obstacles.has_snapshots = has_snapshots;
    }

    /// Azure lists the snapshots of a blob before the blob, others after it.
    void take_snapshot(const std::string& name) {
        ++page_.snapshots;
        if (!page_.blobs.empty() && page_.blobs.back().name.text() == name) {
            page_.blobs.back().obstacles.has_snapshots = true;
        }
        page_.last_snapshot = name;
    }

    xml_reader xml_;
    bool with_versions_;
    std::size_t bytes_;
    azure_page page_ = {};
    attributes extra_ = {};         ///< Metadata and tags of the present entry.
    std::vector<step> shape_ = {};  ///< Of the blob before; empty when it cannot be compared.
};

/// Reads one page; see `azure_list_parser`.
[[nodiscard]] inline result<azure_page> parse_list(std::string_view document, bool with_versions = false,
                                                   std::string_view snapshot_before = {}) {
    return azure_list_parser(document, with_versions, snapshot_before).parse();
}

}  // namespace blobshift::inline v1::detail

#endif
