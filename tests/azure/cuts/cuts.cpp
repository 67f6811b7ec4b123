// SPDX-License-Identifier: MIT
//
// Every request of a store, cut at every byte of its answer and of itself (of a long content: at 50): never a success
// that is none, never an effect that is denied, never a call that hangs. Each test prints how many cuts it made, by
// operation. BLOBSHIFT_CUT: the one cut that is made, as a cut that found a fault names it.

#include <azure/cuts/cut_bench.hpp>

#include <algorithm>   // max
#include <cstdio>      // printf
#include <cstdlib>     // getenv, strtoul
#include <filesystem>  // read_symlink
#include <string>

#include <doctest/doctest.h>

namespace {

using namespace blobshift;
using namespace blobshift::testing;
using blobshift_test::ending;

/// Every byte, or every so many-th where $BLOBSHIFT_CUT_STEP says so: for builds in which a cut takes long.
[[nodiscard]] std::size_t finest() {
    const char* const text = std::getenv("BLOBSHIFT_CUT_STEP");
    return text == nullptr ? 1 : (std::max)(std::size_t{1}, static_cast<std::size_t>(std::strtoul(text, nullptr, 10)));
}

/// The one cut that is wanted; "" = all of them.
[[nodiscard]] std::string wanted_cut() {
    const char* const text = std::getenv("BLOBSHIFT_CUT");
    return text == nullptr ? "" : text;
}
/// How a line of the shell makes one cut of this test case again.
[[nodiscard]] std::string command_for(const std::string& cut) {
    return "again: BLOBSHIFT_CUT='" + cut + "' BLOBSHIFT_CUT_STEP=" + std::to_string(finest()) + ' ' +
           std::filesystem::read_symlink("/proc/self/exe").string() +
           " '--test-case=" + doctest::getContextOptions()->currentTest->m_name + "'";
}

/// How far apart the cuts in a body are that is sent: all bytes, but 50 of one that is long.
[[nodiscard]] std::size_t step_in_body(const exchange& x) {
    constexpr std::size_t longest = 4'096;  // bytes
    const std::size_t size = x.request - x.request_head;
    return size <= longest ? finest() : (std::max)(size / 50, finest());
}

/// One operation: its whole run, and what its cuts came to.
class tally {
public:
    tally(const wire_operation& op, int max_attempts, framing how)
        : op_(op), bench_(op, max_attempts, how), whole_(bench_.run()) {
        REQUIRE_FALSE(whole_.all.empty());
        REQUIRE_FALSE(whole_.exchanges.empty());
        for (const told& t : whole_.all) {
            CAPTURE(op.name);
            if (!t.what) CHECK((t.what.error().http_status == 409 || t.what.error().http_status == 404));
        }
    }

    [[nodiscard]] const std::vector<exchange>& exchanges() const { return whole_.exchanges; }
    [[nodiscard]] bool as_whole(const wire_run& run) const {
        for (std::size_t i = 0; i < run.all.size(); ++i) {
            if (whole_.all.at(i).what && !run.all[i].what) return false;
        }
        return true;
    }

    /// \param complain  Gives what is wrong with a run beyond what every run must keep to; or "".
    template <class F>
    void cut(const wire_cut& cut, F complain) {
        const std::string what = std::string(cut.of_request ? "request " : "answer ") + std::to_string(cut.exchange) +
                                 " cut at " + std::to_string(cut.at) +
                                 (cut.how == ending::fin ? " by FIN of " : " by RST of ") + op_.name;
        if (!wanted_.empty() && wanted_ != what) return;
        wire_run run = bench_.run(cut);
        // The first one may have gone over a connection of the whole run, which its answers have closed.
        if (!run.was_cut && cut.of_request) run = bench_.run(cut);
        if (!run.was_cut) {
            ++missed_;
            return;
        }
        ++cuts_;
        for (const told& t : run.all) ++(t.what ? good_ : bad_);
        std::string problem = judge(bench_.before(), whole_, run, op_);
        if (problem.empty()) problem = complain(run);
        if (problem.empty() || ++problems_ > 5) return;
        CHECK_MESSAGE(false, what << ": " << problem << '\n' << command_for(what));
    }

