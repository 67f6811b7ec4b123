# SPDX-License-Identifier: MIT
#
# cmake -D PROGRAM=blobshift -D FOLDER=folder -P screenshot.cmake
#
# Shows the page of a report in headless Chromium, light, dark and as it prints. The pictures stay in FOLDER, to be looked
# at; what is tested is that the browser lays the page out as written, and that it misses nothing.
cmake_minimum_required(VERSION 3.25)

find_program(chromium NAMES chromium chromium-browser google-chrome)
if(NOT chromium)
  message(STATUS "skipped: Chromium is not installed (Debian: chromium)")
  return()
endif()
file(REMOVE_RECURSE "${FOLDER}")
file(MAKE_DIRECTORY "${FOLDER}/store/1.2.3/4.5.6" "${FOLDER}/tmp" "${FOLDER}/profile")
set(ENV{TMPDIR} "${FOLDER}/tmp")
set(ENV{HOME} "${FOLDER}/profile")

function(run)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "EXPECT;OUTPUT" "COMMAND")
  execute_process(COMMAND ${arg_COMMAND} RESULT_VARIABLE code OUTPUT_VARIABLE out ERROR_VARIABLE err TIMEOUT 120)
  if(NOT code EQUAL arg_EXPECT)
    message(FATAL_ERROR "exit code ${code}, expected ${arg_EXPECT}: ${arg_COMMAND}\n${err}")
  endif()
  if(arg_OUTPUT)
    set(${arg_OUTPUT} "${out}" PARENT_SCOPE)
  endif()
endfunction()

# A store with something of everything: blobs to copy, one that is different, and a name of neither scheme.
foreach(i RANGE 1 300)
  string(REPEAT "image ${i} " ${i} content)
  file(WRITE "${FOLDER}/store/1.2.3/4.5.6/7.8.${i}_${i}.dcm" "${content}")
endforeach()
file(WRITE "${FOLDER}/store/132_1.dcm" "something else") # the new name of the first
file(WRITE "${FOLDER}/store/<script>alert(1)<" "a name that must stay text")
run(EXPECT 3 COMMAND "${PROGRAM}" copy "file:${FOLDER}/store" --report "${FOLDER}/report.jsonl" --report-names)
run(EXPECT 0 COMMAND "${PROGRAM}" report "${FOLDER}/report.jsonl" -o "${FOLDER}/report.html")

set(browse "${chromium}" --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --hide-scrollbars
           "--user-data-dir=${FOLDER}/profile" "--host-resolver-rules=MAP * ~NOTFOUND")
set(page "file://${FOLDER}/report.html")
run(EXPECT 0 COMMAND ${browse} --window-size=1200,1500 "--screenshot=${FOLDER}/light.png" "${page}")
run(EXPECT 0 COMMAND ${browse} --window-size=1200,1500 --blink-settings=preferredColorScheme=0
                     "--screenshot=${FOLDER}/dark.png" "${page}")
run(EXPECT 0 COMMAND ${browse} "--print-to-pdf=${FOLDER}/print.pdf" --no-pdf-header-footer "${page}")
run(EXPECT 0 OUTPUT dom COMMAND ${browse} --dump-dom "${page}")

foreach(part IN ITEMS "<bdi>Copy</bdi>" "<b>299</b>" "different from their copy" "&lt;script&gt;alert(1)&lt;" "</svg>"
                      "loads nothing.</footer>")
  string(FIND "${dom}" "${part}" at)
  if(at EQUAL -1)
    message(FATAL_ERROR "the page that the browser made lacks: ${part}")
  endif()
endforeach()
if(dom MATCHES "<script|<img|<link")
  message(FATAL_ERROR "the report's text became markup: ${CMAKE_MATCH_0}")
endif()
foreach(picture IN ITEMS light.png dark.png print.pdf)
  file(SIZE "${FOLDER}/${picture}" size)
  if(size LESS 20000) # an empty page, or the browser's page about an error, is smaller
    message(FATAL_ERROR "${picture} shows too little: ${size} bytes")
  endif()
endforeach()
file(SHA256 "${FOLDER}/light.png" light)
file(SHA256 "${FOLDER}/dark.png" dark)
if(light STREQUAL dark)
  message(FATAL_ERROR "the dark page is the light one")
endif()
message(STATUS "looked at ${FOLDER}/light.png, dark.png and print.pdf")
