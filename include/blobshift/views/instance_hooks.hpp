// SPDX-License-Identifier: MIT
//
// What a service may add to its instance_store: a say in each write, a note for the way back, ears for old names.
//
// Row: views (core, naming).   Tests: tests/views/instance_store.test.cpp

#ifndef BLOBSHIFT_VIEWS_INSTANCE_HOOKS_HPP
#define BLOBSHIFT_VIEWS_INSTANCE_HOOKS_HPP

#include <cstdint>  // uint64_t

#include <blobshift/core/blob_name.hpp>
#include <blobshift/core/context.hpp>
#include <blobshift/core/result.hpp>
#include <blobshift/naming/format.hpp>
#include <blobshift/naming/naming_policy.hpp>

namespace blobshift::inline v1 {

/// Asked and told from several threads at once; must not throw. Does nothing by itself.
class instance_hooks {
public:
    virtual ~instance_hooks() = default;

    /// Asked before each put and each removal, which began in format `under`; reads go on without. A node that is more
    /// than one stage behind, or whose lease is over, must refuse here.
    ///
    /// \return the context of the write: `c`, best with a deadline before the end of the lease, so that no write
    ///         outlives it; or why there is none, as errc::blocked.
    virtual result<context> admit_write(const context& c, format /*under*/) { return c; }

    /// Told before a blob is stored under its new name alone although the migration is not sealed. Nothing but what is
    /// recorded here, best in the undo ledger (`ledger_writer`) of the container of that kind, can tell a rollback its
    /// old name; without that the blob keeps its new name, under which Old and Dual find it, too.
    ///
    /// \return an error keeps the blob from being stored.
    virtual result<void> before_new_name_only(const context& /*c*/, blob_kind /*kind*/, const blob_name& /*older*/,
                                              const blob_name& /*newer*/) {
        return {};
    }

    /// A read in format New found its blob under the old name. Only while `log_old_format_usage` is on.
    ///
    /// \param count  Of all such reads of this store so far.
    virtual void on_old_format(blob_kind /*kind*/, std::uint64_t /*count*/) {}
};

}  // namespace blobshift::inline v1

#endif
