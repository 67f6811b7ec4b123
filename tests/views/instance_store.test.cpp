// SPDX-License-Identifier: MIT
#include <blobshift/views/instance_store.hpp>

#include <doctest/doctest.h>

#include <array>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include <blobshift/backends/memory_store.hpp>
#include <blobshift/naming/template_names.hpp>
#include <support/print.hpp>
#include <views/service_bench.hpp>

// Every member, over a plain store, one without refinements, and one that is chosen at run time.
template class blobshift::instance_store<blobshift::memory_store>;
template class blobshift::instance_store<blobshift::testing::bare_store>;
template class blobshift::instance_store<blobshift::any_store>;

namespace {

using namespace blobshift;
using namespace blobshift::testing;

static_assert(!std::is_copy_constructible_v<instance_store<memory_store>>);
static_assert(!std::is_move_constructible_v<instance_store<memory_store>>);

constexpr std::array all_formats = {format::old_names, format::dual, format::new_names};

/// Which of the two names a blob has.
struct presence {
    bool old_name;
    bool new_name;
    friend bool operator==(const presence&, const presence&) = default;
};

presence names_of(service_bench& b, const instance_id& id) {
    return {b.text_of(b.old_name(id)).has_value(), b.text_of(b.new_name(id)).has_value()};
}

}  // namespace

TEST_CASE("instance_store: a put writes the names of its format, and every format reads it back") {
    struct row {
        format f;
        presence expected;
        int puts;
    };
    for (const row& t : {row{format::old_names, {true, false}, 1}, row{format::dual, {true, true}, 2},
                         row{format::new_names, {false, true}, 1}}) {
        CAPTURE(to_string(t.f));
        service_bench b(t.f);
        const instance_id id = b.id(1);
        const auto stored = b.put(id, "content");
        REQUIRE(stored);
        CHECK(stored->name == (t.expected.old_name ? b.old_name(id) : b.new_name(id)));
        CHECK(names_of(b, id) == t.expected);
        CHECK(b.files.hook().calls["put"] == t.puts);
        CHECK(b.files.hook().calls["head"] == 0);
        for (const format reading : all_formats) {
            b.store.set_format(reading);
            CHECK(b.got(id) == "content");
        }
        CHECK(b.repairs().empty());
    }
}

TEST_CASE("instance_store: each kind lives in its container, and one that only New can name has that name everywhere") {
    for (const format f : all_formats) {
        CAPTURE(to_string(f));
        service_bench b(f);
        const instance_id id = b.id(1);
        const instance_id work_item{"", "", "2.25.90004", 1};
        REQUIRE(b.put(id, "file", blob_kind::instance));
        REQUIRE(b.put(id, "said", blob_kind::metadata));
        REQUIRE(b.put(id, "frames", blob_kind::frame_ranges));
        REQUIRE(b.put(work_item, "work", blob_kind::work_item));
        const std::size_t each = f == format::dual ? 2 : 1;
        CHECK(list_all(b.files.inner(), {}, {}).value().blobs.size() == each);
        CHECK(list_all(b.metadata.inner(), {}, {}).value().blobs.size() == each + 2);
        CHECK(b.got(id) == "file");
        CHECK(b.got(id, blob_kind::metadata) == "said");
        CHECK(b.got(id, blob_kind::frame_ranges) == "frames");
        CHECK(b.got(work_item, blob_kind::work_item) == "work");
        CHECK(b.text_of(blob_kind::frame_ranges, b.new_name(id, blob_kind::frame_ranges)) == "frames");
    }
}

