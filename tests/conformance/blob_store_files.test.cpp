// SPDX-License-Identifier: MIT
//
// The conformance suite over the file store, one row for each way in which it copies, and over layers of it.

#include <blobshift/backends/file_store.hpp>
#include <blobshift/layers/observe.hpp>
#include <blobshift/layers/prefix.hpp>
#include <blobshift/layers/retry.hpp>
#include <blobshift/layers/throttle.hpp>

#include <conformance/subject.hpp>
#include <support/temporary_folder.hpp>

namespace blobshift::conformance {

template <copy_method Copying, std::size_t PageSize = 5000>
struct files_in_a_folder {
    testing::temporary_folder folder;

    file_store make() { return open(); }
    file_store reopen() { return open(); }

    static constexpr traits is = {.tree = true, .longest_segment_bytes = 255, .keeps_full_attributes = false};

private:
    file_store open() {
        return file_store::open(folder.path(), {.durable = durability::none, .copying = Copying, .page_size = PageSize})
            .value();
    }
};

struct files : files_in_a_folder<copy_method::automatic> {};
struct files_copied_by_bytes : files_in_a_folder<copy_method::byte_copy> {};
/// What a layer does with what only some stores can do.
struct layers_over_files {
    testing::temporary_folder folder;

    auto make() {
        any_store all(file_store::open(folder.path(), {.durable = durability::none}).value());
        return observe(retry(throttle(prefix<any_store>::make(std::move(all), "p/").value())),
                       [](const operation_event&) {});
    }

    static constexpr traits is = {.tree = true,
                                  .longest_segment_bytes = 255,
                                  .longest_name_units = 1024 - 2,
                                  .most_segments = 254 - 1,
                                  .keeps_full_attributes = false,
                                  .slow = true};  // few blobs tell as much, and the rows above have many
};
struct files_in_pages_of_two : files_in_a_folder<copy_method::automatic, 2> {};

}  // namespace blobshift::conformance

#define BLOBSHIFT_STORES_UNDER_TEST files, files_copied_by_bytes, files_in_pages_of_two, layers_over_files
#include <conformance/conformance.hpp>
