// SPDX-License-Identifier: MIT
//
// The concepts: the smallest model of each, and near misses. When one of these stops compiling, the contract changed.

#include <blobshift/store/blob_store.hpp>

#include <doctest/doctest.h>

#include <support/print.hpp>

using namespace blobshift;

namespace {

/// Exactly what BlobReader requires.
struct reader {
    result<blob_info> head(const context&, const blob_name& n) { return blob_info(n); }
    result<read_result> read(const context&, const blob_name& n, const read_range&, byte_span, const condition&) {
        return read_result{blob_info(n)};
    }
    result<list_page> list(const context&, const list_query&) { return list_page{}; }
};

/// Exactly what BlobStore requires.
struct store : reader {
    result<blob_info> put(const context&, const blob_name& n, byte_view, const attributes&, const condition&) {
        return blob_info(n);
    }
    result<bool> remove(const context&, const blob_name&, const condition&) { return false; }
    result<copy_result> copy(const context&, const blob_name&, const blob_name& to, const condition&,
                             const condition&) {
        return copy_result{blob_info(to)};
    }
};

struct scanner : store {
    result<void> scan(const context&, const list_query&, on_blob) { return {}; }
};
struct bulk_copier : store {
    void copy_many(const context&, std::span<const copy_request>, const bulk_options&, on_copied) {}
};
struct bulk_remover : store {
    void remove_many(const context&, std::span<const remove_request>, const bulk_options&, on_removed) {}
};
struct etag_reader : store {
    result<etag> etag_of(const context&, const blob_name&) { return etag(); }
};
struct block_store : store {
    result<upload_session> begin_upload(const context&, const blob_name& n) { return upload_session{n}; }
    result<void> stage_block(const context&, const upload_session&, std::uint32_t, std::uint64_t, byte_view) {
        return {};
    }
    result<blob_info> commit_upload(const context&, const upload_session& u, std::uint32_t, std::uint64_t,
                                    const attributes&, const condition&) {
        return blob_info(u.name);
    }
    result<void> abandon_upload(const context&, const upload_session&) { return {}; }
};

static_assert(BlobReader<reader> && !BlobStore<reader>);
static_assert(BlobReader<store> && BlobStore<store>);
static_assert(!BlobReader<int> && !BlobStore<int> && !BlobStore<void*> && !BlobReader<const reader>);

static_assert(Scanner<scanner> && !Scanner<store>);
static_assert(BulkCopier<bulk_copier> && !BulkCopier<store>);
static_assert(BulkRemover<bulk_remover> && !BulkRemover<store>);
static_assert(BlockStore<block_store> && !BlockStore<store>);
static_assert(EtagReader<etag_reader> && !EtagReader<store>);

// Near misses of BlobReader. Each hides one member of `store` behind one that is almost right.
struct head_of_text : store {
    result<blob_info> head(const context&, std::string_view n);
};
struct head_without_context : store {
    result<blob_info> head(const blob_name& n);
};
struct head_without_result : store {
    blob_info head(const context&, const blob_name& n);
};
struct head_that_wants_to_own : store {
    result<blob_info> head(const context&, blob_name&& n);
};
struct read_that_allocates : store {
    result<bytes> read(const context&, const blob_name&, const read_range&, byte_span, const condition&);
};
struct read_without_pin : store {
    result<read_result> read(const context&, const blob_name&, const read_range&, byte_span);
};
struct list_of_names : store {
    result<std::vector<blob_name>> list(const context&, const list_query&);
};
struct hidden_list : store {
private:
    result<list_page> list(const context&, const list_query&);
};
static_assert(!BlobReader<head_of_text> && !BlobReader<head_without_context> && !BlobReader<head_without_result>);
static_assert(!BlobReader<head_that_wants_to_own> && !BlobReader<read_that_allocates> && !BlobReader<read_without_pin>);
static_assert(!BlobReader<list_of_names> && !BlobReader<hidden_list>);

// Near misses of BlobStore.
struct pinned : store {
    pinned(pinned&&) = delete;
};
struct put_without_condition : store {
    result<blob_info> put(const context&, const blob_name&, byte_view, const attributes&);
};
struct put_that_tells_a_tag : store {
    result<etag> put(const context&, const blob_name&, byte_view, const attributes&, const condition&);
};
struct put_that_writes_its_input : store {
    result<blob_info> put(const context&, const blob_name&, byte_span, const attributes&, const condition&);
};
struct remove_that_tells_nothing : store {
    result<void> remove(const context&, const blob_name&, const condition&);
};
struct remove_that_tells_a_number : store {
    result<int> remove(const context&, const blob_name&, const condition&);
};
struct copy_with_one_condition : store {
    result<copy_result> copy(const context&, const blob_name&, const blob_name&, const condition&);
};
struct copy_that_tells_an_info : store {
    result<blob_info> copy(const context&, const blob_name&, const blob_name&, const condition&, const condition&);
};
static_assert(BlobReader<pinned> && !BlobStore<pinned> && !BlobStore<store&> && !BlobStore<const store>);
static_assert(!BlobStore<put_without_condition> && !BlobStore<put_that_tells_a_tag>);
static_assert(!BlobStore<put_that_writes_its_input>);
static_assert(!BlobStore<remove_that_tells_nothing> && !BlobStore<remove_that_tells_a_number>);
static_assert(!BlobStore<copy_with_one_condition> && !BlobStore<copy_that_tells_an_info>);

// Near misses of the refinements: each is still a BlobStore.
struct scan_into_a_vector : store {
    result<void> scan(const context&, const list_query&, std::vector<blob_info>&);
};
struct scan_that_cannot_fail : store {
    void scan(const context&, const list_query&, on_blob);
};
struct copy_many_of_a_vector : store {
    void copy_many(const context&, std::vector<copy_request>&, const bulk_options&, on_copied);
};
struct copy_many_that_returns : store {
    std::vector<result<copy_result>> copy_many(const context&, std::span<const copy_request>, const bulk_options&,
                                               on_copied);
};
struct remove_many_of_names : store {
    void remove_many(const context&, std::span<const blob_name>, const bulk_options&, on_removed);
};
struct blocks_without_abandon : block_store {
    void abandon_upload() {}
};
struct blocks_without_offset : block_store {
    result<void> stage_block(const context&, const upload_session&, std::uint32_t, byte_view);
};
struct blocks_without_condition : block_store {
    result<blob_info> commit_upload(const context&, const upload_session&, std::uint32_t, std::uint64_t,
                                    const attributes&);
};
struct etag_that_cannot_fail : store {
    etag etag_of(const context&, const blob_name&);
};
static_assert(!EtagReader<etag_that_cannot_fail>);
static_assert(!Scanner<scan_into_a_vector> && !Scanner<scan_that_cannot_fail>);
static_assert(!BulkCopier<copy_many_of_a_vector> && !BulkCopier<copy_many_that_returns>);
static_assert(!BulkRemover<remove_many_of_names>);
static_assert(!BlockStore<blocks_without_abandon> && !BlockStore<blocks_without_offset>);
static_assert(!BlockStore<blocks_without_condition>);
static_assert(BlobStore<scan_into_a_vector> && BlobStore<copy_many_that_returns> && BlobStore<blocks_without_offset>);

// `preserves` and `capabilities_of`.
struct everything : block_store {
    result<void> scan(const context&, const list_query&, on_blob);
    void copy_many(const context&, std::span<const copy_request>, const bulk_options&, on_copied);
    void remove_many(const context&, std::span<const remove_request>, const bulk_options&, on_removed);
    result<etag> etag_of(const context&, const blob_name&);
};
static_assert(preserves<store, store> && preserves<everything, store> && preserves<everything, everything>);
static_assert(preserves<scanner, scanner> && preserves<everything, bulk_copier>);
static_assert(!preserves<store, scanner> && !preserves<store, bulk_copier> && !preserves<store, bulk_remover>);
static_assert(!preserves<store, etag_reader> && !preserves<scanner, etag_reader>);
static_assert(!preserves<store, block_store> && !preserves<scanner, everything> && !preserves<reader, store>);
static_assert(capabilities_of<store> == capabilities{});
static_assert(capabilities_of<scanner> == capabilities{.scan = true});
static_assert(capabilities_of<bulk_copier> == capabilities{.bulk_copy = true});
static_assert(capabilities_of<bulk_remover> == capabilities{.bulk_remove = true});
static_assert(capabilities_of<block_store> == capabilities{.blocks = true});
static_assert(capabilities_of<etag_reader> == capabilities{.etags = true});
static_assert(capabilities_of<everything> == capabilities{true, true, true, true, true});

constexpr std::uint64_t most = (std::numeric_limits<std::uint64_t>::max)();

}  // namespace

