// SPDX-License-Identifier: MIT
//
// A page of "List Blobs": from the bytes of the answer to blobs, prefixes and the marker of the next page, or to an
// error.
//
// Row: detail (core).   Tests: tests/detail/azure_list.test.cpp

#ifndef BLOBSHIFT_DETAIL_AZURE_LIST_HPP
#define BLOBSHIFT_DETAIL_AZURE_LIST_HPP

#include <algorithm>    // count, min
#include <charconv>     // from_chars
#include <cstddef>      // size_t
#include <cstdint>      // uint64_t
#include <optional>     // optional
#include <string>       // string
#include <string_view>  // string_view
#include <utility>      // move
#include <vector>       // vector

#include <blobshift/core/blob_info.hpp>
#include <blobshift/core/eight_bytes.hpp>
#include <blobshift/detail/azure_hash.hpp>
#include <blobshift/detail/azure_page.hpp>
#include <blobshift/detail/http.hpp>
#include <blobshift/detail/http_date.hpp>
#include <blobshift/detail/percent.hpp>
#include <blobshift/detail/xml_reader.hpp>

namespace blobshift::inline v1::detail {

/// Reads one page: a document at once, or its entries first, as they arrive, and then what is left of it.
class azure_list_parser {
public:
    explicit azure_list_parser(const list_reading& how = {}) : how_(how) { page_.last_snapshot = how.snapshot_before; }
    azure_list_parser(const azure_list_parser&) = delete;  // it looks at itself
    azure_list_parser& operator=(const azure_list_parser&) = delete;

    /// Where the entries begin in a document of which only the beginning may be there; 0 = that is not known yet.
    [[nodiscard]] static std::size_t find_entries(std::string_view beginning) {
        azure_list_parser p;
        p.xml_ = xml_reader(up_to_tag(beginning));
        if (!p.find_blobs() || p.xml_.is_childless()) return 0;
        return static_cast<std::size_t>(p.xml_.rest().data() - beginning.data());
    }

    /// Reads the entries at the beginning of `inside`, which starts with one. \return the bytes of those that are whole.
    [[nodiscard]] std::size_t take_entries(std::string_view inside) {
        constexpr std::size_t depth = 2;  // <EnumerationResults><Blobs>
        xml_ = xml_reader::within(up_to_tag(inside), depth);
        page_.blobs.reserve(most_entries);
        return static_cast<std::size_t>(read_entries() - inside.data());
    }

    /// Reads the document, of which the entries that were taken are left out.
    ///
    /// \return errc::corrupt, to be repeated, for all that is not one whole, well-formed page: a page that was cut must
    ///         never look like the end of the listing.
    [[nodiscard]] result<azure_page> parse(std::string_view document) {
        xml_ = xml_reader(document);
        const bool have_blobs = find_blobs();
        if (have_blobs) {
            if (page_.blobs.empty()) page_.blobs.reserve((std::min)(document.size() / 512, most_entries));
            read_entries();
            while (xml_.next()) read_beside_blobs();
        }
        if (!have_blobs || !xml_.finish()) {
            error e = make_error(errc::corrupt, "the answer is not a whole list of blobs");
            e.again = retry_hint::wait;
            return unexpected(std::move(e));
        }
        return std::move(page_);
    }

private:
    static constexpr std::size_t most_entries = 5000;  ///< The service puts no more on a page.

    /// One `<Blob>`, as it stands there.
    struct entry {
        std::string_view name, snapshot, version, current, deleted, last_modified, etag, length, type, encoding,
            language, md5, disposition, cache, tier, archive, lease, copy_id, copy_status, immutable_until, legal_hold,
            resource;
        bool name_encoded = false;
    };

    /// The part that cannot end within a character or a reference.
    [[nodiscard]] static std::string_view up_to_tag(std::string_view text) noexcept {
        return text.substr(0, text.rfind('>') + 1);
    }

    /// Steps from the beginning of the document into `<Blobs>`.
    [[nodiscard]] bool find_blobs() {
        if (!xml_.next() || xml_.name() != "EnumerationResults") return false;
        while (xml_.next()) {
            if (xml_.name() == "Blobs") return true;
            read_beside_blobs();
        }
        return false;
    }

