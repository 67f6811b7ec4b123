# SPDX-License-Identifier: MIT
#
# cmake -D WORK=folder -P checks_catch_violations.cmake
#
# Breaks every rule of check_rows and check_lists once, in a copy of the checkout, and compares what the checks say with what
# they should say: nothing less and, about the files planted here, nothing more.
cmake_minimum_required(VERSION 3.25)
cmake_path(GET CMAKE_CURRENT_LIST_DIR PARENT_PATH root)
cmake_path(GET root PARENT_PATH root)

file(REMOVE_RECURSE "${WORK}")
file(COPY "${root}/include" "${root}/cmake" "${root}/tests" "${root}/examples" "${root}/LICENSE" DESTINATION "${WORK}")
set(base "${WORK}/include/blobshift")
set(expected "")
set(planted "")
set(lists "")

# header(PATH TEXT [LIST]): a header that keeps every rule, with TEXT in it; TEXT begins on line 9.
macro(header path text)
  string(REGEX REPLACE "[^A-Za-z0-9]" "_" guard "blobshift/${path}")
  string(TOUPPER "${guard}" guard)
  file(
    WRITE "${base}/${path}"
    "// SPDX-License-Identifier: MIT\n//\n// Planted.   Tests: tests/CMakeLists.txt\n\n#ifndef ${guard}\n#define ${guard}\n\n"
    "namespace blobshift {}\n${text}\n\n#endif\n")
  list(APPEND planted "${path}")
  if("${ARGN}" STREQUAL "")
    string(APPEND lists "list(APPEND BLOBSHIFT_HEADERS ${path})\n")
  else()
    string(APPEND lists "list(APPEND ${ARGN} ${path})\n")
  endif()
endmacro()

# breaks(RULE PATH TEXT [LIST]): a header whose TEXT breaks RULE, and no other.
macro(breaks rule path text)
  header("${path}" "${text}" ${ARGN})
  list(APPEND expected "include/blobshift/${path}:9: [${rule}]")
endmacro()

# ---- check_rows ----

header(core/bad_clean.hpp [[
// Harmless: fopen("x"), std::cout, rand(), using namespace std, static int x; #define X; "std::getenv(
inline constexpr auto words = "::open( std::system_clock::now( // static";
inline constexpr auto quotes = '"' + '\'' + 1'000'000;  // std::printf(
/* std::this_thread::sleep_for(1s) */
struct clean {
    static clean open(int how);
    int remove(clean c) { return c.read(snprintf_like(1)) + store.fopen(2) + clean::unlink(3) + strand(4); }
};
constexpr bool operator==(clean, clean) = default;
#include <vector>  // fopen, curl_easy_perform(
]])
header(backends/posix_bad_clean.hpp "#include <fcntl.h>  // open\ninline int f() { return ::open(\"x\", 0); }")
header(detail/bad_first.hpp "#include <curl/curl.h>" BLOBSHIFT_AZURE_HEADERS)
header(detail/bad_internal.hpp "")
header(core/bad_umbrella.hpp "")

