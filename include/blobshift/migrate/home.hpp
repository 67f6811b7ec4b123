// SPDX-License-Identifier: MIT
//
// Which containers and which state belong together, on record in each: whoever names another one, or forgets one, must
// not work without the barrier and the undo ledger that stand in the right state, nor on a part of the service.
//
// Row: migrate (core, store).   Tests: tests/migrate/home.test.cpp

#ifndef BLOBSHIFT_MIGRATE_HOME_HPP
#define BLOBSHIFT_MIGRATE_HOME_HPP

#include <algorithm>    // find, max, min
#include <cstddef>      // size_t
#include <iterator>     // begin, end
#include <optional>     // optional
#include <string>       // string
#include <string_view>  // string_view
#include <utility>      // move
#include <vector>       // erase_if, vector

#include <blobshift/core/digest.hpp>
#include <blobshift/core/random.hpp>
#include <blobshift/migrate/obstacle.hpp>
#include <blobshift/migrate/record.hpp>
#include <blobshift/migrate/scope.hpp>

namespace blobshift::inline v1 {

/// The containers of a service, in their order, and the state that was named for them. Where `state` is the very object
/// `*containers[0]`, the records stand in the first container; else they stand in a store of their own.
struct named_stores {
    any_store& state;
    std::vector<any_store*> containers;
};

namespace detail {

inline constexpr std::string_view home_record_kind = "home";
inline constexpr std::string_view identity_record_kind = "identity";

[[nodiscard]] inline result<blob_name> home_blob() { return blob_name::parse(std::string(reserved_prefix) + "home"); }
[[nodiscard]] inline result<blob_name> identity_blob() {
    return blob_name::parse(std::string(reserved_prefix) + "identity");
}

[[nodiscard]] inline std::string random_identity() {
    return to_hex(make_digest(hash_algorithm::xxh64, random_u64()).value);
}

/// What a container has on record: who it is, whose it is, and as which of how many.
struct kept_home {
    std::string state = {};  ///< The identity of the state.
    std::string self = {};   ///< Its own.
    std::size_t place = 0;   ///< From 1.
    std::size_t of = 0;      ///< So many containers the service had then.
    std::optional<etag> tag = {};
};

/// What a state has on record: who it is, and the identities of its containers, in their order.
struct kept_identity {
    std::string self = {};  ///< Empty: it has none yet.
    std::vector<std::string> containers = {};
    std::optional<etag> tag = {};
};

inline result<std::optional<kept_home>> read_home(any_store& container, const context& c) {
    auto name = home_blob();
    if (!name) return unexpected(std::move(name).error());
    auto kept = read_record(container, c, *name, home_record_kind);
    if (!kept) return unexpected(std::move(kept).error());
    if (!*kept) return std::optional<kept_home>();
    field_reader fields(**kept);
    kept_home found;
    found.state = fields.word();
    found.self = fields.word();
    found.place = fields.number<std::size_t>();
    found.of = fields.number<std::size_t>();
    found.tag = (*kept)->tag;
    if (auto fine = fields.finish(home_record_kind); !fine) return unexpected(std::move(fine).error());
    return found;
}

inline result<kept_identity> read_identity(any_store& state, const context& c) {
    auto name = identity_blob();
    if (!name) return unexpected(std::move(name).error());
    auto kept = read_record(state, c, *name, identity_record_kind);
    if (!kept) return unexpected(std::move(kept).error());
    kept_identity found;
    if (!*kept) return found;
    field_reader fields(**kept);
    found.self = fields.word();
    found.containers.resize((std::min)(fields.number<std::size_t>(), std::size_t{16}));
    for (std::string& each : found.containers) each = fields.word();
    found.tag = (*kept)->tag;
    if (auto fine = fields.finish(identity_record_kind); !fine) return unexpected(std::move(fine).error());
    return found;
}

inline result<etag> write_home(any_store& container, const context& c, const kept_home& home) {
    auto name = home_blob();
    if (!name) return unexpected(std::move(name).error());
    field_writer fields;
    fields.add(home.state).add(home.self).add(home.place).add(home.of);
    return write_record(container, c, *name, home_record_kind, fields.text(),
                        home.tag ? condition::if_match(*home.tag) : condition::if_absent());
}

inline result<etag> write_identity(any_store& state, const context& c, const kept_identity& identity) {
    auto name = identity_blob();
    if (!name) return unexpected(std::move(name).error());
    field_writer fields;
    fields.add(identity.self).add(identity.containers.size());
    for (const std::string& each : identity.containers) fields.add(each);
    return write_record(state, c, *name, identity_record_kind, fields.text(),
                        identity.tag ? condition::if_match(*identity.tag) : condition::if_absent());
}

/// Whether there is more below the reserved prefix of a container than who it is. The first such blob ends the listing.
inline result<bool> keeps_records(any_store& container, const context& c) {
    constexpr std::string_view who_it_is[] = {"home", "identity", "containers"};
    bool found = false;
    auto scanned = container.scan(c, {.prefix = std::string(reserved_prefix)}, [&](blob_info&& info) -> result<void> {
        const std::string_view name = std::string_view(info.name.text()).substr(reserved_prefix.size());
        if (std::find(std::begin(who_it_is), std::end(who_it_is), name) != std::end(who_it_is)) return {};
        found = true;
        return fail(errc::cancelled, "enough is seen");
    });
    if (!scanned && !found) return unexpected(std::move(scanned).error());
    return found;
}

[[nodiscard]] inline std::string which_container(std::size_t place) {
    return place == 1   ? "the first container (STORE, of files)"
           : place == 2 ? "the second container (--metadata)"
                        : "container " + std::to_string(place);
}

/// What stands in all of them, and what speaks against naming them together.
struct seen_homes {
    kept_identity identity = {};
    std::vector<std::optional<kept_home>> homes = {};
    std::vector<obstacle> against = {};

