// SPDX-License-Identifier: MIT
//
// The entry for libFuzzer: one program for all targets, of which BLOBSHIFT_FUZZ_TARGET names the one to run.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "all_targets.hpp"

namespace {

[[nodiscard]] fuzz::target chosen() {
    const char* wanted = std::getenv("BLOBSHIFT_FUZZ_TARGET");
    for (const fuzz::target& t : fuzz::all_targets()) {
        if (wanted != nullptr && wanted == std::string_view(t.name)) return t;
    }
    std::fprintf(stderr, "BLOBSHIFT_FUZZ_TARGET must name a target\n");
    std::exit(2);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const fuzz::target target = chosen();
    target.run({reinterpret_cast<const char*>(data), size});
    return 0;
}
