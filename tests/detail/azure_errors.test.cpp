// SPDX-License-Identifier: MIT

#include <blobshift/detail/azure_errors.hpp>

#include <string>

#include <doctest/doctest.h>
#include <support/answers.hpp>

using namespace blobshift;
using namespace blobshift::detail;
using namespace std::chrono_literals;
using test::answer;
using test::refusal;

namespace {

const http_request get{.method = "GET", .url = "https://h/c/b"};
const http_request put{.method = "PUT", .url = "https://h/c/b"};
const http_request create{.method = "PUT", .url = "https://h/c/b", .headers = {{"If-None-Match", "*"}}};
const http_request replace{.method = "PUT", .url = "https://h/c/b", .headers = {{"If-Match", "\"1\""}}};

}  // namespace

TEST_CASE("each status and code of the service is one decision") {
    struct row {
        int status;
        const char* code;
        errc kind;
        retry_hint again;
        effect done;  ///< Of a PUT.
    };
    const auto never = retry_hint::never;
    const auto wait = retry_hint::wait;
    const auto none = effect::none;
    const auto unknown = effect::indeterminate;
    for (const row& t : {
             row{304, "ConditionNotMet", errc::condition_failed, never, none},
             row{400, "InvalidHeaderValue", errc::invalid_argument, never, none},
             row{400, "InvalidMetadata", errc::invalid_argument, never, none},
             row{400, "MetadataTooLarge", errc::invalid_argument, never, none},
             row{400, "InvalidBlobOrBlock", errc::invalid_argument, never, none},
             row{400, "InvalidQueryParameterValue", errc::invalid_argument, never, none},
             row{400, "OutOfRangeQueryParameterValue", errc::invalid_argument, never, none},
             row{400, "InvalidBlockList", errc::invalid_argument, never, none},
             row{400, "BlockListTooLong", errc::invalid_argument, never, none},
             row{400, "InvalidXmlDocument", errc::invalid_argument, never, none},
             row{400, "InvalidInput", errc::invalid_argument, never, none},
             row{400, "ExceedsMaxBatchRequestCount", errc::invalid_argument, never, none},
             row{400, "Md5Mismatch", errc::corrupt, wait, none},
             row{400, "Crc64Mismatch", errc::corrupt, wait, none},
             row{400, "InvalidAuthenticationInfo", errc::unauthenticated, never, none},
             row{400, "", errc::invalid_argument, never, none},
             row{401, "NoAuthenticationInformation", errc::unauthenticated, never, none},
             row{401, "InvalidAuthenticationInfo", errc::unauthenticated, never, none},
             row{403, "AuthenticationFailed", errc::unauthenticated, never, none},
             row{403, "AuthorizationFailure", errc::permission_denied, never, none},
             row{403, "AuthorizationPermissionMismatch", errc::permission_denied, never, none},
             row{403, "AuthorizationSourceIPMismatch", errc::permission_denied, never, none},
             row{403, "AuthorizationResourceTypeMismatch", errc::permission_denied, never, none},
             row{403, "AuthorizationServiceMismatch", errc::permission_denied, never, none},
             row{403, "AuthorizationProtocolMismatch", errc::permission_denied, never, none},
             row{404, "BlobNotFound", errc::not_found, never, none},
             row{404, "ContainerNotFound", errc::not_found, never, none},
             row{404, "", errc::not_found, never, none},
             row{405, "UnsupportedHttpVerb", errc::unsupported, never, none},
             row{408, "", errc::unavailable, wait, unknown},
             row{409, "BlobAlreadyExists", errc::already_exists, never, none},
             row{409, "ContainerAlreadyExists", errc::already_exists, never, none},
             row{409, "ContainerBeingDeleted", errc::conflict, never, none},
             row{409, "InvalidBlobType", errc::unsupported, never, none},
             row{409, "BlockCountExceedsLimit", errc::invalid_argument, never, none},
             row{409, "PendingCopyOperation", errc::conflict, never, none},
             row{409, "NoPendingCopyOperation", errc::conflict, never, none},
             row{409, "CopyIdMismatch", errc::conflict, never, none},
             row{409, "SnapshotsPresent", errc::blocked, never, none},
             row{409, "BlobArchived", errc::blocked, never, none},
             row{409, "BlobBeingRehydrated", errc::blocked, never, none},
             row{409, "BlobImmutableDueToPolicy", errc::blocked, never, none},
             row{409, "BlobImmutableDueToLegalHold", errc::blocked, never, none},
             row{409, "LeaseAlreadyPresent", errc::blocked, never, none},
             row{409, "LeaseIdMismatchWithLeaseOperation", errc::blocked, never, none},
             row{409, "LeaseIsBreakingAndCannotBeAcquired", errc::blocked, never, none},
             row{409, "BlobUsesCustomerSpecifiedEncryption", errc::unsupported, never, none},
             row{409, "PublicAccessNotPermitted", errc::permission_denied, never, none},
             row{409, "SomethingNew", errc::conflict, never, none},
             row{411, "MissingContentLengthHeader", errc::invalid_argument, never, none},
             row{412, "ConditionNotMet", errc::condition_failed, never, none},
             row{412, "SourceConditionNotMet", errc::condition_failed, never, none},
             row{412, "TargetConditionNotMet", errc::condition_failed, never, none},
             row{412, "LeaseIdMissing", errc::blocked, never, none},
             row{412, "LeaseIdMismatchWithBlobOperation", errc::blocked, never, none},
             row{412, "LeaseNotPresentWithBlobOperation", errc::conflict, never, none},
             row{412, "LeaseLost", errc::conflict, never, none},
             row{413, "RequestBodyTooLarge", errc::invalid_argument, never, none},
             row{416, "InvalidRange", errc::out_of_range, never, none},
             row{418, "", errc::invalid_argument, never, none},
             row{429, "TooManyRequests", errc::throttled, wait, none},
             row{500, "InternalError", errc::unavailable, wait, unknown},
             row{500, "OperationTimedOut", errc::unavailable, wait, unknown},
             row{500, "", errc::unavailable, wait, unknown},
             row{500, "FeatureNotSupported", errc::unsupported, never, none},
             row{501, "APINotImplemented", errc::unsupported, never, none},
             row{501, "NotImplemented", errc::unsupported, never, none},
             row{502, "", errc::unavailable, wait, unknown},
             row{503, "ServerBusy", errc::throttled, wait, unknown},
             row{503, "OperationTimedOut", errc::unavailable, wait, unknown},
             row{503, "", errc::throttled, wait, unknown},
             row{504, "", errc::unavailable, wait, unknown},
             row{507, "", errc::no_space, never, unknown},
             row{599, "", errc::unavailable, wait, unknown},
             row{301, "", errc::unsupported, never, none},
             row{307, "", errc::unsupported, never, none},
             row{200, "", errc::corrupt, wait, unknown},
             row{204, "BlobNotFound", errc::corrupt, wait, unknown},
             row{100, "", errc::unavailable, wait, unknown},
         }) {
        CAPTURE(t.status);
        CAPTURE(t.code);
        const error e = service_error(put, refusal(t.status, t.code));
        CHECK(e.code == t.kind);
        CHECK(e.again == t.again);
        CHECK(e.done == t.done);
        CHECK(e.http_status == t.status);
        CHECK(e.service_code == t.code);
        CHECK(e.request_id == "11111111-2222-3333-4444-555555555555");
        CHECK(!e.message.empty());
        CHECK(service_error(get, refusal(t.status, t.code)).done == effect::none);
    }
}

