# SPDX-License-Identifier: MIT
#
# cmake [-D ROOT=checkout] -P cmake/check_rows.cmake
#
# Reads every header and says, as FILE:LINE: [rule] reason, which of the house rules it breaks. The tables come first: to
# add a row, a library or a seam, add a line. tests/build/check_rows_test.cmake breaks each rule once.
cmake_minimum_required(VERSION 3.25)

# A row, and the rows it may include besides itself. Forbidden on purpose: core -> anything, layers -> backends,
# migrate -> backends.
set(ROWS
    "core:"
    "naming: core"
    "store: core"
    "backends: core store detail"
    "layers: core store"
    "views: core store naming"
    "migrate: core store naming views"
    "config: core naming store backends layers views migrate"
    "detail: core")

# A third-party library (a header, or a folder of them), and the row where it is known. One of our headers, and only one,
# includes each of its headers.
set(FENCES
    "curl/: detail"
    "openssl/: detail"
    "pugixml.hpp: detail"
    "nlohmann/: config")

# The seams: the headers that may touch the outside world, and which part of it. A name may hold wildcards.
set(SEAMS
    "core/clock.hpp: time"
    "core/random.hpp: random platform"
    "backends/posix_*.hpp: files platform time"
    "backends/azure_environment.hpp: environment files" # identities that the machine gives to a program
    "detail/curl_*.hpp: network platform"
    "detail/curl_sockets.hpp: files" # ::close, of a socket
    "detail/curl_http.hpp: files environment") # the certificates of the system; a proxy, when the caller asks for it

# The outside world: each part, and the code that touches it. A call of ours, x.open() or ours::open(), is not one.
set(call "(^|[^A-Za-z0-9_.>:])(std::|::)?")
set(global "(^|[^A-Za-z0-9_>])::")
set(OUTSIDE_time
    "[a-z_]*clock::now"
    "this_thread::sleep"
    "[.>]wait_(for|until) *\\("
    "${call}(gettimeofday|clock_gettime|timespec_get|nanosleep|usleep) *\\("
    "(std|[^A-Za-z0-9_>])::time *\\(")
set(OUTSIDE_random "random_device" "${call}(rand|srand|drand48|arc4random|getrandom|getentropy) *\\(")
set(OUTSIDE_environment "${call}(getenv|secure_getenv|setenv|putenv|localtime|localtime_r|mktime|tzset) *\\(")
set(OUTSIDE_files
    "${global}(open|openat|creat|read|pread|write|pwrite|close|dup|rename|renameat|renameat2|link|linkat|symlink) *\\("
    "${global}(unlink|unlinkat|remove|mkdir|mkdirat|rmdir|stat|fstat|lstat|fstatat|statx|access|ftruncate) *\\("
    "${global}(flock|fcntl|ioctl|chmod|fchmod|mmap|syscall|utimensat|futimens|fsetxattr|fgetxattr) *\\("
    "${call}(fopen|freopen|fdopen|tmpfile|mkstemp|mkdtemp|opendir|fdopendir|readdir|scandir) *\\("
    "${call}(fsync|fdatasync|syncfs|copy_file_range|sendfile|fread|fwrite|fgets) *\\("
    "std::(basic_)?[io]?f(stream|ilebuf)"
    "filesystem::(recursive_)?directory_(iterator|entry)"
    "filesystem::(copy|create|exists|equivalent|file_size|hard_link|is_|last_write|permissions|read_) *"
    "filesystem::(absolute|canonical|weakly|remove|rename|resize|space|status|symlink|temp|current) *")
set(OUTSIDE_network
    "${global}(socket|connect|bind|listen|accept|send|sendto|recv|recvfrom|poll|select|epoll_wait) *\\("
    "${call}(getaddrinfo|gethostbyname) *\\("
    "${call}curl_[a-z_]+ *\\(")
set(OUTSIDE_log
    "std::w?(cin|cout|cerr|clog)"
    "${call}(printf|fprintf|dprintf|vprintf|vfprintf|puts|fputs|putchar|perror|syslog) *\\(")
