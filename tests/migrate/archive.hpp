// SPDX-License-Identifier: MIT
//
// A small archive of made-up instances, a store whose calls can be met by a hook, and an observer that remembers.

#ifndef BLOBSHIFT_TESTS_MIGRATE_ARCHIVE_HPP
#define BLOBSHIFT_TESTS_MIGRATE_ARCHIVE_HPP

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <blobshift/backends/memory_store.hpp>
#include <blobshift/migrate/job.hpp>
#include <blobshift/migrate/ledger.hpp>
#include <blobshift/naming/dicom_names.hpp>
#include <blobshift/store/any_store.hpp>

namespace blobshift_tests {

using namespace blobshift;

inline blob_name name_of(std::string_view text) { return blob_name::parse(text).value(); }

/// A memory store whose calls a test can meet. `before` may answer in the store's place; `infos` may change what is
/// said of a blob. The hooks are called one at a time, from whichever thread; they may use the store, but not run a
/// job.
class hooked_store {
public:
    struct hooks {
        std::function<std::optional<error>(std::string_view verb, std::string_view name)> before = {};
        std::function<void(std::string_view verb, std::string_view name)> after = {};
        std::function<void(blob_info&)> infos = {};
        std::map<std::string, int> calls = {};
        bool scans = false;  ///< The store says that it scans by its own means.
        /// One for all stores: a hook of one calls another.
        static inline std::recursive_mutex one_at_a_time = {};
    };

    explicit hooked_store(memory_store_options options = {.share_copies = false})
        : inner_(options), hooks_(std::make_shared<hooks>()) {}

    [[nodiscard]] hooks& hook() const { return *hooks_; }
    [[nodiscard]] memory_store& inner() { return inner_; }
    [[nodiscard]] capabilities native() const noexcept { return {.scan = hooks_->scans}; }

    result<blob_info> head(const context& c, const blob_name& n) {
        return met<result<blob_info>>("head", n, [&] { return touched(inner_.head(c, n)); });
    }
    result<read_result> read(const context& c, const blob_name& n, const read_range& range, byte_span out,
                             const condition& when) {
        return met<result<read_result>>("read", n, [&] {
            auto got = inner_.read(c, n, range, out, when);
            if (got) change(got->info);
            return got;
        });
    }
    result<list_page> list(const context& c, const list_query& q) {
        if (auto failed = announce("list", q.prefix)) return unexpected(*failed);
        auto page = inner_.list(c, q);
        if (page) {
            for (blob_info& info : page->blobs) change(info);
        }
        return page;
    }
    result<blob_info> put(const context& c, const blob_name& n, byte_view content, const attributes& attrs,
                          const condition& when) {
        return met<result<blob_info>>("put", n, [&] { return inner_.put(c, n, content, attrs, when); });
    }
    result<bool> remove(const context& c, const blob_name& n, const condition& when) {
        return met<result<bool>>("remove", n, [&] { return inner_.remove(c, n, when); });
    }
    result<copy_result> copy(const context& c, const blob_name& from, const blob_name& to, const condition& source,
                             const condition& target) {
        return met<result<copy_result>>("copy", from, [&] {
            auto made = inner_.copy(c, from, to, source, target);
            if (made) change(made->info);
            return made;
        });
    }

private:
    std::optional<error> announce(const std::string& verb, std::string_view name) {
        const std::scoped_lock lock(hooks_->one_at_a_time);
        ++hooks_->calls[verb];
        return hooks_->before ? hooks_->before(verb, name) : std::nullopt;
    }
    template <class R, class Call>
    R met(const std::string& verb, const blob_name& n, Call call) {
        if (auto failed = announce(verb, n.text())) return unexpected(*failed);
        R answer = call();
        const std::scoped_lock lock(hooks_->one_at_a_time);
        if (hooks_->after) hooks_->after(verb, n.text());
        return answer;
    }
    result<blob_info> touched(result<blob_info> info) {
        if (info) change(*info);
        return info;
    }
    void change(blob_info& info) {
        const std::scoped_lock lock(hooks_->one_at_a_time);
        if (hooks_->infos) hooks_->infos(info);
    }

    memory_store inner_;
    std::shared_ptr<hooks> hooks_;
};

/// Remembers the last outcome of each target (of the source, where there is no target) and all events.
struct remembering_observer final : migration_observer {
    std::map<std::string, std::string> last = {};
    std::map<std::string, std::string> reasons = {};
    int events = 0;

    void on_object(const object_event& e) override {
        const std::string object(e.target.empty() ? e.source : e.target);
        last[object] = to_string(e.what);
        reasons[object] = e.reason.empty() && e.failure != nullptr ? e.failure->message : std::string(e.reason);
        ++events;
    }
};

/// An archive under its old names, and a job over it.
struct archive {
    context c = {};
    hooked_store store;
    any_store state{memory_store{}};
    any_store scratch{memory_store{}};
    uid_names from = {};
    prefix_names to = {};
    remembering_observer heard = {};
    job_options options = {};

    explicit archive(memory_store_options memory = {.share_copies = false}) : store(memory) {}

    [[nodiscard]] static instance_id id(std::int64_t watermark) {
        const std::string w = std::to_string(watermark);
        return {"1.2.840." + std::to_string(watermark % 5), "1.2.840.7." + std::to_string(watermark % 11), "2.25." + w,
                watermark};
    }
    [[nodiscard]] blob_name old_name(std::int64_t watermark, blob_kind kind = blob_kind::instance) const {
        return from.name_of(id(watermark), kind).value();
    }
    [[nodiscard]] blob_name new_name(std::int64_t watermark, blob_kind kind = blob_kind::instance) const {
        return to.name_of(id(watermark), kind).value();
    }
    [[nodiscard]] static std::string content(std::int64_t watermark) {
        return "instance " + std::to_string(watermark) + std::string(static_cast<std::size_t>(watermark % 37), '.');
    }
    void put(const blob_name& n, std::string_view text, const attributes& attrs = {}) {
        store.inner().put(c, n, as_bytes(text), attrs, {}).value();
    }
    /// Instances 1 to `count`, each with a metadata blob.
    void fill(std::int64_t count) {
        for (std::int64_t w = 1; w <= count; ++w) {
            put(old_name(w), content(w), {.content_type = "application/dicom"});
            put(old_name(w, blob_kind::metadata), "{\"w\":" + std::to_string(w) + "}");
        }
    }
    [[nodiscard]] std::optional<std::string> text_of(const blob_name& n) {
        auto info = store.inner().head(c, n);
        if (!info) return std::nullopt;
        bytes content(info->size_bytes);
        store.inner().read(c, n, {}, content, {}).value();
        return std::string(as_text(content));
    }
    [[nodiscard]] std::map<std::string, std::string> everything() {
        std::map<std::string, std::string> all;
        const list_page page = store.inner().list(c, {}).value();
        for (const blob_info& info : page.blobs) {
            all[info.name.text()] = text_of(info.name).value();
        }
        return all;
    }
    [[nodiscard]] auto job() { return migration_job{store, from, to, state, scratch, heard, options}; }
    [[nodiscard]] std::size_t ledger_size() {
        std::size_t entries = 0;
        read_ledger(state, c, [&](const ledger_entry&) -> result<void> {
            ++entries;
            return {};
        }).value();
        return entries;
    }
};

}  // namespace blobshift_tests

#endif
