// SPDX-License-Identifier: MIT
//
// copy and delete that are killed, or run twice at once, in any place that the command line can name, while an onlooker
// watches that no blob is ever gone.
//
// BLOBSHIFT_KILLS: how many times each of the two is killed. BLOBSHIFT_SEED: of the moments; each round has its own,
// the next number, so that one round can be run again alone.

#ifndef BLOBSHIFT_TESTS_CLI_KILL_ROUNDS_HPP
#define BLOBSHIFT_TESTS_CLI_KILL_ROUNDS_HPP

#include <chrono>      // microseconds
#include <functional>  // function
#include <map>         // map
#include <memory>      // unique_ptr
#include <optional>    // optional
#include <random>      // mt19937_64
#include <set>         // set
#include <string>      // string
#include <vector>      // vector

#include "program.hpp"

namespace cli_test {

/// One blob: where it was, where it is to be, and what it holds.
struct kept_blob {
    std::string from;
    std::string to;
    std::string content;
};

/// Instances and their metadata, two blobs each, watermarks 1 and up.
[[nodiscard]] std::vector<kept_blob> kept_blobs(int instances);

/// A container, seen past the command line. All members may be called from several threads.
class kill_place {
public:
    kill_place() = default;
    kill_place(const kill_place&) = delete;
    kill_place& operator=(const kill_place&) = delete;
    virtual ~kill_place() = default;

    /// As the command line names it, with options that this place wants.
    [[nodiscard]] virtual std::vector<std::string> arguments() const = 0;
    /// Names of all blobs; those below ".blobshift/" may be among them.
    [[nodiscard]] virtual std::set<std::string> names() = 0;
    /// Nothing where there is no such blob, or no answer.
    [[nodiscard]] virtual std::optional<std::string> content(const std::string& name) = 0;
    virtual void put(const std::string& name, const std::string& content) = 0;
    /// Whether an answer to the command may be lost: then it may have to be run more than once more.
    [[nodiscard]] virtual bool loses_answers() const { return false; }
    /// What the place did to the commands so far, by its name, for the last line of the test. Every sort of deed must
    /// have been done at its end.
    [[nodiscard]] virtual std::map<std::string, unsigned long> deeds() { return {}; }
};

/// Makes a fresh, empty place. \param seed  For places that are unreliable.
using place_maker = std::function<std::unique_ptr<kill_place>(const std::string& folder, unsigned long seed)>;

/// What is run, and how to repeat it.
struct kill_lane {
    std::string title;  ///< Of the test case, without commas: a line that repeats it names it.
    /// Words in front of the program in that line: with_azurite.sh, say.
    std::string before;
    int instances = 30;
    unsigned long kills = 5;  ///< Unless BLOBSHIFT_KILLS says so.
    place_maker make;
};

/// Kills `copy`, runs it to its end, then the same with `delete`; until both were killed often enough.
void kill_one_at_a_time(const kill_lane& lane);

/// Two `copy` at once, then two `delete`: in turn both live, one of them is killed, both are. Then each is run again.
void run_two_at_once(const kill_lane& lane);

}  // namespace cli_test

#endif
