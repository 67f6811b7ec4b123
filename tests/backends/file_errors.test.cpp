// SPDX-License-Identifier: MIT

#include <blobshift/backends/file_errors.hpp>

#include <doctest/doctest.h>

#include <string>

#include <support/print.hpp>

using namespace blobshift;

TEST_CASE("each errno has the kind that tells its caller what to do") {
    struct row {
        int number;
        errc code;
    };
    for (const row& t : {row{ENOENT, errc::not_found},
                         row{EEXIST, errc::already_exists},
                         row{EACCES, errc::permission_denied},
                         row{EPERM, errc::permission_denied},
                         row{EROFS, errc::permission_denied},
                         row{ENOSPC, errc::no_space},
                         row{EDQUOT, errc::no_space},
                         row{EFBIG, errc::no_space},
                         row{EMFILE, errc::no_space},
                         row{ENFILE, errc::no_space},
                         row{ENOMEM, errc::no_space},
                         row{ENAMETOOLONG, errc::invalid_argument},
                         row{ENOTDIR, errc::conflict},
                         row{EISDIR, errc::conflict},
                         row{ENOTEMPTY, errc::conflict},
                         row{ELOOP, errc::conflict},
                         row{EXDEV, errc::unsupported},
                         row{EINVAL, errc::unsupported},
                         row{ENOSYS, errc::unsupported},
                         row{EOPNOTSUPP, errc::unsupported},
                         row{EBUSY, errc::unavailable},
                         row{ESTALE, errc::io_error},
                         row{EIO, errc::io_error},
                         row{ENODEV, errc::io_error}}) {
        CAPTURE(t.number);
        const error e = detail::file_error(-t.number, "cannot do it", "the/name");
        CHECK(e.code == t.code);
        CHECK(e.system_code == t.number);
        CHECK(e.done == effect::none);
        CHECK(e.subject == "the/name");
        CHECK(e.message.starts_with("cannot do it: "));
        CHECK(e.message.find("the/name") == std::string::npos);
        CHECK(e.is_transient() == (t.code == errc::unavailable));
    }
}

TEST_CASE("the number of an errno without words of its own stands in the message") {
    CHECK(detail::file_error(-ENODEV, "x").message.find("errno " + std::to_string(ENODEV)) != std::string::npos);
}

TEST_CASE("a device that fails while a name is changed leaves open whether it was") {
    CHECK(detail::name_failure(-EIO, "x").error().done == effect::indeterminate);
    CHECK(detail::name_failure(-ENOSPC, "x").error().done == effect::none);
}

TEST_CASE("what was done and cannot be synced is reported as done") {
    const error e = detail::unsynced(-EIO, "n");
    CHECK(e.code == errc::io_error);
    CHECK(e.done == effect::applied);
    CHECK_FALSE(e.is_transient());
}
