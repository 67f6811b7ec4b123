// SPDX-License-Identifier: MIT
//
// How much memory a large blob takes: `azure_large_blob [MIB]`, by default 1024. The bar is the bound that uploads and
// downloads state, block size x parallelism, and 16 MiB for all else (connections, the blocks' names, the program
// itself is counted before).
//
// nginx takes the blocks and throws them away, and gives a sparse file in ranges.

#include <cinttypes>
#include <string>

#include <unistd.h>

#include <blobshift/backends/azure_store.hpp>
#include <blobshift/layers/layer.hpp>
#include <blobshift/store/download.hpp>
#include <blobshift/store/upload.hpp>

#include "bar.hpp"
#include "nginx.hpp"

namespace {

using namespace blobshift;
using namespace blobshift::testing;

constexpr std::size_t block_size = std::size_t{8} << 20;
constexpr unsigned parallelism = 4;
constexpr double rest_mib = 8;

/// Tells the server, which cannot know, which blocks an upload will have staged by its end.
class announced : public layer<announced, azure_store> {
public:
    announced(azure_store store, const nginx& server, std::uint64_t size)
        : layer(std::move(store)), server_(&server), blocks_(static_cast<std::uint32_t>(size / block_size)) {}

    result<upload_session> begin_upload(const context& c, const blob_name& n) {
        auto u = inner().begin_upload(c, n);
        if (!u) return u;
        std::string list = "<?xml version=\"1.0\" encoding=\"utf-8\"?><BlockList><UncommittedBlocks>";
        for (std::uint32_t i = 0; i < blocks_; ++i) {
            list += "<Block><Name>" + detail::block_id(i, u->id) + "</Name><Size>" + std::to_string(block_size) + "</Size></Block>";
        }
        server_->write("blocks", list + "</UncommittedBlocks></BlockList>");
        return u;
    }

private:
    friend class layer<announced, azure_store>;

    template <class Call>
    auto around(const call_info&, const context&, Call call) {
        return call();
    }
    template <class Requests, class OnResult, class Call>
    void around_many(const call_info&, const context&, Requests requests, OnResult f, Call call) {
        call(requests, f);
    }

    const nginx* server_;
    std::uint32_t blocks_;
};

/// Whole blocks are read into memory before nginx answers; Azure's header for ranges becomes that of HTTP.
std::string locations(const nginx& server) {
    const std::string headers(nginx::service_headers);
    const std::string inside = "proxy_http_version 1.1; proxy_set_header Connection ''; ";
    return "location / {\n"
           "  if ($request_method = PUT) { rewrite ^ /put last; }\n"
           "  if ($arg_comp = blocklist) { rewrite ^ /blocks last; }\n"
           "  proxy_pass " + server.url() + "/content?; " + inside + "proxy_set_header Range $http_x_ms_range;\n"
           "}\n"
           "location = /put { proxy_pass " + server.url() + "/taken?; proxy_method GET; proxy_pass_request_body off; "
           "proxy_set_header Content-Length ''; " + inside + "}\n"
           "location = /taken { return 201; " + headers + "add_header ETag '\"0x8D1\"' always; }\n"
           "location = /blocks { default_type application/xml; " + headers + "}\n"
           "location = /content { " + headers + "}\n";
}

int run(std::uint64_t mib) {
    const std::uint64_t size = mib << 20;
    nginx server;
    server.write("content", "");
    must(::truncate((server.folder() + "/content").c_str(), static_cast<off_t>(size)) == 0, "truncate");
    server.start(locations(server));
    auto place = azure_place::from_connection_string(
        "AccountName=account;AccountKey=a2V5;BlobEndpoint=" + server.url() + "/account", "box");
    announced store(azure_store::open(std::move(place).value()).value(), server, size);
    const blob_name name = blob_name::parse("large").value();
    const context c;
    must(store.head(c, name).value().size_bytes == size, "the server");

    const double idle = status_mib("VmRSS");
    const double bound = static_cast<double>(block_size) * parallelism / (1 << 20) + rest_mib;
    bool within = true;
    const auto judge = [&](const char* what, double seconds) {
        const double used = status_mib("VmHWM") - idle;
        within = within && used <= bound;
        std::printf("%s of %" PRIu64 " MiB: %.1f MiB beside the %.1f of the program, at most %.0f (%.0f MiB/s)\n", what, mib, used,
                    idle, bound, static_cast<double>(mib) / seconds);
    };
    const double uploading = measured(&wall_seconds, [&] {
        std::uint64_t left = size;
        const auto source = callable_source([&](byte_span out) -> result<std::size_t> {
            const auto count = static_cast<std::size_t>((std::min)(left, std::uint64_t{out.size()}));
            std::fill_n(out.begin(), count, std::byte{'x'});
            left -= count;
            return count;
        });
        const upload_options how{.block_size = block_size, .parallelism = parallelism};
        must(upload(store, c, name, source, {}, {}, how).value().size_bytes == size, "the upload");
    });
    judge("upload", uploading);
    const double downloading = measured(&wall_seconds, [&] {
        std::uint64_t got = 0;
        const auto sink = callable_sink([&](byte_view part) -> result<void> { return got += part.size(), result<void>(); });
        must(bool(download(store, c, name, sink, {.block_size = block_size, .parallelism = parallelism})) && got == size,
             "the download");
    });
    judge("upload and download", downloading);
    return verdict(within);
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return run(argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1024);
    } catch (const std::exception& e) {
        std::fprintf(stderr, "azure_large_blob: %s\n", e.what());
        return 1;
    }
}
