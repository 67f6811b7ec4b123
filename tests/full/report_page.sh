# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# The page of `blobshift report` in a browser. The everyday tests skip this where there is none: it is 120 MB to download.

need chromium fonts-dejavu-core
echo "== report page: headless Chromium, pictures in .build/gcc/tests/cli/report_page"
run_tests .build/gcc -R '^cli\.report_page$' --verbose # with all that it prints, since that is searched
