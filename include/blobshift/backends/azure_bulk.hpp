// SPDX-License-Identifier: MIT
//
// Many copies, each one request; many removals, 256 to a request. What one request cannot settle is settled afterwards.
//
// Row: backends (core, store, detail).   Tests: tests/backends/azure_bulk.test.cpp, tests/conformance/

#ifndef BLOBSHIFT_BACKENDS_AZURE_BULK_HPP
#define BLOBSHIFT_BACKENDS_AZURE_BULK_HPP

#include <algorithm>  // max, min
#include <cstddef>    // size_t
#include <memory>     // unique_ptr
#include <mutex>      // mutex, scoped_lock
#include <optional>   // optional
#include <span>       // span
#include <string>     // string
#include <utility>    // move
#include <vector>     // vector

#include <blobshift/backends/azure_copier.hpp>
#include <blobshift/backends/azure_pipeline.hpp>
#include <blobshift/detail/azure_batch.hpp>
#include <blobshift/store/bulk.hpp>

namespace blobshift::inline v1::detail {

/// Calls that need a request or more of their own, made by a few threads at the end.
inline constexpr unsigned most_threads = 8;

/// The copies of one `copy_many`.
template <PipelinedTransport T>
class azure_copy_work {
public:
    using job = std::size_t;

    azure_copy_work(azure_copier<T>& copier, const context& c, std::span<const copy_request> requests,
                    on_copied f) noexcept
        : copier_(copier), c_(c), requests_(requests), f_(f) {}

    void run(azure_client<T>& client, unsigned concurrency) {
        azure_pipeline<T, azure_copy_work>(client, c_, *this, concurrency).run();
        std::mutex reporting;
        for_each_index(open_.size(), (std::min)(concurrency, most_threads), [&](std::size_t i) {
            open& o = open_[i];
            auto made = settle(o);
            const std::scoped_lock lock(reporting);
            f_(o.index, std::move(made));
        });
    }

    [[nodiscard]] std::optional<job> next() {
        while (next_ < requests_.size()) {
            const std::size_t i = next_++;
            const copy_request& r = requests_[i];
            if (auto fine = validate_copy(r.from, r.to, r.source); !fine) {
                f_(i, unexpected(std::move(fine).error()));
            } else if (copier_.goes_at_once(r)) {
                return i;
            } else {
                open_.push_back({i});
            }
        }
        return std::nullopt;
    }
    [[nodiscard]] static std::size_t turns(job /*i*/) noexcept { return 1; }
    [[nodiscard]] result<http_request> request(job i, const azure_credential& /*who*/) {
        return copier_.request(c_, requests_[i], *requests_[i].known);
    }
    [[nodiscard]] std::optional<error> answered(job i, const http_request& q, const http_response& a, bool /*lost*/) {
        auto made = copier_.read_copied(requests_[i], *requests_[i].known, q, a);
        if (!made) return std::move(made).error();
        f_(i, std::move(made));
        return std::nullopt;
    }
    void failed(job i, error e, bool lost) {
        if (copier_.is_unclear(e, lost))
            open_.push_back({i, std::move(e), lost});
        else
            f_(i, copier_.resolve(c_, requests_[i], std::move(e), lost));
    }

private:
    /// Something that one request did not settle.
    struct open {
        std::size_t index;
        std::optional<error> failed = {};
        bool lost = false;
    };

    [[nodiscard]] result<copy_result> settle(open& o) {
        const copy_request& r = requests_[o.index];
        if (!o.failed) return copier_.copy(c_, r);
        return copier_.resolve(c_, r, *std::move(o.failed), o.lost);
    }

    azure_copier<T>& copier_;
    const context& c_;
    std::span<const copy_request> requests_;
    on_copied f_;
    std::size_t next_ = 0;
    std::vector<open> open_ = {};
};

/// The removals of one `remove_many`.
template <PipelinedTransport T>
class azure_remove_work {
public:
    /// One batch: the removals that are left of it, their requests, and the body, which is signed anew for each try.
    struct job {
        std::vector<std::size_t> indices = {};
        std::vector<http_request> parts = {};
        std::unique_ptr<const std::string> body = {};  ///< Stays where it is when the job moves.
    };

