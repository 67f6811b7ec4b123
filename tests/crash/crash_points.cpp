// SPDX-License-Identifier: MIT
//
// crash_points WORKER [all|all_but_migrations|JOB...]: kills the worker before each system call that changes the disk,
// then lets each of them fail in every way, and judges what is left.
// crash_points WORKER JOB INJURY: that one injury, as a fault that was found names it.
//
// The calls are those of a run without injury, so none is forgotten, and one that nobody has thought of is a failure.
// Bugs that are planted must be found.
// Exit code: 0 fine, 1 a fault was found, 77 strace cannot be used here. BLOBSHIFT_CRASH=long: every call is a point,
// not only those that change the disk, with two more errors.
#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <iomanip>
#include <iostream>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <support/privacy_oracle.hpp>
#include <support/temporary_folder.hpp>

#include "calls.hpp"
#include "jobs.hpp"
#include "strace.hpp"

namespace {

using namespace crash_test;
using blobshift::testing::temporary_folder;
using strings = std::vector<std::string>;

[[nodiscard]] bool is_in(const strings& list, const std::string& name) {
    return std::find(list.begin(), list.end(), name) != list.end();
}
[[nodiscard]] bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

/// What came of the injuries to one system call, over all its occurrences.
struct row {
    int points = 0;
    std::map<std::string, int> kills;
    std::map<std::string, int> refusals;
};

/// A store as the job expects it, for one run.
struct prepared {
    explicit prepared(const job& j) { j.prepare(store); }

    temporary_folder folder;
    const std::string store = folder.path() + "/store";
};

class lane {
public:
    /// \param only  The one injury to be done; "" = all of them.
    lane(std::string worker, bool is_long, bool is_aloud, std::string only = {})
        : worker_(std::move(worker)), is_long_(is_long), is_aloud_(is_aloud), only_(std::move(only)) {}

    void examine(const job& j) {
        const contents before = contents_of(prepared(j).store).value();
        const prepared model(j);
        const ending whole = trace(command(j, model.store), scratch_.path());
        if (contains(whole.said, "failed unsupported")) {
            std::cout << j.name << ": skipped, this file system cannot do that\n";
            ++skipped_;
            return;
        }
        if (whole.said != "done\n") return report(j, "", "an uninjured run did not succeed: " + whole.said);
        const contents after = contents_of(model.store).value();
        for (const call& at : points_of(j, model.store, whole.calls)) {
            ++rows_[at.name].points;
            if (is_in(changing, at.name) || is_creation(at) || is_long_) kill(j, at, before, after);
            for (const fault_kind& kind : errors) refuse(j, at, kind, before, after);
            if (!is_long_) continue;
            for (const fault_kind& kind : more_errors) refuse(j, at, kind, before, after);
        }
        for (const char* const name : {"pwrite64", "copy_file_range"}) shorten_all(j, name, whole.calls, before, after);
    }

    [[nodiscard]] int faults() const noexcept { return faults_; }

    /// Prints what was done. \return whether nothing is wrong.
    [[nodiscard]] bool finish() const {
        std::cout << std::left << std::setw(17) << "system call" << std::setw(13) << "occurrences"
                  << "killed before it: what was left;  made to fail: what the worker did\n";
        int points = 0;
        for (const auto& [name, r] : rows_) {
            std::cout << std::setw(17) << name << std::setw(13) << r.points << listed(r.kills) << ";  "
                      << listed(r.refusals) << '\n';
            points += r.points;
        }
        std::cout << points << " points: killed " << kills_ << " times, " << refusals_ << " calls made to fail, "
                  << skipped_ << " jobs skipped, " << faults_ << " faults\n"
                  << shortened_ << " calls that write did only a part, " << every_shortened_
                  << " runs in which all did; " << faked_short_
                  << " more were said to have done so without being made. Not covered: " << too_small_
                  << " that write no more than 3 bytes, and " << not_faked_
                  << " lies of the kernel where the bytes that it would not write are no zeros: nobody could make up "
                     "for them\n";
        return faults_ == 0 && (kills_ + refusals_ + shortened_ > 0) &&
               (!only_.empty() || (kills_ > 0 && refusals_ > 0));
    }

private:
    [[nodiscard]] static std::string listed(const std::map<std::string, int>& counts) {
        std::string text;
        for (const auto& [what, count] : counts) {
            text += (text.empty() ? "" : ", ") + std::to_string(count) + " " + what;
        }
        return text.empty() ? "-" : text;
    }

    [[nodiscard]] strings command(const job& j, const std::string& store) const {
        return {worker_, std::string(j.name), store};
    }

