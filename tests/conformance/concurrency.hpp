// SPDX-License-Identifier: MIT
//
// Conformance: what holds while several threads use one store. Part of <conformance/conformance.hpp>.
//
// Threads note what they saw; the case judges it after they have ended.

#ifndef BLOBSHIFT_TESTS_CONFORMANCE_CONCURRENCY_HPP
#define BLOBSHIFT_TESTS_CONFORMANCE_CONCURRENCY_HPP

#include <algorithm>  // all_of
#include <atomic>     // atomic
#include <barrier>    // barrier
#include <thread>     // jthread

#include <conformance/conditions.hpp>
#include <conformance/copy.hpp>
#include <conformance/subject.hpp>

namespace blobshift::conformance {

/// Runs `work(i)` on `count` threads that start together.
template <class Work>
void together(std::size_t count, Work work) {
    std::barrier start(static_cast<std::ptrdiff_t>(count));
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < count; ++i) {
        threads.emplace_back([&, i] {
            start.arrive_and_wait();
            work(i);
        });
    }
}

/// Increments the number in blob `n` by compare-and-swap until it worked. \return false if the store failed otherwise.
[[nodiscard]] inline bool increment(any_store& store, const context& c, const blob_name& n) {
    for (;;) {
        bytes buffer(32);
        const auto seen = store.read(c, n, {}, buffer, {});
        if (!seen) return false;
        const int next = std::stoi(std::string(as_text(buffer).substr(0, seen->count))) + 1;
        const auto stored = store.put(c, n, as_bytes(std::to_string(next)), {}, condition::if_match(seen->info.tag));
        if (stored) return true;
        if (stored.error().code != errc::condition_failed && stored.error().code != errc::conflict) return false;
    }
}

/// A content that shows where it was torn: one letter, repeated as often as its first version says.
[[nodiscard]] inline std::string uniform(std::size_t version, std::size_t base) {
    return std::string(base + 997 * (version % 7), static_cast<char>('A' + version % 26));
}

/// Why `r` cannot be one version of such a content, or empty.
[[nodiscard]] inline std::string torn(const reading& r) {
    if (r.text.size() != r.info.size_bytes) return "length differs from size_bytes";
    const char first = r.text.empty() ? ' ' : r.text.front();
    if (!std::all_of(r.text.begin(), r.text.end(), [&](char c) { return c == first; })) return "two contents in one";
    const auto said = r.info.attrs.metadata.find("letter");
    const bool fits = said == r.info.attrs.metadata.end() || said->second == std::string(1, first);
    return fits ? "" : "attributes of another version";
}