TEST_CASE("instance_store: a read asks for names in the order of its format, and stops at the first that is there") {
    struct row {
        format f;
        bool sealed;
        presence there;
        const char* expected;  ///< Null: not found.
        int reads;
        std::uint64_t old_format;
    };
    constexpr presence both{true, true};
    constexpr presence only_old{true, false};
    constexpr presence only_new{false, true};
    constexpr presence none{false, false};
    for (const row& t : {
             row{format::old_names, false, both, "old", 1, 0}, row{format::old_names, false, only_old, "old", 1, 0},
             row{format::old_names, false, only_new, "new", 2, 0}, row{format::old_names, false, none, nullptr, 3, 0},
             row{format::dual, false, both, "old", 1, 0}, row{format::dual, false, only_old, "old", 1, 0},
             row{format::dual, false, only_new, "new", 2, 0}, row{format::dual, false, none, nullptr, 3, 0},
             row{format::new_names, false, both, "new", 1, 0}, row{format::new_names, false, only_new, "new", 1, 0},
             row{format::new_names, false, only_old, "old", 2, 1}, row{format::new_names, false, none, nullptr, 3, 0},
             row{format::new_names, true, both, "new", 1, 0}, row{format::new_names, true, only_old, nullptr, 1, 0},
             row{format::old_names, true, only_new, "new", 2, 0},
         }) {
        CAPTURE(to_string(t.f));
        CAPTURE(t.sealed);
        CAPTURE(t.there.old_name);
        CAPTURE(t.there.new_name);
        const auto prepared = [&](auto ask) {
            service_bench b(t.f);
            b.store.set_sealed(t.sealed);
            const instance_id id = b.id(1);
            if (t.there.old_name) b.plant(b.old_name(id), "old");
            if (t.there.new_name) b.plant(b.new_name(id), "new");
            const std::optional<std::string> answer = ask(b, id);
            CHECK(answer == (t.expected == nullptr ? std::nullopt : std::optional<std::string>(t.expected)));
            CHECK(b.store.old_format_reads() == t.old_format);
            CHECK(b.files.hook().calls["read"] + b.files.hook().calls["head"] == t.reads);
        };
        prepared([](service_bench& b, const instance_id& id) { return b.got(id); });
        prepared([](service_bench& b, const instance_id& id) -> std::optional<std::string> {
            bytes out(1);
            const auto got = b.store.read(b.c, id, blob_kind::instance, read_range::part(1, 1), out);
            if (!got) return std::nullopt;
            CHECK(got->count == 1);
            return as_text(out) == "l" ? "old" : "new";
        });
        prepared([](service_bench& b, const instance_id& id) -> std::optional<std::string> {
            const auto info = b.store.head(b.c, id, blob_kind::instance);
            if (!info) return std::nullopt;
            return info->name == b.old_name(id) ? "old" : "new";
        });
    }
}

TEST_CASE("instance_store: a removal is recorded, then takes the old and then the new names of every kind") {
    for (const format f : all_formats) {
        CAPTURE(to_string(f));
        service_bench b(f);
        const instance_id id = b.id(1);
        for (const blob_kind kind : {blob_kind::instance, blob_kind::metadata}) {
            b.plant(kind, b.old_name(id, kind), "x");
            b.plant(kind, b.new_name(id, kind), "x");
        }
        b.plant(blob_kind::frame_ranges, b.new_name(id, blob_kind::frame_ranges), "x");
        b.plant(blob_kind::work_item, b.new_name(id, blob_kind::work_item), "another's: it counts by itself");
        std::vector<std::string> order;
        b.files.hook().before = [&](std::string_view verb, std::string_view n) -> std::optional<error> {
            CHECK(b.deletions() == std::vector<deletion>{{1, id}});
            if (verb == "remove") order.emplace_back(n);
            return std::nullopt;
        };
        const auto gone = b.store.remove(b.c, id);
        REQUIRE(gone);
        CHECK(gone->sequence == 1);
        CHECK(gone->blobs == 5);
        CHECK(order == std::vector{b.old_name(id).text(), b.new_name(id).text()});
        b.files.hook().before = {};
        CHECK(b.blobs() == 1);
        const auto again = b.store.remove(b.c, id);
        REQUIRE(again);
        CHECK(again->blobs == 0);
        CHECK(again->sequence == 2);
    }
}

