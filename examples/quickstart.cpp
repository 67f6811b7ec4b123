// SPDX-License-Identifier: MIT
//
// Put, list and get: the same lines for every store, here one in memory and one in a directory.

#include <iostream>  // cout

#include <blobshift/blobshift.hpp>

using namespace blobshift;

template <BlobStore S>
void greet(S& store) {
    const context c;  // no deadline, and nobody to stop it
    const blob_name name = blob_name::parse("greetings/world.txt").value();
    const attributes text{.content_type = "text/plain"};

    store.put(c, name, as_bytes("hello, world"), text, condition::if_absent()).value();
    const list_page page = list_all(store, c, {.prefix = "greetings/"}).value();
    for (const blob_info& info : page.blobs) {
        std::cout << info.name.text() << ", " << info.size_bytes << " bytes\n";
    }
    std::cout << as_text(read_all(store, c, name, 1000).value().content) << '\n';

    const auto again = store.put(c, name, as_bytes("me, too"), text, condition::if_absent());
    std::cout << describe(again.error()) << '\n';  // errors are values; only value() throws
}

int main() {
    memory_store memory;
    greet(memory);
    file_store files = file_store::open("quickstart.store", {.create = true}).value();
    greet(files);
}
