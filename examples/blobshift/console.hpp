// SPDX-License-Identifier: MIT
//
// stderr and stdout as the commands use them: results on stdout, messages and a line that is drawn over on stderr.

#ifndef BLOBSHIFT_CLI_CONSOLE_HPP
#define BLOBSHIFT_CLI_CONSOLE_HPP

#include <cstddef>      // size_t
#include <cstdint>      // uint64_t
#include <string>       // string
#include <string_view>  // string_view

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
    /// Writes one line to stderr: "blobshift: " and `text`, whose control characters are replaced.
    void say(std::string_view text) { write_line("blobshift: ", text); }
    /// Writes one line to stderr, to the letter: what operators and programs wait for.
    void log(std::string_view text) { write_line("", text); }
    /// Draws over the last line of the terminal. Nothing where there is none.
    void draw(std::string_view text);
    void clear() { draw(""); }

private:
    void write_line(std::string_view head, std::string_view text);

    std::size_t columns_ = 0;
    bool drawn_ = false;
};

/// `text` without control characters: what stands in a path must not steer a terminal, nor begin a line of its own.
[[nodiscard]] std::string printable(std::string_view text);

/// "1.4 MB": powers of 1000.
[[nodiscard]] std::string human_bytes(std::uint64_t bytes);

}  // namespace blobshift::cli

#endif