set(OUTSIDE_process
    "${call}(fork|vfork|popen|execv|execve|execvp|posix_spawn|posix_spawnp|sigaction) *\\("
    "(std|[^A-Za-z0-9_>])::(system|exit|_Exit|quick_exit|abort|signal|raise|kill) *\\(")
set(OUTSIDE time random environment files network log process)

# What a header of the standard library is called; what a header of the platform is called.
string(
  JOIN " " STANDARD
  " algorithm any array atomic barrier bit bitset cassert cctype cerrno cfenv cfloat charconv chrono cinttypes climits"
  "clocale cmath compare complex concepts condition_variable coroutine csetjmp csignal cstdarg cstddef cstdint cstdio"
  "cstdlib cstring ctime cuchar cwchar cwctype deque exception execution filesystem format forward_list fstream functional"
  "future initializer_list iomanip ios iosfwd iostream istream iterator latch limits list locale map memory memory_resource"
  "mutex new numbers numeric optional ostream queue random ranges ratio regex scoped_allocator semaphore set shared_mutex"
  "source_location span sstream stack stdexcept stop_token streambuf string string_view syncstream system_error thread"
  "tuple type_traits typeindex typeinfo unordered_map unordered_set utility valarray variant vector version ")
set(PLATFORM "^((sys|linux|net|netinet|arpa)/.*|[a-z]+)\\.h$")

# ----------------------------------------------------------------------------------------------------------------------

if(NOT DEFINED ROOT)
  cmake_path(GET CMAKE_CURRENT_LIST_DIR PARENT_PATH ROOT)
endif()
set(base "${ROOT}/include/blobshift")
include("${ROOT}/cmake/headers.cmake")

set(rows "")
foreach(entry IN LISTS ROWS)
  string(REGEX MATCH "^([a-z]+):(.*)$" entry "${entry}")
  list(APPEND rows ${CMAKE_MATCH_1})
  string(REGEX MATCHALL "[a-z]+" row_${CMAKE_MATCH_1} "${CMAKE_MATCH_2}")
endforeach()

function(violation file line rule reason)
  message(NOTICE "include/blobshift/${file}:${line}: [${rule}] ${reason}")
  set_property(GLOBAL APPEND PROPERTY found "${file}:${line}")
endfunction()

# Sets `out` to the parts of the outside world that `file` may touch.
function(seams_of file out)
  set(parts "")
  foreach(entry IN LISTS SEAMS)
    string(REGEX MATCH "^([^:]+): (.*)$" entry "${entry}")
    string(REPLACE " " ";" allowed "${CMAKE_MATCH_2}")
    string(REPLACE "." "[.]" pattern "${CMAKE_MATCH_1}")
    string(REPLACE "*" "[^/]*" pattern "${pattern}")
    if(file MATCHES "^${pattern}$")
      list(APPEND parts ${allowed})
    endif()
  endforeach()
  set(${out} ${parts} PARENT_SCOPE)
endfunction()

# Sets `out` to the lines of `text`: one element for each, in which no character means anything to CMake's lists.
function(lines_of text out)
  foreach(code character IN ZIP_LISTS codes characters)
    string(REPLACE "${character}" "${code}" text "${text}")
  endforeach()
  string(REPLACE ";" "${semicolon}" text "${text}")
  string(REPLACE "\n" ";" text "${text}")
  set(${out} "${text}" PARENT_SCOPE)
endfunction()
string(ASCII 1 open_bracket)
string(ASCII 2 close_bracket)
string(ASCII 3 backslash)
string(ASCII 4 semicolon)
set(codes ${open_bracket} ${close_bracket} ${backslash})
set(characters "[" "]" "\\")

