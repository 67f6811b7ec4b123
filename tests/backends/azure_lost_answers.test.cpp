// SPDX-License-Identifier: MIT
//
// Copies and removals that were done once although nobody heard of it, and whose second try is refused.

#include <blobshift/backends/azure_bulk.hpp>

#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <vector>

#include <azure/fake_azure.hpp>
#include <support/print.hpp>

namespace {

using namespace blobshift;
using namespace std::chrono_literals;
using testing::azure_fault;
using testing::fake_blob;
using testing::fake_place;
using testing::fake_store;

[[nodiscard]] blob_name name(std::string_view text) { return blob_name::parse(text).value(); }

/// The ways to ask for one copy: two of them pin a version of the source.
enum class asked { copy, pinned_copy, copy_many };
constexpr asked all_ways[] = {asked::copy, asked::pinned_copy, asked::copy_many};

/// Copies "from" to "to". The service does it at the first try, and the answer is lost.
struct lost_copy {
    /// \param second  Called for the second try, before it is served.
    /// \param later   Asked for every other request from then on.
    lost_copy(asked way, std::function<azure_fault(lost_copy&)> second,
              std::function<azure_fault(std::string_view label)> later = {},
              condition target = condition::if_absent()) {
        attributes a;
        a.content_type = "application/dicom";
        a.tags = {{"t", "1"}};
        const etag tag = store.put(at.c(), name("from"), as_bytes("content"), a, {}).value().tag;
        copy_request r{name("from"), name("to"), condition::if_match(tag), std::move(target)};
        r.known = source_facts{7, testing::md5_of("content"), ""};
        at.service->requests.clear();
        at.service->faults = [&](const http_request&, std::string_view label) {
            if (label != "copy") return later && copies > 1 ? later(label) : azure_fault{};
            if (++copies == 1) return azure_fault::lost_after();
            return copies == 2 ? second(*this) : azure_fault{};
        };
        if (way == asked::copy_many) {
            store.copy_many(at.c(), std::span(&r, 1), {},
                            [&](std::size_t, result<copy_result>&& one) { made = std::move(one); });
        } else {
            made = store.copy(at.c(), r.from, r.to, way == asked::copy ? condition() : r.source, r.target);
        }
        at.service->faults = {};
    }

    void replace(const std::string& n) const {
        fake_blob& b = at.blob(n);
        b.content = "second";
        b.md5 = testing::md5_of("second");
        at.service->touch(b);
    }

    fake_place at;
    fake_store store = at.open();
    int copies = 0;
    result<copy_result> made = fail(errc::corrupt, "no result came");
};

TEST_CASE("a copy that may be there is not denied because its source cannot be looked at") {
    for (const asked way : all_ways) {
        CAPTURE(static_cast<int>(way));
        const lost_copy l(
            way, [](lost_copy&) { return azure_fault{}; },  // the target exists: it is this copy
            [](std::string_view) { return azure_fault::answer(403, "AuthorizationFailure"); });
        REQUIRE_FALSE(l.made);
        CHECK(l.made.error().code == errc::permission_denied);
        CHECK(l.made.error().done == effect::indeterminate);
        CHECK(l.at.blob("to").content == "content");
    }
}

TEST_CASE("a copy that may be there is not denied because its source was replaced or removed") {
    for (const asked way : all_ways) {
        for (const bool replaced : {true, false}) {
            CAPTURE(static_cast<int>(way));
            CAPTURE(replaced);
            const lost_copy l(way, [&](lost_copy& now) {
                if (replaced)
                    now.replace("from");
                else
                    now.at.service->containers.at("box").blobs.erase("from");
                return azure_fault{};
            });
            REQUIRE_FALSE(l.made);
            // Where any version will do, the caller may try again; but it is for him to say what the target may be.
            const errc other = way == asked::copy ? errc::conflict : errc::condition_failed;
            CHECK(l.made.error().code == (replaced ? other : errc::not_found));
            CHECK((l.made.error().again == retry_hint::wait) == (replaced && way == asked::copy));
            CHECK(l.made.error().subject == "from");
            CHECK(l.made.error().done == effect::indeterminate);
            CHECK(l.copies == 2);
            CHECK(l.at.service->count("head") ==
                  (way == asked::copy_many ? 1 : 2));  // before, unless listed; and after
            CHECK(l.at.blob("to").content == "content");
        }
    }
}

TEST_CASE("a copy over whatever is there is made again of a source that was replaced, also after a lost answer") {
    const lost_copy l(
        asked::copy,
        [](lost_copy& now) {
            now.replace("from");
            return azure_fault{};
        },
        {}, condition::always());
    REQUIRE(l.made);
    CHECK(l.copies == 3);
    CHECK(l.at.blob("to").content == "second");
}

TEST_CASE("what an earlier version of the source may have left in the target is not forgotten with it") {
    struct row {
        const char* what;
        std::function<azure_fault(lost_copy&, int look)> at_look;  ///< Of the source, from the second try on.
        errc code;
    };
    const auto archived = [](lost_copy& now, int) {
        now.at.blob("from").tier = "Archive";
        return azure_fault{};
    };
    const auto forbidden = [](lost_copy&, int look) {
        return look == 2 ? azure_fault::answer(403, "AuthorizationFailure") : azure_fault{};
    };
    for (const row& t :
         {row{"archived", archived, errc::blocked}, row{"forbidden", forbidden, errc::permission_denied}}) {
        CAPTURE(std::string(t.what));
        lost_copy* now = nullptr;
        int looks = 0;
        const lost_copy l(
            asked::copy,
            [&](lost_copy& self) {
                now = &self;
                self.replace("from");
                return azure_fault{};
            },
            [&](std::string_view label) { return label == "head" ? t.at_look(*now, ++looks) : azure_fault{}; },
            condition::always());
        REQUIRE_FALSE(l.made);
        CHECK(l.made.error().code == t.code);
        CHECK(l.made.error().done == effect::indeterminate);
        CHECK(l.at.blob("to").content == "content");
    }
}

TEST_CASE("a copy that was done is found, before another way to make it is tried") {
    for (const asked way : all_ways) {
        CAPTURE(static_cast<int>(way));
        lost_copy l(way, [](lost_copy&) { return azure_fault::answer(403, "CannotVerifyCopySource"); });
        REQUIRE(l.made);
        CHECK(l.made->proof == copy_proof::none);  // nobody saw the service's word for it
        CHECK(l.made->info.size_bytes == 7);
        CHECK(l.at.service->count("get") == 0);
        CHECK(l.at.service->count("put") == 0);
        CHECK(l.store.head(l.at.c(), name("to")).value().tag == l.made->info.tag);
    }
}

TEST_CASE("what differs from the source in content or attributes is not taken for its copy") {
    for (const asked way : all_ways) {
        for (const bool content : {true, false}) {
            CAPTURE(static_cast<int>(way));
            CAPTURE(content);
            const lost_copy l(way, [&](lost_copy& now) {
                if (content)
                    now.replace("to");
                else
                    now.at.blob("to").attrs.content_type = "text/plain";
                return azure_fault::answer(403, "CannotVerifyCopySource");
            });
            REQUIRE_FALSE(l.made);
            CHECK(l.made.error().code == errc::already_exists);
            CHECK(l.made.error().subject == "to");
            CHECK(l.made.error().done == effect::indeterminate);
            CHECK(l.at.service->count("get") == 1);  // the other way: through the client
        }
    }
}

/// Gives out one token, which soon expires, and passes everything else to the service.
struct transport_with_one_token {
    testing::fake_transport service;
    std::shared_ptr<int> asked = std::make_shared<int>(0);

