// SPDX-License-Identifier: MIT
//
// How fast a job is and how long it still takes, from what it tells and a clock.
//
// Row: migrate (core).   Tests: tests/migrate/progress.test.cpp

#ifndef BLOBSHIFT_MIGRATE_PROGRESS_HPP
#define BLOBSHIFT_MIGRATE_PROGRESS_HPP

#include <algorithm>  // max, min
#include <chrono>     // duration, seconds
#include <cstdint>    // uint64_t
#include <optional>   // optional
#include <string>     // string

#include <blobshift/core/time.hpp>
#include <blobshift/migrate/observer.hpp>

namespace blobshift::inline v1 {

/// What can be said of a job at one moment.
struct progress_reading {
    std::chrono::duration<double> elapsed{0};             ///< Since the phase, or its pass, began.
    double objects_per_second = 0;                        ///< Over the whole phase; 0 = not known yet.
    double bytes_per_second = 0;
    std::optional<double> part = {};  ///< Of the objects, 0 to 1; nothing while their number is unknown.
    std::optional<std::chrono::seconds> remaining = {};   ///< By the slower of objects and bytes; nothing: not known.
};

/// Measures one job after another. Each phase, and each pass of it, is measured by itself.
///
/// \par Thread-safety  One thread.
class progress_meter {
public:
    /// \param now  When the event came, on `context::clock`.
    [[nodiscard]] progress_reading take(const progress_event& event, steady_time now) {
        if (event.phase != phase_ || event.pass != pass_ || event.objects < objects_) {
            phase_ = event.phase;
            pass_ = event.pass;
            began_ = now;
        }
        objects_ = event.objects;
        progress_reading reading{.elapsed = now - began_};
        const double seconds = reading.elapsed.count();
        if (seconds > 0) {
            reading.objects_per_second = static_cast<double>(event.objects) / seconds;
            reading.bytes_per_second = static_cast<double>(event.bytes) / seconds;
        }
        if (event.objects_total == 0) return reading;
        const double total = static_cast<double>(event.objects_total);
        reading.part = (std::min)(1.0, static_cast<double>(event.objects) / total);
        if (reading.objects_per_second > 0) {
            const double left = (std::max)(left_of(event.objects, event.objects_total, reading.objects_per_second),
                                           left_of(event.bytes, event.bytes_total, reading.bytes_per_second));
            reading.remaining = std::chrono::seconds(static_cast<std::int64_t>(left + 0.5));
        }
        return reading;
    }

private:
    /// In seconds; 0 where there is no total, or nothing has been done of it.
    [[nodiscard]] static double left_of(std::uint64_t done, std::uint64_t total, double per_second) noexcept {
        if (done >= total || per_second <= 0) return 0;
        return static_cast<double>(total - done) / per_second;
    }

    std::string phase_ = {};
    unsigned pass_ = 0;
    std::uint64_t objects_ = 0;
    steady_time began_ = {};
};

}  // namespace blobshift::inline v1

#endif
