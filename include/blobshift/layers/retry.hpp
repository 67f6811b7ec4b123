// SPDX-License-Identifier: MIT
//
// A store that repeats what failed in passing. It must not take a refused repetition for an answer: the first attempt
// may have been done and its answer lost.
//
// Row: layers (core, store).   Tests: tests/layers/retry.test.cpp, tests/layers/retry_lost_answers.test.cpp,
// tests/conformance/

#ifndef BLOBSHIFT_LAYERS_RETRY_HPP
#define BLOBSHIFT_LAYERS_RETRY_HPP

#include <algorithm>    // equal, max, min
#include <atomic>       // atomic
#include <chrono>       // nanoseconds
#include <cstddef>      // size_t
#include <cstdint>      // uint64_t
#include <memory>       // unique_ptr
#include <span>         // span
#include <type_traits>  // invoke_result_t
#include <utility>      // exchange, move
#include <vector>       // vector

#include <blobshift/core/bytes.hpp>
#include <blobshift/layers/layer.hpp>
#include <blobshift/store/attempts.hpp>

namespace blobshift::inline v1 {

/// Forwards to `S` and repeats calls whose error `is_transient()`.
///
/// It waits through the context, so the deadline, the stop token and a test's clock hold; spends from the context's
/// retry budget and from one of its own, which all calls of this object share; and obeys `error::retry_after` up to
/// `retry_options::longest_wait`. The error that is returned in the end says in `done` what all attempts together may
/// have changed.
///
/// Once an answer was lost (effect not `none`):
/// | verb                       | its repetition is ... | and is answered with                                       |
/// |----------------------------|-----------------------|------------------------------------------------------------|
/// | put, copy: if_absent/match | refused               | success if the blob there has the same bytes and           |
/// |                            |                       | attributes (they are read), else the refusal               |
/// | remove                     | `false`               | `true`: the blob was there, as far as anyone can tell      |
/// | abandon_upload             | not_found             | success                                                    |
/// | commit_upload              | refused or not_found  | that error, effect indeterminate: only who has the bytes   |
/// |                            |                       | can tell, and `upload` in store/ops.hpp does               |
///
/// Equal content counts as one's own: programs that use if_absent or if_match to decide who is first must put
/// something of their own into the content.
///
/// A scan is repeated only as long as it has given out nothing. In `copy_many` and `remove_many` only the requests
/// that failed in passing are repeated, round by round; memory grows with their number.
template <BlobStore S>
class retry : public layer<retry<S>, S> {
public:
    explicit retry(S store, retry_options options = {})
        : layer<retry, S>(std::move(store)), state_(std::make_unique<state>(options)) {}

    result<void> scan(const context& c, const list_query& q, on_blob f)
        requires Scanner<S>
    {
        detail::attempts tries = begin(c);
        for (;;) {
            bool given = false;
            auto outcome = this->inner().scan(c, q, [&](blob_info&& info) {
                given = true;
                return f(std::move(info));
            });
            if (outcome || given || !tries.again(outcome.error())) return outcome;
        }
    }

    result<blob_info> put(const context& c, const blob_name& n, byte_view content, const attributes& attrs,
                          const condition& when) {
        detail::attempts tries = begin(c);
        auto call = [&] { return this->inner().put(c, n, content, attrs, when); };
        auto outcome = detail::repeated(tries, call);
        if (!tries.lost() || !is_refusal(outcome)) return outcome;
        auto there = this->head(c, n);
        if (!there || there->size_bytes != content.size() || there->attrs != attrs) return outcome;
        const auto expected = [&](std::uint64_t offset, byte_view part) {
            return std::ranges::equal(part, content.subspan(static_cast<std::size_t>(offset), part.size()));
        };
        if (!holds(c, *there, expected)) return outcome;
        return there;
    }

    result<bool> remove(const context& c, const blob_name& n, const condition& when) {
        detail::attempts tries = begin(c);
        auto call = [&] { return this->inner().remove(c, n, when); };
        auto outcome = detail::repeated(tries, call);
        return tries.lost() ? resolved(c, remove_request{n, when}, std::move(outcome)) : outcome;
    }

    result<copy_result> copy(const context& c, const blob_name& from, const blob_name& to, const condition& source,
                             const condition& target) {
        detail::attempts tries = begin(c);
        auto call = [&] { return this->inner().copy(c, from, to, source, target); };
        auto outcome = detail::repeated(tries, call);
        return tries.lost() ? resolved(c, copy_request{from, to, source, target}, std::move(outcome)) : outcome;
    }

    result<void> abandon_upload(const context& c, const upload_session& u)
        requires BlockStore<S>
    {
        detail::attempts tries = begin(c);
        auto call = [&] { return this->inner().abandon_upload(c, u); };
        auto outcome = detail::repeated(tries, call);
        if (tries.lost() && !outcome && outcome.error().code == errc::not_found) return {};
        return outcome;
    }

private:
    friend class layer<retry, S>;

