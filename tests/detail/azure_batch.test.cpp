// SPDX-License-Identifier: MIT

#include <blobshift/detail/azure_batch.hpp>

#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <blobshift/detail/azure_requests.hpp>
#include <support/answers.hpp>
#include <support/requests.hpp>

using namespace blobshift;
using namespace blobshift::detail;
using test::answer;
using test::container;
using test::name;
using test::shown;

namespace {

const utc_time now = from_rfc1123("Fri, 02 Jan 2026 03:04:05 GMT").value();
const http_request whole{.method = "POST", .url = container + "?restype=container&comp=batch"};

std::vector<http_request> deletes(std::size_t count) {
    std::vector<http_request> parts;
    for (std::size_t i = 0; i < count; ++i) {
        parts.push_back(
            delete_blob_request(container, name("b " + std::to_string(i)), condition::if_match(etag("\"1\""))).value());
    }
    return parts;
}

std::string part(const std::string& id, const std::string& status, const std::string& code = "",
                 const std::string& body = "") {
    return "--batchresponse_1\r\nContent-Type: application/http\r\n" +
           (id.empty() ? "" : "Content-ID: " + id + "\r\n") + "\r\nHTTP/1.1 " + status + "\r\n" +
           (code.empty() ? "" : "x-ms-error-code: " + code + "\r\n") + "Server: x\r\n\r\n" + body + "\r\n";
}

http_response batch_answer(const std::string& body,
                           const std::string& type = "multipart/mixed; boundary=batchresponse_1") {
    return answer(202, {{"content-type", type}}, body);
}

const std::string end = "--batchresponse_1--";

/// One letter for each part: r(emoved), a(bsent), or the error's kind.
std::string outcomes(const result<std::vector<result<bool>>>& read) {
    if (!read) return describe(read.error());
    std::string text;
    for (const auto& r : *read) text += r ? (*r ? "r " : "a ") : std::string(to_string(r.error().code)) + " ";
    return text;
}

}  // namespace

TEST_CASE("each part of a batch is signed alone, over its own path, without a version of its own") {
    const auto parts = deletes(2);
    const auto key = shared_key::create("account1", secret("Zm9v")).value();
    const std::string body = batch_body(parts, "batch_x", key, {now}).value();
    const auto one = [&](const char* id, const char* blob) {
        const std::string signature =
            key.sign(std::string("DELETE\n\n\n\n\n\n\n\n\"1\"\n\n\n\nx-ms-date:Fri, 02 Jan 2026 03:04:05 GMT\n"
                                 "/account1/cont/") +
                     blob);
        return std::string(
                   "--batch_x\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\nContent-ID: ") +
               id + "\r\n\r\nDELETE /cont/" + blob +
               " HTTP/1.1\r\nIf-Match: \"1\"\r\nx-ms-date: Fri, 02 Jan 2026 03:04:05 GMT\r\n"
               "Authorization: SharedKey account1:" +
               signature + "\r\nContent-Length: 0\r\n\r\n";
    };
    CHECK(body == one("0", "b%200") + one("1", "b%201") + "--batch_x--\r\n");
    CHECK(shown(batch_request(container, body, "batch_x")) ==
          "POST " + container + "?restype=container&comp=batch\nContent-Type: multipart/mixed; boundary=batch_x\n\n" +
              body + "\n");
}

TEST_CASE("a part carries the SAS in its path, and the account of the emulator") {
    const std::vector<http_request> parts{
        delete_blob_request("http://127.0.0.1:10000/devstoreaccount1/cont", name("b")).value()};
    const std::string body = batch_body(parts, "x", sas_token{secret("sv=1&sig=a%2B")}, {now}).value();
    CHECK(body.find("\r\nDELETE /devstoreaccount1/cont/b?sv=1&sig=a%2B HTTP/1.1\r\n") != std::string::npos);
}

TEST_CASE("a batch has 1 to 256 parts") {
    CHECK(batch_body(deletes(256), "x", anonymous{}, {now}));
    CHECK(!batch_body(deletes(257), "x", anonymous{}, {now}));
    CHECK(!batch_body({}, "x", anonymous{}, {now}));
    const std::vector<http_request> plain{delete_blob_request("http://127.0.0.1/account1/cont", name("b")).value()};
    CHECK(!batch_body(plain, "x", bearer_token{secret("t")}, {now}));
}

