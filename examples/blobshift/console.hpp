// SPDX-License-Identifier: MIT
//
// stderr and stdout as the commands use them: results on stdout, messages and a line that is drawn over on stderr.

#ifndef BLOBSHIFT_CLI_CONSOLE_HPP
#define BLOBSHIFT_CLI_CONSOLE_HPP

#include <cstddef>      // size_t
#include <cstdint>      // uint64_t
#include <string>       // string
#include <string_view>  // string_view

#include <blobshift/core/clock.hpp>
#include <blobshift/migrate/observer.hpp>

namespace blobshift::cli {

/// \par Thread-safety  One thread.
class console {
public:
    console();
    console(const console&) = delete;
    console& operator=(const console&) = delete;
    ~console() { clear(); }

    /// Whether somebody watches stderr.
    [[nodiscard]] bool is_terminal() const noexcept { return columns_ > 0; }
    /// Characters in a line of the terminal.
    [[nodiscard]] std::size_t columns() const noexcept { return columns_; }

    /// Writes `text` to stdout. Throws `failure` when it cannot be written, without a line when its reader has gone.
    void print(std::string_view text);
    /// From now on each line on stderr is a JSON object: `time` (UTC), `level` and `message`, for programs that collect
    /// logs. `clock` must outlive the console.
    void use_json(const time_source& clock) {
        json_clock_ = &clock;
        columns_ = 0;
    }

    /// Writes one line to stderr: "blobshift: " and `text`, whose control characters are replaced.
    void say(std::string_view text) { write_line({.level = "warning", .head = "blobshift: ", .text = text}); }
    /// Says why the program cannot go on.
    void fail(std::string_view text) { write_line({.level = "error", .head = "blobshift: ", .text = text}); }
    /// Writes one line to stderr, to the letter: what operators and programs wait for.
    void log(std::string_view text) { write_line({.level = "information", .head = {}, .text = text}); }
    /// Says how far the program is: `text` for people, `event` for programs.
    void log_progress(std::string_view text, const progress_event& event) {
        write_line({.level = "information", .head = "blobshift: ", .text = text, .progress = &event});
    }
    /// Draws over the last line of the terminal. Nothing where there is none.
    void draw(std::string_view text);
    void clear() { draw(""); }

private:
    struct log_line {
        std::string_view level;
        std::string_view head;  ///< For people only.
        std::string_view text;
        const progress_event* progress = nullptr;
    };
    void write_line(const log_line& line);

    const time_source* json_clock_ = nullptr;  ///< Null: lines are for people.
    std::size_t columns_ = 0;
    bool drawn_ = false;
};

/// `text` without control characters: what stands in a path must not steer a terminal, nor begin a line of its own.
[[nodiscard]] std::string printable(std::string_view text);

/// "1.4 MB": powers of 1000.
[[nodiscard]] std::string human_bytes(std::uint64_t bytes);

}  // namespace blobshift::cli

#endif
