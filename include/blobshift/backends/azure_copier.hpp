// SPDX-License-Identifier: MIT
//
// One copy inside an Azure container, in the cheapest way that is safe for that blob; and what a refused copy means.
//
// Row: backends (core, store, detail).   Tests: tests/backends/azure_copy.test.cpp, tests/conformance/

#ifndef BLOBSHIFT_BACKENDS_AZURE_COPIER_HPP
#define BLOBSHIFT_BACKENDS_AZURE_COPIER_HPP

#include <atomic>    // atomic
#include <cstdint>   // uint64_t
#include <optional>  // optional
#include <string>    // string
#include <utility>   // move
#include <variant>   // get_if

#include <blobshift/backends/azure_slow_copier.hpp>
#include <blobshift/backends/azure_source.hpp>
#include <blobshift/backends/azure_writer.hpp>
#include <blobshift/detail/azure_requests_copy.hpp>

namespace blobshift::inline v1::detail {

/// | the source                                       | the copy                                  | proof                   |
/// |--------------------------------------------------|-------------------------------------------|-------------------------|
/// | up to `most_copied_at_once`                      | one synchronous request                   | computed_hash, when the |
/// |                                                  |                                           | source has an MD5       |
/// | larger                                           | a request for each block, and the commit  | none                    |
/// | not to be read by its URL, or no block from URLs | as `azure_options::unreadable_source` says| stream: as in the first |
///
/// Every request is pinned to one version of the source.
template <PipelinedTransport T>
class azure_copier {
public:
    azure_copier(azure_client<T>& client, azure_reader<T>& reader, azure_writer<T>& writer) noexcept
        : client_(client), reader_(reader), slow_(client, reader, writer) {}

    /// \par Complexity  One request for a blob that `known` describes; one more, a look at the source, without.
    result<copy_result> copy(const context& c, const copy_request& r) {
        if (auto go = c.proceed(); !go) return about_blob(std::move(go).error(), r.from);
        if (auto fine = validate_copy(r.from, r.to, r.source); !fine) return unexpected(std::move(fine).error());
        if (goes_at_once(r)) return at_once(c, r, *r.known, !without_tags_);
        effect before = effect::none;  // what the rounds so far may have left in the target
        for (int race = 1;; ++race) {
            auto made = look_and_copy(c, r);
            if (made) return made;
            error& e = made.error();
            if (e.done == effect::none) e.done = before;
            before = e.done;
            const bool replaced =
                e.code == errc::condition_failed && e.subject == r.from.text() && r.source.is_always();
            if (!replaced) return made;
            // After a lost answer a further round may meet its own copy there, of what is no longer in the source.
            if (race == most_races || (before != effect::none && !r.target.is_always())) {
                error busy =
                    make_error(errc::conflict, "the source changes faster than it can be copied", r.from.text());
                busy.again = retry_hint::wait;
                busy.done = before;
                return unexpected(std::move(busy));
            }
        }
    }

    // For those who send it themselves: whether one request does it, the request, its answer, and a failure of it.

    [[nodiscard]] bool goes_at_once(const copy_request& r) const noexcept {
        return r.known && r.source.is_if_match() && r.known->size_bytes <= client_.options().most_copied_at_once;
    }

    [[nodiscard]] result<http_request> request(const context& c, const copy_request& r, const source_facts& known) {
        return request(c, r, known, !without_tags_);
    }

    [[nodiscard]] result<http_request> request(const context& c, const copy_request& r, const source_facts& known,
                                               bool tags) {
        auto source = source_of(c, client_, r.from, r.source);
        if (!source) return unexpected(std::move(source).error());
        source->hash = known.stored_hash;
        if (source->hash && source->hash->algorithm != hash_algorithm::md5) source->hash.reset();
        azure_copy_options options;
        options.when = r.target;
        options.copy_tags = tags;
        options.tier = settable_tier(known.tier);
        return copy_blob_request(client_.container(), r.to, *source, options);
    }

    [[nodiscard]] result<copy_result> read_copied(const copy_request& r, const source_facts& known,
                                                  const http_request& q, const http_response& a) {
        auto started = read_copy_started(q, a);
        if (started && started->state != copy_state::succeeded) return broken_answer(q, a, "state of the copy");
        if (!started) {
            error& e = started.error();
            if (e.service_code == "Md5Mismatch") {  // it would be the same the next time
                e.again = retry_hint::never;
                e.message = "the bytes of the source do not have the hash that it carries";
            }
            return unexpected(std::move(started).error());
        }
        copy_result made{blob_info(r.to), r.source.tag()};
        made.info.size_bytes = known.size_bytes;
        made.info.tag = std::move(started->target.tag);
        made.info.last_modified = started->target.last_modified;
        made.info.stored_hash = known.stored_hash;
        made.info.tier = known.tier;
        made.info.copy = copy_state::succeeded;
        made.info.copy_id = std::move(started->id);
        const bool compared = known.stored_hash && known.stored_hash->algorithm == hash_algorithm::md5;
        if (compared) made.proof = copy_proof::computed_hash;
        return made;
    }

