// SPDX-License-Identifier: MIT

#include <blobshift/backends/file_temps.hpp>

#include <doctest/doctest.h>

#include <backends/files_on_disk.hpp>
#include <backends/scripted_files.hpp>
#include <support/print.hpp>

using namespace blobshift;
using testing::scripted_files;
using temps = detail::temp_files<scripted_files>;
using handle = detail::file_handle<scripted_files>;

namespace {

/// The private folder of a store, without the store.
struct home {
    testing::disk disk;
    std::shared_ptr<testing::file_script> script = std::make_shared<testing::file_script>();
    scripted_files files{script};
    detail::file_tree<scripted_files> tree{files, files.open_root(disk.path().c_str()), 0700};

    ~home() { script->clear(); }  // it may refer to what was the test's own

    /// One owner of temporary files: what a process has.
    struct owner {
        handle lock;
        std::unique_ptr<temps> folder;
    };
    [[nodiscard]] owner begin() const {
        owner o{handle(files, files.open_lock_in(tree.root(), "locks", 0600)), nullptr};
        o.folder = temps::begin(tree, tree.root(), o.lock.fd(), 0600).value();
        return o;
    }
    void sweep() const {
        const handle lock(files, files.open_lock_in(tree.root(), "locks", 0600));
        temps::sweep(files, tree.root(), lock.fd());
    }
    [[nodiscard]] std::size_t files_left() const {
        std::size_t n = 0;
        for (const std::string& each : disk.all()) n += each.starts_with("tmp/") && each.back() != '/' ? 1U : 0U;
        return n;
    }
};

}  // namespace

TEST_CASE_FIXTURE(home, "a temporary file goes with its object, and its folder with the owner") {
    {
        const owner o = begin();
        {
            const auto one = o.folder->create().value();
            const auto two = o.folder->create().value();
            CHECK(files_left() == 2);
        }
        CHECK(files_left() == 0);
    }
    CHECK(disk.all() == std::vector<std::string>{"locks", "tmp/"});
}

TEST_CASE_FIXTURE(home, "a published file is left where it went") {
    const owner o = begin();
    {
        auto one = o.folder->create().value();
        REQUIRE(files.rename(one.folder(), one.name(), tree.root(), "blob") == 0);
        one.published();
    }
    CHECK(disk.has("blob"));
}

TEST_CASE_FIXTURE(home, "a temporary file that is moved is removed once, at the end of the last") {
    const owner o = begin();
    auto one = o.folder->create().value();
    auto two = o.folder->create().value();
    detail::temp_file<scripted_files> three(std::move(one));
    CHECK(files_left() == 2);
    two = std::move(three);
    CHECK(files_left() == 1);
}

TEST_CASE_FIXTURE(home, "a sweep removes what the dead left and nothing of the living") {
    const owner alive = begin();
    const auto living = alive.folder->create().value();
    disk.write("tmp/3000000000000000/1", "left by a crash");
    disk.write("tmp/3000000000000000/2", "left by a crash");
    std::filesystem::create_directories(disk.path("tmp/3fffffffffffffff"));
    CHECK(files_left() == 3);
    sweep();
    CHECK(files_left() == 1);
    CHECK_FALSE(disk.has("tmp/3000000000000000"));
    CHECK_FALSE(disk.has("tmp/3fffffffffffffff"));
}

TEST_CASE_FIXTURE(home, "a sweep leaves alone what no store has made") {
    for (const char* other : {"tmp/note", "tmp/12/f", "tmp/zz00000000000000/f", "tmp/ffffffffffffffffff/f"})
        disk.write(other, "");
    sweep();
    CHECK(files_left() == 4);
}

TEST_CASE_FIXTURE(home, "an owner that died is swept, even with its lock file still in place") {
    owner o = begin();
    auto left = o.folder->create().value();
    left.published();  // forgotten: as a kill would
    o.lock.close();    // and the system ends its locks
    CHECK(files_left() == 1);
    sweep();
    CHECK(files_left() == 0);
    CHECK(disk.all() == std::vector<std::string>{"locks", "tmp/"});
}

TEST_CASE_FIXTURE(home, "short writes go on until all is written") {
    const owner o = begin();
    auto one = o.folder->create().value();
    script->most_bytes = 3;
    CHECK(one.write({}, as_bytes("0123456789"), 0));
    CHECK(one.write({}, as_bytes("ab"), 10));
    CHECK(disk.read(disk.all().at(3)) == "0123456789ab");
}

