// SPDX-License-Identifier: MIT
//
// power_cut WORKER: runs each job on a disk that remembers every change, and judges what a power cut would leave after
// each of them, in six mixtures of what was not synced. A migration is also killed before each change, and run again.
// power_cut WORKER JOB [KILLED_AT CUT MIXTURE SEED]: that job, or that one cut, as a fault that was found names it.
//
// It must also find the loss that planted bugs cause: a sync that is forgotten, or durability that was not asked for.
// Exit code: 0 fine, 1 a fault was found (or a planted one was not), 77 nothing can be mounted here, or no job can run.
#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <support/temporary_folder.hpp>

#include "../jobs.hpp"
#include "power_mount.hpp"

namespace {

using namespace crash_test;
using blobshift::durability;
using blobshift::testing::temporary_folder;

struct mixture {
    survival how;
    std::uint64_t seed;
};
const std::vector<mixture> mixtures = {{survival::nothing, 0},    {survival::entries, 0}, {survival::inodes, 0},
                                       {survival::everything, 0}, {survival::some, 1},    {survival::some, 2}};

/// The one cut that is wanted, of all.
struct chosen_cut {
    int killed_at = 0;
    std::size_t cut = 0;
    int how = 0;
    std::uint64_t seed = 0;
};

/// Runs the worker with its output in the file `said`. \return its exit code, or 1000 + the signal.
int run_worker(const std::string& worker, const job& j, const std::string& store, const char* durable,
               const std::map<std::string, std::string>& environment, const std::string& said = "/dev/null") {
    const ::pid_t child = ::fork();
    if (child == 0) {
        ::setenv("BLOBSHIFT_POWER", "1", 1);
        ::dup2(::open(said.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), 1);
        for (const auto& [name, value] : environment) ::setenv(name.c_str(), value.c_str(), 1);
        const std::string name(j.name);
        ::execl(worker.c_str(), worker.c_str(), name.c_str(), store.c_str(), durable, nullptr);
        ::_exit(127);
    }
    int status = 0;
    if (child < 0 || ::waitpid(child, &status, 0) != child) return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

class lane {
public:
    explicit lane(std::string worker, std::optional<chosen_cut> only = {})
        : worker_(std::move(worker)), only_(only), mount_(folder_.path()) {}

    /// What a job is run with beside its name.
    struct setting {
        const char* durable = nullptr;  ///< Instead of the job's own.
        std::map<std::string, std::string> environment = {};
        int kill_at = 0;  ///< First killed there, then run again. 0 = not.
    };

    /// Cuts the power after every change of one run. \return the number of faults; nothing: the job did not get so far.
    std::optional<int> examine(const job& j, const setting& s, bool aloud) {
        const std::string name = "run" + std::to_string(++runs_);
        std::filesystem::create_directory(folder_.path() + "/" + name);
        const std::string store = folder_.path() + "/" + name + "/store";
        j.prepare(store);
        const contents before = contents_of(store).value();
        mount_.disk().settle();
        std::size_t first = 0;
        if (s.kill_at > 0) {
            auto doomed = s.environment;
            doomed["BLOBSHIFT_KILL_AT"] = std::to_string(s.kill_at);
            if (run_worker(worker_, j, store, s.durable, doomed) != 1000 + SIGKILL) return std::nullopt;
            first = mount_.disk().journal().size();
        }
        const std::string said = output_.path() + "/said";
        const int ended = run_worker(worker_, j, store, s.durable, s.environment, said);
        const std::size_t count = mount_.disk().journal().size();
        std::string line;
        std::getline(std::ifstream(said), line);
        // Only a disk that cannot share blocks is a reason to skip; any other failure is one.
        const bool is_reflink = j.options.copying == blobshift::copy_method::reflink;
        if (ended == 1 && is_reflink && line.starts_with("failed unsupported none ")) return std::nullopt;
        if (ended != 0) {
            std::cout << "FAULT in " << j.name << ": the worker ended with " << ended << ": " << line
                      << "\n  again: " << command(j) << '\n';
            return 1;
        }
        const contents after = contents_of(store).value();
        const inode_number place = mount_.disk().now().at(journaled_disk::root).entries.at(name);
        int faults = 0;
        for (std::size_t cut = first; cut <= count; ++cut) {
            for (const mixture& m : mixtures) {
                if (!is_wanted(s.kill_at, cut, m)) continue;
                ++cuts_;
                const disk_image image = mount_.disk().after_power_cut(cut, m.how, m.seed);
                const std::string fault = judge(j, image, place, before, after, cut == count);
                if (fault.empty()) continue;
                ++faults;
                if (!aloud) continue;
                std::cout << "FAULT in " << j.name << " (durability " << (s.durable ? s.durable : "of the job")
                          << ", killed at " << s.kill_at << "), power cut after change " << cut << " of " << count
                          << ", mixture " << static_cast<int>(m.how) << "/" << m.seed << ": " << fault
                          << "\n  again: " << command(j) << ' ' << s.kill_at << ' ' << cut << ' '
                          << static_cast<int>(m.how) << ' ' << m.seed << '\n';
            }
        }
        std::filesystem::remove_all(folder_.path() + "/" + name);
        return faults;
    }

    [[nodiscard]] int cuts() const noexcept { return cuts_; }
    [[nodiscard]] int runs() const noexcept { return runs_; }

private:
    [[nodiscard]] bool is_wanted(int killed_at, std::size_t cut, const mixture& m) const {
        return !only_ || (only_->killed_at == killed_at && only_->cut == cut && only_->how == static_cast<int>(m.how) &&
                          only_->seed == m.seed);
    }
    [[nodiscard]] std::string command(const job& j) const {
        return std::filesystem::read_symlink("/proc/self/exe").string() + " " + worker_ + " " + std::string(j.name);
    }

    [[nodiscard]] std::string judge(const job& j, const disk_image& image, inode_number place, const contents& before,
                                    const contents& after, bool is_acknowledged) const {
        const temporary_folder survivor;
        const std::string store = survivor.path() + "/run/store";
        materialize(image, place, survivor.path() + "/run");
        if (j.migrates) {
            if (std::string fault = fault_of_migration(j, store, before); !fault.empty()) return fault;
            if (!j.run(store, j.options)) return "it cannot be run again";
            return fault_of_end(j, store, before);
        }
        const auto now = contents_of(store);
        if (!now) return "the store cannot be read: " + now.error().message;
        if (!leftovers(store).empty()) return "temporary files are left";
        if (*now == after) return "";
        if (is_acknowledged && j.options.durable == durability::full) return "what was acknowledged is lost";
        return *now == before ? "" : "a blob is neither as before nor as after";
    }

    const std::string worker_;
    const std::optional<chosen_cut> only_;
    const temporary_folder folder_;
    const temporary_folder output_;  ///< Not on the mount: what is said there is no change of its disk.
    power_mount mount_;
    int runs_ = 0;
    int cuts_ = 0;
};

struct planted {
    const char* job;
    const char* durable;
    const char* skip;
    bool kill_everywhere = false;
};
/// Each of them must be found out.
const std::vector<planted> bugs = {
    {"put_durably", "none", ""},
    {"put_durably", nullptr, "file_sync"},
    {"put_durably", nullptr, "folder_sync"},
    {"replace", nullptr, "file_sync"},
    {"link", nullptr, "folder_sync"},
    {"copy_bytes", nullptr, "file_sync"},
    {"remove", nullptr, "folder_sync"},
    {"upload", nullptr, "file_sync"},
    {"migrate", "none", ""},
    {"migrate", nullptr, "file_sync"},
    {"migrate_apart", nullptr, "sync_all", true},
};

/// The job killed before its first change of a name, its second ..., and each time run again.
int examine_killed(lane& power, const job& j, lane::setting s, bool aloud) {
    int faults = 0;
    for (s.kill_at = 1;; ++s.kill_at) {
        const auto found = power.examine(j, s, aloud);
        if (!found) return faults;
        faults += *found;
        if (!aloud && faults > 0) return faults;
    }
}

/// What a line says that repeats a fault. \return the exit code.
int examine_one(int argc, char** argv, const job& j) {
    std::optional<chosen_cut> at;
    if (argc == 7) {
        at = chosen_cut{std::atoi(argv[3]), std::strtoul(argv[4], nullptr, 10), std::atoi(argv[5]),
                        std::strtoul(argv[6], nullptr, 10)};
    }
    lane power(argv[1], at);
    const auto faults = power.examine(j, {.kill_at = at ? at->killed_at : 0}, true);
    const int others = j.migrates && !at ? examine_killed(power, j, {}, true) : 0;
    std::cout << power.cuts() << " power cuts, " << faults.value_or(0) + others << " faults\n";
    return faults == 0 && others == 0 && power.cuts() > 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    const job* const only = argc > 2 ? find_job(argv[2]) : nullptr;
    if ((argc != 2 && argc != 3 && argc != 7) || (argc > 2 && only == nullptr)) {
        std::cerr << "usage: power_cut WORKER [JOB [KILLED_AT CUT MIXTURE SEED]]\n";
        return 2;
    }
    if (const std::string why = power_mount::why_not(); !why.empty()) {
        std::cout << "skipped " << all_jobs().size() << " jobs: " << why << '\n';
        return 77;
    }
    prefer_memory();
    if (only != nullptr) return examine_one(argc, argv, *only);
    lane power(argv[1]);
    int faults = 0;
    std::size_t skipped = 0;
    for (const job& j : all_jobs()) {
        const int before = power.cuts();
        const auto found = power.examine(j, {}, true);
        std::cout << j.name << ": " << (found ? std::to_string(power.cuts() - before) + " power cuts" : "skipped")
                  << '\n';
        faults += found.value_or(0);
        if (!found) ++skipped;
    }
    if (skipped == all_jobs().size()) {
        std::cout << "skipped all " << skipped << " jobs\n";
        return 77;
    }
    for (const char* migration : {"migrate", "migrate_apart"}) {
        const int before = power.cuts();
        faults += examine_killed(power, *find_job(migration), {}, true);
        std::cout << migration << ", killed and run again: " << power.cuts() - before << " power cuts\n";
        if (power.cuts() == before) {
            std::cout << "FAULT in " << migration << ": it was not killed\n";
            ++faults;
        }
    }

    int unfound = 0;
    for (const planted& p : bugs) {
        lane::setting s{.durable = p.durable, .environment = {{"BLOBSHIFT_SKIP", p.skip}}};
        const job& j = *find_job(p.job);
        const int found =
            p.kill_everywhere ? examine_killed(power, j, s, false) : power.examine(j, s, false).value_or(0);
        std::cout << "planted in " << p.job << ", "
                  << (p.durable ? "durability none" : std::string("without ") + p.skip) << ": "
                  << (found > 0 ? "found" : "NOT FOUND") << '\n';
        if (found == 0) ++unfound;
    }
    std::cout << power.runs() << " runs, " << skipped << " of " << all_jobs().size() << " jobs skipped, "
              << power.cuts() << " power cuts, " << faults << " faults, "
              << bugs.size() - static_cast<std::size_t>(unfound) << " of " << bugs.size() << " planted bugs found\n";
    return faults == 0 && unfound == 0 ? 0 : 1;
}
