// SPDX-License-Identifier: MIT

#include <blobshift/detail/azure_responses.hpp>

#include <string>

#include <doctest/doctest.h>
#include <support/answers.hpp>
#include <support/requests.hpp>

using namespace blobshift;
using namespace blobshift::detail;
using test::answer;
using test::name;
using test::refusal;

namespace {

const http_request head_request{.method = "HEAD", .url = "https://h/c/b"};
const http_request get_request{.method = "GET", .url = "https://h/c/b"};
const http_request put_request{.method = "PUT", .url = "https://h/c/b"};
const http_request delete_request{.method = "DELETE", .url = "https://h/c/b"};

std::vector<http_header> usual(std::vector<http_header> more = {}) {
    more.push_back({"etag", "\"0x8D1\""});
    more.push_back({"last-modified", "Fri, 02 Jan 2026 03:04:05 GMT"});
    return more;
}

const utc_time modified = from_rfc1123("Fri, 02 Jan 2026 03:04:05 GMT").value();

}  // namespace

TEST_CASE("the answer to HEAD is a whole blob_info") {
    const auto info = read_head(head_request,
                                answer(200, usual({{"content-length", "5368709120"},
                                                   {"content-type", "text/plain"},
                                                   {"content-encoding", "gzip"},
                                                   {"content-language", "en"},
                                                   {"content-disposition", "inline"},
                                                   {"cache-control", "no-cache"},
                                                   {"content-md5", "sQqNsWTgdUEFt6mb5y4/5Q=="},
                                                   {"x-ms-meta-a", "1"},
                                                   {"x-ms-meta-b_2", ""},
                                                   {"x-ms-access-tier", "Archive"},
                                                   {"x-ms-lease-status", "locked"},
                                                   {"x-ms-legal-hold", "true"},
                                                   {"x-ms-copy-status", "aborted"},
                                                   {"x-ms-copy-id", "c-1"}})),
                                name("b"))
                          .value();
    CHECK(info.name == name("b"));
    CHECK(info.size_bytes == 5368709120U);
    CHECK(info.tag == etag("\"0x8D1\""));
    CHECK(info.last_modified == modified);
    CHECK(info.attrs == attributes{.content_type = "text/plain",
                                   .content_encoding = "gzip",
                                   .content_language = "en",
                                   .content_disposition = "inline",
                                   .cache_control = "no-cache",
                                   .metadata = {{"a", "1"}, {"b_2", ""}}});
    CHECK(info.stored_hash == parse_azure_hash(hash_algorithm::md5, "sQqNsWTgdUEFt6mb5y4/5Q=="));
    CHECK(info.tier == "Archive");
    CHECK(info.copy == copy_state::aborted);
    CHECK(info.copy_id == "c-1");
    CHECK(info.obstacles == blob_obstacles{.archived = true, .leased = true, .immutable = true});
}

TEST_CASE("states of copies and obstacles are told apart") {
    const auto read = [](std::vector<http_header> more) {
        more.push_back({"content-length", "0"});
        return read_head(head_request, answer(200, usual(std::move(more))), name("b")).value();
    };
    CHECK(read({}).copy == copy_state::none);
    CHECK(read({{"x-ms-copy-status", "pending"}}).copy == copy_state::pending);
    CHECK(read({{"x-ms-copy-status", "success"}}).copy == copy_state::succeeded);
    CHECK(read({{"x-ms-copy-status", "failed"}}).copy == copy_state::failed);
    CHECK(read({{"x-ms-copy-id", "c"}}).copy_id == "");
    CHECK(read({}).obstacles == blob_obstacles{});
    CHECK(read({{"x-ms-archive-status", "rehydrate-pending-to-hot"}}).obstacles == blob_obstacles{.archived = true});
    CHECK(read({{"x-ms-lease-status", "unlocked"}, {"x-ms-legal-hold", "false"}}).obstacles == blob_obstacles{});
    CHECK(read({{"x-ms-immutability-policy-until-date", "Fri, 02 Jan 2026 03:04:05 GMT"}}).obstacles ==
          blob_obstacles{.immutable = true});
    CHECK(!read({{"content-md5", "any text"}}).stored_hash);
}

