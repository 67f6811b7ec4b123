# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# copy and delete, each killed 100 times: the test cli.kill9 with more patience. Sourced by tests/run_full.sh.

echo "== kill9: copy and delete killed 100 times each"
counted env BLOBSHIFT_PROGRAM=.build/release/examples/blobshift/blobshift BLOBSHIFT_KILLS=100 \
    .build/release/tests/cli/blobshift_cli_tests "--source-file=*tests/cli/kill9.cpp"
