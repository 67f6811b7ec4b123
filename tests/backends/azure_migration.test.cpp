// SPDX-License-Identifier: MIT
//
// A whole migration over the Azure store, request by request.
#include <blobshift/backends/azure_store.hpp>

#include <doctest/doctest.h>

#include <azure/fake_azure.hpp>
#include <blobshift/backends/memory_store.hpp>
#include <blobshift/migrate/copy.hpp>
#include <blobshift/migrate/remove.hpp>
#include <blobshift/migrate/verify.hpp>
#include <blobshift/naming/dicom_names.hpp>
#include <blobshift/store/any_store.hpp>
#include <support/print.hpp>

namespace {

using namespace blobshift;

TEST_CASE("copy, verify and delete of 50,000 blobs on Azure take at most 1.02 requests for each, and no read") {
    constexpr std::int64_t count = 50'000;
    const testing::fake_place at;
    const uid_names from;
    const prefix_names to;
    const digest md5 = testing::md5_of("content");
    for (std::int64_t w = 1; w <= count; ++w) {
        const instance_id id{"1.2.840." + std::to_string(w % 5), "1.2.840.7", "2.25." + std::to_string(w), w};
        testing::fake_blob& b =
            at.service->containers.at("box").blobs[from.name_of(id, blob_kind::instance).value().text()];
        b.content = "content";
        b.md5 = md5;
        b.tier = w % 2 == 0 ? "Cool" : "";
        at.service->touch(b);
    }
    any_store store(at.open());
    any_store state{memory_store()};
    any_store scratch{memory_store()};
    migration_observer quiet;
    const migration_job job{store, from, to, state, scratch, quiet, {.concurrency = 32}};

    const auto copied = copy_blobs(job, at.c()).value();
    CHECK(copied.complete);
    CHECK(copied.made.objects(outcome::copied) == count);
    const auto verified = verify_copies(job, at.c()).value();
    CHECK(verified.complete);
    CHECK(verified.read_objects == 0);
    const auto removed = remove_sources(job, at.c()).value();
    CHECK(removed.complete);
    CHECK(removed.read_objects == 0);

    CHECK(at.service->count("copy") == count);
    // Two passes of copy, verify, delete, and its second look at the new names, with a page anew for each of its 7
    // waves.
    CHECK(at.service->count("list") <= 10 + 20 + 20 + 20 + 20 + 7);
    CHECK(at.service->count("get") + at.service->count("head") + at.service->count("get tags") == 0);
    CHECK(at.service->total() <= static_cast<std::size_t>(count + count / 50));
    const auto& blobs = at.service->containers.at("box").blobs;
    CHECK(blobs.size() == count);
    CHECK(std::all_of(blobs.begin(), blobs.end(),
                      [&](const auto& b) { return b.second.content == "content" && b.second.md5 == md5; }));
    CHECK(blobs.at(to.name_of({{}, {}, {}, 2}, blob_kind::instance).value().text()).tier == "Cool");
}

}  // namespace
