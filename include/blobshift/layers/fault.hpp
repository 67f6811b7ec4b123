// SPDX-License-Identifier: MIT
//
// A store on which things go wrong, by a seed: for tests of what stands above it. It must not invent: what it breaks is
// what stores, networks and processes do break, and without a probability it breaks nothing.
//
// Row: layers (core, store).   Tests: tests/layers/fault.test.cpp, tests/conformance/, tests/simulation/

#ifndef BLOBSHIFT_LAYERS_FAULT_HPP
#define BLOBSHIFT_LAYERS_FAULT_HPP

#include <algorithm>    // min
#include <atomic>       // atomic
#include <chrono>       // nanoseconds
#include <cstddef>      // size_t
#include <cstdint>      // uint64_t
#include <map>          // map
#include <memory>       // make_shared, shared_ptr, unique_ptr
#include <mutex>        // mutex, scoped_lock
#include <optional>     // optional
#include <span>         // span
#include <string>       // string
#include <type_traits>  // invoke_result_t
#include <utility>      // move

#include <blobshift/layers/fault_plan.hpp>
#include <blobshift/layers/layer.hpp>
#include <blobshift/store/attempts.hpp>

namespace blobshift::inline v1 {

/// Forwards to `S`, and breaks calls as the plan says.
///
/// Deterministic: whether call number n has a fault depends on the seed, on n and on the kind alone, so the same calls
/// in the same order meet the same faults, and taking one kind out of the plan leaves the others where they were. Each
/// request of a bulk verb is a call of its own, and they are made one by one. It never sleeps but through the
/// context.
///
/// Pending copies go on with the calls of this object, and are forgotten with it.
///
/// \par Thread-safety  That of `S`; with several threads the order of the calls, and so the run, is theirs.
template <BlobStore S>
class fault : public layer<fault<S>, S> {
public:
    explicit fault(S store, const fault_plan& plan = {},
                   std::shared_ptr<fault_log> log = std::make_shared<fault_log>())
        : layer<fault, S>(std::move(store)), state_(std::make_unique<state>(plan)), log_(std::move(log)) {}

    [[nodiscard]] std::shared_ptr<const fault_log> log() const noexcept { return log_; }

    /// From now on nothing breaks any more. Pending copies go on, failed ones stay what they are.
    void calm() noexcept { state_->is_calm = true; }

    result<blob_info> head(const context& c, const blob_name& n) {
        return numbered(operation::head, c, [&](std::uint64_t) {
            auto info = this->inner().head(c, n);
            if (info) show_copy(*info);
            return info;
        });
    }

    result<read_result> read(const context& c, const blob_name& n, const read_range& range, byte_span out,
                             const condition& when) {
        return numbered(operation::read, c, [&](std::uint64_t call) -> result<read_result> {
            auto got = this->inner().read(c, n, range, out, when);
            if (!got) return got;
            show_copy(got->info);
            if (got->count == 0) return got;
            if (strikes(fault_kind::broken_read, call)) return unexpected(no_answer(effect::none));
            if (strikes(fault_kind::short_read, call)) got->count = below(call, got->count);
            return got;
        });
    }

    result<list_page> list(const context& c, const list_query& q) {
        return numbered(operation::list, c, [&](std::uint64_t call) -> result<list_page> {
            auto inside = without_marks(q);
            if (!inside) return unexpected(std::move(inside).error());
            if (strikes(fault_kind::short_page, call)) inside->page_size = 1 + below(call, 3);
            auto page = this->inner().list(c, *inside);
            if (!page) return page;
            for (blob_info& info : page->blobs) show_copy(info);
            if (!page->cursor.empty()) page->cursor.insert(0, 1, cursor_mark);
            if (strikes(fault_kind::empty_page, call)) return list_page{.cursor = again_mark + q.cursor};
            if (strikes(fault_kind::repeated_page, call)) page->cursor = again_mark + q.cursor;
            const bool more = !page->cursor.empty() || page->blobs.size() > 1;  // something would be lost
            if (more && strikes(fault_kind::cut_listing, call)) {
                page->blobs.erase(page->blobs.begin() + static_cast<std::ptrdiff_t>(below(call, page->blobs.size())),
                                  page->blobs.end());
                page->cursor.clear();
            }
            return page;
        });
    }

    result<void> scan(const context& c, const list_query& q, on_blob f)
        requires Scanner<S>
    {
        return numbered(operation::scan, c, [&](std::uint64_t call) -> result<void> {
            const bool breaks = chosen(fault_kind::broken_read, call);
            const bool cut = !breaks && chosen(fault_kind::cut_listing, call);
            std::size_t left = breaks || cut ? below(call, 16) : static_cast<std::size_t>(-1);
            bool stopped = false;
            list_query in_order = q;  // or threads would decide which blobs are left out
            in_order.concurrency = 1;
            auto outcome = this->inner().scan(c, in_order, [&](blob_info&& info) -> result<void> {
                if (left-- == 0) {
                    stopped = true;
                    return unexpected(no_answer(effect::none));
                }
                show_copy(info);
                return f(std::move(info));
            });
            if (!stopped) return outcome;
            log_->note(breaks ? fault_kind::broken_read : fault_kind::cut_listing);
            return breaks ? std::move(outcome) : result<void>();
        });
    }

