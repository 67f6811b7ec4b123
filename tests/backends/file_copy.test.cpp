// SPDX-License-Identifier: MIT

#include <blobshift/backends/file_copy.hpp>

#include <doctest/doctest.h>

#include <optional>
#include <vector>

#include <backends/files_on_disk.hpp>
#include <backends/scripted_files.hpp>
#include <support/print.hpp>

using namespace blobshift;
using testing::scripted_files;

namespace {

constexpr std::string_view content = "0123456789abcdef";

/// A file with content, and an empty one to copy it to.
struct two_files {
    testing::disk disk;
    std::shared_ptr<testing::file_script> script = std::make_shared<testing::file_script>();
    scripted_files files{script};
    int root = files.open_root(disk.path().c_str());
    int from = [this] {
        disk.write("from", content);
        return files.open_in(root, "from", open_for::content);
    }();
    detail::temp_file<scripted_files> to{files, root, "to",
                                         detail::file_handle<scripted_files>(files, files.create_in(root, "to", 0600))};

    ~two_files() {
        script->clear();  // it may refer to what was the test's own
        files.close(from);
        files.close(root);
    }
    result<void> copy(copy_method method, std::uint64_t size = content.size(), const context& c = {}) {
        return detail::copy_content(c, files, from, to, size, method);
    }
};

}  // namespace

TEST_CASE("content is copied in every way that the system allows or refuses") {
    struct row {
        const char* why;
        copy_method method;
        std::vector<std::pair<std::string_view, int>> refused;
        std::size_t most_bytes;
    };
    constexpr std::size_t all = static_cast<std::size_t>(-1);
    for (const row& t : {row{"as the system likes", copy_method::automatic, {}, all},
                         row{"no blocks shared", copy_method::automatic, {{"clone", -EOPNOTSUPP}}, all},
                         row{"inside the kernel, in parts", copy_method::byte_copy, {}, 3},
                         row{"across file systems", copy_method::byte_copy, {{"copy_range", -EXDEV}}, all},
                         row{"an old kernel", copy_method::byte_copy, {{"copy_range", -ENOSYS}}, all},
                         row{"by hand, in parts", copy_method::byte_copy, {{"copy_range", -EINVAL}}, 5}}) {
        CAPTURE(std::string(t.why));
        two_files f;
        f.script->most_bytes = t.most_bytes;
        f.script->before = [&](std::string_view call) {
            for (const auto& [name, answer] : t.refused) {
                if (call == name) return answer;
            }
            return 0;
        };
        CHECK(f.copy(t.method));
        CHECK(f.disk.read("to") == content);
    }
}

TEST_CASE("a byte copy never asks for shared blocks") {
    two_files f;
    CHECK(f.copy(copy_method::byte_copy));
    CHECK(f.script->count("clone") == 0);
}

TEST_CASE("a reflink that is impossible is unsupported, and nothing else is tried") {
    two_files f;
    f.script->fail("clone", -EOPNOTSUPP);
    const auto done = f.copy(copy_method::reflink);
    REQUIRE_FALSE(done);
    CHECK(done.error().code == errc::unsupported);
    CHECK(f.disk.read("to").empty());
}

TEST_CASE("a source that is shorter than it was is corrupt, not a shorter copy") {
    two_files f;
    const auto done = f.copy(copy_method::byte_copy, content.size() + 1);
    REQUIRE_FALSE(done);
    CHECK(done.error().code == errc::corrupt);
}

TEST_CASE("what the medium refuses while copying is an error, and not tried by hand") {
    for (const int answer : {-EIO, -ENOSPC, -EDQUOT}) {
        two_files f;
        f.script->fail("copy_range", answer);
        const auto done = f.copy(copy_method::byte_copy);
        REQUIRE_FALSE(done);
        CHECK(done.error().system_code == -answer);
        CHECK(f.script->count("write_at") == 0);
    }
    for (const char* call : {"read_at", "write_at"}) {
        two_files f;
        f.script->before = [&](std::string_view each) {
            return each == "copy_range" ? -EXDEV : each == call ? -EIO : 0;
        };
        const auto done = f.copy(copy_method::byte_copy);
        REQUIRE_FALSE(done);
        CHECK(done.error().code == errc::io_error);
    }
}

TEST_CASE("a copy ends between pieces when it is told to") {
    two_files f;
    std::stop_source stop;
    stop.request_stop();
    context c;
    c.stop = stop.get_token();
    const auto done = f.copy(copy_method::byte_copy, content.size(), c);
    REQUIRE_FALSE(done);
    CHECK(done.error().code == errc::cancelled);
}
