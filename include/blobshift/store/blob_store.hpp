// SPDX-License-Identifier: MIT
//
// START HERE: what every store promises (`BlobStore`), and what some can do beyond that (the refinements).
//
// Row: store (core).   Tests: tests/store/blob_store.test.cpp; the promises themselves: tests/conformance/

#ifndef BLOBSHIFT_STORE_BLOB_STORE_HPP
#define BLOBSHIFT_STORE_BLOB_STORE_HPP

#include <algorithm>    // min
#include <concepts>     // same_as, movable
#include <cstddef>      // size_t
#include <cstdint>      // uint64_t
#include <limits>       // numeric_limits
#include <optional>     // optional
#include <span>         // span
#include <string>       // string
#include <string_view>  // string_view
#include <vector>       // vector

#include <blobshift/core/attributes.hpp>
#include <blobshift/core/blob_info.hpp>
#include <blobshift/core/blob_name.hpp>
#include <blobshift/core/bytes.hpp>
#include <blobshift/core/condition.hpp>
#include <blobshift/core/context.hpp>
#include <blobshift/core/digest.hpp>
#include <blobshift/core/function_ref.hpp>
#include <blobshift/core/result.hpp>

namespace blobshift::inline v1 {

/// Which bytes of a blob to read. The size of the caller's buffer is a further upper bound.
struct read_range {
    std::uint64_t offset = 0;  ///< First byte; ignored when `from_end`.
    std::uint64_t length = (std::numeric_limits<std::uint64_t>::max)();  ///< At most so many bytes.
    bool from_end = false;  ///< The last `length` bytes (all, when the blob is shorter) instead of those at `offset`.

