#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Real DICOM files through a whole migration, on a fresh Debian 12:
#
#     examples/run.sh [--keep]      installs what is missing (as root or with sudo), builds in .build/examples, imports the
#                                   files of Debian's python3-pydicom under their old names, migrates them, and proves that
#                                   every image is byte for byte what it was. --keep: leave the store where it is.
#     examples/run.sh --azurite     the same in a container of Azurite, the emulator of Azure, which it installs from npm.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export LC_ALL=C
build=.build/examples
program=$build/examples/blobshift/blobshift
keep=no azurite=no
case "${1-}" in
    "") ;;
    --keep) keep=yes ;;
    --azurite) azurite=yes ;;
    *) echo "usage: examples/run.sh [--keep | --azurite]" >&2; exit 2 ;;
esac

source tests/support/need.sh

# The data: unpacked, not installed, and kept for the next time.
fetch_data() {
    local cache=.build/pydicom
    data=$cache/usr/lib/python3/dist-packages/pydicom/data
    [ -e "$cache/complete" ] && return
    echo "== downloading Debian's python3-pydicom"
    rm -rf "$cache"
    mkdir -p "$cache"
    (cd "$cache" && { apt-get download -q python3-pydicom || { as_root apt-get update -q && apt-get download -q python3-pydicom; }; }) \
        </dev/null 2>"$cache/log" || { cat "$cache/log" >&2; return 1; }
    dpkg-deb -x "$cache"/python3-pydicom_*.deb "$cache"
    touch "$cache/complete"
}

build_program() {
    mkdir -p "$build"
    if ! cmake -C cmake/presets/release.cmake -S . -B "$build" -G Ninja -D BLOBSHIFT_BUILD_TESTS=OFF >"$build/configure.log" 2>&1; then
        cat "$build/configure.log" >&2
        return 1
    fi
    cmake --build "$build" --target blobshift_cli -j "$(nproc)" </dev/null
}

# shows EXIT ARGUMENT...: runs a command, with its command line above it, and demands its exit code.
shows() {
    local expected=$1 code=0
    shift
    echo
    echo "\$ blobshift $*" | sed "s|$work|WORK|g; s|$data|DICOM|g"
    "$program" "$@" </dev/null || code=$?
    [ "$code" -eq "$expected" ] || { echo "exit code $code, expected $expected" >&2; exit 1; }
}

# The hash of each image by its watermark: of the files that were imported, and of what the store holds now.
hashes_of_files() {
    local line file
    grep '"outcome":"imported"' "$1" | while IFS= read -r line; do
        file=${line#*\"file\":\"} file=${file%%\"*}
        line=${line#*\"watermark\":} line=${line%%[!0-9]*}
        echo "$line $(sha256sum <"$data/$file")"
    done | sort
}
hashes_of_blobs() {
    local path watermark
    if [ "$azurite" = yes ]; then
        "$program" ls "$store" | grep '\.dcm$' | while IFS= read -r path; do
            watermark=${path##*_}
            echo "${watermark%.dcm} $("$program" get "$store" "$path" - </dev/null | sha256sum)"
        done | sort
        return
    fi
    find "$1" -name .blobshift-store. -prune -o -type f -name '*_*.dcm' -print | while IFS= read -r path; do
        watermark=${path##*_}
        echo "${watermark%.dcm} $(sha256sum <"$path")"
    done | sort
}

# ----------------------------------------------------------------------------------------------------------------------

if [ "$azurite" = yes ] && [ -z "${BLOBSHIFT_AZURITE-}" ]; then
    command -v npm >/dev/null || need nodejs npm
    tests/azure/install_azurite.sh
    exec tests/azure/with_azurite.sh examples/run.sh --azurite
fi
need g++ cmake ninja-build libcli11-dev libdcmtk-dev nlohmann-json3-dev libcurl4-openssl-dev libssl-dev libpugixml-dev
fetch_data
build_program
built=$SECONDS

work=$(mktemp -d)
[ "$keep" = yes ] || trap 'rm -rf "$work"' EXIT
store=file:$work/store
if [ "$azurite" = yes ]; then
    store=azure://dicom
    export AZURE_STORAGE_CONNECTION_STRING=$BLOBSHIFT_AZURITE
fi

echo
echo "== Files without all three UIDs, damaged ones and files that are no DICOM are listed and left out: exit code 3."
shows 3 import "$store" "$data" --format old --report "$work/import.jsonl" --report-names 2>"$work/skipped"
sed -n '1,5p' "$work/skipped"
echo "... $(($(wc -l <"$work/skipped") - 5)) more"
hashes_of_files "$work/import.jsonl" >"$work/before"
images=$(wc -l <"$work/before")
[ "$images" -gt 100 ] || { echo "only $images images were imported" >&2; exit 1; }

echo
echo "== The old names hold the UIDs."
"$program" ls "$store" | sed -n '1,3p'
shows 0 plan "$store"
shows 4 check "$store"
shows 0 copy "$store"
shows 0 verify "$store" --verify read_bytes
shows 0 check "$store"
shows 4 delete "$store"
shows 0 delete "$store" --yes
shows 0 status "$store"
echo
echo "== The new names hold none."
"$program" ls "$store" | sed -n '1,3p'

hashes_of_blobs "$work/store" >"$work/after"
left=$("$program" ls "$store" | grep -c / || true)
[ "$left" -eq 0 ] || { echo "$left old names are left" >&2; exit 1; }
if ! diff "$work/before" "$work/after" >"$work/difference"; then
    echo "the images are not what they were: $(wc -l <"$work/difference") lines differ" >&2
    exit 1
fi
echo
echo "== $images images verified: the sha256 of each is that of the file it came from"
[ "$keep" = no ] || echo "== the store is $store"
echo "== $SECONDS s, of which $built s to install and build"
