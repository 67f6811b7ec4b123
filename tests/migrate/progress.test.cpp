// SPDX-License-Identifier: MIT
#include <blobshift/migrate/progress.hpp>

#include <doctest/doctest.h>

#include <chrono>

namespace {

using namespace blobshift;
using namespace std::chrono_literals;

}  // namespace

TEST_CASE("progress: rate and remaining time are those of the phase, by the slower of objects and bytes") {
    progress_meter meter;
    const steady_time start{1000s};
    const progress_event begun{.phase = "copy", .objects_total = 100, .bytes_total = 1000};
    CHECK_FALSE(meter.take(begun, start).remaining);
    CHECK(meter.take(begun, start).part == 0.0);

    progress_reading r =
        meter.take({.phase = "copy", .objects = 25, .objects_total = 100, .bytes = 500, .bytes_total = 1000}, start + 10s);
    CHECK(r.elapsed == 10s);
    CHECK(r.objects_per_second == doctest::Approx(2.5));
    CHECK(r.bytes_per_second == doctest::Approx(50));
    CHECK(r.part.value() == doctest::Approx(0.25));
    CHECK(r.remaining == 30s);  // by objects; by bytes it would be 10

    r = meter.take({.phase = "copy", .objects = 50, .objects_total = 100, .bytes = 510, .bytes_total = 1000}, start + 20s);
    CHECK(r.remaining == 20s);  // by objects; by bytes it would be 19
    r = meter.take({.phase = "copy", .objects = 90, .objects_total = 100, .bytes = 600, .bytes_total = 1000}, start + 30s);
    CHECK(r.remaining == 20s);  // by bytes; by objects it would be 3
}

TEST_CASE("progress: each phase and each pass is measured by itself, and so is the next job") {
    progress_meter meter;
    const steady_time start{1000s};
    CHECK(meter.take({.phase = "list"}, start).elapsed == 0s);
    CHECK(meter.take({.phase = "list", .objects = 4096}, start + 5s).elapsed == 5s);
    CHECK(meter.take({.phase = "copy", .objects_total = 10}, start + 6s).elapsed == 0s);
    CHECK(meter.take({.phase = "copy", .objects = 9, .objects_total = 10}, start + 8s).elapsed == 2s);
    CHECK(meter.take({.phase = "copy", .pass = 2, .objects_total = 10}, start + 9s).elapsed == 0s);
    CHECK(meter.take({.phase = "copy", .pass = 2, .objects = 3, .objects_total = 10}, start + 12s).elapsed == 3s);
    CHECK(meter.take({.phase = "copy", .pass = 2, .objects_total = 10}, start + 15s).elapsed == 0s);
}

TEST_CASE("progress: nothing is said that is not known") {
    progress_meter meter;
    const steady_time start{1000s};
    (void)meter.take({.phase = "list"}, start);
    const progress_reading unknown = meter.take({.phase = "list", .objects = 100}, start + 2s);
    CHECK(unknown.objects_per_second == doctest::Approx(50));
    CHECK_FALSE(unknown.part);
    CHECK_FALSE(unknown.remaining);
    const progress_reading more = meter.take({.phase = "list", .objects = 120, .objects_total = 100}, start + 3s);
    CHECK(more.part == 1.0);  // more arrived than were counted
    CHECK(more.remaining == 0s);
}
