// SPDX-License-Identifier: MIT
//
// Work that several processes do at once, each with a store of its own.
//
// Needs doctest.

#ifndef BLOBSHIFT_TESTS_SUPPORT_IN_PROCESSES_HPP
#define BLOBSHIFT_TESTS_SUPPORT_IN_PROCESSES_HPP

#include <array>   // array
#include <string>  // string
#include <vector>  // vector

#include <doctest/doctest.h>

#include <sys/wait.h>  // waitpid
#include <unistd.h>    // fork, pipe, read, write

namespace blobshift::testing {

/// Runs `work(store, i)`, which returns text, in `count` processes that start together, each with an `open()` of its
/// own.
///
/// \return what each said; a process that died says "died".
template <class Open, class Work>
std::vector<std::string> in_processes(int count, Open open, Work work) {
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
                auto store = open();
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

/// Who of them was the only one to say 'w' in that round, where all others say '-'; else the test fails here.
[[nodiscard]] inline std::size_t only_winner(const std::vector<std::string>& said, std::size_t round) {
    std::string at_round;
    for (const std::string& s : said) at_round += round < s.size() ? s[round] : '!';
    CAPTURE(round);
    const std::size_t winner = at_round.find('w');
    REQUIRE_MESSAGE(winner != std::string::npos, at_round);
    std::string expected(said.size(), '-');
    expected[winner] = 'w';
    CHECK(at_round == expected);
    return winner;
}

}  // namespace blobshift::testing

#endif
