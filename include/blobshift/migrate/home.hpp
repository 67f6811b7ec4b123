// SPDX-License-Identifier: MIT
//
// Which state a container keeps its records in, on record in both: whoever names another state, or forgets to name it,
// must not work without the barrier and the undo ledger that stand in the right one.
//
// Row: migrate (core, store).   Tests: tests/migrate/home.test.cpp

#ifndef BLOBSHIFT_MIGRATE_HOME_HPP
#define BLOBSHIFT_MIGRATE_HOME_HPP

#include <cstddef>      // size_t
#include <optional>     // optional
#include <string>       // string
#include <string_view>  // string_view
#include <utility>      // move
#include <vector>       // erase_if, vector

#include <blobshift/core/digest.hpp>
#include <blobshift/core/random.hpp>
#include <blobshift/migrate/obstacle.hpp>
#include <blobshift/migrate/record.hpp>

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

/// What a container has on record: whose it is, and as which container of the service.
struct kept_home {
    std::string identity = {};  ///< Of the state.
    std::size_t place = 0;      ///< From 1.
    etag tag = {};
};

inline result<std::optional<kept_home>> read_home(any_store& container, const context& c) {
    auto name = home_blob();
    if (!name) return unexpected(std::move(name).error());
    auto kept = read_record(container, c, *name, home_record_kind);
    if (!kept) return unexpected(std::move(kept).error());
    if (!*kept) return std::optional<kept_home>();
    field_reader fields(**kept);
    kept_home found{.identity = std::string(fields.word()), .place = fields.number<std::size_t>(), .tag = (*kept)->tag};
    if (auto fine = fields.finish(home_record_kind); !fine) return unexpected(std::move(fine).error());
    return found;
}

/// Empty: the state has none yet.
inline result<std::string> read_identity(any_store& state, const context& c) {
    auto name = identity_blob();
    if (!name) return unexpected(std::move(name).error());
    auto kept = read_record(state, c, *name, identity_record_kind);
    if (!kept) return unexpected(std::move(kept).error());
    return *kept ? (*kept)->text : std::string();
}

inline result<std::string> make_identity(any_store& state, const context& c) {
    auto known = read_identity(state, c);
    if (!known || !known->empty()) return known;
    auto name = identity_blob();
    if (!name) return unexpected(std::move(name).error());
    const std::string fresh = to_hex(make_digest(hash_algorithm::xxh64, random_u64()).value);
    auto written = write_record(state, c, *name, identity_record_kind, fresh, condition::if_absent());
    if (written) return fresh;
    known = read_identity(state, c);  // another one was faster
    if (known && !known->empty()) return known;
    return unexpected(std::move(written).error());
}

/// Whether there is more than its home below the reserved prefix of a container. The first such blob ends the listing.
inline result<bool> keeps_records(any_store& container, const context& c) {
    auto home = home_blob();
    if (!home) return unexpected(std::move(home).error());
    bool found = false;
    auto scanned = container.scan(c, {.prefix = std::string(reserved_prefix)}, [&](blob_info&& info) -> result<void> {
        if (info.name == *home) return {};
        found = true;
        return fail(errc::cancelled, "enough is seen");
    });
    if (!scanned && !found) return unexpected(std::move(scanned).error());
    return found;
}

[[nodiscard]] inline std::string_view which_container(std::size_t place) {
    return place == 1 ? "the first container (of files)" : "the second container (of metadata)";
}

/// Of one container that is at home elsewhere, or in another place.
[[nodiscard]] inline obstacle not_at_home(const kept_home& kept, const std::string& identity, std::size_t place,
                                          bool apart) {
    if (kept.identity == identity || (kept.place != place && identity.empty() && !apart)) {
        return {"another_container", 1,
                "what is named as " + std::string(which_container(place)) + " is " +
                    std::string(which_container(kept.place)) +
                    " of a service: name both, each in its place (STORE, --metadata)"};
    }
    return {"another_state", 1,
            std::string(which_container(place)) + " keeps its records in another state than the one that is " +
                (apart ? "named" : "in the store") +
                ": name the one that earlier commands and the service name (--state); only if that one is lost, go on "
                "with this one (--adopt-state)"};
}

}  // namespace detail