    result<http_response> send(const context& c, const http_request& r, const response_options& o) {
        if (!r.url.starts_with("https://login")) return service.send(c, r, o);
        if (++*asked > 1) return testing::refuse(400, "invalid_client");
        return testing::reply(200, {}, R"({"access_token":"good","expires_in":100})");
    }
    result<void> send_many(const context& c, call_source& source) { return service.send_many(c, source); }
};

TEST_CASE("what was done at the first try is not denied because there is no token for a second") {
    for (const char* what : {"copy", "copy_many", "remove", "remove_many"}) {
        CAPTURE(std::string(what));
        const fake_place at;
        at.service->bearer = "good";
        at.service->containers.at("box").blobs["from"].content = "content";
        at.service->touch(at.blob("from"));
        const condition seen = condition::if_match(etag("\"" + at.blob("from").etag + "\""));
        entra_credential application;
        application.chain.push_back(entra_client_secret{"tenant", "client", secret("SECRET")});
        auto store =
            basic_azure_store<transport_with_one_token>::open(
                transport_with_one_token{testing::fake_transport(at.service)},
                azure_place::from_url(std::string(testing::fake_service::origin) + "/box", application).value(),
                {.retry = {.first_wait = 5min, .longest_wait = 5min, .jitter = 0}})
                .value();
        int lost = 0;
        at.service->faults = [&](const http_request&, std::string_view label) {
            const bool counts = label == "copy" || label == "delete" || label == "batch";
            return counts && ++lost == 1 ? azure_fault::lost_after() : azure_fault{};
        };
        copy_request copy{name("from"), name("to"), seen};
        copy.known = source_facts{7, std::nullopt, ""};
        const remove_request removal{name("from"), seen};
        std::optional<error> told;
        const auto tell = [&](const auto& outcome) {
            if (!outcome) told = outcome.error();
        };
        if (what == std::string("copy")) tell(store.copy(at.c(), copy.from, copy.to, copy.source, copy.target));
        if (what == std::string("remove")) tell(store.remove(at.c(), removal.name, removal.when));
        if (what == std::string("copy_many"))
            store.copy_many(at.c(), std::span(&copy, 1), {}, [&](std::size_t, auto&& one) { tell(one); });
        if (what == std::string("remove_many"))
            store.remove_many(at.c(), std::span(&removal, 1), {}, [&](std::size_t, auto&& one) { tell(one); });
        CHECK(lost == 1);
        REQUIRE(told);
        CHECK(told->code == errc::unauthenticated);
        CHECK(told->done == effect::indeterminate);
    }
}

/// What `remove` or `remove_many` says of the blob "x" whose removal is done, and not answered, at its first try.
struct lost_removal {
    /// \param second  Called for the second try, before it is served.
    /// \param later   Asked for every other request from then on.
    lost_removal(bool many, bool pinned, std::function<azure_fault(lost_removal&)> second,
                 std::function<azure_fault(std::string_view label)> later = {}) {
        const etag tag = store.put(at.c(), name("x"), as_bytes("content"), {}, {}).value().tag;
        const remove_request r{name("x"), pinned ? condition::if_match(tag) : condition()};
        at.service->faults = [&, many](const http_request&, std::string_view label) {
            if (label != (many ? "batch" : "delete") || tries > 1) {
                return later && tries > 1 ? later(label) : azure_fault{};
            }
            return ++tries == 1 ? azure_fault::lost_after() : second(*this);
        };
        if (many)
            store.remove_many(at.c(), std::span(&r, 1), {},
                              [&](std::size_t, result<bool>&& one) { gone = std::move(one); });
        else
            gone = store.remove(at.c(), r.name, r.when);
        at.service->faults = {};
    }

