// SPDX-License-Identifier: MIT
//
// The copies that one request cannot make: in blocks inside the service, through the client, or as a job of the
// service.
//
// Row: backends (core, store, detail).   Tests: tests/backends/azure_copy.test.cpp, azure_copy_jobs.test.cpp

#ifndef BLOBSHIFT_BACKENDS_AZURE_SLOW_COPIER_HPP
#define BLOBSHIFT_BACKENDS_AZURE_SLOW_COPIER_HPP

#include <algorithm>  // clamp, max, min
#include <cstddef>    // size_t
#include <cstdint>    // uint32_t, uint64_t
#include <optional>   // optional
#include <utility>    // move

#include <blobshift/backends/azure_source.hpp>
#include <blobshift/backends/azure_writer.hpp>
#include <blobshift/store/bulk.hpp>
#include <blobshift/store/transfer.hpp>

namespace blobshift::inline v1::detail {

/// Every way takes a source that was looked at, and keeps to that version.
template <PipelinedTransport T>
class azure_slow_copier {
public:
    azure_slow_copier(azure_client<T>& client, azure_reader<T>& reader, azure_writer<T>& writer) noexcept
        : client_(client), reader_(reader), writer_(writer) {}

    /// Blocks that the service reads from the source's URL, several at once, then the commit.
    result<copy_result> in_blocks(const context& c, const copy_request& r, const blob_info& source) {
        auto u = writer_.begin_upload(c, r.to);
        if (!u) return unexpected(std::move(u).error());
        const std::uint64_t block = block_size(source, client_.options().copy_block_bytes);
        const auto count = static_cast<std::uint32_t>((source.size_bytes + block - 1) / block);
        first_failure failure;
        for_each_index(count, parallel_blocks, [&](std::size_t i) {
            if (failure.happened()) return;
            const std::uint64_t offset = i * block;
            auto staged = stage_from_source(c, r, *u, source, static_cast<std::uint32_t>(i), offset,
                                            (std::min)(block, source.size_bytes - offset));
            if (!staged) failure.set(std::move(staged).error());
        });
        auto all = std::move(failure).outcome();
        return finish(c, r, *u, source, count, std::move(all), copy_proof::none);
    }

    /// What the caller chose for a source that the service cannot read, or a service that takes no blocks from URLs.
    result<copy_result> another_way(const context& c, const copy_request& r, const blob_info& source, error why) {
        switch (client_.options().unreadable_source) {
            case azure_fallback::stream: return through_client(c, r, source);
            case azure_fallback::asynchronous: return as_a_job(c, r, source);
            case azure_fallback::fail: break;
        }
        if (why.code == errc::not_found) why.code = errc::permission_denied;  // the source is there: we have seen it
        return about_blob(std::move(why), r.from);
    }

    /// Reads and writes every byte, one block at a time; the hash of what was read must be the one that the source
    /// carries.
    result<copy_result> through_client(const context& c, const copy_request& r, const blob_info& source) {
        const auto block = static_cast<std::size_t>(block_size(source, std::size_t{8} << 20));
        const block_buffer room((std::min)(block, static_cast<std::size_t>(source.size_bytes)));
        openssl_hash md5(hash_algorithm::md5);
        if (source.size_bytes <= block) {
            if (auto got = fill(c, source, 0, room.span(), md5); !got) return unexpected(std::move(got).error());
            auto proof = proof_of(std::move(md5), source);
            if (!proof) return unexpected(std::move(proof).error());
            auto made = writer_.put(c, r.to, room.span(), source.attrs, r.target, settable_tier(source.tier));
            if (!made) return unexpected(std::move(made).error());
            return copy_result{*std::move(made), source.tag, *proof};
        }
        auto u = writer_.begin_upload(c, r.to);
        if (!u) return unexpected(std::move(u).error());
        std::uint32_t count = 0;
        result<void> staged;
        for (std::uint64_t offset = 0; staged && offset < source.size_bytes; offset += block, ++count) {
            const byte_span part = room.span().first(
                static_cast<std::size_t>((std::min)(std::uint64_t{block}, source.size_bytes - offset)));
            staged = fill(c, source, offset, part, md5);
            if (staged) staged = writer_.stage_block(c, *u, count, part);
        }
        const auto proof = staged ? proof_of(std::move(md5), source) : copy_proof::none;
        if (staged && !proof) staged = unexpected(proof.error());
        return finish(c, r, *u, source, count, std::move(staged), proof.value_or(copy_proof::none));
    }

