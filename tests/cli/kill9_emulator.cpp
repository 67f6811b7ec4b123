// SPDX-License-Identifier: MIT
//
// copy and delete killed at random moments, and two of them at once, in containers of Azurite, whose connection string
// is in BLOBSHIFT_AZURITE.
#include "kill_rounds.hpp"

#include <cstdlib>
#include <memory>
#include <optional>
#include <stdexcept>

#include <doctest/doctest.h>

#include <blobshift/backends/azure_store.hpp>
#include <blobshift/store/ops.hpp>

namespace {

using namespace cli_test;

class emulator_place final : public kill_place {
public:
    emulator_place() : store_(blobshift::azure_store::open(container()).value()) {
        ::setenv("AZURE_STORAGE_CONNECTION_STRING", account().c_str(), 1);
        store_.control().create_container({}).value();
    }
    ~emulator_place() override { static_cast<void>(store_.control().remove_container({})); }

    [[nodiscard]] std::vector<std::string> arguments() const override { return {"azure://" + name_}; }
    [[nodiscard]] std::set<std::string> names() override {
        std::set<std::string> found;
        const auto all = blobshift::list_all(store_, {}, {}).value();
        for (const auto& blob : all.blobs) found.insert(blob.name.text());
        return found;
    }
    [[nodiscard]] std::optional<std::string> content(const std::string& name) override {
        const auto got = blobshift::read_all(store_, {}, blobshift::blob_name::parse(name).value(), 1U << 20);
        if (!got) return std::nullopt;
        return std::string(blobshift::as_text(got->content));
    }
    void put(const std::string& name, const std::string& content) override {
        store_.put({}, blobshift::blob_name::parse(name).value(), blobshift::as_bytes(content), {}, {}).value();
    }

private:
    [[nodiscard]] static std::string account() {
        const char* const text = std::getenv("BLOBSHIFT_AZURITE");
        if (text == nullptr) throw std::runtime_error("BLOBSHIFT_AZURITE must hold a connection string");
        return text;
    }
    [[nodiscard]] blobshift::azure_place container() const {
        return blobshift::azure_place::from_connection_string(account(), name_).value();
    }

    const std::string name_ = "k" + blobshift::detail::new_write_id();
    blobshift::azure_store store_;
};

[[nodiscard]] kill_lane on_the_emulator(const char* title) {
    return {.title = title,
            .before = "tests/azure/with_azurite.sh ",
            .instances = 20,
            .kills = 5,
            .make = [](const std::string&, unsigned long) -> std::unique_ptr<kill_place> {
                return std::make_unique<emulator_place>();
            }};
}

TEST_CASE("killed on the emulator: run again, every blob is there once, under its new name") {
    kill_one_at_a_time(on_the_emulator("killed on the emulator*"));
}

TEST_CASE("two at once on the emulator: nothing is lost and all is complete at the end") {
    run_two_at_once(on_the_emulator("two at once on the emulator*"));
}

}  // namespace
