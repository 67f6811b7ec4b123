#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Whether a lane counts what ctest says of a build: a test that could not be run is a failure and not a skipped one.
# Without a build: ctest is given a list of tests that are commands of the system.
source "$(dirname "${BASH_SOURCE[0]}")/lanes.sh"

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
wrong=0

# expect PASSED FAILED SKIPPED STATUS WHAT [LEFT_OUT]: of the tests on stdin.
expect() {
    cat >"$folder/CTestTestfile.cmake"
    local said answer
    said=$(
        # Those of this run, not of the script.
        # shellcheck disable=SC2030,SC2034
        passed=0 failed=0 skipped=0 left_out=0
        run_tests "$folder" >"$folder/output" 2>&1
        finish | tail -n 1
        exit "${PIPESTATUS[0]}"
    )
    answer=$?
    local wanted="$1 passed, $2 failed"
    [ "$3" -eq 0 ] || wanted+=", $3 skipped"
    [ "${6:-0}" -eq 0 ] || wanted+=", $6 left out"
    if [ "$said" = "$wanted" ] && [ "$answer" -eq "$4" ]; then
        echo "$5: $said, exit status $answer"
    else
        echo "$5: \"$said\", exit status $answer; expected \"$wanted\", $4"
        cat "$folder/output"
        wrong=$((wrong + 1))
    fi
}

expect 1 0 0 0 "a test that passes" <<'TESTS'
add_test(passes true)
TESTS
expect 1 1 0 1 "a test that fails" <<'TESTS'
add_test(passes true)
add_test(fails false)
TESTS
expect 1 1 0 1 "a test whose program is not there" <<'TESTS'
add_test(passes true)
add_test(missing "/nowhere/program")
TESTS
expect 1 1 0 1 "a test that lacks a file" <<'TESTS'
add_test(passes true)
add_test(lacks true)
set_tests_properties(lacks PROPERTIES REQUIRED_FILES /nowhere/file)
TESTS
expect 0 2 0 1 "a test whose preparation failed" <<'TESTS'
add_test(needs true)
add_test(prepares false)
set_tests_properties(needs PROPERTIES FIXTURES_REQUIRED it)
set_tests_properties(prepares PROPERTIES FIXTURES_SETUP it)
TESTS
expect 1 0 3 0 "tests that say themselves that they are skipped, and one that is switched off" <<'TESTS'
add_test(passes true)
add_test(by_code sh -c "exit 77")
set_tests_properties(by_code PROPERTIES SKIP_RETURN_CODE 77)
add_test(by_word echo "skipped: there is none")
set_tests_properties(by_word PROPERTIES SKIP_REGULAR_EXPRESSION "skipped:")
add_test(off true)
set_tests_properties(off PROPERTIES DISABLED TRUE)
TESTS
leave_out='^slow'
expect 1 0 0 0 "tests that are left to other lanes" 2 <<'TESTS'
add_test(passes true)
add_test(slow_one false)
add_test(slow_two false)
TESTS
expect 1 0 0 0 "no test to leave out" <<'TESTS'
add_test(passes true)
TESTS
leave_out=
expect 0 0 1 1 "nothing but skipped tests" <<'TESTS'
add_test(by_code sh -c "exit 77")
set_tests_properties(by_code PROPERTIES SKIP_RETURN_CODE 77)
TESTS
expect 0 1 0 1 "no test at all" <<<""
[ "$wrong" -eq 0 ]