/// Why the state that was named is not the one of these containers: "another_state", "another_container", or
/// "own_records", where records stand in the container itself though a store of its own was named for them. Empty:
/// nothing speaks against it. Containers that were never bound are nobody's.
///
/// \return also errc::corrupt for a damaged record, which is named.
/// \par Complexity  One read for each container; one more for the state where one of them is bound; one page of a
///                  listing for each that is not, where the state is a store of its own.
inline result<std::vector<obstacle>> obstacles_of_home(const named_stores& named, const context& c) {
    const bool apart = &named.state != named.containers.front();
    std::vector<obstacle> found;
    std::optional<std::string> identity;
    for (std::size_t i = 0; i < named.containers.size(); ++i) {
        auto kept = detail::read_home(*named.containers[i], c);
        if (!kept) return unexpected(std::move(kept).error());
        if (!*kept && apart) {
            auto own = detail::keeps_records(*named.containers[i], c);
            if (!own) return unexpected(std::move(own).error());
            if (*own) {
                found.push_back({"own_records", 1,
                                 std::string(detail::which_container(i + 1)) +
                                     " keeps the records of a migration in itself, which a state of its own would not "
                                     "know: leave the state out (--state)"});
            }
        }
        if (!*kept) continue;
        if (!identity) {
            auto known = detail::read_identity(named.state, c);
            if (!known) return unexpected(std::move(known).error());
            identity = std::move(*known);
        }
        if ((*kept)->identity == *identity && (*kept)->place == i + 1) continue;
        found.push_back(detail::not_at_home(**kept, *identity, i + 1, apart));
    }
    return found;
}

/// Puts on record in each container that its records are in this state, unless that is known. For who is about to
/// change something, and a service that is about to announce itself; afterwards `obstacles_of_home` finds whoever names
/// another state. A single container that keeps its records itself needs no record.
///
/// \param adopt  Whether containers that are bound to another state are bound to this one, because that one is lost.
/// \return errc::blocked, with the reasons, where something speaks against it; nothing is changed then.
/// \par Complexity  As `obstacles_of_home`; for the first time one put for the state and one for each container.
inline result<void> bind_home(const named_stores& named, const context& c, bool adopt = false) {
    auto against = obstacles_of_home(named, c);
    if (!against) return unexpected(std::move(against).error());
    if (adopt) std::erase_if(*against, [](const obstacle& each) { return each.code == "another_state"; });
    if (!against->empty()) return fail(errc::blocked, detail::joined(*against));
    const bool apart = &named.state != named.containers.front();
    for (std::size_t i = 0; i < named.containers.size(); ++i) {
        any_store& container = *named.containers[i];
        auto kept = detail::read_home(container, c);
        if (!kept) return unexpected(std::move(kept).error());
        if (!*kept && i == 0 && !apart) continue;
        auto identity = detail::make_identity(named.state, c);
        if (!identity) return unexpected(std::move(identity).error());
        if (*kept && (*kept)->identity == *identity) continue;
        auto name = detail::home_blob();
        if (!name) return unexpected(std::move(name).error());
        auto written = detail::write_record(container, c, *name, detail::home_record_kind,
                                            detail::field_writer().add(*identity).add(i + 1).text(),
                                            *kept ? condition::if_match((*kept)->tag) : condition::if_absent());
        if (written) continue;
        auto now = detail::read_home(container, c);  // another one, who was faster, has bound it to the same
        if (now && *now && (*now)->identity == *identity && (*now)->place == i + 1) continue;
        return unexpected(std::move(written).error());
    }
    return {};
}

}  // namespace blobshift::inline v1

#endif
