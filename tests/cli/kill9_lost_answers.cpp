// SPDX-License-Identifier: MIT
//
// copy and delete killed at random moments, and two of them at once, against the strict Azure of the tests, which loses
// answers: it does what it is asked, and closes the connection.
#include "kill_rounds.hpp"

#include <cstdlib>
#include <memory>
#include <mutex>
#include <optional>
#include <random>

#include <doctest/doctest.h>

#include <azure/wire_azure.hpp>

namespace {

using namespace cli_test;
using blobshift::testing::azure_fault;
using blobshift::testing::fake_azure;
using blobshift::testing::fake_service;

class forgetful_place final : public kill_place {
public:
    explicit forgetful_place(unsigned long seed)
        : random_(seed), server_([this](const blobshift_test::received_request& r) { return answer(r); }) {
        service_.clock = &blobshift::system_time::instance();
        service_.page = 20;  // so that listings have several pages to lose
        service_.faults = [this](const blobshift::http_request&, std::string_view) { return fault(); };
        const std::string account = "AccountName=" + std::string(fake_service::account) +
                                    ";AccountKey=" + fake_service::key + ";BlobEndpoint=" + server_.url("/") +
                                    fake_service::account;
        ::setenv("AZURE_STORAGE_CONNECTION_STRING", account.c_str(), 1);
    }

    [[nodiscard]] std::vector<std::string> arguments() const override { return {"azure://box"}; }
    [[nodiscard]] std::set<std::string> names() override {
        const std::scoped_lock lock(service_.guard);
        std::set<std::string> found;
        for (const auto& [name, blob] : service_.containers.at("box").blobs) found.insert(name);
        return found;
    }
    [[nodiscard]] std::optional<std::string> content(const std::string& name) override {
        const std::scoped_lock lock(service_.guard);
        const auto& blobs = service_.containers.at("box").blobs;
        const auto found = blobs.find(name);
        return found == blobs.end() ? std::nullopt : std::optional(found->second.content);
    }
    void put(const std::string& name, const std::string& content) override {
        const std::scoped_lock lock(service_.guard);
        blobshift::testing::fake_blob& made = service_.containers.at("box").blobs[name];
        made.content = content;
        made.md5 = blobshift::testing::md5_of(content);
        service_.touch(made);
    }
    [[nodiscard]] bool loses_answers() const override { return true; }
    [[nodiscard]] std::map<std::string, unsigned long> deeds() override {
        const std::scoped_lock lock(service_.guard);
        return {{"requests", service_.total()}, {"answers lost", lost_}, {"requests lost", never_taken_}};
    }

private:
    /// Of 100 requests: 8 are done and nobody hears of it, 2 are not even done.
    [[nodiscard]] azure_fault fault() {
        const unsigned long die = random_() % 100;
        if (die < 8) return ++lost_, azure_fault::lost_after();
        if (die < 10) return ++never_taken_, azure_fault::lost_before();
        return {};
    }
    [[nodiscard]] blobshift_test::reply answer(const blobshift_test::received_request& r) {
        const std::scoped_lock lock(service_.guard);
        blobshift_test::reply out;
        const auto served = fake_azure(service_).serve(blobshift::testing::request_of(r));
        if (served)
            out.bytes = blobshift::testing::bytes_of(*served, r.method, blobshift::testing::framing::length);
        else
            out.then = blobshift_test::ending::fin;
        return out;
    }

    fake_service service_;
    std::mt19937_64 random_;
    unsigned long lost_ = 0;
    unsigned long never_taken_ = 0;
    blobshift_test::scripted_server server_;  // last: its threads use the others
};

[[nodiscard]] kill_lane on_lost_answers(const char* title) {
    return {.title = title,
            .before = "",
            .instances = 30,
            .kills = 5,
            .make = [](const std::string&, unsigned long seed) -> std::unique_ptr<kill_place> {
                return std::make_unique<forgetful_place>(seed);
            }};
}

TEST_CASE("killed while answers are lost: run again, every blob is there once, under its new name") {
    kill_one_at_a_time(on_lost_answers("killed while answers are lost*"));
}

TEST_CASE("two at once while answers are lost: nothing is lost and all is complete at the end") {
    run_two_at_once(on_lost_answers("two at once while answers are lost*"));
}

}  // namespace
