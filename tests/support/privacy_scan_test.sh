#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
#     privacy_scan_test.sh PROGRAM
#
# Whether privacy_scan tells a file with canaries from one without, from an empty one, and from none. What it says of
# them is not repeated: it would be searched for canaries itself.
set -u
program=$1
source_folder=$(dirname "${BASH_SOURCE[0]}")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
wrong=0

# expect STATUS TEXT FILE...: that exit status, and TEXT in what was said.
expect() {
    local status=$1 text=$2 said answer
    shift 2
    said=$("$program" "$@" 2>&1)
    answer=$?
    if [ "$answer" -eq "$status" ] && [[ $said == *"$text"* ]]; then
        echo "exit status $answer: $text"
    else
        echo "exit status $answer, expected $status and: $text"
        wrong=$((wrong + 1))
    fi
}

canaries=$source_folder/privacy_oracle.hpp
echo "copied 7 objects" >"$folder/clean"
: >"$folder/empty"
for what in "a UID" "an account key" "a SAS signature"; do
    expect 1 "gives away $what, plain" "$folder/clean" "$canaries"
done
sed -n 's/.*{"a UID", "\([^"]*\)"};.*/\1/p' "$canaries" >"$folder/uids"
expect 1 "3 leaks" <(rev "$folder/uids")
expect 0 "0 leaks" "$folder/clean"
expect 1 "0 leaks" "$folder/empty"
expect 2 "cannot read" "$folder/clean" "$folder/missing"
[ "$wrong" -eq 0 ]