TEST_CASE("every part of an answer goes to its own request, in any order") {
    const auto parts = deletes(4);
    const std::string body = part("2", "404 The specified blob does not exist.", "BlobNotFound", "<Error/>") +
                             part("0", "202 Accepted") + part("3", "412 Precondition Failed", "ConditionNotMet") +
                             part("1", "503 Busy", "ServerBusy") + end;
    const auto read = read_batch(whole, batch_answer(body), parts);
    CHECK(outcomes(read) == "r throttled a condition_failed ");
    CHECK((*read)[1].error().is_transient());
    CHECK((*read)[1].error().done == effect::indeterminate);
    CHECK((*read)[3].error().done == effect::none);
    CHECK((*read)[3].error().service_code == "ConditionNotMet");
    CHECK((*read)[3].error().request_id == "11111111-2222-3333-4444-555555555555");
}

TEST_CASE("a boundary in quotes, lines without carriage returns, and text behind the end are read") {
    const auto parts = deletes(1);
    std::string body = part("0", "202 Accepted") + end + "\r\nepilogue";
    CHECK(outcomes(read_batch(whole, batch_answer(body, "Multipart/Mixed; boundary=\"batchresponse_1\""), parts)) ==
          "r ");
    CHECK(outcomes(read_batch(whole, batch_answer(body, "multipart/mixed; boundary=batchresponse_1; charset=utf-8"),
                              parts)) == "r ");
    std::erase(body, '\r');
    CHECK(outcomes(read_batch(whole, batch_answer(body), parts)) == "r ");
}

TEST_CASE("a part that the answer does not speak of, or twice, is unknown; the others are not") {
    const auto parts = deletes(3);
    const auto read = read_batch(whole,
                                 batch_answer(part("0", "202 Accepted") + part("2", "202 Accepted") +
                                              part("2", "404 Not Found", "BlobNotFound") + end),
                                 parts);
    CHECK(outcomes(read) == "r corrupt corrupt ");
    CHECK((*read)[1].error().done == effect::indeterminate);
    CHECK((*read)[2].error().done == effect::indeterminate);
}

TEST_CASE("a part without an id speaks of the whole batch") {
    const auto parts = deletes(2);
    const auto refused =
        read_batch(whole, batch_answer(part("", "400 Bad", "ExceedsMaxBatchRequestCount") + end), parts);
    REQUIRE(!refused);
    CHECK(refused.error().service_code == "ExceedsMaxBatchRequestCount");
    CHECK(refused.error().code == errc::invalid_argument);
    CHECK(refused.error().http_status == 400);
    CHECK(refused.error().done == effect::none);
    CHECK(read_batch(whole, batch_answer(part("", "503 Busy", "ServerBusy") + end), parts).error().code ==
          errc::throttled);
    const auto odd = read_batch(whole, batch_answer(part("0", "202 Accepted") + part("", "202 Accepted") + end), parts);
    REQUIRE(!odd);
    CHECK(odd.error().done == effect::indeterminate);
}

TEST_CASE("an answer that is no whole multipart is an error for all, its effect unknown") {
    const auto parts = deletes(2);
    const std::string good = part("0", "202 Accepted") + part("1", "202 Accepted") + end;
    REQUIRE(read_batch(whole, batch_answer(good), parts));
    for (std::size_t size = 0; size < good.size(); ++size) {
        const auto cut = read_batch(whole, batch_answer(good.substr(0, size)), parts);
        if (cut) FAIL("cut at " << size);
        if (cut.error().done != effect::indeterminate || !cut.error().is_transient()) FAIL("cut at " << size);
    }
    for (const std::string& type :
         {std::string(), std::string("text/plain"), std::string("multipart/mixed"),
          std::string("multipart/mixed; boundary="), std::string("multipart/mixed; boundary=other")}) {
        CAPTURE(type);
        CHECK(!read_batch(whole, batch_answer(good, type), parts));
    }
    for (const std::string& broken :
         {part("x", "202 Accepted"), part("2", "202 Accepted"), part("-1", "202 Accepted"), part("0", "2"),
          part("0", "099 Odd"), part("0", "xyz"), part("0\r\nContent-ID: 1", "202 Accepted"),
          std::string("--batchresponse_1\r\nno header\r\n\r\nHTTP/1.1 202 Accepted\r\n\r\n\r\n"),
          std::string("--batchresponse_1\r\nContent-ID: 0\r\n\r\nHTTP/2 202\r\n\r\n\r\n")}) {
        CAPTURE(broken);
        CHECK(!read_batch(whole, batch_answer(broken + end), parts));
    }
    CHECK(read_batch(whole, test::refusal(403, "AuthorizationFailure"), parts).error().code == errc::permission_denied);
}