    /// Whether every container knows the state, and the state it.
    [[nodiscard]] bool are_bound() const {
        if (identity.containers.size() < homes.size()) return false;
        for (const auto& home : homes) {
            if (!home || home->state != identity.self || home->of < identity.containers.size()) return false;
        }
        return true;
    }
};

[[nodiscard]] inline obstacle own_records(const std::string& container) {
    return {"own_records", 1,
            container +
                " keeps the records of a migration in itself, which a state of its own would not know: leave the "
                "state out (--state); only if the two belong together all the same, say so (nodes --rebind)"};
}

/// What speaks against the container at place `i`, from 0, of the named ones.
inline result<std::optional<obstacle>> obstacle_of_home(const named_stores& named, const context& c,
                                                        const seen_homes& seen, std::size_t i) {
    constexpr std::string_view to_rebind = "; only if they belong together all the same, say so (nodes --rebind)";
    const std::optional<kept_home>& home = seen.homes[i];
    const bool apart = &named.state != named.containers.front();
    const std::string it = which_container(i + 1);
    const bool is_taken = i < seen.identity.containers.size();
    if (!home) {
        auto own = apart ? keeps_records(*named.containers[i], c) : result<bool>(false);
        if (!own) return unexpected(std::move(own).error());
        if (*own) return own_records(it);
        if (!is_taken) return std::optional<obstacle>();
        return obstacle{"another_container", 1,
                        it + " is not the one that this state is of: check the addresses" + std::string(to_rebind)};
    }
    if (home->place != i + 1) {
        return obstacle{"another_place", 1,
                        "what is named as " + it + " is " + which_container(home->place) +
                            " of a service: name each in its place" + std::string(to_rebind)};
    }
    if (home->state != seen.identity.self) {
        // A service that kept its records itself, and has none yet, may get a state of its own.
        auto first = apart ? read_identity(*named.containers.front(), c) : result<kept_identity>();
        if (!first) return unexpected(std::move(first).error());
        if (apart && first->self == home->state) {
            auto own = keeps_records(*named.containers[i], c);
            if (!own) return unexpected(std::move(own).error());
            return *own ? std::optional<obstacle>(own_records(it)) : std::nullopt;
        }
        return obstacle{
            "another_state", 1,
            it + " keeps its records in another state than the one that is " + (apart ? "named" : "in the store") +
                ": name the one that earlier commands and the service name (--state)" + std::string(to_rebind)};
    }
    if (!is_taken || seen.identity.containers[i] == home->self) return std::optional<obstacle>();
    return obstacle{"another_container", 1,
                    it + " is not the one that this state is of: check the addresses" + std::string(to_rebind)};
}

/// One look, from the state to the containers.
inline result<seen_homes> look_once_at_homes(const named_stores& named, const context& c) {
    seen_homes seen;
    auto identity = read_identity(named.state, c);
    if (!identity) return unexpected(std::move(identity).error());
    seen.identity = *std::move(identity);
    std::size_t known = seen.identity.containers.size();
    for (any_store* container : named.containers) {
        auto home = read_home(*container, c);
        if (!home) return unexpected(std::move(home).error());
        if (*home) known = (std::max)(known, (*home)->of);
        seen.homes.push_back(*std::move(home));
    }
    for (std::size_t i = 0; i < seen.homes.size(); ++i) {
        auto against = obstacle_of_home(named, c, seen, i);
        if (!against) return unexpected(std::move(against).error());
        if (*against) seen.against.push_back(**std::move(against));
    }
    if (known > seen.homes.size()) {
        seen.against.push_back({"container_missing", known - seen.homes.size(),
                                std::string(container_missing_text)});
    }
    return seen;
}

/// Looks again where the state became another one under the look: somebody binds just now, as often as he writes it.
inline result<seen_homes> look_at_homes(const named_stores& named, const context& c) {
    for (;;) {
        auto seen = look_once_at_homes(named, c);
        if (!seen || seen->against.empty()) return seen;
        auto now = read_identity(named.state, c);
        if (!now) return unexpected(std::move(now).error());
        if (now->self == seen->identity.self && now->containers == seen->identity.containers) return seen;
    }
}

/// Binds what was seen; with `exactly`, these and no others, whatever was bound before. \return errc::already_exists or
/// condition_failed when another one was faster.
inline result<void> bind_seen(const named_stores& named, const context& c, seen_homes seen, bool exactly) {
    kept_identity& identity = seen.identity;
    if (identity.self.empty()) {
        identity.self = random_identity();
        auto written = write_identity(named.state, c, identity);
        if (!written) return unexpected(std::move(written).error());
        identity.tag = *std::move(written);
    }
    const std::size_t all = seen.homes.size();
    // A container that is not the state's yet comes in with as many as there were before it: should it be one of the
    // others by another address, no one is taken for two.
    for (const bool last : {false, true}) {
        for (std::size_t i = 0; i < all; ++i) {
            const std::optional<kept_home>& was = seen.homes[i];
            kept_home now = was.value_or(kept_home{.self = random_identity()});
            now.state = identity.self;
            now.place = i + 1;
            now.of = (std::max)(exactly ? 0 : now.of, last ? all : i + 1);
            if (was && was->state == now.state && was->place == now.place && was->of == now.of) continue;
            auto written = write_home(*named.containers[i], c, now);
            if (!written) return unexpected(std::move(written).error());
            now.tag = *std::move(written);
            seen.homes[i] = std::move(now);
        }
    }
    identity.containers.resize(exactly ? all : (std::max)(identity.containers.size(), all));
    for (std::size_t i = 0; i < all; ++i) identity.containers[i] = seen.homes[i]->self;
    auto written = write_identity(named.state, c, identity);
    return written ? result<void>() : unexpected(std::move(written).error());
}

}  // namespace detail

/// Why the containers and the state that were named do not belong together:
///
/// | code                | what was found                                                                             |
/// |---------------------|--------------------------------------------------------------------------------------------|
/// | "another_state"     | a container keeps its records in another state                                             |
/// | "another_container" | the state is of another container in this place                                            |
/// | "another_place"     | a container is named in another place than before                                          |
/// | "own_records"       | a container keeps records in itself, though a store of its own was named for them          |
/// | "container_missing" | the service is known to have more containers                                               |
///
/// Empty: nothing speaks against it. Containers and states that were never bound are nobody's.
///
/// \return also errc::corrupt for a damaged record, which is named.
/// \par Complexity  One read for each container and one for the state; one page of a listing for each container that
///                  was never bound, where the state is a store of its own.
inline result<std::vector<obstacle>> obstacles_of_home(const named_stores& named, const context& c) {
    auto seen = detail::look_at_homes(named, c);
    if (!seen) return unexpected(std::move(seen).error());
    return std::move(seen->against);
}

/// Puts on record, in each, that these containers and this state belong together, and how many there are
/// (`record_scope`), unless that is known. For who is about to change something, and a service that is about to
/// announce itself; afterwards `obstacles_of_home` finds whoever names others.
///
/// \param rebind  A person's word that exactly these belong together, in this order, whatever is on record: one of them
///                was lost or restored, or another one was named by mistake.
/// \return errc::blocked, with the reasons, where something speaks against it; no container is changed then.
/// \par Complexity  As `obstacles_of_home`; for the first time two puts for the state and one or two for each
///                  container.
inline result<void> bind_home(const named_stores& named, const context& c, bool rebind = false) {
    for (int tries_left = 8;; --tries_left) {  // each time another one has done a step, of which there are five
        auto seen = detail::look_at_homes(named, c);
        if (!seen) return unexpected(std::move(seen).error());
        if (!seen->against.empty() && !rebind) return fail(errc::blocked, detail::joined(seen->against));
        if (!seen->against.empty() || !seen->are_bound()) {
            auto bound = detail::bind_seen(named, c, *std::move(seen), rebind);
            if (!bound) {
                const errc why = bound.error().code;
                // Another one, who was faster: look what it has bound.
                if ((why == errc::already_exists || why == errc::condition_failed) && tries_left > 0) continue;
                return bound;
            }
        }
        if (rebind) {
            if (auto fewer = detail::forget_scope(named.state, c, named.containers.size()); !fewer) return fewer;
        }
        return record_scope(named.state, c, named.containers.size());
    }
}

}  // namespace blobshift::inline v1

#endif
