// SPDX-License-Identifier: MIT
//
// A damaged record of the state, in words: which one it is, and what to do about it.

#ifndef BLOBSHIFT_CLI_STATE_RECORD_HPP
#define BLOBSHIFT_CLI_STATE_RECORD_HPP

#include <string>       // string
#include <string_view>  // string_view

#include <blobshift/core/blob_name.hpp>
#include <blobshift/core/error.hpp>

namespace blobshift::cli {

/// Whether the error is about what a record of the state holds, or about a blob among them that is none.
[[nodiscard]] inline bool is_about_state(const error& e) {
    return (e.code == errc::corrupt || e.code == errc::unsupported) && is_reserved(e.subject);
}

/// Where such a record lies, and what can be done; empty for any other error.
///
/// The name of a record holds no UID: it is made of a random number, a sequence, a GUID or the name of a node. What
/// else lies there may be called anything; of that only the folder is said.
[[nodiscard]] inline std::string about_state(const error& e) {
    if (!is_about_state(e)) return {};
    struct kind {
        std::string_view folder;
        std::string_view remedy;
    };
    constexpr kind kinds[] = {
        {"ledger/", "restore it; without it rollback cannot give back the old names that it holds"},
        {"evidence/", "remove it: what it proved is proved again"},
        {"operations/", "remove it: it only tells how far an operation was"},
        {"claims/", "remove it when no delete and no rollback runs: it only keeps these two apart"},
        {"containers", "remove it: the next command over both containers writes it again"},
        {"home", "remove it from the container where it is, and run: nodes --rebind, with all stores"},
        {"identity", "remove it from the state, and run: nodes --rebind, with all stores"},
        {"nodes/", "remove it when the node is stopped: the node announces itself again"},
        {"deletions/", "restore it; without it a removed instance may come back, which a change feed would tell of"},
        {"repairs/", "restore it; without it a pair of unequal names is left to plan to find"},
        {"stage",
         "restore it; without it nobody knows at which format the service is, nor of a seal: begin nothing before "
         "every "
         "node has announced itself again"},
    };
    const std::string_view path = std::string_view(e.subject).substr(reserved_prefix.size());
    for (const kind& each : kinds) {
        if (!path.starts_with(each.folder)) continue;
        const std::string_view name = path.substr(each.folder.size());
        const bool is_ours = each.folder == "nodes/" ? name.find('/') == name.npos
                                                     : name.find_first_not_of("0123456789abcdef-") == name.npos;
        const std::string folder = std::string(reserved_prefix) + std::string(each.folder);
        if (!is_ours) return "; look into " + folder + ", and move away what is no record";
        return "; it is " + e.subject + ": " + std::string(each.remedy);
    }
    return {};
}

}  // namespace blobshift::cli

#endif
