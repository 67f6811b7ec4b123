// SPDX-License-Identifier: MIT
//
// Whoever runs a job hears all that it says: errors, obstacles, the reasons of its outcomes. None of it may hold a UID.

#ifndef BLOBSHIFT_TESTS_SIMULATION_HEARING_HPP
#define BLOBSHIFT_TESTS_SIMULATION_HEARING_HPP

#include <string_view>  // string_view
#include <type_traits>  // is_same_v, is_void_v
#include <vector>       // vector

#include <blobshift/migrate/observer.hpp>
#include <blobshift/migrate/obstacle.hpp>

#include "world.hpp"

namespace blobshift::simulation {

/// An observer that looks at every word but the names, which are there to be told to a report.
class listener final : public migration_observer {
public:
    explicit listener(world& w) : world_(w) {}

    void on_object(const object_event& event) override {
        if (!event.reason.empty()) ++world_.did["reasons heard"];
        world_.listen(event.reason);
        if (event.failure != nullptr) hear(*event.failure);
    }
    void on_progress(const progress_event& event) override { world_.listen(event.phase); }

private:
    void hear(const error& e) {
        ++world_.did["failures heard"];
        (void)world_.said(e);
    }

    world& world_;
};

inline void listen(world& w, const std::vector<obstacle>& all) {
    for (const obstacle& each : all) {
        ++w.did["obstacles heard"];
        for (const std::string_view text : {each.code, std::string_view(each.text), std::string_view(each.node)}) {
            w.listen(text);
        }
    }
}

/// Listens to what a summary of any kind has to say.
template <class Summary>
void listen_to(world& w, const Summary& s) {
    if constexpr (std::is_same_v<Summary, std::vector<obstacle>>) listen(w, s);
    if constexpr (requires { listen(w, s.refused); }) listen(w, s.refused);
    if constexpr (requires { listen(w, s.stopped); }) listen(w, s.stopped);
    if constexpr (requires { listen(w, s.waiting); }) listen(w, s.waiting);
    if constexpr (requires { listen(w, s.kept); }) listen(w, s.kept);
    if constexpr (requires { listen(w, s.cleaned->kept); }) {
        if (s.cleaned) listen(w, s.cleaned->kept);
    }
}

/// What a job came to, once it was heard.
template <class T>
[[nodiscard]] result<T> heard(world& w, result<T> outcome) {
    if (!outcome) {
        ++w.did["errors heard"];
        (void)w.said(outcome.error());
    } else if constexpr (!std::is_void_v<T>) {
        listen_to(w, *outcome);
    }
    return outcome;
}

}  // namespace blobshift::simulation

#endif
