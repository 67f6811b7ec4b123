// SPDX-License-Identifier: MIT
//
// Runs an operation of a store against the Azure of the tests over real connections, one of which breaks at one byte,
// and holds what the operation says against what became of the service.

#ifndef BLOBSHIFT_TESTS_AZURE_CUTS_CUT_BENCH_HPP
#define BLOBSHIFT_TESTS_AZURE_CUTS_CUT_BENCH_HPP

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <azure/cuts/operations.hpp>

namespace blobshift::testing {

/// What a reader of the service can see of a blob; not its version, which each repetition of a write changes.
struct seen_blob {
    std::string content = {};
    attributes attrs = {};
    std::optional<digest> md5 = {};
    std::string tier = {};
    std::string copy_status = {};
    bool leased = false;
    bool has_snapshots = false;

    friend bool operator==(const seen_blob&, const seen_blob&) = default;
};

/// By name; with "" where there is a container.
using seen_service = std::map<std::string, seen_blob>;

/// Where a connection breaks.
struct wire_cut {
    std::size_t exchange = 0;  ///< Counted from the beginning of the operation.
    std::size_t at = 0;        ///< So many bytes pass.
    blobshift_test::ending how = blobshift_test::ending::fin;
    bool of_request = false;  ///< After so many bytes the server reads no more; else it sends no more.
    bool for_good = false;    ///< Every answer from that exchange on, too.
};

/// One request and its answer.
struct exchange {
    std::string label = {};        ///< As `fake_service::requests` counts it, with the verb of a lease; or "token".
    std::size_t request_head = 0;  ///< Bytes.
    std::size_t request = 0;       ///< Bytes, head and body.
    std::size_t answer = 0;        ///< Bytes.
    seen_service after = {};
};

/// What came of one run.
struct wire_run {
    std::vector<told> all = {};
    std::vector<exchange> exchanges = {};
    seen_service after = {};
    std::map<std::string, std::vector<std::string>> staged = {};  ///< Blocks, by blob.
    bool was_cut = false;
    std::chrono::milliseconds took{0};  ///< In real time.
};

/// A server for one operation.
class cut_bench {
public:
    cut_bench(const wire_operation& op, int max_attempts, framing how);

    [[nodiscard]] wire_run run(const std::optional<wire_cut>& cut = {});
    /// What each run finds.
    [[nodiscard]] const seen_service& before() const { return before_; }

private:
    [[nodiscard]] blobshift_test::reply answer(const blobshift_test::received_request& r);
    [[nodiscard]] http_response serve(const http_request& q);
    [[nodiscard]] blobshift_test::connection_fault accept(std::size_t connection);

    const wire_operation& op_;
    azure_options options_;
    framing framing_;
    virtual_clock clock_;
    fake_service service_;
    std::map<std::string, fake_container> prepared_ = {};  ///< What each run finds.
    seen_service before_ = {};
    std::optional<wire_cut> cut_ = {};  // this and below: guarded by the service's mutex
    wire_run now_ = {};
    std::size_t connections_before_ = 0;
    curl_transport transport_;
    blobshift_test::scripted_server server_;  // last: its threads use the others
};

/// What is wrong with what `run` said, if it went from `before`, and like `whole` but for a cut; "" = nothing.
[[nodiscard]] std::string judge(const seen_service& before, const wire_run& whole, const wire_run& run,
                                const wire_operation& op);

}  // namespace blobshift::testing

#endif