# `#include <target>` on a line of `file`, which is in `row`.
function(check_include file row line target)
  if(target MATCHES "^\"" OR target MATCHES "^<\\.")
    violation(${file} ${line} relative-include "write <blobshift/...>, from the root of the include folder")
    return()
  endif()
  string(REGEX REPLACE "^<(.*)>$" "\\1" target "${target}")

  if(target MATCHES "^blobshift/(.*)$")
    set(target "${CMAKE_MATCH_1}")
    set(target_row "")
    if(target MATCHES "^([a-z]+)/")
      set(target_row ${CMAKE_MATCH_1})
    endif()
    if(NOT EXISTS "${base}/${target}")
      violation(${file} ${line} row "there is no ${target}")
    elseif(target STREQUAL "blobshift.hpp")
      violation(${file} ${line} row "blobshift.hpp is for programs; include what is used")
    elseif(row AND target_row AND NOT target_row STREQUAL row AND NOT target_row IN_LIST row_${row})
      list(JOIN row_${row} ", " allowed)
      violation(${file} ${line} row "${row} may not include ${target_row} (only: ${row}, ${allowed})")
    endif()
    foreach(price IN ITEMS AZURE CONFIG)
      if(target IN_LIST BLOBSHIFT_${price}_HEADERS AND NOT file IN_LIST BLOBSHIFT_${price}_HEADERS)
        violation(${file} ${line} price "${target} is in BLOBSHIFT_${price}_HEADERS and ${file} is not")
      endif()
    endforeach()
    return()
  endif()

  string(FIND "${STANDARD}" " ${target} " standard)
  if(NOT standard EQUAL -1)
    return()
  endif()
  foreach(entry IN LISTS FENCES)
    string(REGEX MATCH "^([^:]+): (.*)$" entry "${entry}")
    set(library ${CMAKE_MATCH_1})
    set(home ${CMAKE_MATCH_2})
    string(FIND "${target}" "${library}" at)
    if(at EQUAL 0)
      if(NOT row STREQUAL home)
        violation(${file} ${line} third-party "<${target}> belongs behind a header of ${home}/")
      endif()
      if(file IN_LIST BLOBSHIFT_HEADERS)
        violation(${file} ${line} price "BLOBSHIFT_HEADERS are for the standard library only")
      endif()
      get_property(includer GLOBAL PROPERTY "includer of ${target}")
      if(includer AND NOT includer STREQUAL file)
        violation(${file} ${line} third-party "<${target}> has its one includer already: ${includer}")
      endif()
      set_property(GLOBAL PROPERTY "includer of ${target}" ${file})
      return()
    endif()
  endforeach()
  if(target MATCHES "${PLATFORM}")
    if(NOT platform IN_LIST seams)
      violation(${file} ${line} platform "<${target}> belongs into a seam of the platform")
    endif()
    return()
  endif()
  violation(${file} ${line} third-party "<${target}> is neither of the standard library nor in the table FENCES")
endfunction()

