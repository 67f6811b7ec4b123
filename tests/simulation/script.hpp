// SPDX-License-Identifier: MIT
//
// Where the operator of a run is: what the actors look at to know whether it is their turn.

#ifndef BLOBSHIFT_TESTS_SIMULATION_SCRIPT_HPP
#define BLOBSHIFT_TESTS_SIMULATION_SCRIPT_HPP

#include <cstddef>     // size_t
#include <stop_token>  // stop_source

#include <blobshift/naming/format.hpp>

namespace blobshift::simulation {

struct script {
    format wanted = format::old_names;  ///< The setting of all nodes; each follows in its own time.
    bool copying = false;
    bool deleting = false;
    bool reversing = false;             ///< The old names are to come back.
    bool erasing = false;               ///< ... and the new ones are to go.
    bool sealing = false;               ///< The end of all old names: it is to be sealed.
    bool closing = false;               ///< Everybody is to stop.
    std::stop_source halting = {};      ///< Stops copies, deletes and clean-ups.
    std::size_t jobs_left = 0;          ///< Copiers, deleters and cleaners that have not ended.
    std::size_t copiers_left = 0;
    std::size_t deleters_left = 0;
    bool copied = false;                ///< A copy said that it is complete.
    bool deleted = false;               ///< A delete said so.
    bool sealed = false;                ///< A seal said so.
    bool sealer_ended = false;
    bool reversed = false;              ///< A rollback said so.
    bool erased = false;                ///< A rollback said that no new name is left.
};

}  // namespace blobshift::simulation

#endif
