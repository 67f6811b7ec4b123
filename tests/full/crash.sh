# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# The tests crash.* with every system call as a point, not only those that change the disk; then once more on XFS, which
# can share blocks, where the system can mount one. Sourced by tests/run_full.sh.

# crash_points_on FOLDER JOB...: counts.
crash_points_on() {
    local folder=$1
    shift
    echo "== crash: every system call of $* in $folder"
    counted env "TMPDIR=$folder" BLOBSHIFT_CRASH=long .build/release/tests/crash/crash_points \
        .build/release/tests/crash/crash_worker "$@"
}

need xfsprogs
crash_points_on /tmp all
crash_disk=$(mktemp -d)
if truncate -s 400M "$crash_disk/image" && mkfs.xfs -q "$crash_disk/image" && mkdir "$crash_disk/mounted" &&
    as_root mount -o loop "$crash_disk/image" "$crash_disk/mounted"; then
    crash_points_on "$crash_disk/mounted" reflink put_durably copy_bytes
    as_root umount "$crash_disk/mounted"
else
    echo "== crash: skipped on XFS, which cannot be mounted here"
    skipped=$((skipped + 1))
fi
rm -rf "$crash_disk"
