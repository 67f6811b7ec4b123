// SPDX-License-Identifier: MIT
//
// Proxies, and the variables and files that libcurl reads by itself: what is said explicitly counts, and nothing else.

#include <blobshift/detail/curl_http.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <detail/wire.hpp>
#include <doctest/doctest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using namespace blobshift_test;
namespace fs = std::filesystem;

const std::vector<reply> fine{{.bytes = http_bytes(200, "x-from: origin\r\n")}};

/// A proxy that answers with `refusal`, or lets a tunnel through to `port` when there is none.
scripted_server::handler proxy(std::uint16_t port, std::string refusal = {}) {
    return [=](const received_request& r) {
        if (!refusal.empty()) return reply{.bytes = refusal};
        if (r.method == "CONNECT") return reply{.bytes = "HTTP/1.1 200 OK\r\n\r\n", .tunnel_to = port};
        return reply{.bytes = http_bytes(200, "x-from: proxy\r\n")};
    };
}

std::string address(const scripted_server& s) { return "http://127.0.0.1:" + std::to_string(s.port()); }

http_request signed_request(std::string url) {
    http_request r = make_request("PUT", std::move(url), "body");
    r.headers = {{"Authorization", "SharedKey SECRET"}, {"x-ms-version", "2025-11-05"}};
    return r;
}

TEST_CASE("proxy: https goes through a tunnel: the proxy learns the host and nothing of the request") {
    const test_authority authority;
    scripted_server origin(fine, {.tls = authority.issue()});
    scripted_server through(proxy(origin.port()));
    auto transport = open_transport({.ca_file = authority.ca_file(),
                                     .proxy = "http://user:PROXY-SECRET@127.0.0.1:" + std::to_string(through.port())});
    for (int i = 0; i < 2; ++i) {
        const auto answer = send(transport, signed_request(origin.url(secret_path)));
        REQUIRE(answer);
        CHECK(*answer->header("x-from") == "origin");
    }
    REQUIRE(through.request_count() == 1);
    const received_request tunnel = through.requests().at(0);
    CHECK(tunnel.method == "CONNECT");
    CHECK(tunnel.target == "127.0.0.1:" + std::to_string(origin.port()));
    CHECK(tunnel.count("authorization") == 0);
    CHECK(tunnel.count("x-ms-version") == 0);
    CHECK(tunnel.count("proxy-authorization") == 1);
    for (const received_request& r : origin.requests()) {
        CHECK(r.count("proxy-authorization") == 0);
        CHECK(r.header("authorization") == "SharedKey SECRET");
    }
}

TEST_CASE("proxy: the certificate behind a tunnel is looked at") {
    const test_authority authority;
    scripted_server origin(fine, {.tls = authority.issue({.host = "127.0.0.2"})});
    scripted_server through(proxy(origin.port()));
    auto transport = open_transport({.ca_file = authority.ca_file(), .proxy = address(through)});
    const auto refused = send(transport, signed_request(origin.url(secret_path)));
    REQUIRE(!refused);
    CHECK(refused.error().done == effect::none);
    CHECK(!refused.error().is_transient());
    CHECK(origin.request_count() == 0);
}

TEST_CASE("proxy: one that refuses a tunnel, or never makes it, has let nothing through") {
    for (const int status : {302, 403, 407, 502}) {
        scripted_server through(proxy(0, http_bytes(status, "Location: http://127.0.0.1/SECRET\r\n", "<html>SECRET")));
        auto transport = open_transport({.proxy = address(through)});
        const auto refused = send(transport, signed_request("https://127.0.0.1:1" + std::string(secret_path)));
        REQUIRE(!refused);
        CHECK(refused.error().code == errc::unavailable);
        CHECK(refused.error().done == effect::none);
        CHECK(refused.error().message ==
              "the proxy refused to connect (its HTTP status: " + std::to_string(status) + ")");
    }
    scripted_server silent(std::vector<reply>{{.then = ending::hang}});
    auto transport = open_transport({.proxy = address(silent)});
    const auto late = send(transport, signed_request("https://127.0.0.1:1" + std::string(secret_path)), {},
                           context{}.with_timeout(150ms));
    REQUIRE(!late);
    CHECK(late.error().code == errc::deadline_exceeded);
    CHECK(late.error().done == effect::none);
}

