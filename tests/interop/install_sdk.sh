#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Puts the official SDK for JavaScript into .build/azure-sdk, once. Needs npm; Node 18 and later will do.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
version=12.27.0  # later ones need Node 20
home=.build/azure-sdk
[ "$(cat "$home/version" 2>/dev/null)" = "$version" ] && exit 0
command -v npm >/dev/null || { echo "there is no npm to install the SDK with" >&2; exit 1; }

echo "== installing @azure/storage-blob $version in $home"
rm -rf "$home"
mkdir -p "$home"
# The last of each that is for Node 18.
cat >"$home/package.json" <<END
{
  "private": true,
  "dependencies": { "@azure/storage-blob": "$version" },
  "overrides": {
    "@azure/core-auth": "1.9.0",
    "@azure/core-client": "1.9.3",
    "@azure/core-http-compat": "2.2.0",
    "@azure/core-rest-pipeline": "1.19.1",
    "@azure/core-tracing": "1.2.0",
    "@azure/core-util": "1.11.0",
    "@azure/core-xml": "1.4.5",
    "@azure/logger": "1.1.4",
    "fast-xml-parser": "5.12.1"
  }
}
END
if ! npm install --prefix "$home" --omit=dev --ignore-scripts --no-audit --no-fund </dev/null >"$home/log" 2>&1; then
    cat "$home/log" >&2
    exit 1
fi
echo "$version" >"$home/version"
