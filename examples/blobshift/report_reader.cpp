// SPDX-License-Identifier: MIT
#include "report_reader.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "exit_code.hpp"
#include "file_io.hpp"
#include "json_line.hpp"

namespace blobshift::cli {

namespace {

/// The lines of a file, one after the other.
class line_reader {
public:
    explicit line_reader(const std::string& path) : path_(path) {
        auto opened = file_source::open(path);
        if (!opened) throw wrong_use("cannot read the report " + path + ": " + opened.error().message);
        file_ = *std::move(opened);
    }

    /// \return false: there is no other line, or only the beginning of one.
    bool next(std::string& line) {
        for (;;) {
            const std::size_t end = text_.find('\n', searched_);
            if (end != std::string::npos) {
                line.assign(text_, begun_, end - begun_);
                begun_ = searched_ = end + 1;
                ++number_;
                return true;
            }
            text_.erase(0, std::exchange(begun_, 0));
            searched_ = text_.size();
            constexpr std::size_t longest = std::size_t{1} << 20;
            if (text_.size() > longest) {
                ++number_;
                refuse("it is longer than any line of a report");
            }
            const std::size_t old_size = text_.size();
            text_.resize(old_size + (std::size_t{1} << 16));
            auto count = file_.read(std::as_writable_bytes(std::span(text_)).subspan(old_size));
            if (!count) throw wrong_use("cannot read the report " + path_ + ": " + count.error().message);
            text_.resize(old_size + *count);
            if (*count == 0) return false;
        }
    }
    [[nodiscard]] bool is_torn() const noexcept { return begun_ < text_.size(); }
    [[nodiscard]] std::uint64_t number() const noexcept { return number_; }
    [[noreturn]] void refuse(const std::string& why) const {
        throw wrong_use(path_ + ", line " + std::to_string(number_) + ": " + why);
    }

private:
    std::string path_;
    file_source file_ = {};
    std::string text_ = {};
    std::size_t begun_ = 0;     ///< Where the next line begins.
    std::size_t searched_ = 0;  ///< Up to here there is no end of it.
    std::uint64_t number_ = 0;
};

class reader {
public:
    explicit reader(const std::string& path) : lines_(path) {}

    report_data read() {
        std::string line;
        while (lines_.next(line)) {
            if (data_.end) lines_.refuse("there is a line behind the last one");
            line_ = json::parse(line, nullptr, false);
            if (!line_.is_object() || line_.empty()) lines_.refuse("it is corrupt");
            const std::string kind = line_.begin().key();
            if (lines_.number() == 1) {
                if (kind != "report") lines_.refuse("this is no report of blobshift");
                read_beginning();
            } else if (kind == "container") {
                read_container();
            } else if (kind == "outcome") {
                read_object();
            } else if (kind == "at_ms") {
                read_sample();
            } else if (kind == "finished") {
                read_end();
            } else {
                lines_.refuse("no line of a report begins like that");
            }
        }
        if (lines_.number() == 0) throw wrong_use("the report is empty, or torn before the end of its first line");
        data_.torn = lines_.is_torn();
        data_.lines = lines_.number();
        return std::move(data_);
    }

private:
    [[nodiscard]] const json& member(const json& of, const char* name) const {
        const auto found = of.find(name);
        if (found == of.end()) lines_.refuse(std::string("it lacks '") + name + "'");
        return *found;
    }
    [[nodiscard]] std::uint64_t number_of(const json& of, const char* name) const {
        const json& value = member(of, name);
        constexpr std::uint64_t most = std::uint64_t{1} << 62;
        if (!value.is_number_unsigned() || value.get<std::uint64_t>() > most) {
            lines_.refuse(std::string("'") + name + "' is no count");
        }
        return value.get<std::uint64_t>();
    }
    [[nodiscard]] std::string text_of(const json& of, const char* name) const {
        const json& value = member(of, name);
        if (!value.is_string()) lines_.refuse(std::string("'") + name + "' is no text");
        return value.get<std::string>();
    }
    [[nodiscard]] std::string text_or_nothing(const char* name) const {
        return line_.contains(name) ? text_of(line_, name) : std::string();
    }
    [[nodiscard]] std::size_t kind_named(const std::string& name) const {
        const auto& kinds = outcome_kinds();
        const auto found =
            std::find_if(kinds.begin(), kinds.end(), [&](const outcome_kind& k) { return name == k.name; });
        if (found == kinds.end()) lines_.refuse("there is no such outcome");
        return static_cast<std::size_t>(found - kinds.begin());
    }
    [[nodiscard]] report_container& container() {
        if (data_.containers.empty()) data_.containers.push_back({"files", {}});
        return data_.containers[container_];
    }