TEST_CASE("proxy: a page that it puts in place of the answer is not the service's") {
    scripted_server through(proxy(0, http_bytes(200, "Content-Type: text/html\r\n", "<html>please log in</html>")));
    auto transport = open_transport({.proxy = address(through)});
    const auto refused = send(transport, signed_request("http://127.0.0.1:1" + std::string(secret_path)),
                              {.require_header = "x-ms-request-id"});
    REQUIRE(!refused);
    CHECK(refused.error().code == errc::corrupt);
    CHECK(refused.error().is_transient());
}

TEST_CASE("proxy: a direct request goes past it") {
    scripted_server origin(fine);
    scripted_server through(proxy(origin.port()));
    auto transport = open_transport({.proxy = address(through)});
    const auto direct = get(transport, origin.url("/metadata"), {.direct = true});
    REQUIRE(direct);
    CHECK(*direct->header("x-from") == "origin");
    CHECK(through.connection_count() == 0);
    const auto proxied = get(transport, origin.url("/metadata"));
    REQUIRE(proxied);
    CHECK(*proxied->header("x-from") == "proxy");
    REQUIRE(get(transport, origin.url("?comp=list")));
    CHECK(through.requests().at(0).target == origin.url("/metadata"));
    CHECK(through.requests().at(1).target == origin.url("/?comp=list"));
}

// The variables are read once for a process: a child of its own for each look. It is this program again, with one test
// case that is skipped otherwise; what it is to do comes in variables of ours.

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

// Skipped but where the cases below run them, each in a process with an environment of its own.
TEST_CASE("child: one request with our transport" * doctest::skip()) {
    auto transport = open_transport({.ca_file = variable("TEST_CA"),
                                     .proxy = variable("TEST_PROXY"),
                                     .https_proxy_from_environment = variable("TEST_PROXY_FROM_ENVIRONMENT") == "yes"});
    const auto answer = get(transport, variable("TEST_URL"));
    REQUIRE(answer);
    CHECK(*answer->header("x-from") == "origin");
}

TEST_CASE("child: one request with libcurl as it comes" * doctest::skip()) {
    REQUIRE(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
    const detail::easy_handle handle(curl_easy_init());
    curl_easy_setopt(handle.get(), CURLOPT_URL, variable("TEST_URL").c_str());
    if (!variable("TEST_CA").empty()) curl_easy_setopt(handle.get(), CURLOPT_CAINFO, variable("TEST_CA").c_str());
    CHECK(curl_easy_perform(handle.get()) == CURLE_OK);
}

/// Runs that test case in a process with those variables, and no others but those of the sanitizers. \return whether it
/// passed.
bool in_child(const std::string& test_case, std::vector<std::string> variables) {
    std::string program = fs::read_symlink("/proc/self/exe").string();
    std::string filter = "--test-case=" + test_case;
    std::string no_skip = "--no-skip";
    char* arguments[] = {program.data(), filter.data(), no_skip.data(), nullptr};
    for (const char* name : {"ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"}) {
        if (!variable(name).empty()) variables.push_back(std::string(name) + "=" + variable(name));
    }
    std::vector<char*> environment;
    for (std::string& v : variables) environment.push_back(v.data());
    environment.push_back(nullptr);
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 1, "/dev/null", 1, 0);
    pid_t child = 0;
    const int started = ::posix_spawn(&child, program.c_str(), &files, nullptr, arguments, environment.data());
    posix_spawn_file_actions_destroy(&files);
    int status = -1;
    return started == 0 && ::waitpid(child, &status, 0) == child && status == 0;
}

constexpr const char* ours = "child: one request with our transport";
constexpr const char* without_ours = "child: one request with libcurl as it comes";

TEST_CASE("environment: the proxies that it names have no effect on us, and they would have one on libcurl") {
    scripted_server origin(fine);
    scripted_server trap(proxy(origin.port()));
    const std::string there = address(trap);
    const std::vector<std::string> variables = {"TEST_URL=" + origin.url("/c/a"), "http_proxy=" + there,
                                                "https_proxy=" + there, "HTTPS_PROXY=" + there, "all_proxy=" + there,
                                                "ALL_PROXY=" + there};
    CHECK(in_child(ours, variables));
    CHECK(trap.connection_count() == 0);
    CHECK(origin.request_count() == 1);
    CHECK(in_child(without_ours, variables));
    CHECK(trap.connection_count() == 1);
}

