# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# How every script of this repository comes by Debian packages. Sourced, never run.

# as_root COMMAND...: runs it as root, by sudo if need be.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; elif command -v sudo >/dev/null; then sudo "$@"; else
        echo "only root can install packages: run this as root" >&2
        return 1
    fi
}

# need PACKAGE...: installs those that are missing, from Debian's own archive; ends the script if it cannot.
need() {
    local package missing=()
    for package in "$@"; do
        [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return
    echo "== installing ${missing[*]}"
    if ! { as_root apt-get update -q &&
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "${missing[@]}"; } </dev/null; then
        echo "could not install ${missing[*]}" >&2
        exit 1
    fi
}
