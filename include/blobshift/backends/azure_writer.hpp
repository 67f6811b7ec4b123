// SPDX-License-Identifier: MIT
//
// Writing to an Azure container: whole blobs, blobs in blocks, removals; and what became of a write whose answer was
// lost.
//
// Row: backends (core, store, detail).   Tests: tests/backends/azure_store.test.cpp, tests/conformance/

#ifndef BLOBSHIFT_BACKENDS_AZURE_WRITER_HPP
#define BLOBSHIFT_BACKENDS_AZURE_WRITER_HPP

#include <algorithm>    // all_of
#include <cstddef>      // size_t
#include <cstdint>      // uint32_t, uint64_t
#include <map>          // map
#include <optional>     // optional
#include <string>       // string
#include <string_view>  // string_view
#include <utility>      // move

#include <blobshift/backends/azure_reader.hpp>
#include <blobshift/backends/azure_upload_hash.hpp>
#include <blobshift/core/crc64_nvme.hpp>
#include <blobshift/detail/azure_requests_block.hpp>

namespace blobshift::inline v1::detail {

/// The checksum of `content` that goes with it.
[[nodiscard]] inline result<std::optional<digest>> checksum_of(azure_checksum how, byte_view content) {
    switch (how) {
        case azure_checksum::md5: {
            auto made = openssl_hash_of(hash_algorithm::md5, content);
            if (!made) return unexpected(std::move(made).error());
            return std::optional<digest>(*std::move(made));
        }
        case azure_checksum::crc64: {
            crc64_nvme crc;
            crc.update(content);
            return std::optional<digest>(make_digest(hash_algorithm::crc64_nvme, crc.value()));
        }
        case azure_checksum::none: break;
    }
    return std::optional<digest>();
}

template <PipelinedTransport T>
class azure_writer {
public:
    azure_writer(azure_client<T>& client, azure_reader<T>& reader) noexcept : client_(client), reader_(reader) {}

    /// \param tier  Empty = the account's default.
    /// \par Complexity  One request.
    result<blob_info> put(const context& c, const blob_name& n, byte_view content, const attributes& attrs,
                          const condition& when, const std::string& tier = {}) {
        if (auto go = c.proceed(); !go) return about_blob(std::move(go).error(), n);
        const std::string id = when.is_always() ? std::string() : new_write_id();
        auto sent = attributes_to_send(attrs, id);
        if (!sent) return unexpected(std::move(sent).error());
        auto checksum = checksum_of(client_.options().checksum, content);
        if (!checksum) return unexpected(std::move(checksum).error());
        write_options options;
        options.when = when;
        options.hash = *std::move(checksum);
        options.tier = tier;
        if (options.hash && options.hash->algorithm == hash_algorithm::md5) options.stored_md5 = options.hash;
        const auto request = put_blob_request(client_.container(), n, content, *sent, options);
        return publish(c, request, id, made_of(n, content.size(), *std::move(sent), options));
    }

    /// \par Complexity  One request; one more when the service refuses for `when`.
    result<bool> remove(const context& c, const blob_name& n, const condition& when) {
        if (auto go = c.proceed(); !go) return about_blob(std::move(go).error(), n);
        if (auto fine = validate_pin(when); !fine) return about_blob(std::move(fine).error(), n);
        attempts tries = client_.begin(c);
        auto removed = client_.perform(c, tries, delete_blob_request(client_.container(), n, when),
                                       client_.service_answer(), &read_deleted);
        if (removed) return *removed || tries.lost();
        return explain(c, n, std::move(removed).error(), tries.lost());
    }

    /// What a refused removal means: the service says "another version" also of a blob that is not there.
    result<bool> explain(const context& c, const blob_name& n, error refused, bool lost) {
        if (refused.code != errc::condition_failed) return about_blob(std::move(refused), n);
        const auto there = reader_.look(c, n);
        if (!there && there.error().code == errc::not_found) return lost;
        return about_blob(std::move(refused), n);
    }

    result<upload_session> begin_upload(const context& c, const blob_name& n) {
        if (auto go = c.proceed(); !go) return about_blob(std::move(go).error(), n);
        upload_session u{n, new_write_id() + new_write_id()};
        if (client_.options().checksum == azure_checksum::md5) hashes_.begin(u.id);
        return u;
    }

    /// \par Complexity  One request.
    result<void> stage_block(const context& c, const upload_session& u, std::uint32_t index, byte_view content) {
        if (auto go = c.proceed(); !go) return about_blob(std::move(go).error(), u.name);
        if (auto fine = validate(u); !fine) return fine;
        if (index >= max_blocks || content.empty()) {
            return fail(errc::invalid_argument, "an upload has at most 50,000 blocks, and none of them is empty",
                        u.name.text());
        }
        auto checksum = checksum_of(client_.options().checksum, content);
        if (!checksum) return unexpected(std::move(checksum).error());
        hashes_.add(u.id, index, content);
        const auto request = put_block_request(client_.container(), u.name, block_id(index, u.id), content, *checksum);
        auto staged = client_.perform(
            c, request, [](const http_request& r, const http_response& a) { return expect(r, a, {201}); });
        if (!staged) {
            staged.error().done = effect::none;  // a block is no blob
            return about_blob(std::move(staged).error(), u.name);
        }
        return {};
    }