    /// A command may come back to a container that it looked at before.
    void read_container() {
        const std::uint64_t number = number_of(line_, "container");
        if (number == 0 || number > data_.containers.size() + 1) lines_.refuse("its container follows on none");
        container_ = static_cast<std::size_t>(number - 1);
        if (container_ == data_.containers.size()) data_.containers.push_back({text_of(line_, "role"), {}});
        begin_look();
    }
    /// What the next look finds as the one before did has a line again; but for names that nobody touches.
    void begin_look() {
        report_container& c = container();
        for (std::size_t i = 0; i < c.counts.size(); ++i) {
            const outcome_kind& kind = outcome_kinds()[i];
            if (kind.mood != tone::good && kind.mood != tone::neutral && !kind.untouched) c.counts[i] = {};
        }
    }

    void read_beginning() {
        if (number_of(line_, "version") != 1) lines_.refuse("a newer blobshift wrote this report");
        data_.command = text_of(line_, "command");
        data_.program = text_of(line_, "program");
        data_.started = text_of(line_, "started");
        for (const auto& [name, value] : member(line_, "settings").items()) {
            data_.settings.emplace_back(name, value.is_string() ? value.get<std::string>() : value.dump());
        }
    }

    void read_object() {
        report_object object{.kind = kind_named(text_of(line_, "outcome"))};
        object.bytes = line_.contains("bytes") ? number_of(line_, "bytes") : 0;
        object.pseudonym = text_or_nothing("object");
        object.reason = text_or_nothing("reason");
        for (const char* name : {"source", "target", "file"}) {
            const std::string text = text_or_nothing(name);
            if (!text.empty()) object.names += (object.names.empty() ? "" : " \xE2\x86\x92 ") + text;
        }
        object_count& count = container().counts[object.kind];
        ++count.objects;
        count.bytes += object.bytes;
        keep_example(std::move(object));
    }

    /// A later pass may have helped: then the object is no example any more.
    void keep_example(report_object&& object) {
        auto& all = data_.examples;
        if (!object.pseudonym.empty()) {
            std::erase_if(all, [&](const report_object& each) { return each.pseudonym == object.pseudonym; });
        }
        if (!outcome_kinds()[object.kind].left_behind) return;
        const std::pair reason(object.kind, object.reason);
        constexpr std::size_t most_reasons = 1000;
        const bool room = data_.left_behind.size() < most_reasons || data_.left_behind.contains(reason);
        ++data_.left_behind[room ? reason : std::pair(object.kind, std::string("other reasons"))];
        if (all.size() < most_examples) all.push_back(std::move(object));
    }

    void read_sample() {
        constexpr std::size_t most = 1'000'000;
        if (data_.samples.size() == most) lines_.refuse("it has more lines about progress than any run writes");
        report_sample sample{.seconds = static_cast<double>(number_of(line_, "at_ms")) / 1000,
                             .phase = text_of(line_, "phase"),
                             .pass = number_of(line_, "pass"),
                             .container = container_,
                             .done = {number_of(line_, "objects"), number_of(line_, "bytes")}};
        if (!data_.samples.empty() && sample.seconds < data_.samples.back().seconds)
            lines_.refuse("its time runs backwards");
        if (sample.phase == "list" && sample.done.objects == 0) begin_look();
        data_.samples.push_back(std::move(sample));
    }

    void read_end() {
        report_end end{.finished = text_of(line_, "finished"),
                       .seconds = static_cast<double>(number_of(line_, "duration_ms")) / 1000,
                       .exit_code = number_of(line_, "exit_code")};
        if (line_.contains("outcomes")) {
            end.counts.emplace();
            for (const auto& [name, value] : line_.at("outcomes").items()) {
                (*end.counts)[kind_named(name)] = {number_of(value, "objects"), number_of(value, "bytes")};
            }
        }
        if (line_.contains("left_behind")) {
            data_.left_behind.clear();
            for (const json& each : line_.at("left_behind")) {
                data_.left_behind[{kind_named(text_of(each, "outcome")), text_of(each, "reason")}] =
                    number_of(each, "objects");
            }
        }
        data_.end = std::move(end);
    }

    line_reader lines_;
    json line_ = {};
    std::size_t container_ = 0;  ///< The index of the one that lines are about.
    report_data data_ = {};
};

}  // namespace

counts_by_kind report_data::totals() const {
    if (end && end->counts) return *end->counts;
    counts_by_kind sum = {};
    for (const report_container& each : containers) {
        for (std::size_t i = 0; i < sum.size(); ++i) {
            sum[i].objects += each.counts[i].objects;
            sum[i].bytes += each.counts[i].bytes;
        }
    }
    return sum;
}

report_data read_report(const std::string& path) { return reader(path).read(); }

}  // namespace blobshift::cli