    [[nodiscard]] static read_range all() noexcept { return {}; }
    [[nodiscard]] static read_range from(std::uint64_t offset) noexcept { return {.offset = offset}; }
    [[nodiscard]] static read_range part(std::uint64_t offset, std::uint64_t length) noexcept {
        return {.offset = offset, .length = length};
    }
    [[nodiscard]] static read_range last(std::uint64_t length) noexcept { return {.length = length, .from_end = true}; }
};

/// What a read brought: `count` bytes stand at the front of the caller's buffer.
struct read_result {
    blob_info info;            ///< Of the version that was read; `size_bytes` is that of the whole blob.
    std::uint64_t offset = 0;  ///< Of the first byte that was read.
    std::size_t count = 0;
};

/// Which blobs to list.
struct list_query {
    std::string prefix = {};       ///< Names that begin with these bytes. Any text; need not be a blob name.
    std::string delimiter = {};    ///< "" = flat; "/" = names are cut behind the first '/' after the prefix, and each
                                   ///< such beginning is given once, in `list_page::prefixes`. Nothing else.
    std::string start_after = {};  ///< Only names behind this one in the store's order; it need not exist.
    std::string cursor = {};       ///< `list_page::cursor` of the page before, the rest of the query unchanged.
    std::size_t page_size = 0;     ///< Most entries (blobs and prefixes) of a page; 0 = the store's choice.
    bool with_attributes = false;  ///< Fill `blob_info::attrs`. Costs more in some stores.
    unsigned concurrency = 1;      ///< Most threads of a `scan`, the caller's too; 0 = 1. A store may use fewer.
};

/// A part of a listing. Only an empty cursor means the end: a page may be empty and not the last.
struct list_page {
    std::vector<blob_info> blobs = {};        ///< In the store's order.
    std::vector<std::string> prefixes = {};   ///< In the store's order; each ends in the delimiter.
    std::string cursor = {};                  ///< Give it back for the next page. Valid after a restart, too.
};

/// How a store knows that a copy holds the bytes of its source.
enum class copy_proof : unsigned char {
    none,           ///< It said that it copied; nobody compared.
    computed_hash,  ///< While copying it computed a hash of the bytes and compared it with the source's own.
    same_object,    ///< Both names lead to one object on the medium.
};

/// A finished copy.
struct copy_result {
    blob_info info;                       ///< Of the target.
    etag source_tag = {};                 ///< The version of the source that was copied.
    copy_proof proof = copy_proof::none;
};

/// Stores that can be read.
///
/// \par Synopsis  (`s` is an lvalue of `S`, `c` a context, `n` a blob_name)
/// | expression                     | result              | meaning                                                  |
/// |--------------------------------|---------------------|----------------------------------------------------------|
/// | `s.head(c, n)`                 | result<blob_info>   | all that is known of `n`, or errc::not_found             |
/// | `s.read(c, n, range, out, if)` | result<read_result> | some bytes of one version of `n`, into `out`             |
/// | `s.list(c, query)`             | result<list_page>   | the next page of names                                   |
///
/// `read` gives as many bytes as range, buffer and blob allow, so less than asked means the end of one of them.
/// A range that starts at or behind the end is errc::out_of_range, unless it starts at 0 or counts from the end (an
/// empty blob then gives 0 bytes). `if` is `always` or `if_match`; a changed blob is errc::condition_failed, an absent
/// one not_found under either.
template <class S>
concept BlobReader = requires(S& s, const context& c, const blob_name& n, const read_range& range, byte_span out,
                              const condition& when, const list_query& query) {
    { s.head(c, n) } -> std::same_as<result<blob_info>>;
    { s.read(c, n, range, out, when) } -> std::same_as<result<read_result>>;
    { s.list(c, query) } -> std::same_as<result<list_page>>;
};

/// A flat map from `blob_name` to bytes and attributes, strongly consistent.
///
/// \par Synopsis  (beside `BlobReader`; `b` is a byte_view, `a` attributes)
/// | expression                     | result              | meaning                                                  |
/// |--------------------------------|---------------------|----------------------------------------------------------|
/// | `s.put(c, n, b, a, if)`        | result<blob_info>   | all of `b` and `a` under `n`, or nothing                 |
/// | `s.remove(c, n, if)`           | result<bool>        | `n` is gone; false: it was not there before              |
/// | `s.copy(c, from, to, sif, tif)`| result<copy_result> | `to` has the bytes and attributes of `from`, or nothing  |
///
/// \par Semantic requirements  (no compiler checks these; tests/conformance does)
///   - Atomic visibility: no reader ever meets a part of a put or of a copy, or bytes of two versions in one read.
///   - Read-your-writes: a call that starts after a write returned sees that write; listings included.
///   - A listing gives each blob that exists throughout it exactly once, in the store's own declared order, which is
///     the same in every listing. `start_after` is exclusive. A cursor outlives the blob it stands at, and the process.
///   - Names that begin with `reserved_prefix` are listed only if the query's prefix begins with it, too.
///   - Conditions are tested in one step with the effect, on every path that writes. `put` and `copy` to a target
///     refuse with already_exists (if_absent) or condition_failed (if_match); a source that is not there is
///     not_found, one that changed condition_failed. `remove` of an absent blob is `false` under every condition.
///     `remove` and `read` take no if_absent: invalid_argument.
///   - An etag changes with every successful write of its blob, and never otherwise.
///   - A blob is never copied onto itself: invalid_argument.
///   - Attributes are those of `validate`, kept to the letter. What a store cannot keep or honour is an error
///     (unsupported, no_space; invalid_argument for a name too long for it), never cut or ignored.
///   - A conditional write that is repeated after its answer was lost, and meets its own first success, is a success.
///   - A failed call says in `error::done` whether it changed anything; `none` is a promise.
///   - All members may be called from several threads at once. They throw nothing but std::bad_alloc.
///
/// \par Models  memory_store, file_store, azure_store, any_store, and every layer over any of them.
template <class S>
concept BlobStore = std::movable<S> && BlobReader<S> &&
                    requires(S& s, const context& c, const blob_name& n, byte_view content, const attributes& attrs,
                             const condition& when) {
                        { s.put(c, n, content, attrs, when) } -> std::same_as<result<blob_info>>;
                        { s.remove(c, n, when) } -> std::same_as<result<bool>>;
                        { s.copy(c, n, n, when, when) } -> std::same_as<result<copy_result>>;
                    };

/// Refinement: can say which version a blob is for less than `head` costs, which tells of its attributes, too.
///
/// `s.etag_of(c, n)` is `s.head(c, n)->tag`, or the error that `head` gives; but it may succeed where the blob is there
/// and its content or attributes could not be read. Layers treat it as `operation::head`.
template <class S>
concept EtagReader = BlobReader<S> && requires(S& s, const context& c, const blob_name& n) {
    { s.etag_of(c, n) } -> std::same_as<result<etag>>;
};

/// Receives one blob of a scan. An error ends the scan, which returns it.
using on_blob = function_ref<result<void>(blob_info&&)>;

/// Refinement: can give every name in one pass, in no order, with memory that does not grow with their number.
///
/// `s.scan(c, query, f)` calls `f` once for each blob that exists throughout the scan, one call at a time, and uses
/// only `prefix`, `start_after`, `with_attributes` and `concurrency` of the query (a delimiter or a cursor:
/// invalid_argument).
template <class S>
concept Scanner = BlobReader<S> && requires(S& s, const context& c, const list_query& query, on_blob f) {
    { s.scan(c, query, f) } -> std::same_as<result<void>>;
};

/// What a listing said of a blob that is to be copied: spares a store that copies elsewhere a look of its own.
struct source_facts {
    std::uint64_t size_bytes = 0;
    std::optional<digest> stored_hash = {};  ///< A store that hashes while it copies compares: errc::corrupt.
    std::string tier = {};
};

/// One copy among many.
struct copy_request {
    blob_name from;
    blob_name to;
    condition source = {};
    condition target = condition::if_absent();
    std::optional<source_facts> known = {};  ///< Of the version that `source` matches; not used without if_match.
};

/// One removal among many.
struct remove_request {
    blob_name name;
    condition when = {};
};

struct bulk_options {
    unsigned concurrency = 8;  ///< Most calls under way at once. 0 is taken as 1.
};

/// Receive the result of request number `index`: once for each request, one call at a time, in any order, as they
/// finish.
using on_copied = function_ref<void(std::size_t index, result<copy_result>&&)>;
using on_removed = function_ref<void(std::size_t index, result<bool>&&)>;

/// Refinement: copies many blobs cheaper than one by one. Requests that a stop or a deadline kept from starting get
/// errc::cancelled or errc::deadline_exceeded as their result, with effect none.
template <class S>
concept BulkCopier = BlobStore<S> && requires(S& s, const context& c, std::span<const copy_request> requests,
                                              const bulk_options& options, on_copied f) {
    { s.copy_many(c, requests, options, f) } -> std::same_as<void>;
};

/// Refinement: removes many blobs cheaper than one by one; results as for `BulkCopier`.
template <class S>
concept BulkRemover = BlobStore<S> && requires(S& s, const context& c, std::span<const remove_request> requests,
                                               const bulk_options& options, on_removed f) {
    { s.remove_many(c, requests, options, f) } -> std::same_as<void>;
};

/// An upload in blocks that is not a blob yet.
struct upload_session {
    blob_name name;
    std::string id = {};  ///< The store's own.
};

/// Refinement: takes a blob in blocks, so that no one needs to hold all of it.
///
/// `begin_upload(c, n)` promises nothing about `n`. `stage_block(c, u, index, offset, b)` hands over block `index`,
/// whose first byte stands at `offset`; any order, any thread; the same index again replaces it. `commit_upload(c, u,
/// block_count, size_bytes, a, if)` makes blocks 0 to block_count - 1 the blob, in one step, under the condition; a
/// block that is missing, or a sum that is not size_bytes, is errc::invalid_argument. `abandon_upload(c, u)` frees what
/// was staged. An upload that is neither committed nor abandoned is never visible as a blob. A commit that its
/// condition refused leaves the upload as it was; a commit that succeeded, or an abandon, ends it: what is called on it
/// afterwards fails or does nothing, and changes no blob.
template <class S>
concept BlockStore = BlobStore<S> && requires(S& s, const context& c, const blob_name& n, const upload_session& u,
                                              std::uint32_t index, std::uint64_t offset, byte_view content,
                                              const attributes& attrs, const condition& when) {
    { s.begin_upload(c, n) } -> std::same_as<result<upload_session>>;
    { s.stage_block(c, u, index, offset, content) } -> std::same_as<result<void>>;
    { s.commit_upload(c, u, index, offset, attrs, when) } -> std::same_as<result<blob_info>>;
    { s.abandon_upload(c, u) } -> std::same_as<result<void>>;
};

/// The refinements of a store, as values.
struct capabilities {
    bool scan = false;
    bool bulk_copy = false;
    bool bulk_remove = false;
    bool blocks = false;
    bool etags = false;

