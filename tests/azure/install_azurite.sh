#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Puts Azurite, the emulator, into .build/azurite, once. Needs npm; Node 18 and later will do.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
version=3.35.0  # later ones need Node 22
home=.build/azurite
[ "$(cat "$home/version" 2>/dev/null)" = "$version" ] && exit 0
command -v npm >/dev/null || { echo "there is no npm to install the emulator with" >&2; exit 1; }

echo "== installing Azurite $version in $home"
rm -rf "$home"
mkdir -p "$home"
# A dependency asks for a version of applicationinsights that lacks one of its own.
cat >"$home/package.json" <<END
{
  "private": true,
  "dependencies": { "azurite": "$version" },
  "overrides": { "applicationinsights": "2.9.8" }
}
END
if ! npm install --prefix "$home" --omit=dev --ignore-scripts --no-audit --no-fund </dev/null >"$home/log" 2>&1; then
    cat "$home/log" >&2
    exit 1
fi
echo "$version" >"$home/version"