TEST_CASE("environment: SSLKEYLOGFILE has no effect on us, and it would have one on libcurl") {
    const test_authority authority;
    scripted_server origin(fine, {.tls = authority.issue()});
    const fs::path folder = fs::temp_directory_path() / ("blobshift_keys_" + std::to_string(::getpid()));
    fs::create_directory(folder);
    const fs::path keys = folder / "keys";
    const std::vector<std::string> variables = {"TEST_URL=" + origin.url("/c/a"), "TEST_CA=" + authority.ca_file(),
                                                "SSLKEYLOGFILE=" + keys.string()};
    CHECK(in_child(ours, variables));
    CHECK(origin.request_count() == 1);
    CHECK((!fs::exists(keys) || fs::file_size(keys) == 0));
    CHECK(in_child(without_ours, variables));
    CHECK(fs::file_size(keys) > 0);
    fs::remove_all(folder);
}

TEST_CASE("environment: passwords and settings in the home folder have no effect") {
    scripted_server origin(fine);
    scripted_server trap(proxy(origin.port()));
    const fs::path home = fs::temp_directory_path() / ("blobshift_home_" + std::to_string(::getpid()));
    fs::create_directory(home);
    std::ofstream(home / ".netrc") << "machine 127.0.0.1 login a password b\n";
    std::ofstream(home / ".curlrc") << "proxy = " << address(trap) << "\n";
    CHECK(in_child(ours, {"TEST_URL=" + origin.url("/c/a"), "HOME=" + home.string(), "CURL_HOME=" + home.string(),
                          "NETRC=" + (home / ".netrc").string()}));
    REQUIRE(origin.request_count() == 1);
    CHECK(origin.requests().at(0).count("authorization") == 0);
    CHECK(trap.connection_count() == 0);
    fs::remove_all(home);
}

TEST_CASE("environment: no_proxy leads nothing past a proxy that was named explicitly") {
    const test_authority authority;
    scripted_server origin(fine, {.tls = authority.issue()});
    scripted_server through(proxy(origin.port()));
    CHECK(in_child(ours, {"TEST_URL=" + origin.url("/c/a"), "TEST_CA=" + authority.ca_file(),
                          "TEST_PROXY=" + address(through), "no_proxy=*", "NO_PROXY=*"}));
    CHECK(through.connection_count() == 1);
}

TEST_CASE("environment: https_proxy is used where that was asked for, for https, and not for the hosts of no_proxy") {
    const test_authority authority;
    scripted_server secure(fine, {.tls = authority.issue()});
    scripted_server insecure(fine);
    struct row {
        const char* what;
        bool tls;
        std::vector<std::string> variables;
        bool proxied;
    };
    const row table[] = {
        {"https", true, {"https_proxy=@"}, true},
        {"https, upper case", true, {"HTTPS_PROXY=@"}, true},
        {"https, an empty one is none", true, {"https_proxy=", "HTTPS_PROXY="}, false},
        {"https, but for this host", true, {"https_proxy=@", "no_proxy=example.com,127.0.0.1"}, false},
        {"https, but for all hosts", true, {"https_proxy=@", "NO_PROXY=*"}, false},
        {"https, with another variable", true, {"http_proxy=@", "all_proxy=@", "ALL_PROXY=@"}, false},
        {"http", false, {"https_proxy=@", "http_proxy=@", "all_proxy=@"}, false},
    };
    for (const row& t : table) {
        CAPTURE(std::string(t.what));
        const scripted_server& origin = t.tls ? secure : insecure;
        scripted_server through(proxy(origin.port()));
        std::vector<std::string> variables = {"TEST_URL=" + origin.url("/c/a"), "TEST_CA=" + authority.ca_file(),
                                              "TEST_PROXY_FROM_ENVIRONMENT=yes"};
        for (std::string v : t.variables) {
            if (v.ends_with('@')) v.replace(v.size() - 1, 1, address(through));
            variables.push_back(v);
        }
        CHECK(in_child(ours, variables));
        CHECK(through.connection_count() == (t.proxied ? 1 : 0));
    }
}

}  // namespace
