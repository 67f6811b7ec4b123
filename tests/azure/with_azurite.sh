#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# with_azurite.sh [--https] COMMAND...: runs the command while Azurite serves on a free loopback port, in a folder of its
# own that is gone afterwards. The command finds its connection string in BLOBSHIFT_AZURITE and, for https, the certificate
# to be trusted in BLOBSHIFT_AZURITE_CA. Exits as the command does; 77 when Azurite is not installed (install_azurite.sh).
set -euo pipefail
home=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/.build/azurite
start=$home/node_modules/azurite/dist/src/blob/main.js
[ -f "$home/version" ] || { echo "skipped: Azurite is not installed, see tests/azure/install_azurite.sh"; exit 77; }

folder=$(mktemp -d)
server=
finish() {
    [ -z "$server" ] || { kill "$server" 2>/dev/null && wait "$server" 2>/dev/null; } || true
    rm -rf "$folder"
}
trap finish EXIT

scheme=http
options=()
if [ "$1" = --https ]; then
    shift
    scheme=https
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 \
        -keyout "$folder/key.pem" -out "$folder/certificate.pem" 2>/dev/null
    options=(--cert "$folder/certificate.pem" --key "$folder/key.pem")
    export BLOBSHIFT_AZURITE_CA=$folder/certificate.pem
fi

: >"$folder/log"  # it is read at once
node "$start" --blobHost 127.0.0.1 --blobPort 0 --location "$folder/data" --disableTelemetry --silent "${options[@]}" \
    </dev/null >"$folder/log" 2>&1 &
server=$!
for _ in $(seq 300); do
    port=$(sed -n 's|.*successfully listens on https*://127.0.0.1:\([0-9]*\).*|\1|p' "$folder/log")
    [ -z "$port" ] || break
    kill -0 "$server" 2>/dev/null || break
    sleep 0.1
done
[ -n "$port" ] || { echo "Azurite did not start:" >&2; cat "$folder/log" >&2; exit 1; }

# The name and the key of the emulator's account are the same everywhere, and public.
account=devstoreaccount1
key=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==
export BLOBSHIFT_AZURITE="AccountName=$account;AccountKey=$key;BlobEndpoint=$scheme://127.0.0.1:$port/$account"
status=0
"$@" || status=$?
exit "$status"