TEST_CASE_FIXTURE(home, "a write of nothing where there was something is an error, not a loop") {
    const owner o = begin();
    auto one = o.folder->create().value();
    script->most_bytes = 0;
    const auto written = one.write({}, as_bytes("x"), 0);
    REQUIRE_FALSE(written);
    CHECK(written.error().code == errc::io_error);
}

TEST_CASE_FIXTURE(home, "a write ends between pieces when it is told to") {
    const owner o = begin();
    auto one = o.folder->create().value();
    std::stop_source stop;
    stop.request_stop();
    context c;
    c.stop = stop.get_token();
    const auto written = one.write(c, as_bytes("x"), 0);
    REQUIRE_FALSE(written);
    CHECK(written.error().code == errc::cancelled);
}

TEST_CASE_FIXTURE(home, "a completed file has its attributes, its stamp and its mode") {
    const owner o = begin();
    auto one = o.folder->create().value();
    const file_facts facts = one.finish("value", 1'234'567'890'123'456'789, 0640, true).value();
    CHECK(facts.mtime_ns == 1'234'567'890'123'456'789);
    file_facts now;
    REQUIRE(files.facts_of(one.fd(), now) == 0);
    CHECK(now.mode == 0640);
    CHECK(detail::read_encoded_attributes(files, one.fd()).value() == "value");
    CHECK(script->count("sync") == 1);
}

TEST_CASE_FIXTURE(home, "a file that nobody may write to in the end may be written to until then") {
    const handle lock(files, files.open_lock_in(tree.root(), "locks", 0600));
    for (const unsigned mode : {0444U, 0400U, 0000U, 0664U}) {
        CAPTURE(mode);
        const auto folder = temps::begin(tree, tree.root(), lock.fd(), mode).value();
        auto one = folder->create().value();
        file_facts facts;
        REQUIRE(files.facts_of(one.fd(), facts) == 0);
        CHECK((facts.mode & 0600U) == 0600U);
        CHECK((facts.mode & ~(mode | 0600U)) == 0);
        CHECK(one.finish("value", 1'234'567'890'123'456'789, mode, false));
        REQUIRE(files.facts_of(one.fd(), facts) == 0);
        CHECK(facts.mode == mode);
    }
}

TEST_CASE_FIXTURE(home, "what keeps a file from being completed is told apart") {
    struct row {
        const char* call;
        int answer;
        errc code;
    };
    for (const row& t :
         {row{"set_attribute", -EOPNOTSUPP, errc::unsupported}, row{"set_attribute", -E2BIG, errc::unsupported},
          row{"set_attribute", -ERANGE, errc::unsupported}, row{"set_attribute", -ENOSPC, errc::no_space},
          row{"set_attribute", -EDQUOT, errc::no_space}, row{"set_attribute", -EIO, errc::io_error},
          row{"set_mtime", -EPERM, errc::permission_denied}, row{"facts_of", -EIO, errc::io_error},
          row{"set_mode", -EPERM, errc::permission_denied}, row{"sync", -EIO, errc::io_error},
          row{"sync", -EINVAL, errc::unsupported}, row{"sync", -ENOSPC, errc::no_space}}) {
        CAPTURE(t.call);
        CAPTURE(t.answer);
        const owner o = begin();
        auto one = o.folder->create().value();
        script->fail(t.call, t.answer);
        const auto done = one.finish("value", 1, 0640, true);
        script->before = {};
        REQUIRE_FALSE(done);
        CHECK(done.error().code == t.code);
        CHECK(done.error().system_code == -t.answer);
        CHECK(done.error().done == effect::none);
    }
}

TEST_CASE_FIXTURE(home, "a file system with coarse times is refused: its versions could not be told apart") {
    const owner o = begin();
    auto one = o.folder->create().value();
    script->before = [&](std::string_view call) {
        if (call == "facts_of") (void)posix_files().set_mtime(one.fd(), 1'000'000'000);
        return 0;
    };
    const auto done = one.finish("", 1'234'567'890, 0600, false);
    REQUIRE_FALSE(done);
    CHECK(done.error().code == errc::unsupported);
}

TEST_CASE_FIXTURE(home, "an owner takes another id when its first is taken") {
    int asked = 0;
    script->before = [&](std::string_view call) { return call == "try_lock" && asked++ < 2 ? -EAGAIN : 0; };
    const owner o = begin();
    CHECK(asked == 3);
}