TEST_CASE("an answer to HEAD that lacks what every blob has is broken, to be repeated") {
    for (const auto& r : {answer(200, usual()), answer(200, usual({{"content-length", "-1"}})),
                          answer(200, usual({{"content-length", "1x"}})), answer(200, {{"content-length", "1"}}),
                          answer(200, {{"content-length", "1"}, {"etag", "\"1\""}}),
                          answer(200, {{"content-length", "1"}, {"last-modified", "Fri, 02 Jan 2026 03:04:05 GMT"}})}) {
        const auto info = read_head(head_request, r, name("b"));
        REQUIRE(!info);
        CHECK(info.error().code == errc::corrupt);
        CHECK(info.error().is_transient());
        CHECK(info.error().done == effect::none);
    }
    CHECK(read_head(head_request, refusal(404, "BlobNotFound"), name("b")).error().code == errc::not_found);
}

TEST_CASE("a read brought what was asked for, no more, no less, of the whole or of a part") {
    const auto ranged = [](const char* range, std::string_view body) {
        return answer(206, usual({{"content-range", range}, {"content-md5", "AAAAAAAAAAAAAAAAAAAAAA=="}}), body);
    };
    const auto whole =
        read_content(get_request, answer(200, usual({{"content-md5", "sQqNsWTgdUEFt6mb5y4/5Q=="}}), "12345"),
                     name("b"), 0, {});
    CHECK(whole.value().count == 5);
    CHECK(whole.value().info.size_bytes == 5);
    CHECK(whole.value().info.stored_hash);
    CHECK(read_content(get_request, answer(200, usual(), ""), name("b"), 0, {}).value().count == 0);
    CHECK(read_content(get_request, answer(200, usual(), "12345"), name("b"), 0, 9).value().count == 5);

    const auto part = read_content(get_request, ranged("bytes 2-3/5", "34"), name("b"), 2, 2).value();
    CHECK(part.offset == 2);
    CHECK(part.count == 2);
    CHECK(part.info.size_bytes == 5);
    CHECK(!part.info.stored_hash);  // the MD5 of a range is not the blob's
    CHECK(read_content(get_request, ranged("bytes 2-4/5", "345"), name("b"), 2, {}).value().count == 3);
    CHECK(read_content(get_request, ranged("bytes 2-4/5", "345"), name("b"), 2, 100).value().count == 3);
    auto with_own = ranged("bytes 2-3/5", "34");
    with_own.headers.push_back({"x-ms-blob-content-md5", "sQqNsWTgdUEFt6mb5y4/5Q=="});
    CHECK(read_content(get_request, with_own, name("b"), 2, 2).value().info.stored_hash ==
          parse_azure_hash(hash_algorithm::md5, "sQqNsWTgdUEFt6mb5y4/5Q=="));
}

TEST_CASE("a read that brought something else is broken, to be repeated") {
    struct row {
        int status;
        const char* range;
        const char* body;
        std::uint64_t offset;
        std::uint64_t length;
    };
    for (const row& t : {
             row{200, "", "12345", 2, 2},           // the whole instead of a part
             row{200, "", "12345", 0, 2},           // more than was asked for
             row{206, "", "34", 2, 2},              // no range
             row{206, "bytes 1-2/5", "23", 2, 2},   // another range
             row{206, "bytes 2-4/5", "345", 2, 2},  // a longer one
             row{206, "bytes 2-2/5", "3", 2, 2},    // a shorter one, though there is more
             row{206, "bytes 2-3/5", "3", 2, 2},    // fewer bytes than it says
             row{206, "bytes 2-3/5", "345", 2, 2},  // more bytes than it says
             row{206, "bytes 3-2/5", "34", 2, 2},
             row{206, "bytes 2-5/5", "3456", 2, 4},
             row{206, "bytes 2-3/*", "34", 2, 2},
             row{206, "bytes */5", "34", 2, 2},
             row{206, "items 2-3/5", "34", 2, 2},
             row{206, "bytes 2-3", "34", 2, 2},
             row{206, "bytes 2/3-5", "34", 2, 2},
             row{206, "bytes -3/5", "34", 2, 2},
             row{206, "bytes 2-3/99999999999999999999", "34", 2, 2},
         }) {
        CAPTURE(t.range);
        CAPTURE(t.body);
        std::vector<http_header> headers = usual();
        if (*t.range != 0) headers.push_back({"content-range", t.range});
        const auto content =
            read_content(get_request, answer(t.status, headers, t.body), name("b"), t.offset, t.length);
        REQUIRE(!content);
        CHECK(content.error().code == errc::corrupt);
        CHECK(content.error().is_transient());
    }
    CHECK(!read_content(get_request, answer(200, {}, "12345"), name("b"), 0, {}));  // no etag to pin the next part to
}