    /// Whether `resolve` has something to say of that failure.
    [[nodiscard]] static bool is_unclear(const error& e, bool lost) noexcept {
        if (e.service_code == "ContainerNotFound" || (e.service_code == "BlobAlreadyExists" && !lost)) return false;
        return e.code == errc::not_found || e.code == errc::condition_failed || e.code == errc::already_exists ||
               needs_another_way(e);
    }

    /// What the failed copy means, or another way to do it. Looks at the source, and after a lost answer at the target.
    ///
    /// \param r  With an if_match on the source.
    /// \return also of another failure than `failed`, what that one and those before it may have done.
    result<copy_result> resolve(const context& c, const copy_request& r, error failed, bool lost) {
        const effect before = lost && failed.done == effect::none ? effect::indeterminate : failed.done;
        auto outcome = meaning_of(c, r, std::move(failed), lost);
        if (!outcome && outcome.error().done == effect::none) outcome.error().done = before;
        return outcome;
    }

private:
    static constexpr int most_races = 5;  ///< With writers that replace the source between the look and the copy.

    result<copy_result> meaning_of(const context& c, const copy_request& r, error failed, bool lost) {
        if (!is_unclear(failed, lost)) {
            const bool of_target = failed.code == errc::already_exists;
            return about_blob(std::move(failed), of_target ? r.to : r.from);
        }
        auto seen = reader_.look(c, r.from);
        if (!seen) return unexpected(std::move(seen).error());
        const blob_info& source = seen->info;
        if (auto met = test_condition(r.source, &source.tag); !met) return about_blob(std::move(met).error(), r.from);
        if (failed.code == errc::unsupported && source.attrs.tags.empty() && !without_tags_) {
            auto made = at_once(c, r, {source.size_bytes, source.stored_hash, source.tier}, false);
            if (made) without_tags_ = true;  // an account without tags refuses to copy them
            return made;
        }
        if (lost) {
            if (auto mine = same_as(c, r, source)) return mine;
        }
        if (failed.code == errc::not_found || needs_another_way(failed)) {
            return slow_.another_way(c, r, source, std::move(failed));
        }
        // The source is what it should be, so it is the target that was minded.
        if (failed.code == errc::condition_failed && r.target.is_if_absent()) failed.code = errc::already_exists;
        if (failed.code == errc::already_exists && r.target.is_if_match()) failed.code = errc::condition_failed;
        return about_blob(std::move(failed), r.to);
    }

    [[nodiscard]] static bool needs_another_way(const error& e) noexcept {
        return e.code == errc::permission_denied || e.code == errc::unsupported ||
               e.service_code == "CannotVerifyCopySource" ||
               (e.http_status == 0 && e.code == errc::invalid_argument);  // the URL of the source is too long
    }

    result<copy_result> at_once(const context& c, const copy_request& r, const source_facts& known, bool tags) {
        attempts tries = client_.begin(c);
        auto read = [&](const http_request& q, const http_response& a) { return read_copied(r, known, q, a); };
        auto made = client_.perform(c, tries, request(c, r, known, tags), client_.service_answer(), read);
        if (made) return made;
        return resolve(c, r, std::move(made).error(), tries.lost());
    }

    /// One round of `copy`: whatever the source is now.
    result<copy_result> look_and_copy(const context& c, const copy_request& r) {
        auto source = reader_.look(c, r.from);
        if (!source) return unexpected(std::move(source).error());
        if (auto met = test_condition(r.source, &source->info.tag); !met)
            return about_blob(std::move(met).error(), r.from);
        return copy_seen(c, r, source->info);
    }

    result<copy_result> copy_seen(const context& c, const copy_request& r, const blob_info& source) {
        if (source.obstacles.archived) return fail(errc::blocked, "the source is archived", r.from.text());
        if (source.copy != copy_state::none && source.copy != copy_state::succeeded) {
            return fail(errc::conflict, "the source itself is a copy that is not done", r.from.text());
        }
        copy_request pinned = r;
        pinned.source = condition::if_match(source.tag);
        if (source.size_bytes > client_.options().most_copied_at_once) {
            auto made = slow_.in_blocks(c, pinned, source);
            if (made || !is_unclear(made.error(), false)) return made;
            return resolve(c, pinned, std::move(made).error(), false);
        }
        auto made = at_once(c, pinned, {source.size_bytes, source.stored_hash, source.tier}, !without_tags_);
        if (made) made->info.attrs = source.attrs;
        return made;
    }

    /// After a lost answer: the target, if it has all that a copy of the source would have. Equal content counts as
    /// ours; it is no proof of anything else.
    result<copy_result> same_as(const context& c, const copy_request& r, const blob_info& source) {
        auto target = reader_.look(c, r.to);
        if (!target) return unexpected(std::move(target).error());
        const blob_info& there = target->info;
        const bool done = there.copy == copy_state::succeeded || there.copy == copy_state::none;
        if (done && there.size_bytes == source.size_bytes && there.attrs == source.attrs && source.stored_hash &&
            there.stored_hash == source.stored_hash) {
            return copy_result{std::move(target->info), source.tag};
        }
        return fail(errc::conflict, "the target is not that copy", r.to.text());
    }

    azure_client<T>& client_;
    azure_reader<T>& reader_;
    azure_slow_copier<T> slow_;
    std::atomic<bool> without_tags_ = false;  ///< The account has no tags, and refuses requests that speak of them.
};

}  // namespace blobshift::inline v1::detail

#endif