TEST_CASE("a range is resolved against the size of the blob and the room of the buffer") {
    struct row {
        read_range range;
        std::uint64_t size;
        std::size_t room;
        std::uint64_t offset;
        std::size_t count;
    };
    const row rows[] = {
        {read_range::all(), 10, 100, 0, 10},     {read_range::all(), 10, 4, 0, 4},
        {read_range::all(), 0, 4, 0, 0},         {read_range::all(), most, 4, 0, 4},
        {read_range::from(3), 10, 100, 3, 7},    {read_range::from(9), 10, 100, 9, 1},
        {read_range::part(3, 4), 10, 100, 3, 4}, {read_range::part(3, most), 10, 100, 3, 7},
        {read_range::part(0, 0), 10, 100, 0, 0}, {read_range::part(3, 0), 10, 100, 3, 0},
        {read_range::part(most - 1, 5), most, 100, most - 1, 1},
        {read_range::last(3), 10, 100, 7, 3},    {read_range::last(3), 10, 2, 7, 2},
        {read_range::last(10), 10, 100, 0, 10},  {read_range::last(most), 10, 100, 0, 10},
        {read_range::last(0), 10, 100, 10, 0},   {read_range::last(5), 0, 100, 0, 0},
    };
    for (const row& t : rows) {
        CAPTURE(t.range.offset);
        CAPTURE(t.range.length);
        CAPTURE(t.size);
        const auto part = detail::resolve(t.range, t.size, t.room);
        REQUIRE(part);
        CHECK(part->offset == t.offset);
        CHECK(part->count == t.count);
    }
    for (const std::uint64_t offset : {std::uint64_t{10}, std::uint64_t{11}, most}) {
        CHECK(detail::resolve(read_range::from(offset), 10, 100).error().code == errc::out_of_range);
        CHECK(detail::resolve(read_range::part(offset, 0), 10, 0).error().code == errc::out_of_range);
    }
    CHECK(detail::resolve(read_range::from(1), 0, 100).error().code == errc::out_of_range);
}