    /// \par Complexity  Two requests: one asks which blocks there are, since the service does not add them up.
    result<blob_info> commit_upload(const context& c, const upload_session& u, std::uint32_t block_count,
                                    std::uint64_t size_bytes, const attributes& attrs, const condition& when,
                                    const write_options& more = {}) {
        if (auto go = c.proceed(); !go) return about_blob(std::move(go).error(), u.name);
        if (auto fine = validate(u); !fine) return unexpected(std::move(fine).error());
        auto sent = attributes_to_send(attrs, u.id);
        if (!sent) return unexpected(std::move(sent).error());
        if (auto whole = have_all(c, u, block_count, size_bytes); !whole) {
            return without_blocks(c, u, when, std::move(whole).error());
        }
        const std::string body = block_list_body(block_count, u.id);
        auto checksum = checksum_of(client_.options().checksum, as_bytes(body));
        if (!checksum) return unexpected(std::move(checksum).error());
        write_options options = more;
        options.when = when;
        options.hash = *std::move(checksum);
        auto own = hashes_.finish(u.id, block_count, size_bytes);
        if (!options.stored_md5) options.stored_md5 = std::move(own);
        const auto request = put_block_list_request(client_.container(), u.name, body, *sent, options);
        auto made = publish(c, request, u.id, made_of(u.name, size_bytes, *std::move(sent), options));
        if (made || made.error().service_code != "InvalidBlockList") return made;
        return without_blocks(c, u, when, std::move(made).error());
    }

    /// The service drops blocks that no commit took after a week; until then they cost their room. No request.
    result<void> abandon_upload(const context& c, const upload_session& u) {
        if (auto go = c.proceed(); !go) return about_blob(std::move(go).error(), u.name);
        if (auto fine = validate(u); !fine) return fine;
        forget(u);
        return {};
    }
    void forget(const upload_session& u) { hashes_.forget(u.id); }

    /// The blob, if the write with that id made it.
    result<blob_info> made_by(const context& c, const blob_name& n, std::string_view write_id) {
        auto there = reader_.look(c, n);
        if (!there) return unexpected(std::move(there).error());
        if (there->write_id == write_id && !write_id.empty()) return std::move(there->info);
        return fail(errc::conflict, "another write made this blob", n.text());
    }

private:
    [[nodiscard]] static result<void> validate(const upload_session& u) {
        const bool ours =
            u.id.size() == 32 && std::all_of(u.id.begin(), u.id.end(), [](char c) { return hex_value(c) < 16; });
        if (!ours) return fail(errc::not_found, "no such upload: it was not begun here", u.name.text());
        return {};
    }

    /// What is known of a blob before the service says its version.
    [[nodiscard]] static blob_info made_of(const blob_name& n, std::uint64_t size_bytes, attributes&& sent,
                                           const write_options& options) {
        blob_info made(n);
        made.size_bytes = size_bytes;
        made.attrs = std::move(sent);
        take_write_id(made.attrs);
        made.stored_hash = options.stored_md5;
        made.tier = options.tier;
        return made;
    }

    /// What it means that the blocks of an upload are not there: an earlier commit, whose answer was lost, has used
    /// them; or another write of the blob has dropped them, and then it is the condition that failed; or they never
    /// were.
    result<blob_info> without_blocks(const context& c, const upload_session& u, const condition& when, error missing) {
        auto there = reader_.look(c, u.name);
        if (there && there->write_id == u.id) return std::move(there->info);
        if (there || there.error().code == errc::not_found) {
            auto met = test_condition(when, there ? &there->info.tag : nullptr);
            if (!met) return about_blob(std::move(met).error(), u.name);
        }
        return about_blob(std::move(missing), u.name);
    }

    /// Sends a write that makes `made`. After a lost answer it looks whether the write with that id was done.
    result<blob_info> publish(const context& c, const result<http_request>& request, const std::string& id,
                              blob_info made) {
        attempts tries = client_.begin(c);
        auto read = [](const http_request& r, const http_response& a) { return read_written(r, a, 201); };
        auto written = client_.perform(c, tries, request, client_.service_answer(), read);
        if (!written) {
            if (tries.lost() && !id.empty()) {
                if (auto mine = made_by(c, made.name, id)) return mine;
            }
            return about_blob(std::move(written).error(), made.name);
        }
        made.tag = std::move(written->tag);
        made.last_modified = written->last_modified;
        return made;
    }

    /// Whether the service holds blocks 0 to `count` - 1 of the upload, and they are `size_bytes` together.
    result<void> have_all(const context& c, const upload_session& u, std::uint32_t count, std::uint64_t size_bytes) {
        auto read = [](const http_request& r, const http_response& a) -> result<azure_block_list> {
            if (auto fine = expect(r, a, {200}); !fine) return unexpected(std::move(fine).error());
            return parse_block_list(as_text(a.body));
        };
        attempts tries = client_.begin(c);
        response_options wanted = client_.service_answer();
        wanted.max_body_bytes = std::size_t{64} << 20;  // 100,000 blocks
        auto list = client_.perform(c, tries, get_block_list_request(client_.container(), u.name), wanted, read);
        if (!list && list.error().code == errc::not_found && list.error().service_code != "ContainerNotFound") {
            list = azure_block_list{};  // neither a blob nor a block
        }
        if (!list) return about_blob(std::move(list).error(), u.name);
        std::map<std::string_view, std::uint64_t> sizes;
        for (const azure_block& b : list->uncommitted) sizes.insert_or_assign(b.id, b.size_bytes);
        std::uint64_t sum = 0;
        for (std::uint32_t i = 0; i < count; ++i) {
            const std::string id = block_id(i, u.id);
            const auto found = sizes.find(id);
            if (found == sizes.end()) {
                return fail(errc::invalid_argument, "the upload misses block " + std::to_string(i), u.name.text());
            }
            sum += found->second;
        }
        if (sum == size_bytes) return {};
        return fail(errc::invalid_argument, "the upload's blocks are not size_bytes together", u.name.text());
    }

    azure_client<T>& client_;
    azure_reader<T>& reader_;
    azure_upload_hashes hashes_;
};

}  // namespace blobshift::inline v1::detail

#endif