    /// Somebody stores the name anew.
    void recreate(const std::string& lease = {}) const {
        fake_blob& b = at.service->containers.at("box").blobs["x"];
        b.content = "new";
        b.md5 = testing::md5_of("new");
        b.lease = lease;
        at.service->touch(b);
    }
    [[nodiscard]] bool there() const { return at.service->containers.at("box").blobs.count("x") != 0; }

    fake_place at;
    fake_store store = at.open();
    int tries = 0;
    result<bool> gone = fail(errc::corrupt, "no result came");
};

TEST_CASE("a blob that came back after a removal that nobody answered for is kept, and that removal not denied") {
    for (const bool many : {false, true}) {
        for (const bool leased : {false, true}) {
            CAPTURE(many);
            CAPTURE(leased);
            const lost_removal l(many, !leased, [&](lost_removal& now) {
                now.recreate(leased ? "held" : "");
                return azure_fault{};
            });
            REQUIRE_FALSE(l.gone);
            CHECK(l.gone.error().code == (leased ? errc::blocked : errc::condition_failed));
            CHECK(l.gone.error().subject == "x");
            CHECK(l.gone.error().done == effect::indeterminate);
            CHECK(l.there());
        }
    }
}

TEST_CASE("a removal in a batch that was refused did nothing, unless an answer was lost before") {
    for (const bool lost : {false, true}) {
        const fake_place at;
        fake_store store = at.open();
        const etag tag = store.put(at.c(), name("x"), as_bytes("content"), {}, {}).value().tag;
        at.service->touch(at.blob("x"));
        int batches = 0;
        at.service->faults = [&](const http_request&, std::string_view label) {
            return label == "batch" && lost && ++batches == 1 ? azure_fault::lost_before() : azure_fault{};
        };
        const remove_request r{name("x"), condition::if_match(tag)};
        result<bool> gone = true;
        store.remove_many(at.c(), std::span(&r, 1), {},
                          [&](std::size_t, result<bool>&& one) { gone = std::move(one); });
        REQUIRE_FALSE(gone);
        CHECK(gone.error().code == errc::condition_failed);
        CHECK(gone.error().done == (lost ? effect::indeterminate : effect::none));
    }
}

TEST_CASE("a batch that was lost and is then refused as a whole is settled one by one, with what it may have done") {
    struct row {
        const char* what;
        std::function<void(lost_removal&)> meanwhile;
        std::function<azure_fault(std::string_view label)> later;
        std::optional<errc> code;  ///< None: removed.
    };
    const auto nothing = [](lost_removal&) {};
    const auto recreated = [](lost_removal& now) { now.recreate(); };
    const auto leased = [](lost_removal& now) { now.recreate("held"); };
    const auto no_delete = [](std::string_view label) {
        return label == "delete" ? azure_fault::answer(403, "AuthorizationPermissionMismatch") : azure_fault{};
    };
    const row rows[] = {{"gone", nothing, {}, std::nullopt},
                        {"recreated", recreated, {}, errc::condition_failed},
                        {"leased", leased, {}, errc::condition_failed},
                        {"forbidden", nothing, no_delete, errc::permission_denied}};
    for (const azure_fault& refusal : {azure_fault::answer(403, "AuthorizationPermissionMismatch"),
                                       azure_fault::answer(409, "ContainerBeingDeleted")}) {
        for (const row& t : rows) {
            CAPTURE(refusal.code);
            CAPTURE(std::string(t.what));
            const lost_removal l(
                true, true,
                [&](lost_removal& now) {
                    t.meanwhile(now);
                    return refusal;
                },
                t.later);
            CHECK(l.at.service->count("batch") == 2);
            CHECK(l.at.service->count("delete") == 1);
            if (!t.code) {
                REQUIRE(l.gone);
                CHECK(*l.gone);
                continue;
            }
            REQUIRE_FALSE(l.gone);
            CHECK(l.gone.error().code == *t.code);
            CHECK(l.gone.error().subject == "x");
            CHECK(l.gone.error().done == effect::indeterminate);
        }
    }
}

}  // namespace