TEST_CASE("instance_store: once sealed, a removal takes new names only and is not recorded") {
    service_bench b(format::new_names);
    const instance_id id = b.id(1);
    b.store.set_sealed(true);
    b.plant(b.new_name(id), "x");
    const auto gone = b.store.remove(b.c, id);
    REQUIRE(gone);
    CHECK(gone->sequence == 0);
    CHECK(gone->blobs == 1);
    CHECK(b.files.hook().calls["remove"] == 1);
    CHECK(b.metadata.hook().calls["remove"] == 2);
    CHECK(b.state_faults->calls(operation::put) == 0);
}

TEST_CASE("instance_store: work items have ids without a study, and are never mixed with instances") {
    service_bench b(format::dual);
    const instance_id work_item{"", "", "2.25.90004", 5};
    REQUIRE(b.put(work_item, "work", blob_kind::work_item));
    REQUIRE(b.put(b.id(5), "file"));
    CHECK(b.store.remove(b.c, work_item).value().blobs == 1);
    CHECK(b.deletions() == std::vector<deletion>{{1, work_item}});
    CHECK(b.got(b.id(5)) == "file");
    CHECK(b.put(work_item, "x", blob_kind::instance).error().code == errc::invalid_argument);
    CHECK(b.put(b.id(5), "x", blob_kind::work_item).error().code == errc::invalid_argument);
    CHECK(b.store.head(b.c, work_item, blob_kind::metadata).error().code == errc::invalid_argument);
}

TEST_CASE("instance_store: a study, or a series of it, is found by its old names and removed whole") {
    service_bench b(format::dual);
    for (std::int64_t w = 1; w <= 6; ++w) {
        REQUIRE(b.put(b.id(w), "file"));
        REQUIRE(b.put(b.id(w), "said", blob_kind::metadata));
    }
    b.plant(blob_kind::metadata, b.old_name(b.id(8), blob_kind::metadata), "its file is gone");
    b.plant(name("2.25.90001/stray"), "a foreign name below the study");
    b.plant(name("2.25.9000/2.25.1/2.25.1_99.dcm"), "a study whose UID begins alike");
    const auto series = b.store.find_old_names(b.c, "2.25.90001", "2.25.90002.0");
    CHECK(series.value() == std::vector{b.id(2), b.id(4), b.id(6), b.id(8)});
    const auto study = b.store.find_old_names(b.c, "2.25.90001");
    CHECK(study.value().size() == 7);
    CHECK(b.store.find_old_names(b.c, "2.25.9").value().empty());

    CHECK(b.store.remove(b.c, *series).value().blobs == 13);
    CHECK(b.deletions().size() == 4);
    CHECK(b.got(b.id(1)) == "file");
    CHECK(b.store.remove(b.c, *study).value().sequence == 2);
    CHECK(b.blobs() == 2);
    CHECK(b.store.find_old_names(b.c, "2.25.90001").value().empty());
}

TEST_CASE("instance_store: with policies of the caller's own, a study is found by a listing of everything") {
    const auto older = template_names::parse("{watermark}/{study}/{series}/{sop}{kind}");
    REQUIRE(older);
    memory_store blobs;
    any_store state{memory_store{}};
    instance_store store(containers{blobs}, state, dual_names<template_names, prefix_names>::pair(*older, {}).value(),
                         format::dual);
    const context c;
    const instance_id kept{"2.25.1", "2.25.2", "2.25.3", 1};
    const instance_id doomed{"2.25.7", "2.25.2", "2.25.3", 2};
    REQUIRE(store.put(c, kept, blob_kind::instance, as_bytes("kept")));
    REQUIRE(store.put(c, doomed, blob_kind::instance, as_bytes("doomed")));
    CHECK(store.find_old_names(c, "2.25.7").value() == std::vector{doomed});
    CHECK(store.remove(c, doomed).value().blobs == 2);
    CHECK(store.head(c, doomed, blob_kind::instance).error().code == errc::not_found);
    CHECK(store.head(c, kept, blob_kind::instance));
}