TEST_CASE("a range behind the end is out of range, also where the service answers with an empty part") {
    CHECK(read_content(get_request, refusal(416, "InvalidRange"), name("b"), 10, 5).error().code == errc::out_of_range);
    const auto empty = answer(206, usual({{"content-range", "bytes 10-9/10"}}), "");
    CHECK(read_content(get_request, empty, name("b"), 10, 5).error().code == errc::out_of_range);
}

TEST_CASE("a write answers with its version; an answer without one leaves its effect unknown") {
    const auto w =
        read_written(put_request, answer(201, usual({{"content-md5", "sQqNsWTgdUEFt6mb5y4/5Q=="}})), 201).value();
    CHECK(w.tag == etag("\"0x8D1\""));
    CHECK(w.last_modified == modified);
    CHECK(w.content_md5);
    CHECK(!read_written(put_request, answer(200, usual()), 201));
    const auto broken = read_written(put_request, answer(201), 201);
    REQUIRE(!broken);
    CHECK(broken.error().done == effect::indeterminate);
    CHECK(read_written(put_request, refusal(412, "ConditionNotMet"), 201).error().code == errc::condition_failed);
}

TEST_CASE("the start of a copy is done, pending, or an error") {
    const auto started = [](std::vector<http_header> more, int status = 202) {
        return read_copy_started(put_request, answer(status, usual(std::move(more))));
    };
    const auto pending = started({{"x-ms-copy-id", "c-1"}, {"x-ms-copy-status", "pending"}}).value();
    CHECK(pending.id == "c-1");
    CHECK(pending.state == copy_state::pending);
    CHECK(pending.target.tag == etag("\"0x8D1\""));
    CHECK(started({{"x-ms-copy-id", "c-1"}, {"x-ms-copy-status", "success"}}).value().state == copy_state::succeeded);
    for (const char* state : {"failed", "aborted", "", "Success", "new"}) {
        CAPTURE(state);
        CHECK(started({{"x-ms-copy-id", "c-1"}, {"x-ms-copy-status", state}}).error().done == effect::indeterminate);
    }
    CHECK(!started({{"x-ms-copy-status", "success"}}));
    CHECK(!started({{"x-ms-copy-id", "c-1"}}));
    CHECK(!started({{"x-ms-copy-id", "c-1"}, {"x-ms-copy-status", "success"}}, 201));
}

TEST_CASE("a snapshot or a lease answers with its name") {
    CHECK(read_named(put_request, answer(201, {{"x-ms-snapshot", "2026"}}), 201, "x-ms-snapshot").value() == "2026");
    CHECK(read_named(put_request, answer(201), 201, "x-ms-lease-id").error().message ==
          "the answer has no valid x-ms-lease-id");
    CHECK(read_named(put_request, refusal(409, "LeaseAlreadyPresent"), 201, "x-ms-lease-id").error().code ==
          errc::blocked);
}

TEST_CASE("a delete says whether the blob was there; a missing container is an error") {
    CHECK(read_deleted(delete_request, answer(202)).value());
    CHECK(!read_deleted(delete_request, refusal(404, "BlobNotFound")).value());
    CHECK(!read_deleted(delete_request, refusal(404, "")).value());
    CHECK(read_deleted(delete_request, refusal(404, "ContainerNotFound")).error().code == errc::not_found);
    CHECK(read_deleted(delete_request, refusal(409, "SnapshotsPresent")).error().code == errc::blocked);
    CHECK(read_deleted(delete_request, answer(200)).error().done == effect::indeterminate);
}

TEST_CASE("a container exists, or not, or one does not know") {
    CHECK(read_container_exists(head_request, answer(200)).value());
    CHECK(!read_container_exists(head_request, refusal(404, "ContainerNotFound")).value());
    CHECK(read_container_exists(head_request, refusal(403, "AuthorizationFailure")).error().code ==
          errc::permission_denied);
}