    static constexpr std::size_t compared_at_once = std::size_t{1} << 20;  // bytes held while two contents are compared

    struct state {
        explicit state(const retry_options& o)
            : options(o), budget(o.earned_per_call, o.saved_at_most), calls(o.seed) {}

        retry_options options;
        retry_budget budget;
        std::atomic<std::uint64_t> calls;  // counts up from the seed: each call has its own chance
    };

    template <class Call>
    auto around(const call_info& /*info*/, const context& c, Call call) -> std::invoke_result_t<Call&> {
        detail::attempts tries = begin(c);
        return detail::repeated(tries, call);
    }

    template <class Request, class OnResult, class Call>
    void around_many(const call_info& /*info*/, const context& c, std::span<const Request> requests, OnResult f,
                     Call call) {
        using answer = result<answer_to<Request>>;
        struct failed {
            std::size_t index;
            detail::attempts tries;
            error why;
        };
        struct unclear {
            std::size_t index;
            answer outcome;
        };
        std::vector<failed> again;
        std::vector<unclear> open;  // answers after a lost one; looked into between calls, never inside one
        std::chrono::nanoseconds wait{0};
        const auto sort = [&](std::size_t index, detail::attempts tries, answer&& outcome) {
            if (!outcome) {
                if (const auto longer = tries.next_wait(outcome.error())) {
                    wait = (std::max)(wait, *longer);
                    again.push_back(failed{index, tries, std::move(outcome).error()});
                    return;
                }
            }
            if (tries.lost()) open.push_back(unclear{index, std::move(outcome)});
            else f(index, std::move(outcome));
        };
        call(requests, [&](std::size_t i, answer&& outcome) { sort(i, begin(c), std::move(outcome)); });
        for (;;) {
            for (unclear& o : std::exchange(open, {})) f(o.index, resolved(c, requests[o.index], std::move(o.outcome)));
            if (again.empty()) return;
            const auto waited = c.pause(std::exchange(wait, {}));
            auto round = std::exchange(again, {});
            if (!waited) {
                for (failed& r : round) {
                    detail::attempts::interrupt(r.why, waited.error());
                    f(r.index, unexpected(std::move(r.why)));
                }
                return;
            }
            std::vector<Request> part;
            part.reserve(round.size());
            for (const failed& r : round) part.push_back(requests[r.index]);
            call(part, [&](std::size_t i, answer&& outcome) {
                sort(round[i].index, round[i].tries, std::move(outcome));
            });
        }
    }

    [[nodiscard]] detail::attempts begin(const context& c) {
        const std::uint64_t call = state_->calls.fetch_add(1, std::memory_order_relaxed);
        return {c, state_->options, detail::mixed(call), &state_->budget};
    }

    template <class T>
    [[nodiscard]] static bool is_refusal(const result<T>& outcome) noexcept {
        if (outcome) return false;
        const errc code = outcome.error().code;
        return code == errc::already_exists || code == errc::condition_failed;
    }

    // What the answer to a repetition means after an earlier answer was lost.

    result<bool> resolved(const context& /*c*/, const remove_request& /*request*/, result<bool> outcome) {
        if (outcome) return true;
        return outcome;
    }

    result<copy_result> resolved(const context& c, const copy_request& request, result<copy_result> outcome) {
        if (!is_refusal(outcome)) return outcome;
        auto from = this->head(c, request.from);
        auto to = this->head(c, request.to);
        if (!from || !to || !detail::test_condition(request.source, &from->tag)) return outcome;
        if (from->size_bytes != to->size_bytes || from->attrs != to->attrs) return outcome;
        const bool one_object = !from->object_id.empty() && from->object_id == to->object_id;
        bytes room;
        const auto expected = [&](std::uint64_t offset, byte_view part) {
            room.resize(part.size());
            const auto got = this->read(c, from->name, read_range::from(offset), room, condition::if_match(from->tag));
            return got && got->count == part.size() && std::ranges::equal(part, room);
        };
        if (!one_object && !holds(c, *to, expected)) return outcome;
        return copy_result{std::move(*to), from->tag, one_object ? copy_proof::same_object : copy_proof::none};
    }

    /// Whether the version `there` could be read, and `expected(offset, part)` was true of every part of it.
    template <class Expected>
    [[nodiscard]] bool holds(const context& c, const blob_info& there, Expected expected) {
        bytes room(static_cast<std::size_t>((std::min)(there.size_bytes, std::uint64_t{compared_at_once})));
        for (std::uint64_t offset = 0; offset < there.size_bytes;) {
            const auto got = this->read(c, there.name, read_range::from(offset), room, condition::if_match(there.tag));
            if (!got || got->count == 0 || !expected(offset, byte_view(room).first(got->count))) return false;
            offset += got->count;
        }
        return true;
    }

    std::unique_ptr<state> state_;
};

}  // namespace blobshift::inline v1

#endif