    void read_beside_blobs() {
        if (xml_.name() == "NextMarker" && !have_marker_) {
            have_marker_ = true;
            page_.marker = xml_text(xml_.text());
        } else if (xml_.name() == "Blobs" || xml_.name() == "NextMarker") {
            xml_.fault();
        } else {
            xml_.skip();
        }
    }

    /// \return where the last entry ends that is whole.
    const char* read_entries() {
        const char* whole = xml_.rest().data();
        while (xml_.next()) {
            if (xml_.name() == "Blob") {
                read_blob();
            } else if (xml_.name() == "BlobPrefix") {
                read_prefix();
            } else {
                xml_.skip();
            }
            if (xml_.is_faulty()) break;
            whole = xml_.rest().data();
        }
        return whole;
    }

    void read_prefix() {
        std::optional<std::string> name;
        while (xml_.next()) {
            if (xml_.name() == "Name") {
                const bool encoded = xml_.attribute("Encoded") == "true";
                if (const auto text = plain_name(xml_.text(), encoded)) {
                    name = *text;
                } else {
                    xml_.fault();
                }
            } else {
                xml_.skip();
            }
        }
        if (!name) xml_.fault();
        if (!xml_.is_faulty()) page_.prefixes.push_back(*std::move(name));
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
                                                  {"AccessTierInferred", nullptr},
                                                  {"AccessTierChangeTime", nullptr},
                                                  {"ArchiveStatus", &entry::archive},
                                                  {"LeaseStatus", &entry::lease},
                                                  {"LeaseState", nullptr},
                                                  {"CopyId", &entry::copy_id},
                                                  {"CopyStatus", &entry::copy_status},
                                                  {"CopySource", nullptr},
                                                  {"CopyProgress", nullptr},
                                                  {"CopyCompletionTime", nullptr},
                                                  {"CopyStatusDescription", nullptr},
                                                  {"ServerEncrypted", nullptr},
                                                  {"LastAccessTime", nullptr},
                                                  {"TagCount", nullptr},
                                                  {"ImmutabilityPolicyUntilDate", &entry::immutable_until},
                                                  {"LegalHold", &entry::legal_hold}};
        for (const property& p : properties) {
            if (p.name == name) return &p;
        }
        return nullptr;
    }

    void read_blob() {
        extra_.reset();
        if (!read_like_the_last(last_)) learn_from(last_);
        if (!xml_.is_faulty()) take(last_);
    }

    /// One text of a blob: the markup that stood before it, and where it goes.
    struct step {
        std::string_view markup;
        slot place;
    };

    /// Blobs of one page mostly differ in their texts alone. Where the markup between them is, byte for byte, that of a
    /// blob that was read strictly, it needs no second look.
    [[nodiscard]] bool read_like_the_last(entry& e) {
        if (shape_.empty() || xml_.is_childless()) return false;
        std::string_view rest = xml_.rest();
        for (const step& s : shape_) {
            if (!begins_with(rest, s.markup)) return false;
            rest.remove_prefix(s.markup.size());
            if (&s == &shape_.back()) break;
            const std::size_t size = find_byte(rest, '<');
            if (s.place != nullptr) e.*s.place = rest.substr(0, size);
            rest.remove_prefix(size);
        }
        xml_.leave_at(rest);
        return true;
    }

    /// Reads a blob element by element, and keeps its shape if it is whole and there are only plain texts in it.
    void learn_from(entry& e) {
        e = {};
        shape_.clear();
        const std::string_view all = xml_.rest();
        const char* markup = all.data();
        std::vector<slot> met;
        bool repeats = false;  // then the last one counts, also when it is empty
        const auto text = [&](slot place) {
            const char* const begin = xml_.rest().data();
            const std::string_view found = xml_.text();
            if (place != nullptr) e.*place = found;
            repeats = repeats || (place != nullptr && std::count(met.begin(), met.end(), place) > 0);
            met.push_back(place);
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
        if (e.name_encoded || extra_ || repeats || xml_.is_faulty()) return shape_.clear();
        // Its texts are kept here, for the document may be moved.
        last_blob_.assign(all.substr(0, all.size() - xml_.rest().size()));
        for (step& s : shape_) s.markup = {last_blob_.data() + (s.markup.data() - all.data()), s.markup.size()};
    }

    /// Names come in the case in which they were set, but mean the same in every case; headers have them in lower case.
    void read_metadata() {
        while (xml_.next()) {
            std::string name(xml_.name());
            for (char& c : name) c = to_lower(c);
            std::string value = xml_text(xml_.text());
            if (name != "x-ms-invalid-name") extra().metadata.insert_or_assign(std::move(name), std::move(value));
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
                extra().tags.insert_or_assign(std::move(key), std::move(value));
            }
        }
    }