TEST_CASE("a create-only write that met a blob says so, whether the service answers 409 or 412") {
    CHECK(service_error(create, refusal(409, "BlobAlreadyExists")).code == errc::already_exists);
    CHECK(service_error(create, refusal(412, "ConditionNotMet")).code == errc::already_exists);
    CHECK(service_error(create, refusal(412, "TargetConditionNotMet")).code == errc::already_exists);
    CHECK(service_error(create, refusal(412, "")).code == errc::already_exists);
    CHECK(service_error(create, refusal(412, "SourceConditionNotMet")).code == errc::condition_failed);
    CHECK(service_error(create, refusal(412, "LeaseIdMissing")).code == errc::blocked);
    CHECK(service_error(replace, refusal(412, "ConditionNotMet")).code == errc::condition_failed);
}

TEST_CASE("the code is taken from the header, else from the body") {
    const std::string body = "<Error><Code>BlobArchived</Code><Message>m</Message></Error>";
    CHECK(service_error(put, answer(409, {}, body)).code == errc::blocked);
    CHECK(service_error(put, answer(409, {{"x-ms-error-code", "PendingCopyOperation"}}, body)).service_code ==
          "PendingCopyOperation");
    CHECK(service_error(put, answer(409, {}, "<html>nonsense</html>")).code == errc::conflict);
}

TEST_CASE("a source that the service could not read is judged by what it met there") {
    struct row {
        int status;
        int source_status;
        const char* source_code;
        errc kind;
        retry_hint again;
    };
    for (const row& t : {
             row{404, 0, "", errc::not_found, retry_hint::never},
             row{404, 404, "BlobNotFound", errc::not_found, retry_hint::never},
             row{401, 401, "NoAuthenticationInformation", errc::permission_denied, retry_hint::never},
             row{403, 403, "AuthorizationFailure", errc::permission_denied, retry_hint::never},
             row{409, 409, "BlobArchived", errc::blocked, retry_hint::never},
             row{412, 412, "ConditionNotMet", errc::condition_failed, retry_hint::never},
             row{500, 500, "InternalError", errc::unavailable, retry_hint::wait},
             row{403, 503, "ServerBusy", errc::throttled, retry_hint::wait},
             row{403, 500, "OperationTimedOut", errc::unavailable, retry_hint::wait},
             row{400, 429, "", errc::throttled, retry_hint::wait},
         }) {
        CAPTURE(t.source_status);
        CAPTURE(t.source_code);
        auto r = refusal(t.status, "CannotVerifyCopySource");
        if (t.source_status != 0)
            r.headers.push_back({"x-ms-copy-source-status-code", std::to_string(t.source_status)});
        if (*t.source_code != 0) r.headers.push_back({"x-ms-copy-source-error-code", t.source_code});
        const error e = service_error(create, r);
        CHECK(e.code == t.kind);
        CHECK(e.again == t.again);
        CHECK(e.service_code == "CannotVerifyCopySource");
        const std::string body = "<Error><Code>CannotVerifyCopySource</Code><CopySourceStatusCode>" +
                                 std::to_string(t.source_status) + "</CopySourceStatusCode><CopySourceErrorCode>" +
                                 t.source_code + "</CopySourceErrorCode></Error>";
        CHECK(service_error(create, answer(t.status, {}, body)).code == t.kind);
    }
}

