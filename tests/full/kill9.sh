# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# copy and delete killed, and two of them at once: the tests cli.kill9* with more patience. Sourced by
# tests/run_full.sh.

# killed TIMES PROGRAM SOURCE [WITH]: counts.
killed() {
    echo "== kill9: $3, each command killed $1 times"
    counted env BLOBSHIFT_PROGRAM=.build/release/examples/blobshift/blobshift "BLOBSHIFT_KILLS=$1" \
        ${4:+"$4"} ".build/release/tests/cli/$2" "--source-file=*tests/cli/$3.cpp"
}

killed 100 blobshift_cli_tests kill9
killed 300 blobshift_kill_tests kill9_two
killed 100 blobshift_kill_tests kill9_lost_answers
killed 40 blobshift_kill_tests kill9_emulator tests/azure/with_azurite.sh