    friend bool operator==(const capabilities&, const capabilities&) = default;
};

template <class S>
inline constexpr capabilities capabilities_of = {
    .scan = Scanner<S>, .bulk_copy = BulkCopier<S>, .bulk_remove = BulkRemover<S>, .blocks = BlockStore<S>,
    .etags = EtagReader<S>};

/// What `store` can do by itself: as it says where it says so (any_store, and layers over it), else as its type says.
template <class S>
[[nodiscard]] capabilities native_capabilities(const S& store) noexcept {
    if constexpr (requires { { store.native() } -> std::same_as<capabilities>; }) return store.native();
    else return capabilities_of<S>;
}

/// Whether `Layer` can do all that `Inner` can: what every layer asserts of itself.
template <class Layer, class Inner>
concept preserves =
    BlobStore<Layer> && (Scanner<Layer> || !Scanner<Inner>) && (BulkCopier<Layer> || !BulkCopier<Inner>) &&
    (BulkRemover<Layer> || !BulkRemover<Inner>) && (BlockStore<Layer> || !BlockStore<Inner>) &&
    (EtagReader<Layer> || !EtagReader<Inner>);

namespace detail {

// What each store must refuse or hide in the same way.

[[nodiscard]] inline result<void> validate_query(const list_query& q) {
    if (!q.delimiter.empty() && q.delimiter != "/") {
        return fail(errc::invalid_argument, "the delimiter of a listing is empty or '/'");
    }
    return {};
}

[[nodiscard]] inline result<void> validate_scan(const list_query& q) {
    if (!q.delimiter.empty() || !q.cursor.empty()) {
        return fail(errc::invalid_argument, "a scan takes neither a delimiter nor a cursor");
    }
    return {};
}

[[nodiscard]] inline result<void> validate_pin(const condition& when) {
    if (when.is_if_absent()) return fail(errc::invalid_argument, "only if_match or always makes sense here");
    return {};
}

[[nodiscard]] inline result<void> validate_copy(const blob_name& from, const blob_name& to, const condition& source) {
    if (from == to) return fail(errc::invalid_argument, "a blob cannot be copied onto itself", from.text());
    return validate_pin(source);
}

/// Whether a listing with this prefix shows `name` as far as the reserved names go.
[[nodiscard]] inline bool shows(const list_query& q, std::string_view name) noexcept {
    return !is_reserved(name) || is_reserved(q.prefix);
}

/// Where a read starts and how many bytes it gives, for a blob of `size` bytes.
struct resolved_range {
    std::uint64_t offset = 0;
    std::size_t count = 0;
};

[[nodiscard]] inline result<resolved_range> resolve(const read_range& range, std::uint64_t size, std::size_t room) {
    const std::uint64_t offset = range.from_end ? size - (std::min)(size, range.length) : range.offset;
    if (!range.from_end && offset > 0 && offset >= size) {
        return fail(errc::out_of_range, "the range starts behind the last byte");
    }
    return resolved_range{offset,
                          static_cast<std::size_t>((std::min)({size - offset, range.length, std::uint64_t{room}}))};
}

}  // namespace detail

}  // namespace blobshift::inline v1

#endif