    [[nodiscard]] static bool is_creation(const call& c) {
        return (c.name == "openat" || c.name == "openat2") && contains(c.text, "O_CREAT");
    }

    /// The calls that are to be injured: from the first one that speaks of the store.
    [[nodiscard]] std::vector<call> points_of(const job& j, const std::string& store, const std::vector<call>& all) {
        std::vector<call> points;
        bool begun = false;
        for (const call& c : all) {
            begun = begun || (c.name == "openat" && contains(c.text, store));
            if (!begun) continue;
            const bool about_store = contains(c.text, store);
            if (is_in(changing, c.name) || is_in(looking, c.name)) {
                if (about_store && (is_long_ || is_in(changing, c.name) || is_creation(c) || c.name == "openat2")) {
                    points.push_back(c);
                }
            } else if (!is_in(harmless, c.name)) {
                report(j, "", "nobody has said whether this call changes the disk: " + c.name);
            }
        }
        if (points.empty()) report(j, "", "the worker changed nothing");
        return points;
    }

    void kill(const job& j, const call& at, const contents& before, const contents& after) {
        const std::string injury = at.name + ":signal=SIGKILL:when=" + std::to_string(at.nth);
        if (!is_wanted(injury)) return;
        ++kills_;
        const prepared victim(j);
        const std::string& store = victim.store;
        const ending end = trace(command(j, store), scratch_.path(), injury, at.name);
        if (end.exit_code != 1000 + SIGKILL) return report(j, injury, "the worker was not killed");
        const std::string left = j.migrates ? state_of_migration(j, store, before) : state_of(store, before, after);
        ++rows_[at.name].kills[left];
        if (contains(left, "FAULT")) return report(j, injury, left);
        finish_job(j, injury, store, before, after);
    }

    void refuse(const job& j, const call& at, const fault_kind& kind, const contents& before, const contents& after) {
        const bool moves_bytes = at.name == "pwrite64" || at.name == "copy_file_range";
        if (kind.number == 0 && !moves_bytes) return;
        if (kind.number == 0 && !j.honest_when_short) {
            ++not_faked_;
            return;
        }
        const std::string injury = at.name + ":" + kind.how + ":when=" + std::to_string(at.nth);
        if (!is_wanted(injury)) return;
        ++(kind.number == 0 ? faked_short_ : refusals_);
        const prepared victim(j);
        const std::string& store = victim.store;
        const ending end = trace(command(j, store), scratch_.path(), injury, traced_with(at));
        if (std::none_of(end.calls.begin(), end.calls.end(),
                         [](const call& c) { return contains(c.text, "(INJECTED)"); })) {
            return report(j, injury, "the call was not made to fail");
        }
        if (!blobshift::testing::find_leaks(end.said).empty()) report(j, injury, "the worker's message holds a name");
        const bool is_lost_write = kind.number == EIO || kind.number == ENOSPC || kind.number == EDQUOT;
        if (is_lost_write && is_synced_again(end.calls, j.migrates)) report(j, injury, "a sync was tried again");
        // Nothing was written back, or lost, by a sync that a signal interrupted: posix_files::sync says why.
        if (at.name == "fsync" && kind.number == EINTR && end.said != "done\n") {
            report(j, injury, "an interrupted sync was not tried again: " + end.said);
        }
        const bool may_leave = at.name == "unlinkat" || j.name == "sweep";
        if (!may_leave && !files_left(store).empty()) report(j, injury, "a temporary file was left");
        judge_refusal(j, at, kind, injury, end, store, before, after);
    }

    /// How many bytes a call says that it wrote.
    [[nodiscard]] static long answer_of(const call& c) {
        const std::size_t equals = c.text.rfind(" = ");
        return equals == std::string::npos ? -1 : std::strtol(c.text.c_str() + equals + 3, nullptr, 10);
    }

