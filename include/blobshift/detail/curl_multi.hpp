// SPDX-License-Identifier: MIT
//
// A lane: transfers that one thread drives side by side, and the connections that they leave for the next ones.
//
// Row: detail (core; libcurl through curl_easy).   Tests: tests/detail/curl_http.test.cpp

#ifndef BLOBSHIFT_DETAIL_CURL_MULTI_HPP
#define BLOBSHIFT_DETAIL_CURL_MULTI_HPP

#include <algorithm>  // find, max, min
#include <chrono>     // milliseconds, nanoseconds
#include <cstddef>    // size_t
#include <memory>     // unique_ptr
#include <new>        // bad_alloc
#include <utility>    // move, swap
#include <vector>     // vector

#include <poll.h>  // poll

#include <blobshift/detail/curl_easy.hpp>

namespace blobshift::inline v1::detail {

/// One multi handle and its easy handles. For one thread at a time.
class curl_lane {
public:
    /// \param settings  Must outlive the lane.
    explicit curl_lane(const curl_settings& settings) : settings_(&settings), multi_(curl_multi_init()) {
        if (!multi_) throw std::bad_alloc();
        curl_multi_setopt(multi_.get(), CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
        curl_multi_setopt(multi_.get(), CURLMOPT_SOCKETFUNCTION, &on_watch);
        curl_multi_setopt(multi_.get(), CURLMOPT_SOCKETDATA, static_cast<void*>(this));
        keep_connections(0);
    }
    curl_lane(const curl_lane&) = delete;
    curl_lane& operator=(const curl_lane&) = delete;
    ~curl_lane() { clear(); }

    /// A transfer that is not in flight, the same one until it starts.
    [[nodiscard]] curl_transfer& spare() {
        if (spare_.empty()) spare_.push_back(std::make_unique<curl_transfer>(*settings_, sockets_));
        return *spare_.back();
    }

    /// Sends what `spare()` was given with `curl_transfer::begin`.
    void start_spare() {
        flying_.reserve(flying_.size() + 1);
        spare_.reserve(spare_.size() + flying_.size() + 1);  // so that the way back cannot fail
        launch(*spare_.back());
        flying_.push_back(std::move(spare_.back()));
        spare_.pop_back();
        if (flying_.size() > peak_) keep_connections(flying_.size());
    }

    [[nodiscard]] std::size_t in_flight() const noexcept { return flying_.size(); }

    /// Sends and receives what can be, without waiting: on the sockets that the last `wait` found ready, and whatever
    /// libcurl's own timers say. (curl_multi_perform would look at every socket again, each with a system call.)
    void drive() {
        int running = 0;
        for (const pollfd& p : ready_) {
            const int in = (p.revents & (POLLIN | POLLHUP)) != 0 ? CURL_CSELECT_IN : 0;
            const int out = (p.revents & POLLOUT) != 0 ? CURL_CSELECT_OUT : 0;
            const int failed = (p.revents & (POLLERR | POLLNVAL)) != 0 ? CURL_CSELECT_ERR : 0;
            require(curl_multi_socket_action(multi_.get(), p.fd, in | out | failed, &running));
        }
        ready_.clear();
        if (next_timer_ms() == 0) require(curl_multi_socket_action(multi_.get(), CURL_SOCKET_TIMEOUT, 0, &running));
    }

    /// Waits until `drive` has something to do, at most so long (rounded up to whole milliseconds).
    void wait(std::chrono::nanoseconds at_most) {
        long ms = static_cast<long>(std::chrono::ceil<std::chrono::milliseconds>(at_most).count());
        if (const long timer = next_timer_ms(); timer >= 0) ms = (std::min)(ms, timer);
        if (::poll(watched_.data(), static_cast<nfds_t>(watched_.size()), static_cast<int>(ms)) <= 0) return;
        for (const pollfd& p : watched_) {
            if (p.revents != 0) ready_.push_back(p);
        }
    }

    /// One transfer that has ended, no longer in flight; null: none. \param code  What to `finish` it with.
    ///
    /// It is a spare again: use its answer before the next `spare()`.
    [[nodiscard]] curl_transfer* take_ended(CURLcode& code) {
        int left = 0;
        while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
            if (message->msg != CURLMSG_DONE) continue;
            code = message->data.result;
            curl_transfer& ended = curl_transfer::of(message->easy_handle);
            if (ended.wants_new_connection()) {
                curl_multi_remove_handle(multi_.get(), ended.handle());
                launch(ended);
                continue;
            }
            land(ended);
            return &ended;
        }
        return nullptr;
    }

    /// One transfer that has not ended, no longer in flight, its connection closed; null: none.
    [[nodiscard]] curl_transfer* take_any() noexcept {
        if (flying_.empty()) return nullptr;
        curl_transfer& taken = *flying_.back();
        land(taken);
        return &taken;
    }

    void clear() noexcept {
        while (take_any() != nullptr) {
        }
    }

private:
    /// What libcurl waits for on a socket has changed.
    static int on_watch(CURL*, curl_socket_t socket, int what, void* self, void*) noexcept {
        auto& watched = static_cast<curl_lane*>(self)->watched_;
        const auto found =
            std::find_if(watched.begin(), watched.end(), [&](const pollfd& p) { return p.fd == socket; });
        if (what == CURL_POLL_REMOVE) {
            if (found != watched.end()) watched.erase(found);
            return 0;
        }
        const int events = (what & CURL_POLL_IN ? POLLIN : 0) | (what & CURL_POLL_OUT ? POLLOUT : 0);
        if (found != watched.end()) {
            found->events = static_cast<short>(events);
            return 0;
        }
        try {
            watched.push_back({socket, static_cast<short>(events), 0});
            return 0;
        } catch (const std::bad_alloc&) {
            return -1;
        }
    }

    /// Milliseconds until libcurl wants to be called whatever happens on the sockets; -1: it does not.
    [[nodiscard]] long next_timer_ms() const noexcept {
        long ms = -1;
        curl_multi_timeout(multi_.get(), &ms);
        return ms;
    }

    static void require(CURLMcode code) {
        if (code != CURLM_OK) throw std::bad_alloc();  // no other reason is left: the handles and the sockets are ours
    }

    /// One for each transfer there ever was at once, and some for other hosts. libcurl's own limit falls with the
    /// number of transfers: it would close most connections whenever a run comes to its end.
    void keep_connections(std::size_t transfers) noexcept {
        peak_ = transfers;
        curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, static_cast<long>(transfers + 16));
    }

    void launch(curl_transfer& t) {
        require(curl_multi_add_handle(multi_.get(), t.handle()));
    }

    void land(curl_transfer& t) noexcept {
        curl_multi_remove_handle(multi_.get(), t.handle());
        const auto found = std::find_if(flying_.begin(), flying_.end(), [&](const auto& f) { return f.get() == &t; });
        std::swap(*found, flying_.back());
        spare_.push_back(std::move(flying_.back()));
        flying_.pop_back();
    }

    const curl_settings* settings_;
    open_sockets sockets_ = {};
    std::vector<pollfd> watched_ = {};
    std::vector<pollfd> ready_ = {};
    multi_handle multi_;
    std::size_t peak_ = 0;
    std::vector<std::unique_ptr<curl_transfer>> flying_ = {};
    std::vector<std::unique_ptr<curl_transfer>> spare_ = {};
};

}  // namespace blobshift::inline v1::detail

#endif