    [[nodiscard]] attributes& extra() { return extra_ ? *extra_ : extra_.emplace(); }

    /// `raw` with its references resolved; valid until the next call.
    [[nodiscard]] std::string_view plain(std::string_view raw) {
        if (xml_.is_plain() || find_byte(raw, '&') == raw.size()) return raw;
        resolved_ = xml_text(raw);
        return resolved_;
    }

    void set(std::string& field, std::string_view raw) {
        if (!raw.empty()) field = plain(raw);
    }

    /// A name that XML cannot hold comes percent-encoded, and says so. Valid as of `plain`.
    [[nodiscard]] std::optional<std::string_view> plain_name(std::string_view raw, bool encoded) {
        const std::string_view text = plain(raw);
        if (!encoded) return text;
        auto decoded = decode_percent(text);
        if (!decoded) return std::nullopt;
        resolved_ = *std::move(decoded);
        return resolved_;
    }

    void take(const entry& e) {
        if (e.name.empty()) return static_cast<void>(xml_.fault());
        const auto text = plain_name(e.name, e.name_encoded);
        if (!text) return static_cast<void>(xml_.fault());
        if (e.deleted == "true") return static_cast<void>(++page_.deleted);
        if (!e.snapshot.empty()) return take_snapshot(*text);
        if (how_.with_versions && !e.version.empty() && e.current != "true")
            return static_cast<void>(++page_.old_versions);
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
        if (how_.with_attributes) take_attributes(e, info.attrs);
        if (!e.md5.empty()) info.stored_hash = parse_azure_hash(hash_algorithm::md5, plain(e.md5));
        set(info.tier, e.tier);
        info.copy = parse_copy_state(e.copy_status);
        if (info.copy != copy_state::none) set(info.copy_id, e.copy_id);
        info.obstacles.archived = e.tier == "Archive" || !e.archive.empty();
        info.obstacles.leased = e.lease == "locked";
        info.obstacles.immutable = !e.immutable_until.empty() || e.legal_hold == "true";
        info.obstacles.has_snapshots = has_snapshots;
    }

    void take_attributes(const entry& e, attributes& attrs) {
        if (extra_) attrs = *std::move(extra_);
        set(attrs.content_type, e.type);
        set(attrs.content_encoding, e.encoding);
        set(attrs.content_language, e.language);
        set(attrs.content_disposition, e.disposition);
        set(attrs.cache_control, e.cache);
    }

    /// Azure lists the snapshots of a blob before the blob, others after it.
    void take_snapshot(std::string_view name) {
        ++page_.snapshots;
        if (!page_.blobs.empty() && page_.blobs.back().name.text() == name) {
            page_.blobs.back().obstacles.has_snapshots = true;
        }
        page_.last_snapshot = name;
    }

    xml_reader xml_ = xml_reader(std::string_view());
    list_reading how_;
    azure_page page_ = {};
    bool have_marker_ = false;
    std::optional<attributes> extra_ = {};  ///< Metadata and tags of the present entry, if it has some.
    std::vector<step> shape_ = {};          ///< Of the blob before; empty when it cannot be compared.
    std::string last_blob_ = {};            ///< What the shape is made of.
    entry last_ = {};                       ///< The blob of that shape, or the present one, which replaces its texts.
    std::string resolved_ = {};             ///< What `plain` gave a view of.
};

/// Reads one page; see `azure_list_parser`.
[[nodiscard]] inline result<azure_page> parse_list(std::string_view document, const list_reading& how = {}) {
    return azure_list_parser(how).parse(document);
}

}  // namespace blobshift::inline v1::detail

#endif