    /// Each call of that name writes a part, truly: the worker makes it with fewer bytes. Then all of them at once.
    void shorten_all(const job& j, const std::string& name, const std::vector<call>& whole, const contents& before,
                     const contents& after) {
        int count = 0;
        for (const call& at : whole) {
            if (at.name != name) continue;
            ++count;
            if (answer_of(at) <= 3) {
                ++too_small_;
                continue;
            }
            shorten(j, name + ":partly:when=" + std::to_string(at.nth), at, before, after);
        }
        if (count > 0) shorten(j, name + ":partly:when=1+", {name, 0, ""}, before, after);
    }
    void shorten(const job& j, const std::string& injury, const call& at, const contents& before,
                 const contents& after) {
        if (!is_wanted(injury)) return;
        const prepared victim(j);
        const std::string& store = victim.store;
        ::setenv("BLOBSHIFT_SHORT", (at.name + ":" + std::to_string(at.nth)).c_str(), 1);
        const ending end = trace(command(j, store), scratch_.path());
        ::unsetenv("BLOBSHIFT_SHORT");
        ++(at.nth == 0 ? every_shortened_ : shortened_);
        const bool was_short = std::any_of(end.calls.begin(), end.calls.end(), [&](const call& c) {
            return c.name == at.name && (at.nth == 0 || c.nth == at.nth) && answer_of(c) == 3;
        });
        if (at.nth != 0 && !was_short) return report(j, injury, "the call did not write a part");
        if (end.said != "done\n") return report(j, injury, "a short write is no failure: " + end.said);
        const std::string left = j.migrates ? state_of_migration(j, store, before) : state_of(store, before, after);
        if (left != "new") report(j, injury, "after a short write: " + left);
        if (!files_left(store).empty()) report(j, injury, "a temporary file was left");
    }

    void judge_refusal(const job& j, const call& at, const fault_kind& kind, const std::string& injury,
                       const ending& end, const std::string& store, const contents& before, const contents& after) {
        const std::string left = j.migrates ? state_of_migration(j, store, before) : state_of(store, before, after);
        if (contains(left, "FAULT")) return report(j, injury, left);
        std::string outcome;
        if (end.said == "done\n") {
            outcome = "done";
            // A migration looks again; before it deletes, all that it saw is synced once more.
            const bool is_sync = at.name == "fsync" && kind.number != EINTR && !j.migrates;
            if (is_sync) report(j, injury, "a failed sync was not told of");
            if (left != "new") report(j, injury, "it said done, and it was not");
        } else if (end.exit_code == 1 && end.said.starts_with("failed ")) {
            outcome = contains(end.said, " none ")      ? "refused"
                      : contains(end.said, " applied ") ? "applied"
                                                        : "unknown";
            if (kind.number == 0) report(j, injury, "a short write is no failure: " + end.said);
            const bool is_told = !j.migrates && before != after;
            if (outcome == "refused" && left != "old" && is_told) report(j, injury, "refused, and yet done");
            if (outcome == "applied" && left != "new" && is_told) report(j, injury, "said to be done, and is not");
            const bool is_impossible_here = end.said.starts_with("failed unsupported none 0:");
            if (!contains(end.said, " " + std::to_string(kind.number) + ":") && !j.migrates && !is_impossible_here) {
                report(j, injury, "the reason was changed: " + end.said);
            }
        } else {
            return report(j, injury, "the worker died: " + end.said);
        }
        ++rows_[at.name].refusals[outcome];
        finish_job(j, injury, store, before, after);
    }

    /// Does the job again, unhurt: it must end as it always does.
    void finish_job(const job& j, const std::string& injury, const std::string& store, const contents& before,
                    const contents& after) {
        if (auto again = j.run(store, j.options); !again && !is_old_news(j, again.error())) {
            return report(j, injury, "it cannot be done again: " + again.error().message);
        }
        if (j.migrates) {
            if (const std::string fault = fault_of_end(j, store, before); !fault.empty()) report(j, injury, fault);
        } else if (const auto now = contents_of(store); !now || *now != after) {
            report(j, injury, "done again, it does not end as it should");
        }
        if (!leftovers(store).empty()) report(j, injury, "something temporary is left at the end");
    }

    /// "old" or "new", or what is wrong.
    [[nodiscard]] static std::string state_of(const std::string& store, const contents& before, const contents& after) {
        const auto now = contents_of(store);
        if (!now) return "FAULT: the store cannot be read: " + now.error().message;
        if (!leftovers(store).empty()) return "FAULT: temporary files are left";
        if (*now == after) return "new";
        return *now == before ? "old" : "FAULT: neither as before nor as after";
    }

    [[nodiscard]] static std::string state_of_migration(const job& j, const std::string& store,
                                                        const contents& before) {
        if (const std::string fault = fault_of_migration(j, store, before); !fault.empty()) return "FAULT: " + fault;
        if (!leftovers(store).empty()) return "FAULT: temporary files are left";
        const auto now = contents_of(store).value();
        if (now == before) return "old";
        return now == end_of(j, before) ? "new" : "partway";
    }

    /// The temporary files, not their folders: before anybody swept.
    [[nodiscard]] static strings files_left(const std::string& store) {
        strings found = leftovers(store);
        std::erase_if(found, [](const std::string& path) { return std::filesystem::is_directory(path); });
        return found;
    }