    /// Starts the service's own job and looks at it until it ends. What a failed one leaves is taken away again, where
    /// the name was free before; after a stop or the deadline the job goes on.
    result<copy_result> as_a_job(const context& c, const copy_request& r, const blob_info& source) {
        auto from = source_of(c, client_, r.from, condition::if_match(source.tag));
        if (!from) return unexpected(std::move(from).error());
        if (!from->bearer.empty()) from->bearer = {};  // within one account, the request's own rights count
        const std::string id = new_write_id();
        auto sent = attributes_to_send(source.attrs, id);
        if (!sent) return unexpected(std::move(sent).error());
        azure_copy_options options;
        options.when = r.target;
        options.attrs = &*sent;
        options.tier = settable_tier(source.tier);
        attempts tries = client_.begin(c);
        auto started = client_.perform(c, tries, start_copy_request(client_.container(), r.to, *from, options),
                                       client_.service_answer(), &read_copy_started);
        if (started) return await(c, r, source, started->id);
        if (tries.lost()) {  // then the job may be under way, and even keep a later try from starting one
            if (auto mine = writer_.made_by(c, r.to, id)) return await(c, r, source, mine->copy_id);
        }
        return about_blob(std::move(started).error(), r.to);
    }

private:
    static constexpr unsigned parallel_blocks = 4;

    [[nodiscard]] static std::uint64_t block_size(const blob_info& source, std::size_t wished) noexcept {
        const std::uint64_t least = (source.size_bytes + max_blocks - 1) / max_blocks;
        return (std::max)(least, (std::clamp)(std::uint64_t{wished}, std::uint64_t{1}, max_block_bytes));
    }

    result<void> stage_from_source(const context& c, const copy_request& r, const upload_session& u,
                                   const blob_info& source, std::uint32_t index, std::uint64_t offset,
                                   std::uint64_t length) {
        auto from = source_of(c, client_, r.from, condition::if_match(source.tag));
        if (!from) return unexpected(std::move(from).error());
        const auto request =
            put_block_from_url_request(client_.container(), r.to, block_id(index, u.id), *from, offset, length);
        auto staged = client_.perform(
            c, request, [](const http_request& q, const http_response& a) { return expect(q, a, {201}); });
        if (!staged) {
            staged.error().done = effect::none;  // a block is no blob
            return about_blob(std::move(staged).error(), r.from);
        }
        return {};
    }

    /// Commits an upload of all of the source, or gives it up where `staged` says that a block is missing.
    result<copy_result> finish(const context& c, const copy_request& r, const upload_session& u,
                               const blob_info& source, std::uint32_t count, result<void> staged, copy_proof proof) {
        if (!staged) {
            writer_.forget(u);
            return unexpected(std::move(staged).error());
        }
        write_options options;
        options.stored_md5 = source.stored_hash;
        options.tier = settable_tier(source.tier);
        auto made = writer_.commit_upload(c, u, count, source.size_bytes, source.attrs, r.target, options);
        if (!made) return unexpected(std::move(made).error());
        return copy_result{*std::move(made), source.tag, proof};
    }

    /// Fills `part` with the source's bytes from `offset`.
    result<void> fill(const context& c, const blob_info& source, std::uint64_t offset, byte_span part,
                      openssl_hash& md5) {
        for (std::size_t filled = 0; filled < part.size();) {
            auto got = reader_.read(c, source.name, read_range::from(offset + filled), part.subspan(filled),
                                    condition::if_match(source.tag));
            if (!got) return unexpected(std::move(got).error());
            if (got->count == 0)
                return fail(errc::corrupt, "the source gave fewer bytes than it has", source.name.text());
            filled += got->count;
        }
        md5.update(part);
        return {};
    }

    /// What the hash of the bytes that were read proves.
    [[nodiscard]] static result<copy_proof> proof_of(openssl_hash&& md5, const blob_info& source) {
        if (!source.stored_hash || source.stored_hash->algorithm != hash_algorithm::md5) return copy_proof::none;
        const auto computed = md5.finish();
        if (!computed) return copy_proof::none;  // an OpenSSL without MD5
        if (*computed == *source.stored_hash) return copy_proof::computed_hash;
        return fail(errc::corrupt, "the bytes of the source do not have the hash that it carries", source.name.text());
    }

    result<copy_result> await(const context& c, const copy_request& r, const blob_info& source, const std::string& id) {
        for (;;) {
            auto target = reader_.look(c, r.to);
            if (!target) return unsettled(std::move(target).error());
            blob_info& there = target->info;
            if (there.copy_id != id) {
                return unsettled(make_error(errc::conflict, "another write took the place of this copy", r.to.text()));
            }
            if (there.copy == copy_state::succeeded) return copy_result{std::move(there), source.tag};
            if (there.copy != copy_state::pending) {
                error e = make_error(errc::unavailable, "the service gave the copy up", r.to.text());
                e.done = effect::applied;
                if (r.target.is_if_absent()) {  // what remains says by itself that it failed
                    if (writer_.remove(c, r.to, condition::if_match(there.tag))) e.done = effect::none;
                }
                return unexpected(std::move(e));
            }
            if (auto waited = c.pause(client_.options().copy_poll); !waited)
                return unsettled(std::move(waited).error());
        }
    }

    [[nodiscard]] static unexpected unsettled(error e) {
        e.done = effect::indeterminate;
        return unexpected(std::move(e));
    }

    azure_client<T>& client_;
    azure_reader<T>& reader_;
    azure_writer<T>& writer_;
};

}  // namespace blobshift::inline v1::detail

#endif
