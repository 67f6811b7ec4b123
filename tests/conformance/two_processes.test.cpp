// SPDX-License-Identifier: MIT
//
// The conditions of a file store hold between processes, not only between threads.

#include <blobshift/backends/file_store.hpp>

#include <array>   // array
#include <string>  // string
#include <vector>  // vector

#include <doctest/doctest.h>

#include <sys/wait.h>  // waitpid
#include <unistd.h>    // fork, pipe, read, write

#include <support/print.hpp>
#include <support/temporary_folder.hpp>

using namespace blobshift;

namespace {

blob_name name(std::string_view text) { return blob_name::parse(text).value(); }

file_store open(const std::string& path) { return file_store::open(path, {.durable = durability::none}).value(); }

/// Runs `work(store, i)`, which returns text, in `count` processes that start together, each with a store of its own.
///
/// \return what each said; a process that died says "died".
template <class Work>
std::vector<std::string> in_processes(int count, const std::string& path, Work work) {
    struct child {
        pid_t id = 0;
        int answer = -1;
    };
    std::array<int, 2> start{};
    REQUIRE(::pipe(start.data()) == 0);
    std::vector<child> children;
    for (int i = 0; i < count; ++i) {
        std::array<int, 2> answer{};
        REQUIRE(::pipe(answer.data()) == 0);
        const pid_t id = ::fork();
        REQUIRE(id >= 0);
        if (id == 0) {
            ::close(start[1]);
            std::string said;
            try {
                file_store store = open(path);
                char go = 0;
                static_cast<void>(::read(start[0], &go, 1) == 0);  // the end of the pipe: all are there
                said = work(store, i);
            } catch (...) {
                ::_exit(1);
            }
            for (std::size_t at = 0; at < said.size();) {
                const ssize_t written = ::write(answer[1], said.data() + at, said.size() - at);
                if (written <= 0) ::_exit(2);
                at += static_cast<std::size_t>(written);
            }
            ::_exit(0);
        }
        ::close(answer[1]);
        children.push_back({id, answer[0]});
    }
    ::close(start[0]);
    ::close(start[1]);
    std::vector<std::string> all;
    for (const child& c : children) {
        std::string said;
        std::array<char, 4096> buffer{};
        for (ssize_t got = 0; (got = ::read(c.answer, buffer.data(), buffer.size())) > 0;) {
            said.append(buffer.data(), static_cast<std::size_t>(got));
        }
        ::close(c.answer);
        int status = 0;
        REQUIRE(::waitpid(c.id, &status, 0) == c.id);
        all.push_back(status == 0 ? said : "died");
    }
    return all;
}

}  // namespace

TEST_CASE("two processes and more: exactly one creates each name") {
    const testing::temporary_folder folder;
    constexpr std::size_t rounds = 200;
    const auto said = in_processes(4, folder.path(), [](file_store& store, int i) {
        std::string outcomes;
        const std::string mine = std::to_string(i);
        for (std::size_t r = 0; r < rounds; ++r) {
            const auto made =
                store.put({}, name("dir/" + std::to_string(r)), as_bytes(mine), {}, condition::if_absent());
            outcomes += made ? 'w' : made.error().code == errc::already_exists ? '-' : '?';
        }
        return outcomes;
    });
    file_store store = open(folder.path());
    for (std::size_t r = 0; r < rounds; ++r) {
        CAPTURE(r);
        std::string at_round;
        for (const std::string& s : said) at_round += r < s.size() ? s[r] : '!';
        const std::size_t winner = at_round.find('w');
        REQUIRE_MESSAGE(winner != std::string::npos, at_round);
        at_round[winner] = '-';
        CHECK(at_round == "----");
        bytes content(2);
        REQUIRE(store.read({}, name("dir/" + std::to_string(r)), {}, content, {}).value().count == 1);
        CHECK(content[0] == static_cast<std::byte>('0' + winner));
    }
}

TEST_CASE("two processes and more: a counter that all increment by if_match loses no increment") {
    const testing::temporary_folder folder;
    constexpr int each = 100;
    file_store store = open(folder.path());
    store.put({}, name("counter"), as_bytes("0"), {}, {}).value();
    const auto said = in_processes(4, folder.path(), [](file_store& own, int) -> std::string {
        for (int done = 0; done < each;) {
            bytes buffer(16);
            const auto seen = own.read({}, name("counter"), {}, buffer, {});
            if (!seen) return describe(seen.error());
            const int next = std::stoi(std::string(as_text(buffer).substr(0, seen->count))) + 1;
            const auto stored =
                own.put({}, name("counter"), as_bytes(std::to_string(next)), {}, condition::if_match(seen->info.tag));
            if (stored) ++done;
            else if (stored.error().code != errc::condition_failed) return describe(stored.error());
        }
        return "done";
    });
    CHECK(said == std::vector<std::string>(4, "done"));
    bytes buffer(16);
    const auto total = store.read({}, name("counter"), {}, buffer, {}).value();
    CHECK(as_text(buffer).substr(0, total.count) == std::to_string(4 * each));
}

TEST_CASE("two processes and more: exactly one removes each version, and a put of that version loses") {
    const testing::temporary_folder folder;
    constexpr std::size_t rounds = 200;
    std::vector<etag> tags;
    file_store store = open(folder.path());
    for (std::size_t r = 0; r < rounds; ++r) {
        tags.push_back(store.put({}, name("dir/" + std::to_string(r)), as_bytes("before"), {}, {}).value().tag);
    }
    const auto said = in_processes(4, folder.path(), [&](file_store& own, int i) {
        std::string outcomes;
        for (std::size_t r = 0; r < rounds; ++r) {
            const blob_name n = name("dir/" + std::to_string(r));
            const condition when = condition::if_match(tags[r]);
            if (i % 2 == 0) {
                const auto gone = own.remove({}, n, when);
                outcomes += gone ? (*gone ? 'w' : '-') : gone.error().code == errc::condition_failed ? '-' : '?';
            } else {
                const auto put = own.put({}, n, as_bytes("after"), {}, when);
                outcomes += put ? 'w' : put.error().code == errc::condition_failed ? '-' : '?';
            }
        }
        return outcomes;
    });
    for (std::size_t r = 0; r < rounds; ++r) {
        CAPTURE(r);
        std::string at_round;
        for (const std::string& s : said) at_round += r < s.size() ? s[r] : '!';
        const std::size_t winner = at_round.find('w');
        REQUIRE_MESSAGE(winner != std::string::npos, at_round);
        at_round[winner] = '-';
        CHECK(at_round == "----");
        CHECK(store.head({}, name("dir/" + std::to_string(r))).has_value() == (winner % 2 == 1));
    }
}
