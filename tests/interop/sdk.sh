#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# sdk.sh PEER: runs sdk.cjs with the SDK that install_sdk.sh installed. Exits with 77 when there is none.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
sdk=$(cd "$here/../.." && pwd)/.build/azure-sdk
[ -f "$sdk/version" ] || { echo "skipped: the SDK for JavaScript is not installed, see tests/interop/install_sdk.sh"; exit 77; }
export NODE_PATH=$sdk/node_modules
exec node "$here/sdk.cjs" "$1" "$here/blobs.txt"