function(check_header file)
  set(row "")
  if(file MATCHES "/")
    string(REGEX REPLACE "/.*" "" row "${file}")
    if(NOT row IN_LIST rows)
      violation(${file} 1 row "there is no row ${row}; the rows are: ${rows}")
      return()
    endif()
  endif()
  if(NOT file MATCHES "^([a-z]+/)?[a-z][a-z0-9_]*\\.hpp$")
    violation(${file} 1 name "a header is ROW/snake_case.hpp")
  endif()
  seams_of(${file} seams)
  file(READ "${base}/${file}" text)

  # The first line, and the guard: its spelling, nothing before it, nothing after it.
  if(NOT text MATCHES "^// SPDX-License-Identifier: MIT\n")
    violation(${file} 1 spdx "the first line is: // SPDX-License-Identifier: MIT")
  endif()
  string(REGEX REPLACE "[^A-Za-z0-9]" "_" guard "blobshift/${file}")
  string(TOUPPER "${guard}" guard)
  if(NOT text MATCHES "^(//[^\n]*\n|\n)*#ifndef ${guard}\n#define ${guard}\n" OR NOT text MATCHES "\n#endif\n$")
    violation(${file} 1 guard "the guard is ${guard}: #ifndef and #define after the comment, #endif as the last line")
  endif()

  # Code alone: no text in quotes, no comments.
  set(code "${text}")
  string(REGEX REPLACE "\n[ \t]*#[ \t]*include[^\n]*" "\n" code "${code}")
  string(
    REGEX
    REPLACE "\"([^\"\\\n]|\\\\.)*\"|'([^'\\\n]|\\\\[^'\n]+|\\\\')'|//[^\n]*|/\\*([^*\n]|\\*+[^*/\n])*\\*+/" " " code
            "${code}")

  # Which rules need a look at each line?
  set(suspects "")
  foreach(part IN LISTS OUTSIDE)
    if(NOT part IN_LIST seams)
      foreach(pattern IN LISTS OUTSIDE_${part})
        if("\n${code}" MATCHES "${pattern}")
          list(APPEND suspects ${part})
          break()
        endif()
      endforeach()
    endif()
  endforeach()

  lines_of("${text}" lines)
  set(number 0)
  foreach(line IN LISTS lines)
    math(EXPR number "${number} + 1")
    if(line MATCHES "^[ \t]*#[ \t]*include[ \t]*([<\"][^>\"]*[>\"])")
      check_include(${file} "${row}" ${number} "${CMAKE_MATCH_1}")
    endif()
  endforeach()

  lines_of("${code}" lines)
  set(number 0)
  foreach(line IN LISTS lines)
    math(EXPR number "${number} + 1")
    if(line MATCHES "^[ \t]*#[ \t]*(define|undef)[ \t]+([A-Za-z0-9_]+)")
      set(macro ${CMAKE_MATCH_2})
      set(version FALSE)
      if(file STREQUAL "version.hpp" AND macro MATCHES "^BLOBSHIFT_VERSION_(MAJOR|MINOR|PATCH)$")
        set(version TRUE)
      endif()
      if(NOT macro STREQUAL guard AND NOT version)
        violation(${file} ${number} macro "a header defines its guard and nothing else, not ${macro}")
      endif()
    endif()
    if(line MATCHES "using[ \t]+namespace")
      violation(${file} ${number} using-namespace "name what is used")
    endif()
    if(line MATCHES "namespace[ \t]*(${open_bracket}.*)?{")
      violation(${file} ${number} anonymous-namespace "every translation unit would have its own; use detail")
    endif()
    if(line MATCHES "^([^ \t#]* )?(inline |constexpr |const )*static[ \t]")
      violation(${file} ${number} static "every translation unit would have its own; use inline")
    endif()
    if(line MATCHES "^(const|constexpr) [^(]*[={]" AND NOT line MATCHES "operator|static")
      violation(${file} ${number} constant "every translation unit would have its own; use inline constexpr")
    endif()
    foreach(part IN LISTS suspects)
      foreach(pattern IN LISTS OUTSIDE_${part})
        if(line MATCHES "${pattern}")
          violation(${file} ${number} seam "${part} outside the seams: see SEAMS in cmake/check_rows.cmake")
          break()
        endif()
      endforeach()
    endforeach()
  endforeach()
endfunction()

file(GLOB_RECURSE headers RELATIVE "${base}" "${base}/*")
list(SORT headers)
foreach(header IN LISTS headers)
  check_header(${header})
endforeach()

# blobshift.hpp is all that needs no third-party library.
if(EXISTS "${base}/blobshift.hpp")
  file(READ "${base}/blobshift.hpp" text)
  foreach(header IN LISTS BLOBSHIFT_HEADERS)
    string(FIND "${text}" "#include <blobshift/${header}>" at)
    if(at EQUAL -1 AND NOT header MATCHES "^(detail/|blobshift\\.hpp$)")
      violation(blobshift.hpp 1 umbrella "it lacks #include <blobshift/${header}>")
    endif()
  endforeach()
endif()

list(LENGTH headers count)
get_property(found GLOBAL PROPERTY found)
list(LENGTH found found)
if(found GREATER 0)
  message(FATAL_ERROR "check_rows: ${found} violations in ${count} headers")
endif()
message(STATUS "check_rows: ${count} headers, no violation")
