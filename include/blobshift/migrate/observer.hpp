// SPDX-License-Identifier: MIT
//
// What a job tells about each object and about its progress, to whoever wants to hear it.
//
// Row: migrate (core).   Tests: tests/migrate/observer.test.cpp

#ifndef BLOBSHIFT_MIGRATE_OBSERVER_HPP
#define BLOBSHIFT_MIGRATE_OBSERVER_HPP

#include <array>        // array
#include <cstddef>      // size_t
#include <cstdint>      // uint64_t
#include <string_view>  // string_view

#include <blobshift/core/error.hpp>

namespace blobshift::inline v1 {

/// What became of one object in one pass of one job.
enum class outcome : unsigned char {
    copied,        ///< The target was made.
    repaired,      ///< An empty or unfinished target was replaced.
    present,       ///< The target was there and is equal.
    verified,      ///< Source and target are equal, at the level that was asked for.
    removed,       ///< The source is gone; its target was verified.
    absent,        ///< The source went away by itself before it was our turn.
    missing,       ///< There is no target yet.
    pending,       ///< The store is still copying.
    different,     ///< Source and target differ. Neither is touched.
    collision,     ///< Several sources have one target. None of them is touched.
    blocked,       ///< Archived, leased, immutable or with snapshots.
    changed,       ///< Source or target changed while the job looked at it; left for another pass.
    foreign,       ///< Neither policy knows the name. Never touched.
    unnameable,    ///< The source's name is understood, but the other policy has no name for it. Never touched.
    cleaned,       ///< Both names of a removed instance are gone, and one of them was there before.
    orphan,        ///< A new name without an old one, and nothing on record explains it. Never touched.
    failed,        ///< The store refused or failed; see the error.
};

inline constexpr std::size_t outcome_count = static_cast<std::size_t>(outcome::failed) + 1;

/// The enumerator's own spelling.
[[nodiscard]] constexpr std::string_view to_string(outcome what) noexcept {
    switch (what) {
        case outcome::copied: return "copied";
        case outcome::repaired: return "repaired";
        case outcome::present: return "present";
        case outcome::verified: return "verified";
        case outcome::removed: return "removed";
        case outcome::absent: return "absent";
        case outcome::missing: return "missing";
        case outcome::pending: return "pending";
        case outcome::different: return "different";
        case outcome::collision: return "collision";
        case outcome::blocked: return "blocked";
        case outcome::changed: return "changed";
        case outcome::foreign: return "foreign";
        case outcome::unnameable: return "unnameable";
        case outcome::cleaned: return "cleaned";
        case outcome::orphan: return "orphan";
        case outcome::failed: return "failed";
    }
    return "unknown";
}

/// One object's outcome. The views live as long as the call.
struct object_event {
    outcome what = outcome::failed;
    std::string_view source = {};  ///< Old name: personal data. Empty when there is none.
    std::string_view target = {};  ///< New name. Empty when there is none.
    std::uint64_t size_bytes = 0;
    std::string_view reason = {};  ///< For people; names nobody. Empty when the outcome says it all.
    const error* failure = nullptr;
};

/// Where a job stands.
struct progress_event {
    std::string_view phase = {};     ///< "list", "copy", "verify", "delete", "cleanup", "rollback".
    unsigned pass = 1;
    std::uint64_t objects = 0;       ///< Done in this phase.
    std::uint64_t objects_total = 0; ///< 0 = not known yet.
    std::uint64_t bytes = 0;         ///< Of the objects done.
    std::uint64_t bytes_total = 0;   ///< 0 = not known yet.
};

/// Hears of a job. The calls come one at a time, each from some thread of the job, and must not throw.
class migration_observer {
public:
    virtual ~migration_observer() = default;
    virtual void on_object(const object_event&) {}
    virtual void on_progress(const progress_event&) {}
};

/// How many objects, and of how many bytes, had each outcome.
class outcome_counts {
public:
    void add(outcome what, std::uint64_t size_bytes, std::uint64_t objects = 1) noexcept {
        objects_[static_cast<std::size_t>(what)] += objects;
        bytes_[static_cast<std::size_t>(what)] += size_bytes;
    }
    [[nodiscard]] std::uint64_t objects(outcome what) const noexcept {
        return objects_[static_cast<std::size_t>(what)];
    }
    [[nodiscard]] std::uint64_t bytes(outcome what) const noexcept { return bytes_[static_cast<std::size_t>(what)]; }

    /// One object turned out to be something else.
    void move(outcome from, outcome to, std::uint64_t size_bytes) noexcept {
        --objects_[static_cast<std::size_t>(from)];
        bytes_[static_cast<std::size_t>(from)] -= size_bytes;
        add(to, size_bytes);
    }

    /// Adds the counts of another container's job.
    outcome_counts& operator+=(const outcome_counts& other) noexcept {
        for (std::size_t i = 0; i < outcome_count; ++i) {
            objects_[i] += other.objects_[i];
            bytes_[i] += other.bytes_[i];
        }
        return *this;
    }

private:
    std::array<std::uint64_t, outcome_count> objects_ = {};
    std::array<std::uint64_t, outcome_count> bytes_ = {};
};

}  // namespace blobshift::inline v1

#endif
