// SPDX-License-Identifier: MIT
#include "load.hpp"

#include <chrono>
#include <deque>
#include <map>
#include <random>
#include <stop_token>
#include <utility>

#include <httplib.h>
#include <nlohmann/json.hpp>

#include <cli/program.hpp>

namespace live_test {

using namespace blobshift;

namespace {

/// The bytes of an instance, which a client need not remember.
std::string content_of(std::uint64_t seed) {
    std::mt19937_64 bits(seed);
    const std::size_t size = seed % 200 == 0 ? (std::size_t{1} << 20) + seed % 1000 : 100 + bits() % 3000;
    std::string content(size, '\0');
    for (char& c : content) c = static_cast<char>(bits() & 0xFFU);
    return content;
}

std::string path_of(const instance_id& id) {
    return "/studies/" + id.study + "/series/" + id.series + "/instances/" + id.sop;
}

}  // namespace

/// One client. Its instances are in one study; nobody else touches them.
class load::client {
public:
    client(load& all, unsigned number, std::uint64_t seed)
        : all_(all), study_(std::string(cli_test::uid_mark) + "." + std::to_string(number)), bits_(seed) {
        for (const int port : all.ports_) {
            auto& each = nodes_.emplace_back("127.0.0.1", port);
            each.set_keep_alive(true);
            each.set_tcp_nodelay(true);
            each.set_read_timeout(std::chrono::seconds(90));
        }
    }

    void run(const std::stop_token& stop) {
        while (!stop.stop_requested()) {
            std::this_thread::sleep_for(all_.pace_.pause);
            const std::uint64_t dice = below(1000);  // of a thousand requests
            const bool is_full = alive_.size() >= all_.pace_.most_alive;
            if (alive_.empty() || (dice < 350 && !is_full)) put();
            else if (dice < 100) remove(any());
            else if (dice < 600) get(any());
            else if (dice < 750) get_range(any());
            else if (dice < 880) get_said(any());
            else if (dice < 890) remove(any());
            else if (dice < 892) remove_series();
            else if (!dead_.empty()) get_dead(dead_[below(dead_.size())]);
        }
    }

    /// Asks every node for everything.
    void ask_for_all() {
        for (std::size_t i = 0; i < nodes_.size(); ++i) {
            turn_ = i;
            for (const auto& each : alive_) {
                turn_ = i;
                get(each);
                turn_ = i;
                get_said(each);
            }
            for (const instance_id& id : dead_) {
                turn_ = i;
                get_dead(id);
            }
        }
    }

    using instances = std::map<instance_id, std::uint64_t>;  ///< And the seed of the content.
    [[nodiscard]] const instances& alive() const noexcept { return alive_; }
    [[nodiscard]] std::size_t dead() const noexcept { return dead_.size(); }

private:
    using instance = instances::value_type;

    std::uint64_t below(std::uint64_t bound) { return bits_() % bound; }
    const instance& any() {
        auto at = alive_.begin();
        std::advance(at, static_cast<std::ptrdiff_t>(below(alive_.size())));
        return *at;
    }
    httplib::Client& next_node() {
        ++all_.requests_;
        return nodes_[turn_++ % nodes_.size()];
    }

