// SPDX-License-Identifier: MIT
//
// Copies and removals, each group of them with one sync for each directory: what one sync costs is shared by all.
//
// Row: backends (core, store).   Tests: tests/backends/file_groups.test.cpp

#ifndef BLOBSHIFT_BACKENDS_FILE_GROUPS_HPP
#define BLOBSHIFT_BACKENDS_FILE_GROUPS_HPP

#include <algorithm>  // clamp, max, min
#include <cstddef>    // size_t
#include <mutex>      // mutex, scoped_lock
#include <optional>   // optional
#include <span>       // span
#include <string>     // string
#include <utility>    // forward, move
#include <vector>     // vector

#include <blobshift/backends/file_copy.hpp>
#include <blobshift/backends/file_errors.hpp>
#include <blobshift/backends/file_reader.hpp>
#include <blobshift/backends/file_store_options.hpp>
#include <blobshift/backends/file_tree.hpp>
#include <blobshift/backends/file_writer.hpp>
#include <blobshift/store/blob_store.hpp>
#include <blobshift/store/bulk.hpp>

namespace blobshift::inline v1::detail {

/// Before anything is tried: a name that no directory could hold.
[[nodiscard]] inline result<void> can_hold(const blob_name& n) {
    std::size_t length = 0;
    for (const char letter : n.text()) {
        length = letter == '/' ? 0 : length + 1;
        if (length > 255) {
            return fail(errc::invalid_argument, "a part of a name on a file system has at most 255 bytes", n.text());
        }
    }
    return {};
}

/// \par Thread-safety  All members from any thread.
template <class Files>
class file_groups {
public:
    file_groups(const file_store_options& options, const file_tree<Files>& tree, const file_reader<Files>& reader,
                file_writer<Files>& writer) noexcept
        : options_(options), tree_(&tree), reader_(&reader), writer_(&writer) {}

    /// Hands `report(index, outcome)` one result for each request, once what it did is as durable as the options say.
    template <class OnResult>
    void copy(const context& c, std::span<const copy_request> requests, OnResult&& report) {
        std::vector<result<copy_result>> outcomes;
        outcomes.reserve(requests.size());
        open_folders<Files> folders(*tree_);
        touched_folders touched;
        for (const copy_request& r : requests) {
            outcomes.push_back(copy_one(c, folders, r));
            if (outcomes.back()) touched.add(folder_of(r.to.text()));
        }
        settle(requests, outcomes, touched.all(true), report);
    }

    /// The same. Directories that become empty are removed, too.
    template <class OnResult>
    void remove(const context& c, std::span<const remove_request> requests, OnResult&& report) {
        std::vector<result<bool>> outcomes;
        outcomes.reserve(requests.size());
        open_folders<Files> folders(*tree_);
        touched_folders touched;
        for (const remove_request& r : requests) {
            outcomes.push_back(remove_one(c, folders, r));
            // Absent, too: a crash may have come between a removal and this.
            if (outcomes.back()) touched.add(folder_of(r.name.text()));
        }
        touched_folders left;
        for (const std::string& folder : touched.all(false)) left.add(tree_->prune(folder));
        settle(requests, outcomes, left.all(false), report);
    }

    /// Has the system look up the names that are to be linked, with all threads: what comes of it is of no account. A
    /// link has the directory for itself while it looks its name up, unless the system knows already that it is free.
    void look_up(const context& c, std::span<const copy_request> requests, unsigned concurrency) const {
        const copy_method method = options_.copying;
        if (concurrency < 2 || (method != copy_method::automatic && method != copy_method::hard_link)) return;
        constexpr std::size_t size = 64;
        for_each_index((requests.size() + size - 1) / size, concurrency, [&](std::size_t g) {
            if (!c.proceed()) return;
            open_folders<Files> folders(*tree_);
            for (const copy_request& r : requests.subspan(g * size, (std::min)(size, requests.size() - g * size))) {
                const int folder = folders.find(folder_of(r.to.text()), false).fd;
                file_facts unused;
                if (folder >= 0) (void)tree_->files().facts_in(folder, leaf_of(r.to.text()), unused);
            }
        });
    }

