// SPDX-License-Identifier: MIT
//
// A store in memory, with every refinement, that fails as a script says; and one with nothing but the required verbs.
//
// Needs blobshift's core, store, backends and layers rows.

#ifndef BLOBSHIFT_TESTS_SUPPORT_FLAKY_STORE_HPP
#define BLOBSHIFT_TESTS_SUPPORT_FLAKY_STORE_HPP

#include <algorithm>    // find_if
#include <cstddef>      // size_t
#include <deque>        // deque
#include <functional>   // function
#include <map>          // map
#include <memory>       // shared_ptr
#include <mutex>        // mutex, scoped_lock
#include <optional>     // optional
#include <span>         // span
#include <string>       // string
#include <type_traits>  // invoke_result_t
#include <utility>      // move

#include <blobshift/backends/memory_store.hpp>
#include <blobshift/layers/layer.hpp>
#include <blobshift/store/any_store.hpp>

namespace blobshift::testing {

/// The store asks for less load; nothing was changed.
[[nodiscard]] inline error busy() {
    error e = make_error(errc::throttled, "busy");
    e.again = retry_hint::wait;
    return e;
}

/// The connection broke before there was an answer; nobody knows whether it was done.
[[nodiscard]] inline error lost_answer() {
    error e = make_error(errc::unavailable, "no answer");
    e.again = retry_hint::wait;
    e.done = effect::indeterminate;
    return e;
}

struct fault {
    enum class moment : unsigned char { before_effect, after_effect };

    operation verb = operation::head;
    error what = {};
    moment when = moment::before_effect;
};

/// What goes wrong, and what was asked. Shared, so that a test can look at it after the store went into a layer.
class fault_script {
public:
    /// The next call of the verb that has no fault yet fails so; it is not handed on.
    void fail_before(operation verb, error what) { add({verb, std::move(what), fault::moment::before_effect}); }
    /// ... fails so, but is done.
    void fail_after(operation verb, error what) { add({verb, std::move(what), fault::moment::after_effect}); }

    /// How often a verb was asked; each request of a bulk verb counts.
    [[nodiscard]] int calls(operation verb) const {
        const std::scoped_lock lock(mutex_);
        const auto found = calls_.find(verb);
        return found == calls_.end() ? 0 : found->second;
    }

    [[nodiscard]] std::optional<fault> next(operation verb) {
        const std::scoped_lock lock(mutex_);
        ++calls_[verb];
        const auto found = std::find_if(faults_.begin(), faults_.end(), [&](const fault& f) { return f.verb == verb; });
        if (found == faults_.end()) return by_rule ? by_rule(verb) : std::nullopt;
        fault struck = std::move(*found);
        faults_.erase(found);
        return struck;
    }

    /// Asked, one call at a time, when no fault is scripted. Set it before the store is used.
    std::function<std::optional<fault>(operation)> by_rule = {};

private:
    void add(fault f) {
        const std::scoped_lock lock(mutex_);
        faults_.push_back(std::move(f));
    }

    mutable std::mutex mutex_;
    std::deque<fault> faults_;
    std::map<operation, int> calls_;
};

/// Has every refinement. A bulk verb does its requests one by one, each with its own fault.
class flaky_store : public layer<flaky_store, any_store> {
public:
    explicit flaky_store(std::shared_ptr<fault_script> script)
        : layer<flaky_store, any_store>(any_store(memory_store{})), script_(std::move(script)) {}

private:
    friend class layer<flaky_store, any_store>;

    template <class Call>
    auto around(const call_info& info, const context& /*c*/, Call call) -> std::invoke_result_t<Call&> {
        auto struck = script_->next(info.verb);
        if (struck && struck->when == fault::moment::before_effect) return unexpected(std::move(struck->what));
        auto outcome = call();
        if (struck) return unexpected(std::move(struck->what));
        return outcome;
    }

    template <class Request, class OnResult, class Call>
    void around_many(const call_info& info, const context& c, std::span<const Request> requests, OnResult f,
                     Call call) {
        for (std::size_t i = 0; i < requests.size(); ++i) {
            f(i, around(info, c, [&] {
                  std::optional<result<answer_to<Request>>> answer;
                  call(requests.subspan(i, 1),
                       [&](std::size_t, result<answer_to<Request>>&& outcome) { answer = std::move(outcome); });
                  return *std::move(answer);
              }));
        }
    }

    std::shared_ptr<fault_script> script_;
};

/// The smallest store: no refinement.
class bare_store {
public:
    result<blob_info> head(const context& c, const blob_name& n) { return inner_.head(c, n); }
    result<read_result> read(const context& c, const blob_name& n, const read_range& range, byte_span out,
                             const condition& when) {
        return inner_.read(c, n, range, out, when);
    }
    result<list_page> list(const context& c, const list_query& q) { return inner_.list(c, q); }
    result<blob_info> put(const context& c, const blob_name& n, byte_view content, const attributes& attrs,
                          const condition& when) {
        return inner_.put(c, n, content, attrs, when);
    }
    result<bool> remove(const context& c, const blob_name& n, const condition& when) {
        return inner_.remove(c, n, when);
    }
    result<copy_result> copy(const context& c, const blob_name& from, const blob_name& to, const condition& source,
                             const condition& target) {
        return inner_.copy(c, from, to, source, target);
    }

private:
    memory_store inner_;
};

static_assert(BlobStore<bare_store> && capabilities_of<bare_store> == capabilities{});
static_assert(capabilities_of<flaky_store> == capabilities{true, true, true, true, true});

/// A name that is known to be right.
[[nodiscard]] inline blob_name name(std::string_view text) { return blob_name::parse(text).value(); }

}  // namespace blobshift::testing

#endif