TEST_CASE("what the service said at length is kept for programs and never printed") {
    const std::string body =
        "<Error><Code>AuthenticationFailed</Code><Message>about canary-name</Message><AuthenticationErrorDetail>string "
        "to "
        "sign: canary-name</AuthenticationErrorDetail></Error>";
    const error e = service_error(put, answer(403, {}, body));
    CHECK(e.service_detail == "string to sign: canary-name");
    CHECK(describe(e).find("canary") == std::string::npos);
    const error m =
        service_error(put, answer(400, {}, "<Error><Code>X</Code><Message>about canary-name</Message></Error>"));
    CHECK(m.service_detail == "about canary-name");
    CHECK(describe(m).find("canary") == std::string::npos);
}

TEST_CASE("a code or an id that is no plain word is dropped: it is printed, and anybody may have sent it") {
    for (const std::string& text :
         {std::string("a b"), std::string("\x1B[2J"), std::string("canary/name.dcm"), std::string(65, 'x')}) {
        const error e =
            service_error(put, {.status = 400, .headers = {{"x-ms-error-code", text}, {"x-ms-request-id", text}}});
        CHECK(e.service_code == "");
        CHECK(e.request_id == "");
    }
}

TEST_CASE("the wait that the service asks for is read in every spelling, and garbage is ignored") {
    struct row {
        const char* name;
        const char* value;
        std::optional<std::chrono::milliseconds> wait;
    };
    for (const row& t : {
             row{"retry-after", "0", 0ms},
             row{"retry-after", "7", 7000ms},
             row{"retry-after", "86401", 24h},
             row{"retry-after", "1000000000", 24h},
             row{"retry-after", "99999999999999999999999999", 24h},
             row{"retry-after", "-1", std::nullopt},
             row{"retry-after", "", std::nullopt},
             row{"retry-after", "soon", std::nullopt},
             row{"retry-after", "1.5", std::nullopt},
             row{"retry-after", "+1", std::nullopt},
             row{"x-ms-retry-after-ms", "250", 250ms},
             row{"x-ms-retry-after-ms", "x", std::nullopt},
             row{"retry-after-ms", "5", 5ms},
             row{"retry-after-ms", "99999999999999999999", 24h},
             row{"retry-after", "Fri, 02 Jan 2026 03:04:15 GMT", 10s},
             row{"retry-after", "Fri, 02 Jan 2026 03:04:04 GMT", 0ms},
             row{"retry-after", "Fri, 02 Jan 2036 03:04:04 GMT", 24h},
             row{"retry-after", "Fri, 32 Jan 2026 03:04:04 GMT", std::nullopt},
         }) {
        CAPTURE(t.name);
        CAPTURE(t.value);
        auto r = answer(503, {{t.name, t.value}, {"date", "Fri, 02 Jan 2026 03:04:05 GMT"}});
        CHECK(retry_after(r) == t.wait);
        CHECK(service_error(put, r).retry_after == t.wait);
        r.status = 404;
        CHECK(!service_error(put, r).retry_after);
    }
    CHECK(retry_after(answer(503, {{"retry-after", "9"}, {"x-ms-retry-after-ms", "100"}})) == 100ms);
    CHECK(retry_after(answer(503, {{"retry-after", "9"}, {"x-ms-retry-after-ms", "bad"}})) == 9s);
    CHECK(!retry_after(answer(503, {{"retry-after", "Fri, 02 Jan 2026 03:04:15 GMT"}})));
    CHECK(!retry_after(answer(503)));
}

TEST_CASE("a success is one of the statuses that are waited for, with a request id") {
    CHECK(expect(put, answer(201), {201}));
    CHECK(expect(get, answer(206), {200, 206}));
    const auto other = expect(put, answer(200), {201});
    REQUIRE(!other);
    CHECK(other.error().code == errc::corrupt);
    CHECK(other.error().done == effect::indeterminate);
    for (const http_response& r :
         {http_response{.status = 201}, http_response{.status = 201, .headers = {{"x-ms-request-id", ""}}}}) {
        const auto stranger = expect(put, r, {201});
        REQUIRE(!stranger);
        CHECK(stranger.error().code == errc::corrupt);
        CHECK(stranger.error().is_transient());
        CHECK(stranger.error().done == effect::indeterminate);
        CHECK(stranger.error().message == "the answer does not come from the service");
    }
    CHECK(expect(put, refusal(409, "BlobAlreadyExists"), {201}).error().code == errc::already_exists);
}
