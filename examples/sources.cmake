# SPDX-License-Identifier: MIT
#
# Every example, once. Each NAME.cpp is a program and a test: it exits 0 and prints exactly expected/NAME.txt.
# A test fails when an examples/*.cpp is in none of these lists.

set(BLOBSHIFT_EXAMPLES
    custom_backend.cpp
    custom_naming.cpp
    layers_in_order.cpp
    quickstart.cpp
)

# Those that need blobshift::azure.
set(BLOBSHIFT_AZURE_EXAMPLES
)

# Those that need blobshift::config.
set(BLOBSHIFT_CONFIG_EXAMPLES
)
