# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# The live migrations against Azurite, and with as many requests as those on files. Sourced by tests/run_full.sh.

for case in "*old names become new ones*" "*after the copy*" "*after half of the delete*"; do
    echo "== live: $case, 10,000 requests against Azurite"
    counted env BLOBSHIFT_PROGRAM=.build/release/examples/blobshift/blobshift \
        BLOBSHIFT_DUAL_SERVICE=.build/release/examples/dual_service/dual_service \
        tests/azure/with_azurite.sh .build/release/tests/live/blobshift_live_tests "--test-case=$case"
done
