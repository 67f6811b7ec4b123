// SPDX-License-Identifier: MIT
//
// A whole migration on files against the least that any program must do: `migrate_files BLOBS [FOLDER]`.
//
// The bare loop lists the folders with getdents, and links and unlinks each file. The migration copies until a further
// pass finds nothing, and deletes with proof, ledger and a second look. Neither syncs. The bar is 1.5. A verify between
// the two, which on files repeats what the delete does by itself, is timed apart.

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include <blobshift/backends/file_store.hpp>
#include <blobshift/migrate/copy.hpp>
#include <blobshift/migrate/remove.hpp>
#include <blobshift/migrate/verify.hpp>
#include <blobshift/naming/dicom_names.hpp>

namespace {

using namespace blobshift;
namespace fs = std::filesystem;

void must(bool fine, const char* what) {
    if (!fine) throw std::runtime_error(what);
}

/// 100 instances to a series, 5 series to a study, 4 KiB each.
void fill(const fs::path& root, std::int64_t blobs) {
    const uid_names names;
    const std::string content(4096, 'x');
    for (std::int64_t w = 1; w <= blobs; ++w) {
        const std::string base = "1.2.826.0.1.3680043.8.498.";
        const instance_id id{base + std::to_string(w / 500), base + "7." + std::to_string(w / 100),
                             base + "9." + std::to_string(w), w};
        const fs::path file = root / names.name_of(id, blob_kind::instance).value().text();
        fs::create_directories(file.parent_path());
        const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL, 0600);
        must(fd >= 0 && ::write(fd, content.data(), content.size()) == 4096 && ::close(fd) == 0, "fill");
    }
}

void bare_folder(int root, int folder, std::string& name) {
    DIR* entries = ::fdopendir(folder);
    must(entries != nullptr, "fdopendir");
    const prefix_names names;
    while (const dirent* entry = ::readdir(entries)) {
        const std::string_view text = entry->d_name;
        if (text == "." || text == "..") continue;
        if (entry->d_type == DT_DIR) {
            const int below = ::openat(folder, entry->d_name, O_RDONLY | O_DIRECTORY);
            must(below >= 0, "openat");
            bare_folder(root, below, name);
            must(::unlinkat(folder, entry->d_name, AT_REMOVEDIR) == 0, "rmdir");
            continue;
        }
        const std::size_t mark = text.rfind('_') + 1;
        name = names.name_of({.watermark = std::strtoll(entry->d_name + mark, nullptr, 10)}, blob_kind::instance)
                   .value()
                   .text();
        must(::linkat(folder, entry->d_name, root, name.c_str(), 0) == 0, "link");
        must(::unlinkat(folder, entry->d_name, 0) == 0, "unlink");
    }
    ::closedir(entries);
}

double bare(const fs::path& root) {
    const auto start = std::chrono::steady_clock::now();
    const int fd = ::open(root.c_str(), O_RDONLY | O_DIRECTORY);
    // Folders only: the new names appear in the root while it is read.
    std::vector<std::string> studies;
    for (const auto& entry : fs::directory_iterator(root)) studies.push_back(entry.path().filename());
    std::string name;
    for (const std::string& study : studies) {
        const int below = ::openat(fd, study.c_str(), O_RDONLY | O_DIRECTORY);
        must(below >= 0, "openat");
        bare_folder(fd, below, name);
        must(::unlinkat(fd, study.c_str(), AT_REMOVEDIR) == 0, "rmdir");
    }
    ::close(fd);
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

struct parts {
    double copy = 0;
    double verify = 0;
    double remove = 0;
    [[nodiscard]] double all() const { return copy + remove; }
};

parts migrate(const fs::path& root, const fs::path& scratch_path, std::int64_t blobs, unsigned concurrency) {
    const auto open = [](const fs::path& path) {
        return file_store::open(path.string(), {.durable = durability::none, .create = true}).value();
    };
    file_store store = open(root);
    any_store state{open(scratch_path / "state")};
    any_store scratch{open(scratch_path / "scratch")};
    const uid_names from;
    const prefix_names to;
    migration_observer observer;
    const migration_job job{store, from, to, state, scratch, observer, job_options{.concurrency = concurrency}};
    const auto now = [] { return std::chrono::steady_clock::now(); };
    const auto seconds = [](auto a, auto b) { return std::chrono::duration<double>(b - a).count(); };
    const auto t0 = now();
    const copy_summary copied = copy_blobs(job, {}).value();
    const auto t1 = now();
    const verify_summary verified = verify_copies(job, {}).value();
    const auto t2 = now();
    const remove_summary removed = remove_sources(job, {}).value();
    const auto t3 = now();
    must(copied.complete && verified.complete && removed.complete, "the migration is not complete");
    must(removed.outcomes.objects(outcome::removed) == static_cast<std::uint64_t>(blobs), "not all were removed");
    return {seconds(t0, t1), seconds(t1, t2), seconds(t2, t3)};
}

}  // namespace

int main(int argc, char** argv) {
    const std::int64_t blobs = argc > 1 ? std::strtoll(argv[1], nullptr, 10) : 100'000;
    const fs::path folder = (argc > 2 ? fs::path(argv[2]) : fs::temp_directory_path()) /
                            ("blobshift-bench-" + std::to_string(::getpid()));
    try {
        std::vector<double> ratios;
        for (int round = 0; round < 3; ++round) {
            fs::create_directories(folder / "side");
            fill(folder / "bare", blobs);
            fill(folder / "ours", blobs);
            ::sync();
            const double least = bare(folder / "bare");
            const parts ours = migrate(folder / "ours", folder / "side", blobs, 2);
            ratios.push_back(ours.all() / least);
            std::printf("%lld blobs: bare %.2f s; copy %.2f + delete %.2f = %.2f s (verify %.2f); ratio %.2f\n",
                        static_cast<long long>(blobs), least, ours.copy, ours.remove, ours.all(), ours.verify,
                        ratios.back());
            fs::remove_all(folder);
        }
        std::sort(ratios.begin(), ratios.end());
        std::printf("median ratio %.2f of 1.50: %s\n", ratios[1], ratios[1] <= 1.5 ? "within the bar" : "OVER THE BAR");
        return ratios[1] <= 1.5 ? 0 : 1;
    } catch (const std::exception& e) {
        std::fprintf(stderr, "migrate_files: %s\n", e.what());
        fs::remove_all(folder);
        return 1;
    }
}