CONFORMANCE_CASE("no reader ever meets a part of a put, or two versions in one read") {
    const std::size_t base = the.is.slow ? 20'000 : 120'000;
    const std::size_t rounds = the.times(60, 6);
    const auto store_version = [&](std::size_t version) {
        attributes a;
        const std::string content = uniform(version, base);
        if (the.is.keeps_attributes) a.metadata = {{"letter", content.substr(0, 1)}};
        return the.store.put(the.c, name("blob"), as_bytes(content), a, {}).has_value();
    };
    REQUIRE(store_version(0));
    std::atomic<std::size_t> writing = 2;
    std::atomic<std::size_t> failed_writes = 0;
    std::atomic<std::size_t> reads = 0;
    std::vector<std::string> wrong(4);
    together(4, [&](std::size_t i) {
        if (i < 2) {
            for (std::size_t v = 0; v < rounds; ++v) failed_writes += store_version(2 * v + i) ? 0 : 1;
            --writing;
            return;
        }
        do {
            const auto whole = read(the, "blob", {}, {}, base + 10'000);
            ++reads;
            if (!whole) wrong[i] = describe(whole.error());
            else if (std::string why = torn(*whole); !why.empty()) wrong[i] = why;
        } while (writing > 0);
    });
    CHECK(wrong == std::vector<std::string>(4));
    CHECK(failed_writes == 0);
    CHECK(reads > 0);
    CHECK(torn(read(the, "blob", {}, {}, base + 10'000).value()).empty());
}

CONFORMANCE_CASE("a blob that is only ever replaced is never missing, not from a listing either") {
    put(the, "a/blob", "0");
    put(the, "a/other", "0");
    std::atomic<bool> done = false;
    std::vector<std::string> wrong(3);
    const std::size_t rounds = the.times(200, 15);
    together(3, [&](std::size_t i) {
        if (i == 0) {
            for (std::size_t v = 0; v < rounds; ++v) {
                const bool by_copy = v % 2 == 1;
                const bool stored = by_copy ? copy(the, "a/other", "a/blob").has_value()
                                            : the.store.put(the.c, name("a/blob"), as_bytes("x"), {}, {}).has_value();
                if (!stored) wrong[i] = "a write failed";
            }
            done = true;
            return;
        }
        do {
            if (i == 1) {
                if (const auto seen = the.store.head(the.c, name("a/blob")); !seen) wrong[i] = describe(seen.error());
            } else {
                const auto page = the.store.list(the.c, {.prefix = "a/"});
                if (!page) wrong[i] = describe(page.error());
                else if (page->blobs.size() != 2) wrong[i] = "a listing without the blob, or with more";
            }
        } while (!done);
    });
    CHECK(wrong == std::vector<std::string>(3));
}

CONFORMANCE_CASE("of many that create one name exactly one wins, by put, copy and commit") {
    put(the, "source", "by copy");
    const std::size_t rounds = the.times(30, 3);
    for (std::size_t round = 0; round < rounds; ++round) {
        const std::string n = "dir" + std::to_string(round) + "/raced";
        std::vector<std::string> said(6);
        together(said.size(), [&](std::size_t i) {
            const auto made = [&]() -> result<blob_info> {
                if (i % 3 == 1) {
                    auto copied = copy(the, "source", n, {}, condition::if_absent());
                    if (!copied) return unexpected(std::move(copied).error());
                    return std::move(copied->info);
                }
                const std::string content = "writer " + std::to_string(i);
                if (i % 3 == 2 && the.store.native().blocks) {
                    const auto u = the.store.begin_upload(the.c, name(n));
                    if (!u) return unexpected(u.error());
                    if (auto staged = the.store.stage_block(the.c, *u, 0, 0, as_bytes(content)); !staged) {
                        return unexpected(std::move(staged).error());
                    }
                    return the.store.commit_upload(the.c, *u, 1, content.size(), {}, condition::if_absent());
                }
                return the.store.put(the.c, name(n), as_bytes(content), {}, condition::if_absent());
            }();
            said[i] = made ? "made" : std::string(to_string(made.error().code));
        });
        std::size_t winner = said.size();
        for (std::size_t i = 0; i < said.size(); ++i) {
            if (said[i] == "made") {
                CHECK(winner == said.size());
                winner = i;
            } else {
                const bool lost =
                    said[i] == "already_exists" || said[i] == "conflict" ||
                    (i % 3 == 2 && said[i] == "invalid_argument");  // its blocks went with another's commit
                CHECK_MESSAGE(lost, said[i]);
            }
        }
        REQUIRE(winner < said.size());
        CHECK(text_of(the, n) == (winner % 3 == 1 ? "by copy" : "writer " + std::to_string(winner)));
    }
}

CONFORMANCE_CASE("a counter that many increment by compare-and-swap loses no increment") {
    const std::size_t workers = 4;
    const std::size_t each = the.times(50, 5);
    put(the, "counter", "0");
    std::atomic<std::size_t> failed = 0;
    together(workers, [&](std::size_t) {
        for (std::size_t i = 0; i < each; ++i) failed += increment(the.store, the.c, name("counter")) ? 0 : 1;
    });
    CHECK(failed == 0);
    CHECK(text_of(the, "counter") == std::to_string(workers * each));
}

CONFORMANCE_CASE("of many that remove one blob exactly one is told that it was there") {
    for (std::size_t round = 0, rounds = the.times(30, 3); round < rounds; ++round) {
        put(the, "dir/blob");
        std::atomic<std::size_t> removed = 0;
        std::atomic<std::size_t> failed = 0;
        together(4, [&](std::size_t) {
            const auto gone = remove(the, "dir/blob");
            if (!gone) ++failed;
            else if (*gone) ++removed;
        });
        CHECK(removed == 1);
        CHECK(failed == 0);
        CHECK(names(the).empty());
    }
}

CONFORMANCE_CASE("a remove and a conditional put of one version: one of them wins") {
    for (std::size_t round = 0, rounds = the.times(40, 4); round < rounds; ++round) {
        const etag tag = put(the, "blob", "before").tag;
        bool removed = false;
        bool replaced = false;
        together(2, [&](std::size_t i) {
            const condition when = condition::if_match(tag);
            if (i == 0) removed = remove(the, "blob", when).value_or(false);
            else replaced = the.store.put(the.c, name("blob"), as_bytes("after"), {}, when).has_value();
        });
        CHECK(removed != replaced);
        CHECK(text_of(the, "blob") == (replaced ? "after" : "<not_found>"));
    }
}

CONFORMANCE_CASE("blobs that come and go do not hurt their neighbours in the same group") {
    const std::size_t rounds = the.times(100, 8);
    std::vector<std::string> wrong(4);
    together(4, [&](std::size_t i) {
        const std::string n = "shared/group/blob" + std::to_string(i);
        for (std::size_t v = 0; v < rounds; ++v) {
            const auto made = the.store.put(the.c, name(n), as_bytes("x"), {}, condition::if_absent());
            if (!made) wrong[i] = describe(made.error());
            const auto gone = remove(the, n);
            if (!gone) wrong[i] = describe(gone.error());
            else if (!*gone) wrong[i] = "its own blob was not there";
        }
    });
    CHECK(wrong == std::vector<std::string>(4));
    CHECK(list(the, {.delimiter = "/"}) == listing{});
}

CONFORMANCE_CASE("a listing under writes gives every blob that stays, once") {
    std::vector<std::string> staying;
    const std::size_t count = the.times(50, 10);
    for (std::size_t i = 0; i < count; ++i) put(the, staying.emplace_back("d" + std::to_string(100 + i) + "/stays"));
    std::atomic<bool> done = false;
    std::vector<std::string> wrong(2);
    together(2, [&](std::size_t i) {
        if (i == 0) {
            for (std::size_t v = 0; v < the.times(300, 20); ++v) {
                const std::string n = "d" + std::to_string(100 + v % count) + (v % 2 == 0 ? "/comes" : "/zzz/comes");
                if (!the.store.put(the.c, name(n), {}, {}, {}) || !remove(the, n)) wrong[i] = "a write failed";
            }
            done = true;
            return;
        }
        do {
            std::vector<std::string> seen;
            list_query q{.page_size = 7};
            do {
                const auto page = the.store.list(the.c, q);
                if (!page) {
                    wrong[i] = describe(page.error());
                    return;
                }
                for (const blob_info& info : page->blobs) {
                    if (info.name.text().ends_with("stays")) seen.push_back(info.name.text());
                }
                q.cursor = page->cursor;
            } while (!q.cursor.empty());
            if (seen != staying) wrong[i] = "a blob was missed or repeated";
        } while (!done);
    });
    CHECK(wrong == std::vector<std::string>(2));
}

CONFORMANCE_CASE("a copy during writes has one version of its source") {
    const std::size_t base = the.is.slow ? 5'000 : 50'000;
    put(the, "from", uniform(0, base));
    std::atomic<bool> done = false;
    std::vector<std::string> wrong(2);
    together(2, [&](std::size_t i) {
        if (i == 0) {
            for (std::size_t v = 0; v < the.times(100, 6); ++v) {
                if (!the.store.put(the.c, name("from"), as_bytes(uniform(v, base)), {}, {})) wrong[i] = "a put failed";
            }
            done = true;
            return;
        }
        do {
            const auto made = copy(the, "from", "to");
            if (!made) {
                if (made.error().code != errc::conflict) wrong[i] = describe(made.error());
                continue;
            }
            const auto whole = read(the, "to", {}, condition::if_match(made->info.tag), base + 10'000);
            if (!whole) wrong[i] = describe(whole.error());
            else if (std::string why = torn(*whole); !why.empty()) wrong[i] = why;
        } while (!done);
    });
    CHECK(wrong == std::vector<std::string>(2));
}

}  // namespace blobshift::conformance

#endif