TEST_CASE("what every store must refuse is refused") {
    CHECK(detail::validate_query({}));
    CHECK(detail::validate_query({.delimiter = "/"}));
    CHECK(detail::validate_query({.delimiter = "//"}).error().code == errc::invalid_argument);
    CHECK(detail::validate_query({.delimiter = ","}).error().code == errc::invalid_argument);

    CHECK(detail::validate_scan({.prefix = "a", .start_after = "b", .page_size = 3, .with_attributes = true}));
    CHECK(detail::validate_scan({.delimiter = "/"}).error().code == errc::invalid_argument);
    CHECK(detail::validate_scan({.cursor = "x"}).error().code == errc::invalid_argument);

    CHECK(detail::validate_pin(condition::always()));
    CHECK(detail::validate_pin(condition::if_match(etag("\"1\""))));
    CHECK(detail::validate_pin(condition::if_absent()).error().code == errc::invalid_argument);

    const blob_name a = blob_name::parse("a").value();
    const blob_name b = blob_name::parse("b").value();
    CHECK(detail::validate_copy(a, b, {}));
    CHECK(detail::validate_copy(a, a, {}).error().code == errc::invalid_argument);
    CHECK(detail::validate_copy(a, a, {}).error().subject == "a");
    CHECK(detail::validate_copy(a, b, condition::if_absent()).error().code == errc::invalid_argument);
}

TEST_CASE("reserved names are shown only to those who ask for them") {
    CHECK(detail::shows({}, "a"));
    CHECK(detail::shows({}, ".blobshifted"));
    CHECK_FALSE(detail::shows({}, ".blobshift/x"));
    CHECK_FALSE(detail::shows({.prefix = ".blobshift"}, ".blobshift/x"));
    CHECK(detail::shows({.prefix = ".blobshift/"}, ".blobshift/x"));
    CHECK(detail::shows({.prefix = ".blobshift/x"}, ".blobshift/x"));
}

TEST_CASE("a copy request creates and never replaces unless it says so") {
    const copy_request r{blob_name::parse("a").value(), blob_name::parse("b").value()};
    CHECK(r.source.is_always());
    CHECK(r.target.is_if_absent());
}
