// SPDX-License-Identifier: MIT
//
// JSON as a stream of events, with bounded depth: the one header of ours that includes nlohmann-json.
//
// Row: config (core, nlohmann-json).   Tests: tests/config/json.test.cpp

#ifndef BLOBSHIFT_CONFIG_JSON_HPP
#define BLOBSHIFT_CONFIG_JSON_HPP

#include <cstddef>      // size_t
#include <optional>     // optional
#include <string>       // string
#include <string_view>  // string_view
#include <utility>      // move

#include <nlohmann/json.hpp>

namespace blobshift::inline v1::detail {

/// Hears what a JSON text says, in its order. A call that returns false ends the reading.
///
/// Scalars come as text: a string as it is, a number as it stands there, `true` or `false`, and nothing for null.
class json_events : public nlohmann::json_sax<nlohmann::json> {
public:
    /// Reads one value from [first, last), and with `whole` demands that nothing follows it.
    ///
    /// \param first  Input iterators of char. \return false when it is not JSON, or when a call returned false.
    /// \par Complexity  Linear; memory for the longest string and one bit for each level of depth.
    template <class Iterator>
    [[nodiscard]] bool read(Iterator first, Iterator last, bool whole = true) {
        depth_ = 0;
        nlohmann::json_sax<nlohmann::json>* const self = this;
        return nlohmann::json::sax_parse(std::move(first), std::move(last), self, input_format_t::json, whole);
    }

    /// Why `read` returned false: lower case, without a word of the text.
    [[nodiscard]] const std::string& problem() const noexcept { return problem_; }
    /// How many bytes had been read when the text turned out not to be JSON; nothing after another end.
    [[nodiscard]] std::optional<std::size_t> not_json_at() const noexcept { return not_json_at_; }

protected:
    explicit json_events(int deepest) noexcept : deepest_(deepest) {}

    virtual bool on_begin(bool is_object) = 0;
    virtual bool on_end() = 0;
    virtual bool on_name(std::string& name) = 0;
    virtual bool on_scalar(std::optional<std::string_view> text) = 0;

    /// How many objects and arrays are open; `on_begin` is called before its own counts, `on_end` after.
    [[nodiscard]] int depth() const noexcept { return depth_; }
    /// Ends the reading.
    bool refuse(std::string why) {
        problem_ = std::move(why);
        return false;
    }

private:
    using input_format_t = nlohmann::json::input_format_t;

    bool null() final { return on_scalar(std::nullopt); }
    bool boolean(bool value) final { return on_scalar(value ? "true" : "false"); }
    bool number_integer(number_integer_t value) final { return on_scalar(std::to_string(value)); }
    bool number_unsigned(number_unsigned_t value) final { return on_scalar(std::to_string(value)); }
    bool number_float(number_float_t, const string_t& text) final { return on_scalar(text); }
    bool string(string_t& text) final { return on_scalar(text); }
    bool binary(binary_t&) final { return false; }
    bool key(string_t& name) final { return on_name(name); }
    bool start_object(std::size_t) final { return begin(true); }
    bool start_array(std::size_t) final { return begin(false); }
    bool end_object() final { return end(); }
    bool end_array() final { return end(); }
    bool parse_error(std::size_t position, const std::string&, const nlohmann::json::exception&) final {
        not_json_at_ = position;
        return refuse("it is not JSON");
    }

    bool begin(bool is_object) {
        if (depth_ == deepest_) return refuse("it nests deeper than " + std::to_string(deepest_) + " levels");
        const bool go_on = on_begin(is_object);
        ++depth_;
        return go_on;
    }
    bool end() {
        --depth_;
        return on_end();
    }

    int deepest_;
    int depth_ = 0;
    std::string problem_ = {};
    std::optional<std::size_t> not_json_at_ = {};
};

/// `text` with its comments and trailing commas made blank: what settings files have and JSON has not.
///
/// Every other byte stays where it is, and so do the lines. What is no trailing comma (`[,]`, `[1,,]`) stays, too.
[[nodiscard]] inline std::string strict_json(std::string_view text) {
    std::string out(text);
    constexpr std::size_t none = std::string::npos;
    std::size_t comma = none;  // the last one, if a value stands before it and nothing after it
    char before = '\0';        // the last character that means something
    for (std::size_t i = 0; i < out.size();) {
        const char c = out[i];
        const bool slash = c == '/' && i + 1 < out.size();
        if (slash && out[i + 1] == '/') {
            for (; i < out.size() && out[i] != '\n'; ++i) out[i] = ' ';
            continue;
        }
        if (slash && out[i + 1] == '*') {
            const std::size_t end = out.find("*/", i + 2);
            if (end == none) break;  // not JSON, and stays so
            for (; i < end + 2; ++i) out[i] = out[i] == '\n' ? '\n' : ' ';
            continue;
        }
        if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
            ++i;
            continue;
        }
        if ((c == '}' || c == ']') && comma != none) out[comma] = ' ';
        comma = c == ',' && std::string_view("{[,:").find(before) == none ? i : none;
        before = c;
        if (c == '"') {
            for (++i; i < out.size() && out[i] != '"'; ++i) {
                if (out[i] == '\\') ++i;
            }
        }
        ++i;
    }
    return out;
}

}  // namespace blobshift::inline v1::detail

#endif
