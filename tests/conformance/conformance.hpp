// SPDX-License-Identifier: MIT
//
// The promises of `BlobStore` and its refinements (store/blob_store.hpp) as test cases, for any store.
//
// A store joins with one struct and one name, in one source file of a doctest program, with tests/ on the include path:
//
//     #include <my/store.hpp>
//     #include <conformance/subject.hpp>
//
//     namespace my {
//     struct store_in_a_shoebox {
//         my::shoebox make() { return my::shoebox(folder_.path()); }    // EMPTY, each time; members die after it
//         my::shoebox reopen() { return my::shoebox(folder_.path()); }  // optional: a second handle on the same blobs
//         static constexpr blobshift::conformance::traits is = {.tree = true};  // optional: what it is allowed
//         temporary_folder folder_;
//     };
//     }  // namespace my
//
//     #define BLOBSHIFT_STORES_UNDER_TEST my::store_in_a_shoebox  // commas between several
//     #include <conformance/conformance.hpp>
//
// Each case runs once for each name. Refinements are found by the type; cases of what it lacks hold it to saying so.
//
// Where the cases of other suites went (OpenDAL, object_store, go-cloud, fsspec, thanos, Arrow, Flysystem):
// | theirs                                                                    | ours                                  |
// |---------------------------------------------------------------------------|---------------------------------------|
// | read full, range, suffix (larger, zero), beyond the end, size, offset     | read                                  |
// | read, stat, attributes of a missing blob or a "directory"                 | read                                  |
// | read if_match; stat returns what put and list return                      | read                                  |
// | write: empty, large, overwrite, immediate get, returned metadata          | write                                 |
// | content headers, user metadata, tags; invalid ones; not guessed           | write                                 |
// | delete: present, missing, empty, special characters, before/after         | write, names                          |
// | put if absent, update with stale or without tag, over every writer        | conditions                            |
// | copy: overwrite, nested, self, missing, conditions, no aliasing           | copy                                  |
// | rename (copy, then remove)                                                | copy, list (receiver of a scan)       |
// | list: empty, prefix, delimiter, nested, start_after, weird keys           | list, names                           |
// | ten-key ordering table; characters before the delimiter                   | list                                  |
// | pages by 1, 2, 3; insert and delete between pages; tokens                 | pages                                 |
// | key tables: escapes, quotes, spaces, unicode, ascii, dots                 | names                                 |
// | invalid keys (empty, "..", "//", "\", controls, not UTF-8)                | not of a store: blob_name refuses it  |
// | cancelled writes                                                          | errors                                |
// | batch delete incl. a missing key; batch copy                              | bulk                                  |
// | multipart: order, re-staged, abort, race, interleaved, not visible before | blocks                                |
// | concurrent write and read; N workers x M increments                       | concurrency                           |
// | second handle, reopening                                                  | lifetime                              |
// | if_none_match and if_(un)modified_since on reads, versions, append,       | no such verb in the contract          |
// |   response overrides, presigned addresses, create_dir, globs, permissions |                                       |
// | content MD5 given with a write, streaming readers and writers, checksums  | store/ops.hpp, tests of its own       |
// | another delimiter than "/"                                                | refused: list                         |
// | missing bucket, credentials, network faults, TLS                          | tests of the backend                  |
// | lost answers, throttling, retry budgets, kill -9, full disk               | fault layer, tests/crash              |
// | wrapper keeps every optional verb                                         | static_assert(preserves<>) of layers  |

#ifndef BLOBSHIFT_TESTS_CONFORMANCE_CONFORMANCE_HPP
#define BLOBSHIFT_TESTS_CONFORMANCE_CONFORMANCE_HPP

#ifndef BLOBSHIFT_STORES_UNDER_TEST
#error "define BLOBSHIFT_STORES_UNDER_TEST, the fixtures of the stores, before this header"
#endif

#include <conformance/blocks.hpp>
#include <conformance/bulk.hpp>
#include <conformance/concurrency.hpp>
#include <conformance/conditions.hpp>
#include <conformance/copy.hpp>
#include <conformance/errors.hpp>
#include <conformance/lifetime.hpp>
#include <conformance/list.hpp>
#include <conformance/names.hpp>
#include <conformance/pages.hpp>
#include <conformance/read.hpp>
#include <conformance/write.hpp>

#endif