breaks(row core/bad_up.hpp "#include <blobshift/naming/bad_names.hpp>")
header(naming/bad_names.hpp "#include <blobshift/core/bad_clean.hpp>")
breaks(row layers/bad_row.hpp "#include <blobshift/backends/posix_bad_clean.hpp>")
breaks(row migrate/bad_row.hpp "#include <blobshift/backends/posix_bad_clean.hpp>")
breaks(row config/bad_row.hpp "#include <blobshift/detail/bad_internal.hpp>" BLOBSHIFT_CONFIG_HEADERS)
breaks(row core/bad_whole.hpp "#include <blobshift/blobshift.hpp>")
breaks(row core/bad_nowhere.hpp "#include <blobshift/core/nowhere.hpp>")
breaks(price backends/bad_price.hpp "#include <blobshift/detail/bad_first.hpp>")
breaks(price detail/bad_cheap.hpp "#include <openssl/evp.h>")
breaks(third-party detail/bad_second.hpp "#include <curl/curl.h>" BLOBSHIFT_AZURE_HEADERS)
breaks(third-party backends/bad_fence.hpp "#include <pugixml.hpp>" BLOBSHIFT_AZURE_HEADERS)
breaks(third-party core/bad_stranger.hpp "#include <boost/asio.hpp>")
breaks(platform store/bad_platform.hpp "#include <sys/stat.h>")
breaks(relative-include core/bad_relative.hpp "#include \"etag.hpp\"")
breaks(relative-include core/bad_dots.hpp "#include <../core/etag.hpp>")
breaks(macro core/bad_macro.hpp "#define BLOBSHIFT_FAST 1")
breaks(macro core/bad_undef.hpp "#  undef min")
breaks(using-namespace core/bad_using.hpp "inline void f() { using namespace std; }")
breaks(static core/bad_static.hpp "static int counter = 0;")
breaks(static core/bad_static_attribute.hpp "[[nodiscard]] static int f() { return 1; }")
breaks(static core/bad_static_constexpr.hpp "constexpr static int limit = 1;")
breaks(constant core/bad_constant.hpp "constexpr int limit = 1;")
breaks(anonymous-namespace core/bad_anonymous.hpp "namespace {")
foreach(outside IN ITEMS
    "std::chrono::system_clock::now()" "std::chrono::steady_clock::now()" "std::this_thread::sleep_for(1s)"
    "wake.wait_for(lock, 1s)" "std::time(nullptr)" "clock_gettime(0, &t)" "rand()" "std::random_device{}()"
    "std::getenv(name)" "::open(path, 0)" "::unlink(path)" "::flock(1, 2)" "std::fopen(path, how)" "fsync(1)"
    "std::ifstream{path}" "std::filesystem::directory_iterator(path)" "std::filesystem::exists(path)"
    "std::filesystem::rename(path, path)" "::socket(1, 2, 3)" "getaddrinfo(a, b, c, d)" "curl_easy_perform(nullptr)"
    "std::cout << 1" "std::fprintf(stderr, name)" "::fork()" "std::abort()")
  string(MAKE_C_IDENTIFIER "${outside}" name)
  string(TOLOWER "${name}" name)
  breaks(seam "core/bad${name}.hpp" "inline auto f() { return ${outside}; }")
endforeach()
breaks(row misc/bad_row.hpp "")
breaks(name core/BadName.hpp "")
breaks(spdx core/bad_spdx.hpp "")
breaks(guard core/bad_guard.hpp "")
breaks(guard core/bad_once.hpp "")
list(TRANSFORM expected REPLACE "^(.*(misc/|BadName|bad_spdx|bad_guard|bad_once).*):9:" "\\1:1:")

foreach(edit IN ITEMS "spdx|// SPDX-License-Identifier: MIT|// Copyright" "guard|CORE_BAD_GUARD_HPP|BAD_GUARD_H"
                      "once|#ifndef|#pragma once\n#ifndef")
  string(REPLACE "|" ";" edit "${edit}")
  list(GET edit 0 name)
  list(GET edit 1 from)
  list(GET edit 2 to)
  file(READ "${base}/core/bad_${name}.hpp" text)
  string(REPLACE "${from}" "${to}" text "${text}")
  file(WRITE "${base}/core/bad_${name}.hpp" "${text}")
endforeach()
# A guard of another name is also a macro that is no guard.
list(APPEND expected "include/blobshift/core/bad_guard.hpp:6: [macro]")
# blobshift.hpp of the copy includes what it should, but for one header.
file(APPEND "${WORK}/cmake/headers.cmake" "\n${lists}")
include("${WORK}/cmake/headers.cmake")
set(all ${BLOBSHIFT_HEADERS})
list(REMOVE_ITEM all core/bad_umbrella.hpp blobshift.hpp)
list(TRANSFORM all REPLACE "(.+)" "#include <blobshift/\\1>\n")
string(REPLACE ";" "" all "${all}")
set(lists "")
header(blobshift.hpp "${all}")
if(NOT blobshift.hpp IN_LIST BLOBSHIFT_HEADERS)
  file(APPEND "${WORK}/cmake/headers.cmake" "${lists}")
