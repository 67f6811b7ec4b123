// SPDX-License-Identifier: MIT
//
// An instance_store over two containers whose calls can be met, a state store that can fail, and hooks that remember.

#ifndef BLOBSHIFT_TESTS_VIEWS_SERVICE_BENCH_HPP
#define BLOBSHIFT_TESTS_VIEWS_SERVICE_BENCH_HPP

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <blobshift/views/instance_store.hpp>

#include <migrate/archive.hpp>
#include <support/flaky_store.hpp>
#include <support/virtual_clock.hpp>

namespace blobshift::testing {

/// Refuses writes while `refusal` is set, gives them `lease` to finish, and notes what it is told.
struct noting_hooks final : instance_hooks {
    std::optional<error> refusal = {};
    std::optional<format> asked_under = {};
    std::optional<std::chrono::nanoseconds> lease = {};
    std::vector<std::uint64_t> old_format_counts = {};
    std::vector<std::string> origins = {};
    std::optional<error> origin_failure = {};

    result<context> admit_write(const context& c, format under) override {
        asked_under = under;
        if (refusal) return unexpected(*refusal);
        return lease ? c.with_timeout(*lease) : c;
    }
    result<void> before_new_name_only(const context&, blob_kind, const blob_name& older,
                                      const blob_name& newer) override {
        origins.push_back(older.text() + " " + newer.text());
        return origin_failure ? result<void>(unexpected(*origin_failure)) : result<void>();
    }
    void on_old_format(blob_kind, std::uint64_t count) override { old_format_counts.push_back(count); }
};

/// Removes one blob after the other, so that a test knows the order.
struct sequential_store : blobshift_tests::hooked_store {
    void remove_many(const context& c, std::span<const remove_request> requests, const bulk_options&, on_removed f) {
        for (std::size_t i = 0; i < requests.size(); ++i) f(i, remove(c, requests[i].name, requests[i].when));
    }
};
static_assert(BulkRemover<sequential_store>);

struct service_bench {
    virtual_clock clock = {};
    context c = context_of(clock);
    sequential_store files;
    sequential_store metadata;
    std::shared_ptr<fault_script> state_faults = std::make_shared<fault_script>();
    any_store state{flaky_store{state_faults}};
    noting_hooks hooks = {};
    instance_store<sequential_store> store;

    explicit service_bench(format f = format::old_names)
        : store(containers(files, metadata), state, dual_names<uid_names, prefix_names>(), f, &hooks) {}

    /// UIDs that no message can hold by chance.
    [[nodiscard]] static instance_id id(std::int64_t watermark) {
        return {"2.25.90001", "2.25.90002." + std::to_string(watermark % 2), "2.25.90003." + std::to_string(watermark),
                watermark};
    }
    [[nodiscard]] static blob_name old_name(const instance_id& id, blob_kind kind = blob_kind::instance) {
        return uid_names().name_of(id, kind).value();
    }
    [[nodiscard]] static blob_name new_name(const instance_id& id, blob_kind kind = blob_kind::instance) {
        return prefix_names().name_of(id, kind).value();
    }
    [[nodiscard]] sequential_store& container(blob_kind kind) {
        return kind == blob_kind::instance ? files : metadata;
    }

    /// Behind the service's back, and uncounted.
    void plant(blob_kind kind, const blob_name& n, std::string_view text, const attributes& attrs = {}) {
        container(kind).inner().put({}, n, as_bytes(text), attrs, {}).value();
    }
    void plant(const blob_name& n, std::string_view text) { plant(blob_kind::instance, n, text); }
    void uproot(const blob_name& n) { files.inner().remove({}, n, {}).value(); }
    [[nodiscard]] std::optional<std::string> text_of(blob_kind kind, const blob_name& n) {
        auto whole = read_all(container(kind).inner(), {}, n, 1 << 20);
        if (!whole) return std::nullopt;
        return std::string(as_text(whole->content));
    }
    [[nodiscard]] std::optional<std::string> text_of(const blob_name& n) { return text_of(blob_kind::instance, n); }
    [[nodiscard]] std::size_t blobs() {
        return list_all(files.inner(), {}, {}).value().blobs.size() +
               list_all(metadata.inner(), {}, {}).value().blobs.size();
    }

    [[nodiscard]] std::optional<std::string> got(const instance_id& id, blob_kind kind = blob_kind::instance) {
        auto whole = store.get(c, id, kind, 1 << 20);
        if (!whole) return std::nullopt;
        return std::string(as_text(whole->content));
    }
    result<blob_info> put(const instance_id& id, std::string_view text, blob_kind kind = blob_kind::instance) {
        return store.put(c, id, kind, as_bytes(text));
    }

    [[nodiscard]] std::vector<deletion> deletions() {
        std::vector<deletion> all;
        read_deletions(state, {}, 0, [&](const deletion& d) -> result<void> {
            all.push_back(d);
            return {};
        }).value();
        return all;
    }
    [[nodiscard]] std::vector<repair> repairs() {
        std::vector<repair> all;
        read_repairs(state, {}, [&](const repair& r) -> result<void> {
            all.push_back(r);
            return {};
        }).value();
        return all;
    }
};

/// Fails calls of `verb` for the name `n`, until it was asked `times` times.
[[nodiscard]] inline auto failing(std::string verb, const blob_name& n, error what, int times = 1 << 30) {
    return [verb = std::move(verb), name = n.text(), what = std::move(what),
            times](std::string_view asked, std::string_view whom) mutable -> std::optional<error> {
        if (asked != verb || whom != name || times-- <= 0) return std::nullopt;
        return what;
    };
}

}  // namespace blobshift::testing

#endif