    /// Cuts `requests` into groups, runs `work(group, report)` on them in the pool, and hands their results to `f`.
    template <class Request, class OnResult, class Work>
    void in_pool(std::span<const Request> requests, const bulk_options& options, OnResult f, Work work) const {
        const std::size_t threads = (std::max)(options.concurrency, 1U);
        const std::size_t most = options_.durable == durability::full ? 1024 : 256;
        const std::size_t size = std::clamp((requests.size() + threads - 1) / threads, std::size_t{1}, most);
        std::mutex reporting;
        for_each_index((requests.size() + size - 1) / size, options.concurrency, [&](std::size_t g) {
            const std::size_t first = g * size;
            work(requests.subspan(first, (std::min)(size, requests.size() - first)),
                 [&](std::size_t i, auto&& outcome) {
                     const std::scoped_lock lock(reporting);
                     f(first + i, std::forward<decltype(outcome)>(outcome));
                 });
        });
    }

private:
    /// Makes the group durable, then hands out its results.
    template <class Request, class Result, class OnResult>
    void settle(std::span<const Request> requests, std::vector<Result>& outcomes,
                const std::vector<std::string>& folders, OnResult& report) const {
        const int synced = writer_->sync(folders);
        for (std::size_t i = 0; i < outcomes.size(); ++i) {
            if (synced < 0 && outcomes[i]) {  // an absent blob, too: nobody knows yet that it stays away
                outcomes[i] = unexpected(unsynced(synced, name_of(requests[i])));
            }
            report(i, std::move(outcomes[i]));
        }
    }
    [[nodiscard]] static const std::string& name_of(const copy_request& r) noexcept { return r.to.text(); }
    [[nodiscard]] static const std::string& name_of(const remove_request& r) noexcept { return r.name.text(); }

    [[nodiscard]] result<bool> remove_one(const context& c, open_folders<Files>& folders, const remove_request& r) {
        if (auto go = c.proceed(); !go) return about(std::move(go), r.name);
        if (auto fine = validate_pin(r.when); !fine) return about(std::move(fine), r.name);
        return writer_->unlink(c, folders, r.name, r.when);
    }

    [[nodiscard]] result<copy_result> copy_one(const context& c, open_folders<Files>& folders, const copy_request& r) {
        if (auto fine = validate_copy(r.from, r.to, r.source); !fine) return unexpected(std::move(fine).error());
        if (auto go = c.proceed(); !go) return about(std::move(go), r.to);
        if (auto fine = can_hold(r.to); !fine) return unexpected(std::move(fine).error());
        const copy_method method = options_.copying;
        if (method == copy_method::automatic || method == copy_method::hard_link) {
            auto linked = writer_->link(c, folders, r);
            if (!linked) return unexpected(std::move(linked).error());
            if (*linked) return std::move(**linked);
            if (method == copy_method::hard_link) {
                return fail(errc::unsupported, "the file system cannot link these two names", r.to.text());
            }
        }
        // Each further try needs a source that was replaced while it was copied.
        for (int tries = 0; tries < 8; ++tries) {
            auto copied = copy_bytes(c, r);
            if (!copied) return unexpected(std::move(copied).error());
            if (*copied) return std::move(**copied);
        }
        error e = make_error(errc::conflict, "the source changes faster than it can be copied", r.from.text());
        e.again = retry_hint::wait;
        return unexpected(std::move(e));
    }

    /// \return nothing: the source was replaced meanwhile.
    [[nodiscard]] result<std::optional<copy_result>> copy_bytes(const context& c, const copy_request& r) {
        auto from = reader_->open(r.from);
        if (!from) return unexpected(std::move(from).error());
        const etag tag = version_of(from->facts);
        if (auto met = test_condition(r.source, &tag); !met) return about(std::move(met), r.from);
        if (auto met = reader_->foresee(r.to, r.target); !met) return about(std::move(met), r.to);
        auto encoded = read_encoded_attributes(tree_->files(), from->file.fd());
        if (!encoded) return about(std::move(encoded), r.from);
        auto temp = writer_->create_temp();
        if (!temp) return about(std::move(temp), r.to);
        auto all = copy_content(c, tree_->files(), from->file.fd(), *temp, from->facts.size, options_.copying);
        if (!all) return about(std::move(all), r.from);
        const auto facts = writer_->complete(*temp, *encoded);
        if (!facts) return about(facts, r.to);
        if (facts->size != from->facts.size) {
            return fail(errc::corrupt, "the blob's file became longer while it was copied", r.from.text());
        }
        if (const int closed = temp->close(); closed < 0) {
            return file_failure(closed, "cannot write the blob", r.to.text());
        }
        auto done = writer_->publish_copy(c, r.from, from->facts, r.to, *temp, r.target);
        if (!done) return unexpected(std::move(done).error());
        if (!*done) return std::optional<copy_result>();
        return std::optional<copy_result>(copy_result{info_of(r.to, *facts), tag, copy_proof::none});
    }

    const file_store_options options_;
    const file_tree<Files>* tree_;
    const file_reader<Files>* reader_;
    file_writer<Files>* writer_;
};

}  // namespace blobshift::inline v1::detail

#endif
