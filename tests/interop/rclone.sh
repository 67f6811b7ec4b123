#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# rclone.sh PEER: rclone reads what our program (peer.cpp) wrote, and the other way round. Exits with 77 without rclone.
set -euo pipefail
peer=$1
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
command -v rclone >/dev/null || { echo "skipped: rclone is not installed"; exit 77; }

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export RCLONE_CONFIG=$folder/none RCLONE_CACHE_DIR=$folder/cache
# Not the account's key: our own SAS is what rclone asks with.
remote() {
    local sas
    sas=$("$peer" sas "$1")
    echo ":azureblob,sas_url=\"$sas\":$1"
}
# What is stored as zipped stays so, and two spellings of one letter are two names.
flags=(--quiet --no-gzip-encoding --no-unicode-normalization)

ours=ours-$$
theirs=theirs-$$
"$peer" create "$ours"
"$peer" create "$theirs"
"$peer" write "$ours" "$here/blobs.txt"

count=$(grep -vc '^#' "$here/blobs.txt")
listed=$(rclone lsf -R --files-only "${flags[@]}" "$(remote "$ours")" | wc -l)
[ "$listed" = "$count" ] || { echo "rclone lists $listed of our $count blobs" >&2; exit 1; }

# rclone compares size and MD5 of what it wrote and of what it read.
rclone copy "${flags[@]}" "$(remote "$ours")" "$folder/blobs"
rclone check "${flags[@]}" "$(remote "$ours")" "$folder/blobs"
rclone copy "${flags[@]}" "$folder/blobs" "$(remote "$theirs")"
"$peer" check "$theirs" "$here/blobs.txt" plain

"$peer" remove "$ours"
"$peer" remove "$theirs"
echo "$count blobs each way"
