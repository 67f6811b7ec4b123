// SPDX-License-Identifier: MIT
//
// One node of the service: its instance_store, the format that its settings ask for, and its part in the stage barrier.

#ifndef DUAL_SERVICE_NODE_HPP
#define DUAL_SERVICE_NODE_HPP

#include <atomic>
#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include <blobshift/migrate/announcer.hpp>
#include <blobshift/store/any_store.hpp>
#include <blobshift/views/instance_store.hpp>

#include "settings_file.hpp"

namespace dual_service {

/// Takes one line for the operator. It names no instance. Called from any thread.
using log_line = std::function<void(std::string_view)>;

/// Where everything is. The stores must outlive the node; they may be one and the same.
struct stores {
    blobshift::containers<blobshift::any_store> blobs;
    blobshift::containers<blobshift::any_store> ledgers;  ///< Where `blobshift rollback` looks for each container's.
    blobshift::any_store& state;
};

/// \par Thread-safety  `tick` and `withdraw` from one thread; all else from any.
class node final : public blobshift::instance_hooks {
public:
    /// Reads the settings. \throws blobshift::bad_result_access if they are wrong
    node(const stores& on, blobshift::node_name name, std::chrono::milliseconds lease, settings_file settings,
         log_line log);

    [[nodiscard]] blobshift::instance_store<blobshift::any_store>& instances() noexcept { return instances_; }

    /// Reads the settings again if they have changed, announces the node when that is due, and takes a new format into
    /// use. Call it several times a second.
    void tick();

    /// Tells the others that this node is gone.
    void withdraw();

    /// What the node is doing, as JSON.
    [[nodiscard]] std::string stage_json() const;

    blobshift::result<blobshift::context> admit_write(const blobshift::context& c, blobshift::format under) override;
    blobshift::result<void> before_new_name_only(const blobshift::context& c, blobshift::blob_kind kind,
                                                 const blobshift::blob_name& older,
                                                 const blobshift::blob_name& newer) override;
    void on_old_format(blobshift::blob_kind kind, std::uint64_t count) override;

private:
    void reread();
    void announce();

    stores on_;
    log_line log_;
    settings_file file_;
    blobshift::migration_settings settings_;
    std::chrono::milliseconds lease_;
    blobshift::node_announcer announcer_;
    blobshift::instance_store<blobshift::any_store> instances_;
    blobshift::steady_time due_ = {};  ///< When to announce again.
    std::atomic<bool> announced_ = false;  ///< The format of the settings, all calls under older ones having ended.
    std::string trouble_ = {};  ///< What was last said about it, so that it is not said ten times a second.
};

}  // namespace dual_service

#endif