    /// Prints a line. \return the number of cuts.
    [[nodiscard]] std::size_t finish() const {
        if (!wanted_.empty() && cuts_ == 0) return 0;
        std::printf("%8zu cuts: %7zu errors, %7zu right results: %s\n", cuts_, bad_, good_, op_.name.c_str());
        CAPTURE(op_.name);
        CHECK(problems_ == 0);
        CHECK(missed_ == 0);
        CHECK(cuts_ > 0);
        return cuts_;
    }

private:
    const wire_operation& op_;
    const std::string wanted_ = wanted_cut();
    cut_bench bench_;
    wire_run whole_;
    std::size_t cuts_ = 0, good_ = 0, bad_ = 0, problems_ = 0;
    std::size_t missed_ = 0;  ///< Cuts for which the operation did not get so far.
};

constexpr auto nothing_more = [](const wire_run&) { return std::string(); };

/// Every operation in its turn. \param f  Cuts it, and gives the number of cuts.
template <class F>
void for_each_operation(F f) {
    std::size_t sum = 0;
    for (const wire_operation& op : wire_operations()) {
        if (wanted_cut().empty() || wanted_cut().ends_with(" of " + op.name)) sum += f(op);
    }
    CHECK(sum > 0);
    std::printf("%8zu cuts in all\n", sum);
}

void cut_answers(framing how) {
    for_each_operation([&](const wire_operation& op) {
        tally t(op, 1, how);
        for (std::size_t i = 0; i < t.exchanges().size(); ++i) {
            const std::size_t size = t.exchanges()[i].answer;
            for (const ending end : {ending::fin, ending::rst}) {
                for (std::size_t at = i % finest(); at < size; at += finest()) t.cut({i, at, end}, nothing_more);
            }
            // The end of a connection that a later write may already have chosen makes that write unknown.
            const bool last = i + 1 == t.exchanges().size();
            t.cut({i, size, ending::fin}, [&](const wire_run& run) {
                return !last || t.as_whole(run) ? "" : "an answer that is whole was not taken";
            });
        }
        return t.finish();
    });
}

TEST_CASE("cuts in answers: what breaks off at any byte is an error, or the call finds out what it did") {
    cut_answers(framing::length);
}

TEST_CASE("cuts in chunks: the same for answers that come in chunks") { cut_answers(framing::chunked); }

TEST_CASE("cuts in requests: one that the server never reads to its end is an error, and has no effect") {
    for_each_operation([&](const wire_operation& op) {
        tally t(op, 1, framing::length);
        for (std::size_t i = 0; i < t.exchanges().size(); ++i) {
            const exchange x = t.exchanges()[i];
            const std::size_t in_body = step_in_body(x);
            for (const ending end : {ending::fin, ending::rst}) {
                for (std::size_t at = i % finest(); at < x.request; at += at < x.request_head ? finest() : in_body) {
                    t.cut({i, at, end, true}, nothing_more);
                }
            }
        }
        return t.finish();
    });
}

TEST_CASE("cuts in retries: with them, one broken answer is never noticed by the caller") {
    for_each_operation([&](const wire_operation& op) {
        tally t(op, 4, framing::length);
        for (std::size_t i = 0; i < t.exchanges().size(); ++i) {
            const std::size_t size = t.exchanges()[i].answer;
            for (std::size_t at = i % finest(); at < size; at += finest()) {
                t.cut({i, at, at % 2 == 0 ? ending::fin : ending::rst},
                      [&](const wire_run& run) { return t.as_whole(run) ? std::string() : std::string("a failure"); });
            }
        }
        return t.finish();
    });
}

TEST_CASE("cuts in all: a wire that breaks every time costs a bounded number of requests, and nothing is claimed") {
    constexpr std::size_t attempts = 3;
    for_each_operation([](const wire_operation& op) {
        tally t(op, attempts, framing::chunked);
        // The calls before the break, the tries of one call, and those of a look afterwards. libcurl by itself repeats
        // a read on a connection that was used before, and the tokens of machines have more patience.
        const std::size_t most = 2 * t.exchanges().size() + 4 * attempts + (op.who == asking_as::key ? 0 : 2 * 11);
        for (std::size_t i = 0; i < t.exchanges().size(); ++i) {
            for (std::size_t at = i % 3; at + 1 < t.exchanges()[i].answer; at += 13 * finest()) {
                t.cut({i, at, at % 2 == 0 ? ending::fin : ending::rst, false, true}, [&](const wire_run& run) {
                    return run.exchanges.size() <= most ? "" : std::to_string(run.exchanges.size()) + " requests";
                });
            }
        }
        return t.finish();
    });
}

}  // namespace