    azure_remove_work(azure_client<T>& client, azure_writer<T>& writer, const context& c,
                      std::span<const remove_request> requests, on_removed f) noexcept
        : client_(client), writer_(writer), c_(c), requests_(requests), f_(f) {}

    void run(unsigned concurrency) {
        // A batch keeps the service busy for as long as some dozen requests.
        azure_pipeline<T, azure_remove_work>(client_, c_, *this, (concurrency + 7) / 8).run();
        std::mutex reporting;
        for_each_index(open_.size(), (std::min)(concurrency, most_threads), [&](std::size_t i) {
            open& o = open_[i];
            const remove_request& r = requests_[o.index];
            auto gone = o.failed ? writer_.explain(c_, r.name, *std::move(o.failed), o.lost)
                                 : writer_.remove(c_, r.name, r.when);
            const std::scoped_lock lock(reporting);
            report(o.index, std::move(gone), o.lost);
        });
    }

    [[nodiscard]] std::optional<job> next() {
        job batch;
        while (next_ < requests_.size() && batch.indices.size() < max_batch_parts) {
            const std::size_t i = next_++;
            const remove_request& r = requests_[i];
            auto part =
                validate_pin(r.when).and_then([&] { return delete_blob_request(client_.container(), r.name, r.when); });
            if (!part) {
                f_(i, about_blob(std::move(part).error(), r.name));
                continue;
            }
            batch.indices.push_back(i);
            batch.parts.push_back(*std::move(part));
        }
        if (batch.indices.empty()) return std::nullopt;
        return batch;
    }

    /// The service counts each removal.
    [[nodiscard]] static std::size_t turns(const job& batch) noexcept { return batch.indices.size(); }

    [[nodiscard]] result<http_request> request(job& batch, const azure_credential& who) {
        const std::string boundary = "batch_" + new_write_id();
        auto body = batch_body(batch.parts, boundary, who, client_.stamp(c_));
        if (!body) return unexpected(std::move(body).error());
        batch.body = std::make_unique<const std::string>(*std::move(body));
        return batch_request(client_.container(), *batch.body, boundary);
    }

    /// Keeps in the batch what is worth another try.
    [[nodiscard]] std::optional<error> answered(job& batch, const http_request& q, const http_response& a, bool lost) {
        auto outcomes = read_batch(q, a, batch.parts);
        if (!outcomes) return std::move(outcomes).error();
        std::optional<error> again;
        job rest;
        for (std::size_t i = 0; i < outcomes->size(); ++i) {
            result<bool>& gone = (*outcomes)[i];
            if (!gone && gone.error().is_transient()) {
                if (!again || gone.error().done != effect::none) again = gone.error();
                rest.indices.push_back(batch.indices[i]);
                rest.parts.push_back(std::move(batch.parts[i]));
            } else {
                settled(batch.indices[i], std::move(gone), lost);
            }
        }
        batch = std::move(rest);
        return again;
    }

    void failed(job& batch, error e, bool lost) {
        // A whole batch that is refused for what it is says nothing of its parts.
        const bool one_by_one = e.code == errc::permission_denied || e.code == errc::unsupported ||
                                e.code == errc::invalid_argument || e.code == errc::conflict;
        for (const std::size_t i : batch.indices) {
            if (one_by_one)
                open_.push_back({i, std::nullopt, lost});
            else
                settled(i, unexpected(e), lost);
        }
    }

private:
    struct open {
        std::size_t index;
        std::optional<error> failed = {};
        bool lost = false;
    };

    void settled(std::size_t i, result<bool> gone, bool lost) {
        if (!gone && gone.error().code == errc::condition_failed) {
            open_.push_back({i, std::move(gone).error(), lost});
        } else {
            report(i, std::move(gone), lost);
        }
    }

    /// \param lost  An answer was lost before: what is gone now may have been removed by that try.
    void report(std::size_t i, result<bool> gone, bool lost) {
        if (gone) return f_(i, *gone || lost);
        if (lost && gone.error().done == effect::none) gone.error().done = effect::indeterminate;
        f_(i, about_blob(std::move(gone).error(), requests_[i].name));
    }

    azure_client<T>& client_;
    azure_writer<T>& writer_;
    const context& c_;
    std::span<const remove_request> requests_;
    on_removed f_;
    std::size_t next_ = 0;
    std::vector<open> open_ = {};
};

}  // namespace blobshift::inline v1::detail

#endif