TEST_CASE("instance_store: use of the old format is counted always, and told only when it is asked for") {
    service_bench b(format::new_names);
    b.plant(b.old_name(b.id(1)), "old");
    b.plant(b.new_name(b.id(2)), "new");
    CHECK(b.got(b.id(1)));
    CHECK(b.hooks.old_format_counts.empty());
    b.store.log_old_format_usage(true);
    CHECK(b.got(b.id(1)));
    CHECK(b.got(b.id(2)));
    CHECK(b.got(b.id(1)));
    CHECK(b.store.old_format_reads() == 3);
    CHECK(b.hooks.old_format_counts == std::vector<std::uint64_t>{2, 3});
    b.store.set_format(format::dual);
    CHECK(b.got(b.id(1)));
    CHECK(b.store.old_format_reads() == 3);
}

TEST_CASE("instance_store: before a blob gets its new name alone, its old one can be recorded, until the seal") {
    const instance_id id = service_bench::id(1);
    for (const format f : all_formats) {
        CAPTURE(to_string(f));
        service_bench b(f);
        REQUIRE(b.put(id, "file"));
        REQUIRE(b.put(id, "said", blob_kind::metadata));
        REQUIRE(b.put(id, "frames", blob_kind::frame_ranges));
        const std::vector<std::string> both = {
            b.old_name(id).text() + " " + b.new_name(id).text(),
            b.old_name(id, blob_kind::metadata).text() + " " + b.new_name(id, blob_kind::metadata).text()};
        CHECK(b.hooks.origins == (f == format::new_names ? both : std::vector<std::string>()));
    }
    service_bench b(format::new_names);
    b.hooks.origin_failure = make_error(errc::no_space, "full");
    CHECK(b.put(id, "file").error().code == errc::no_space);
    CHECK(b.blobs() == 0);
    b.store.set_sealed(true);
    CHECK(b.put(id, "file"));
    CHECK(b.hooks.origins.size() == 1);
}

TEST_CASE("instance_store: a large file is streamed in blocks to every name, and the source is rewound in between") {
    memory_store blobs;
    any_store state{memory_store{}};
    instance_store store(containers{blobs}, state, dual_names<uid_names, prefix_names>(), format::dual);
    bytes content(100'000);
    for (std::size_t i = 0; i < content.size(); ++i) content[i] = static_cast<std::byte>(i * 7);
    rewindable_memory source(content);
    const context c;
    const instance_id id = service_bench::id(1);
    REQUIRE(store.put(c, id, blob_kind::instance, source, {.content_type = "application/dicom"}, {.block_size = 4096}));
    for (const blob_name& n : {service_bench::old_name(id), service_bench::new_name(id)}) {
        const auto stored = read_all(blobs, c, n, 1 << 20);
        REQUIRE(stored);
        CHECK(stored->content == content);
        CHECK(stored->info.attrs.content_type == "application/dicom");
    }
    CHECK(store.put(c, id, blob_kind::instance, source, {.content_type = "application/dicom"}, {.block_size = 4096}));
    CHECK(store.put(c, id, blob_kind::instance, source).error().code == errc::already_exists);
    bytes frame(1000);
    CHECK(store.read(c, id, blob_kind::instance, read_range::last(10), frame)->offset == 99'990);
    CHECK(store.read(c, id, blob_kind::instance, read_range::from(100'000), frame).error().code == errc::out_of_range);
}

TEST_CASE("instance_store: a call under way keeps its format, and a format is drained when its last call ends") {
    service_bench b(format::old_names);
    CHECK(b.store.drained(format::old_names));
    b.files.hook().before = [&](std::string_view verb, std::string_view) -> std::optional<error> {
        if (verb == "put") {
            b.store.set_format(format::dual);
            CHECK_FALSE(b.store.drained(format::old_names));
            CHECK(b.store.drained(format::dual));
        }
        return std::nullopt;
    };
    REQUIRE(b.put(b.id(1), "content"));
    b.files.hook().before = {};
    CHECK(names_of(b, b.id(1)) == presence{true, false});
    CHECK(b.store.drained(format::old_names));
    CHECK(b.store.current_format() == format::dual);
    REQUIRE(b.put(b.id(2), "content"));
    CHECK(names_of(b, b.id(2)) == presence{true, true});
}