    /// What creates a blob finds that it was created.
    [[nodiscard]] static bool is_old_news(const job& j, const blobshift::error& e) {
        return j.name == "create" && e.code == blobshift::errc::already_exists;
    }

    [[nodiscard]] static std::string path_in(const call& c) {
        const std::size_t start = c.text.find('<');
        return c.text.substr(start, c.text.find('>') - start);
    }
    /// What is traced of a run in which `at` fails: of syncs, also what gives a folder something new to sync.
    [[nodiscard]] static std::string traced_with(const call& at) {
        return at.name == "fsync" ? "fsync,syncfs,renameat,renameat2,linkat,unlinkat,mkdirat,openat" : at.name;
    }
    /// Whether what failed to be synced is synced once more; of several operations, by the same one: before a change.
    [[nodiscard]] static bool is_synced_again(const std::vector<call>& calls, bool are_several) {
        auto at = std::find_if(calls.begin(), calls.end(),
                               [](const call& c) { return c.name == "fsync" && contains(c.text, "(INJECTED)"); });
        if (at == calls.end()) return false;
        const std::string path = path_in(*at);
        while (++at != calls.end()) {
            if (at->name == "fsync" && path_in(*at) == path) return true;
            const bool looks =
                at->name == "fsync" || at->name == "syncfs" || (at->name == "openat" && !is_creation(*at));
            if (are_several && !looks) return false;
        }
        return false;
    }

    [[nodiscard]] bool is_wanted(const std::string& injury) const { return only_.empty() || only_ == injury; }

    void report(const job& j, const std::string& injury, const std::string& what) {
        ++faults_;
        if (!is_aloud_) return;
        std::cout << "FAULT in " << j.name << ": " << what << "\n  again: " << (is_long_ ? "BLOBSHIFT_CRASH=long " : "")
                  << "TMPDIR=" << std::filesystem::temp_directory_path().string() << ' '
                  << std::filesystem::read_symlink("/proc/self/exe").string() << ' ' << worker_ << ' ' << j.name << ' '
                  << injury << '\n';
    }

    const std::string worker_;
    const bool is_long_;
    const bool is_aloud_;
    const std::string only_;
    const temporary_folder scratch_;
    std::map<std::string, row> rows_;
    int kills_ = 0;
    int refusals_ = 0;
    int shortened_ = 0;
    int every_shortened_ = 0;
    int faked_short_ = 0;
    int too_small_ = 0;
    int not_faked_ = 0;
    int skipped_ = 0;
    int faults_ = 0;
};

/// A harness that cannot fail is worse than none. \return whether each bug that is planted was found.
[[nodiscard]] bool find_planted_bugs(const std::string& worker) {
    bool all = true;
    for (const char* bug : {"sync_errors", "one_sync", "atomic_rename", "rest_of_write"}) {
        ::setenv("BLOBSHIFT_SKIP", bug, 1);
        lane crashes(worker, false, false);
        crashes.examine(*find_job("put"));
        ::unsetenv("BLOBSHIFT_SKIP");
        std::cout << "planted, without " << bug << ": " << (crashes.faults() > 0 ? "found" : "NOT FOUND") << '\n';
        all = all && crashes.faults() > 0;
    }
    return all;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        std::cerr << "usage: crash_points WORKER [all|all_but_migrations|JOB...|JOB INJURY]\n";
        return 2;
    }
    const std::string_view first = argc == 2 ? "all" : argv[2];
    std::vector<const job*> chosen;
    for (const job& each : all_jobs()) {
        if (first == "all" || (first == "all_but_migrations" && !each.migrates)) chosen.push_back(&each);
    }
    const bool are_named = chosen.empty();
    const std::string only = argc == 4 && contains(argv[3], ":") ? argv[3] : "";
    for (int i = 2; are_named && i < (only.empty() ? argc : 3); ++i) chosen.push_back(find_job(argv[i]));
    if (const std::string why = why_no_strace(); !why.empty()) {
        std::cout << "skipped " << chosen.size() << " jobs: " << why << '\n';
        return 77;
    }
    prefer_memory();
    const char* wanted = std::getenv("BLOBSHIFT_CRASH");
    lane crashes(argv[1], wanted != nullptr && std::string_view(wanted) == "long", true, only);
    for (const job* each : chosen) {
        if (each == nullptr) {
            std::cerr << "no such job\n";
            return 2;
        }
        crashes.examine(*each);
    }
    const bool is_fine = crashes.finish();
    if (!only.empty()) return is_fine ? 0 : 1;
    return find_planted_bugs(argv[1]) && is_fine ? 0 : 1;
}