    result<copy_result> copy(const context& c, const blob_name& from, const blob_name& to, const condition& source,
                             const condition& target) {
        return numbered(operation::copy, c, [&](std::uint64_t call) {
            return copied(call, c, {from, to, source, target, {}},
                          [&] { return this->inner().copy(c, from, to, source, target); });
        });
    }

private:
    friend class layer<fault, S>;

    // Cursors of this layer: '=' and the cursor of the store inside; a '+' in front for each page that comes again.
    static constexpr char cursor_mark = '=';
    static constexpr const char* again_mark = "+";

    /// A target that has no byte yet, or never will.
    struct unfinished {
        copy_state now = copy_state::pending;
        etag tag;             // of the empty target: any other blob under its name is finished
        blob_name from;
        etag source_tag;
        std::uint64_t due = 0;  // the call before which the store has copied
    };

    struct state {
        explicit state(const fault_plan& p) : plan(p) {}

        const fault_plan plan;
        std::atomic<bool> is_calm = false;
        std::atomic<std::uint64_t> throttled_until = 0;  // the first call that is let through again
        std::mutex mutex;
        std::map<std::string, unfinished> copies;
    };

    // Chance, as a function of seed, call and kind.

    [[nodiscard]] std::uint64_t drawn(std::uint64_t call, std::uint64_t purpose) const noexcept {
        return detail::mixed(detail::mixed(state_->plan.seed + call * 64) + purpose);
    }
    [[nodiscard]] std::size_t below(std::uint64_t call, std::size_t bound) const noexcept {
        return bound == 0 ? 0 : static_cast<std::size_t>(drawn(call, 63) % bound);
    }
    /// Whether the call has this fault.
    [[nodiscard]] bool chosen(fault_kind kind, std::uint64_t call) const noexcept {
        const auto purpose = static_cast<std::size_t>(kind);
        return !state_->is_calm &&
               static_cast<double>(drawn(call, purpose) >> 11) * 0x1p-53 < state_->plan.chances[purpose];
    }
    /// The same, and noted if so.
    [[nodiscard]] bool strikes(fault_kind kind, std::uint64_t call) noexcept {
        if (!chosen(kind, call)) return false;
        log_->note(kind);
        return true;
    }

    [[nodiscard]] bool crashes_at(std::uint64_t call) const noexcept {
        return !state_->is_calm && call == state_->plan.crash_at_call;
    }

    [[nodiscard]] static error no_answer(effect done) {
        error e = make_error(errc::unavailable, "fault: no answer");
        e.again = retry_hint::wait;
        e.done = done;
        return e;
    }
    [[nodiscard]] static error crashed(effect done) {
        error e = make_error(errc::unavailable, "fault: crashed");
        e.done = done;
        return e;
    }

    /// What keeps the call from being made.
    [[nodiscard]] result<void> before(std::uint64_t call, const context& c) {
        const fault_plan& plan = state_->plan;
        if (log_->crashed()) return unexpected(crashed(effect::none));
        if (crashes_at(call) && !plan.crash_after_effect) {
            log_->note(fault_kind::crash);
            return unexpected(crashed(effect::none));
        }
        finish_copies(call, c);
        if (strikes(fault_kind::delay, call)) {
            const auto longest = static_cast<std::size_t>(plan.longest_delay.count());
            if (auto waited = c.pause(std::chrono::nanoseconds(below(call, longest))); !waited) return waited;
        }
        if (call >= state_->throttled_until && strikes(fault_kind::throttled, call)) {
            state_->throttled_until = call + 1 + below(call, plan.longest_burst);
        }
        if (call < state_->throttled_until) {
            error e = make_error(errc::throttled, "fault: too many requests");
            e.again = retry_hint::wait;
            e.retry_after = plan.throttle_wish;
            return unexpected(std::move(e));
        }
        if (strikes(fault_kind::failure, call)) {
            if (!plan.failures_pass) return fail(errc::io_error, "fault: a failure that stays");
            return unexpected(no_answer(effect::none));
        }
        return {};
    }

    /// Does one call: `call(number)`, unless something comes between.
    template <class Call>
    auto numbered(operation verb, const context& c, Call call) -> std::invoke_result_t<Call&, std::uint64_t> {
        const std::uint64_t number = log_->count_call();
        const effect done = is_write(verb) ? effect::indeterminate : effect::none;
        if (auto go = before(number, c); !go) return unexpected(std::move(go).error());
        if (strikes(fault_kind::lost_request, number)) return unexpected(no_answer(done));
        auto outcome = call(number);
        if (crashes_at(number)) {
            log_->note(fault_kind::crash);
            return unexpected(crashed(done));
        }
        if (strikes(fault_kind::lost_answer, number)) return unexpected(no_answer(done));
        return outcome;
    }