endif()
list(APPEND expected "include/blobshift/blobshift.hpp:1: [umbrella]")

# compare(SCRIPT): what it says about the planted files is `expected`; lines are compared up to the rule.
function(compare script)
  execute_process(
    COMMAND "${CMAKE_COMMAND}" -D "ROOT=${WORK}" -P "${WORK}/cmake/${script}.cmake"
    RESULT_VARIABLE status
    ERROR_VARIABLE output)
  set(faults "")
  if(status EQUAL 0)
    list(APPEND faults "its exit status is 0")
  endif()
  string(REGEX REPLACE ";" "," output "${output}")
  string(REGEX MATCHALL "(^|\n)[^\n]*: \\[[a-z-]+\\]" said "${output}")
  list(TRANSFORM said REPLACE "\n" "")
  foreach(line IN LISTS expected)
    if(NOT line IN_LIST said)
      list(APPEND faults "it does not say ${line}")
    endif()
    list(REMOVE_ITEM said "${line}")
  endforeach()
  foreach(line IN LISTS said)
    if(line MATCHES "/[Bb]ad|blobshift.hpp|/misc/")
      list(APPEND faults "it should not say ${line}")
    endif()
  endforeach()
  if(faults)
    list(JOIN faults "\n  " faults)
    message(SEND_ERROR "${script}:\n  ${faults}")
  endif()
  list(LENGTH expected count)
  message(STATUS "${script}: ${count} violations planted")
endfunction()
compare(check_rows)

# ---- check_lists ----

set(expected "")
file(WRITE "${base}/core/bad_unlisted.hpp" "")
list(APPEND expected "include/blobshift/core/bad_unlisted.hpp: [not-listed]")
file(APPEND "${WORK}/cmake/headers.cmake" "list(APPEND BLOBSHIFT_HEADERS core/bad_missing.hpp core/bad_untested.hpp)\n"
     "list(APPEND BLOBSHIFT_HEADERS core/bad_liar.hpp)\nlist(APPEND BLOBSHIFT_AZURE_HEADERS core/bad_up.hpp)\n")
list(APPEND expected "include/blobshift/core/bad_missing.hpp: [no-such-file]")
list(APPEND expected "include/blobshift/core/bad_up.hpp: [listed-twice]")
file(WRITE "${base}/core/bad_untested.hpp" "// SPDX\n//\n// Nothing about tests.\n")
list(APPEND expected "include/blobshift/core/bad_untested.hpp: [tests]")
file(WRITE "${base}/core/bad_liar.hpp" "// SPDX\n//\n// Tests: tests/core/bad_nowhere.test.cpp.\n")
list(APPEND expected "include/blobshift/core/bad_liar.hpp: [tests]")
file(WRITE "${WORK}/tests/core/bad_unlisted.test.cpp" "")
list(APPEND expected "tests/core/bad_unlisted.test.cpp: [not-listed]")
file(APPEND "${WORK}/tests/sources.cmake" "list(APPEND BLOBSHIFT_TEST_SOURCES core/bad_missing.test.cpp)\n")
list(APPEND expected "tests/core/bad_missing.test.cpp: [no-such-file]")
file(WRITE "${WORK}/examples/bad_unlisted.cpp" "")
list(APPEND expected "examples/bad_unlisted.cpp: [not-listed]")
file(WRITE "${WORK}/examples/bad_silent.cpp" "")
file(APPEND "${WORK}/examples/sources.cmake" "list(APPEND BLOBSHIFT_EXAMPLES bad_silent.cpp bad_missing.cpp)\n")
file(WRITE "${WORK}/examples/expected/bad_missing.txt" "")
list(APPEND expected "examples/bad_silent.cpp: [expected]")
list(APPEND expected "examples/bad_missing.cpp: [no-such-file]")
file(WRITE "${WORK}/bad_notes.txt" "")
list(APPEND expected "bad_notes.txt: [top-level]")
compare(check_lists)