    void put() {
        const std::uint64_t number = ++stored_;
        const std::string series = study_ + "." + std::to_string(number / 40);
        instance_id id{study_, series, series + "." + std::to_string(number), 0};
        const std::uint64_t seed = bits_();
        const auto answer = next_node().Put(path_of(id), content_of(seed), "application/dicom");
        if (answer && answer->status == 201) {
            id.watermark = nlohmann::json::parse(answer->body)["watermark"];
            alive_.emplace(id, seed);
        } else {
            all_.note(all_.wrongs_.refused, "put: " + text_of(answer));
            if (answer) get_dead(id);  // not acknowledged: not there
        }
    }
    void get(const instance& each) {
        const auto answer = next_node().Get(path_of(each.first));
        if (!answer || answer->status != 200) return all_.note(all_.wrongs_.lost, "get: " + text_of(answer));
        if (answer->body != content_of(each.second)) all_.note(all_.wrongs_.different, "get: other bytes");
    }
    void get_range(const instance& each) {
        const std::string content = content_of(each.second);
        const std::size_t first = below(content.size());
        const std::size_t count = 1 + below(content.size() - first);
        const httplib::Headers range = {
            httplib::make_range_header({{static_cast<ssize_t>(first), static_cast<ssize_t>(first + count - 1)}})};
        const auto answer = next_node().Get(path_of(each.first), range);
        if (!answer || answer->status != 206) return all_.note(all_.wrongs_.lost, "range: " + text_of(answer));
        if (answer->body != content.substr(first, count)) all_.note(all_.wrongs_.different, "range: other bytes");
    }
    void get_said(const instance& each) {
        const bool frames = below(2) == 0;
        const auto answer = next_node().Get(path_of(each.first) + (frames ? "/frames" : "/metadata"));
        if (!answer || answer->status != 200) return all_.note(all_.wrongs_.lost, "metadata: " + text_of(answer));
        const std::string expected = frames ? std::to_string(content_of(each.second).size()) : each.first.sop;
        if (answer->body.find(expected) == std::string::npos) {
            all_.note(all_.wrongs_.different, "metadata: other content");
        }
    }
    void remove(const instance& each) {
        const instance_id id = each.first;
        const auto answer = next_node().Delete(path_of(id));
        if (!answer || answer->status != 200) return all_.note(all_.wrongs_.refused, "delete: " + text_of(answer));
        alive_.erase(id);
        dead_.push_back(id);
    }
    void remove_series() {
        const std::string series = any().first.series;
        const auto answer = next_node().Delete("/studies/" + study_ + "/series/" + series);
        if (!answer || answer->status != 200) return all_.note(all_.wrongs_.refused, "delete: " + text_of(answer));
        for (auto at = alive_.begin(); at != alive_.end();) {
            if (at->first.series != series) {
                ++at;
                continue;
            }
            dead_.push_back(at->first);
            at = alive_.erase(at);
        }
    }
    void get_dead(const instance_id& id) {
        const auto answer = next_node().Get(path_of(id));
        if (!answer || answer->status != 404) all_.note(all_.wrongs_.resurrected, "removed: " + text_of(answer));
    }

    [[nodiscard]] static std::string text_of(const httplib::Result& answer) {
        if (!answer) return httplib::to_string(answer.error());
        return std::to_string(answer->status) + " " + (answer->status == 200 ? "" : answer->body.substr(0, 200));
    }

    load& all_;
    std::string study_;
    std::mt19937_64 bits_;
    std::deque<httplib::Client> nodes_ = {};
    std::size_t turn_ = 0;
    std::uint64_t stored_ = 0;
    instances alive_ = {};
    std::vector<instance_id> dead_ = {};
};

load::load(std::vector<int> ports, unsigned clients, std::uint64_t seed, pace p)
    : ports_(std::move(ports)), pace_(p) {
    for (unsigned i = 0; i < clients; ++i) clients_.push_back(std::make_unique<client>(*this, i + 1, seed + i));
    for (const auto& each : clients_) {
        threads_.emplace_back([&one = *each](const std::stop_token& stop) { one.run(stop); });
    }
}

load::~load() = default;

void load::wait_for(std::uint64_t requests) const {
    for (int i = 0; i < 60'000 && requests_ < requests; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
}

void load::finish() {
    threads_.clear();
    for (const auto& each : clients_) threads_.emplace_back([&one = *each] { one.ask_for_all(); });
    threads_.clear();
}

void load::note(std::atomic<std::uint64_t>& counter, const std::string& what) {
    ++counter;
    const std::scoped_lock lock(mutex_);
    if (first_wrongs_.size() > 2000) return;
    first_wrongs_ += "after " + std::to_string(requests_) + " requests: " + what + "\n";
}

std::string load::first_wrongs() const {
    const std::scoped_lock lock(mutex_);
    return first_wrongs_;
}

std::vector<instance_id> load::alive() const {
    std::vector<instance_id> all;
    for (const auto& each : clients_) {
        for (const auto& [id, seed] : each->alive()) all.push_back(id);
    }
    return all;
}

std::size_t load::deleted() const {
    std::size_t sum = 0;
    for (const auto& each : clients_) sum += each->dead();
    return sum;
}

}  // namespace live_test