    template <class Call>
    auto around(const call_info& info, const context& c, Call call) -> std::invoke_result_t<Call&> {
        return numbered(info.verb, c, [&](std::uint64_t) { return call(); });
    }

    template <class Request, class OnResult, class Call>
    void around_many(const call_info& info, const context& c, std::span<const Request> requests, OnResult f,
                     Call call) {
        for (std::size_t i = 0; i < requests.size(); ++i) {
            const auto alone = [&] {
                std::optional<result<answer_to<Request>>> answer;
                call(requests.subspan(i, 1),
                     [&](std::size_t, result<answer_to<Request>>&& outcome) { answer = std::move(outcome); });
                return *std::move(answer);
            };
            f(i, numbered(info.verb, c, [&](std::uint64_t number) {
                  if constexpr (std::same_as<Request, copy_request>) return copied(number, c, requests[i], alone);
                  else return alone();
              }));
        }
    }

    // Listings.

    [[nodiscard]] static result<list_query> without_marks(list_query q) {
        q.cursor.erase(0, (std::min)(q.cursor.find_first_not_of(again_mark), q.cursor.size()));
        if (q.cursor.empty()) return q;
        if (q.cursor.front() != cursor_mark) return fail(errc::invalid_argument, "not a cursor of this store");
        q.cursor.erase(0, 1);
        return q;
    }

    // Copies.

    /// Copies, or leaves an empty target instead.
    template <class Call>
    result<copy_result> copied(std::uint64_t call, const context& c, const copy_request& request, Call whole) {
        const bool fails = strikes(fault_kind::failed_copy, call);
        const bool pends = !fails && strikes(fault_kind::pending_copy, call);
        if (!fails && !pends && strikes(fault_kind::torn_copy, call)) return torn(c, whole());
        if (!fails && !pends) return whole();
        auto from = this->inner().head(c, request.from);
        if (!from || request.from == request.to || !detail::test_condition(request.source, &from->tag)) return whole();
        auto empty = this->inner().put(c, request.to, {}, from->attrs, request.target);
        if (!empty) return unexpected(std::move(empty).error());
        {
            const std::scoped_lock lock(state_->mutex);
            state_->copies.insert_or_assign(
                request.to.text(),
                unfinished{fails ? copy_state::failed : copy_state::pending, empty->tag, request.from, from->tag,
                           call + 1 + below(call, state_->plan.longest_copy)});
        }
        if (fails) return unexpected(no_answer(effect::indeterminate));
        show_copy(*empty);
        return copy_result{*std::move(empty), from->tag, copy_proof::none};
    }

    /// Puts zeros in the place of what was copied.
    result<copy_result> torn(const context& c, result<copy_result> made) {
        if (!made) return made;
        const bytes zeros(static_cast<std::size_t>(made->info.size_bytes));
        auto put = this->inner().put(c, made->info.name, zeros, made->info.attrs, condition::if_match(made->info.tag));
        if (!put) return made;  // somebody was faster: it is whole, or another blob
        return copy_result{*std::move(put), std::move(made->source_tag), copy_proof::none};
    }

    /// Says of a blob whose copy is not finished that it is not.
    void show_copy(blob_info& info) {
        if (!state_->plan.copies_tell) return;
        const std::scoped_lock lock(state_->mutex);
        const auto found = state_->copies.find(info.name.text());
        if (found == state_->copies.end() || found->second.tag != info.tag) return;
        info.copy = found->second.now;
        info.copy_id = "fault";
    }

    /// Brings to their end the copies that are due: whole, or failed if the source or the target is another by now.
    void finish_copies(std::uint64_t call, const context& caller) {
        context c;
        c.clock = caller.clock;
        const std::scoped_lock lock(state_->mutex);
        for (auto& [to, copy] : state_->copies) {
            if (copy.now != copy_state::pending || call < copy.due) continue;
            copy.now = copy_state::failed;
            auto from = this->inner().head(c, copy.from);
            auto target = blob_name::parse(to);
            if (!from || !target) continue;
            bytes content(static_cast<std::size_t>(from->size_bytes));
            auto got =
                this->inner().read(c, copy.from, read_range::all(), content, condition::if_match(copy.source_tag));
            if (!got || got->count != content.size()) continue;
            (void)this->inner().put(c, *target, content, got->info.attrs, condition::if_match(copy.tag));
        }
    }

    std::unique_ptr<state> state_;
    std::shared_ptr<fault_log> log_;
};

}  // namespace blobshift::inline v1

#endif
