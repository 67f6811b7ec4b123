// SPDX-License-Identifier: MIT
//
// Clients that store, read and delete instances all the time, and know what each answer must be.

#ifndef BLOBSHIFT_TESTS_LIVE_LOAD_HPP
#define BLOBSHIFT_TESTS_LIVE_LOAD_HPP

#include <atomic>   // atomic
#include <chrono>   // milliseconds
#include <cstddef>  // size_t
#include <cstdint>  // uint64_t
#include <limits>   // numeric_limits
#include <memory>   // unique_ptr
#include <mutex>    // mutex
#include <string>   // string
#include <thread>   // jthread
#include <vector>   // vector

#include <blobshift/naming/naming_policy.hpp>

namespace live_test {

/// What went wrong from a client's point of view. None may ever happen, whatever the migration does meanwhile.
struct wrongs {
    std::atomic<std::uint64_t> lost = 0;         ///< An instance that was acknowledged cannot be read.
    std::atomic<std::uint64_t> different = 0;    ///< It is read, but with other bytes.
    std::atomic<std::uint64_t> resurrected = 0;  ///< An instance whose removal was acknowledged can be read.
    std::atomic<std::uint64_t> refused = 0;      ///< A write that was not done.
};

/// A service that is used, not a benchmark: a command has to keep up with it.
struct pace {
    std::chrono::milliseconds pause{10};  ///< Between two requests of a client.
    /// A client that has so many instances stores another one only when it has removed one.
    std::size_t most_alive = std::numeric_limits<std::size_t>::max();
};

/// Several clients, each with instances of its own, each asking every node in turn.
class load {
public:
    /// Begins at once. All that the clients do follows from `seed`, but for the order between them.
    load(std::vector<int> ports, unsigned clients, std::uint64_t seed, pace p);
    ~load();

    [[nodiscard]] std::uint64_t requests() const noexcept { return requests_; }
    /// Waits until so many requests were made in all; ten minutes at most.
    void wait_for(std::uint64_t requests) const;

    /// Ends the traffic, then asks every node for every instance that was ever acknowledged.
    void finish();

    [[nodiscard]] const wrongs& found() const noexcept { return wrongs_; }
    /// The first few things that went wrong, for people.
    [[nodiscard]] std::string first_wrongs() const;
    /// After `finish`: what must be in the store.
    [[nodiscard]] std::vector<blobshift::instance_id> alive() const;
    [[nodiscard]] std::size_t deleted() const;

private:
    class client;

    void note(std::atomic<std::uint64_t>& counter, const std::string& what);

    std::vector<int> ports_;
    pace pace_;
    std::atomic<std::uint64_t> requests_ = 0;
    wrongs wrongs_ = {};
    mutable std::mutex mutex_;
    std::string first_wrongs_ = {};
    std::vector<std::unique_ptr<client>> clients_;
    std::vector<std::jthread> threads_ = {};
};

}  // namespace live_test

#endif
