// SPDX-License-Identifier: MIT
//
// The settings of a migration, as operators of the reference system write them: a section of appsettings.json, and
// environment variables that override it.
//
// Row: config (core, naming).   Tests: tests/config/appsettings.test.cpp

#ifndef BLOBSHIFT_CONFIG_APPSETTINGS_HPP
#define BLOBSHIFT_CONFIG_APPSETTINGS_HPP

#include <algorithm>    // count, min
#include <cstddef>      // size_t
#include <map>          // map
#include <optional>     // optional
#include <span>         // span
#include <string>       // string
#include <string_view>  // string_view
#include <utility>      // move
#include <vector>       // vector

#include <blobshift/config/json.hpp>
#include <blobshift/config/setting_values.hpp>
#include <blobshift/core/result.hpp>
#include <blobshift/core/time.hpp>
#include <blobshift/naming/format.hpp>

namespace blobshift::inline v1 {

/// Where the settings stand in the file.
inline constexpr std::string_view settings_section = "DicomServer:Services:BlobMigration";

/// The section's keys, each under its own name. The first seven are the reference system's; so are their defaults.
struct migration_settings {
    blobshift::format format = blobshift::format::old_names;                    ///< FormatType: Old, Dual or New.
    bool start_copy = false;                                                    ///< StartCopy
    bool start_delete = false;                                                  ///< StartDelete
    std::string copy_operation_id = "1d4689da-ca3b-4659-b0c7-7bf6c9ff25e1";     ///< CopyFileOperationId
    std::string delete_operation_id = "ce38a27e-b194-4645-b47a-fe91c38c330f";   ///< DeleteFileOperationId
    std::string cleanup_operation_id = "d32a0469-9c27-4df3-a1e8-12f7f8fecbc8";  ///< CleanupDeletedFileOperationId
    std::optional<utc_time> cleanup_since = {};  ///< CleanupFilterTimeStamp: older removals are left alone.
    bool log_old_format_usage = false;           ///< LogOldFormatUsage: say so when a name of the old format is read.
    std::size_t batch_size = 8192;               ///< BatchSize: objects handed to the store at once, 1 to 65536.
    unsigned concurrency = 0;                    ///< Concurrency: most requests at once, 1 to 1024; 0 = auto.
    double requests_per_second = 0;              ///< RequestsPerSecond: 0 = no limit.
    std::string files_container = {};     ///< FilesContainer, in the account that was named; empty: the one named.
    std::string metadata_container = {};  ///< MetadataContainer, in the same account.
    bool found = false;                   ///< Whether file or environment has the section at all.
};

/// An environment variable, or what else overrides the file: `DicomServer__Services__BlobMigration__FormatType` =
/// `New`.
struct setting_override {
    std::string_view name;
    std::string_view value;
};

namespace detail {

/// One key of the section.
struct setting {
    std::string_view name;
    std::string_view allowed;                                   ///< Behind "FormatType is".
    bool (*set)(migration_settings& s, std::string_view text);  ///< \return false: `text` is not allowed.
};

[[nodiscard]] inline std::span<const setting> settings_table() {
    using in = migration_settings;
    constexpr std::string_view flag = "true or false";
    constexpr std::string_view guid = "a GUID, like 1d4689da-ca3b-4659-b0c7-7bf6c9ff25e1";
    constexpr std::string_view container = "a container's name: 3 to 63 lower-case letters, digits and single hyphens";
    static constexpr setting table[] = {
        {"FormatType", "Old, Dual or New",
         [](in& s, std::string_view t) { return store_value(s.format, parse_format(t)); }},
        {"StartCopy", flag, [](in& s, std::string_view t) { return store_value(s.start_copy, parse_flag(t)); }},
        {"StartDelete", flag, [](in& s, std::string_view t) { return store_value(s.start_delete, parse_flag(t)); }},
        {"CopyFileOperationId", guid,
         [](in& s, std::string_view t) { return store_value(s.copy_operation_id, parse_guid(t)); }},
        {"DeleteFileOperationId", guid,
         [](in& s, std::string_view t) { return store_value(s.delete_operation_id, parse_guid(t)); }},
        {"CleanupDeletedFileOperationId", guid,
         [](in& s, std::string_view t) { return store_value(s.cleanup_operation_id, parse_guid(t)); }},
        {"CleanupFilterTimeStamp",
         "a date, which is its midnight UTC, or a time with its zone: 2022-08-01 or 2022-08-01T09:30:00Z",
         [](in& s, std::string_view t) { return store_value(s.cleanup_since, parse_utc(t)); }},
        {"LogOldFormatUsage", flag,
         [](in& s, std::string_view t) { return store_value(s.log_old_format_usage, parse_flag(t)); }},
        {"BatchSize", "a number from 1 to 65536",
         [](in& s, std::string_view t) { return store_value(s.batch_size, parse_count(t, 1, 65536)); }},
        {"Concurrency", "auto, or a number from 1 to 1024",
         [](in& s, std::string_view t) { return store_value(s.concurrency, parse_concurrency(t)); }},
        {"RequestsPerSecond", "a number from 0 to 1000000; 0 is no limit",
         [](in& s, std::string_view t) { return store_value(s.requests_per_second, parse_rate(t)); }},
        {"FilesContainer", container,
         [](in& s, std::string_view t) { return store_value(s.files_container, parse_container(t)); }},
        {"MetadataContainer", container,
         [](in& s, std::string_view t) { return store_value(s.metadata_container, parse_container(t)); }},
    };
    return table;
}

/// What the file, or the environment, says about the section: each key once, its value still text.
class section_values {
public:
    struct entry {
        std::string name;                  ///< As it was written, for people.
        std::optional<std::string> value;  ///< Nothing: null.
    };

    /// Keeps the value if `path`, with a colon between its parts, is in the section.
    ///
    /// \return what is wrong with it: lower case behind `name`; empty: nothing.
    [[nodiscard]] std::string_view add(std::string_view path, std::optional<std::string_view> value,
                                       std::string_view name) {
        if (!is_about_section(path)) return {};
        found_ = true;
        if (is_section(path)) return "is an object with settings in it";
        std::string key = lower_case(path.substr(settings_section.size() + 1));
        const bool fresh =
            values_.try_emplace(std::move(key), entry{std::string(name), std::optional<std::string>(value)}).second;
        return fresh ? std::string_view() : "stands there twice; capital and small letters are the same here";
    }
    /// The section is there, although it may be empty.
    void open() noexcept { found_ = true; }
    /// Lets each value of `stronger` take the place of the one here.
    void override_with(section_values&& stronger) {
        found_ = found_ || stronger.found_;
        for (auto& [key, value] : stronger.values_) values_.insert_or_assign(key, std::move(value));
    }

    [[nodiscard]] static bool is_section(std::string_view path) { return equal_ignoring_case(path, settings_section); }
    [[nodiscard]] static bool is_about_section(std::string_view path) {
        return is_section(path.substr(0, settings_section.size())) &&
               (path.size() == settings_section.size() || path[settings_section.size()] == ':');
    }
    [[nodiscard]] bool found() const noexcept { return found_; }
    [[nodiscard]] const std::map<std::string, entry>& values() const noexcept { return values_; }

private:
    std::map<std::string, entry> values_ = {};  ///< By key in lower case.
    bool found_ = false;
};

/// Finds the section in a settings file, of which all else is ignored. A path may be nested, or joined by colons in one
/// name, or both: the reference system makes no difference.
class settings_reader final : public json_events {
public:
    explicit settings_reader(section_values& into) : json_events(64), into_(into) {}

private:
    struct level {
        std::size_t path_size;       ///< Of the path that leads to it.
        std::optional<int> element;  ///< Of an array: the index of its next value.
    };

    bool on_begin(bool is_object) override {
        enter();
        if (open_.empty() && !is_object) return refuse("it is not a JSON object");
        if (section_values::is_about_section(path_)) {
            const bool section = section_values::is_section(path_);
            if (!section) return refuse(path_ + " is a single value");
            if (!is_object) return refuse(path_ + " is an object with settings in it");
            into_.open();
        }
        open_.push_back({path_.size(), is_object ? std::nullopt : std::optional<int>(0)});
        return true;
    }
    bool on_end() override {
        path_.resize(open_.back().path_size);
        open_.pop_back();
        return true;
    }
    bool on_name(std::string& name) override {
        path_.resize(open_.back().path_size);
        if (open_.size() > 1) path_ += ':';
        path_ += name;
        return true;
    }
    bool on_scalar(std::optional<std::string_view> text) override {
        enter();
        if (open_.empty()) return refuse("it is not a JSON object");
        const std::string_view wrong = into_.add(path_, text, path_);
        return wrong.empty() || refuse(path_ + " " + std::string(wrong));
    }

    /// Completes the path of a list's element.
    void enter() {
        if (open_.empty() || !open_.back().element) return;
        path_.resize(open_.back().path_size);
        path_ += ':' + std::to_string((*open_.back().element)++);
    }

    section_values& into_;
    std::vector<level> open_ = {};
    std::string path_ = {};
};

[[nodiscard]] inline result<section_values> values_of_file(std::string_view json) {
    constexpr std::size_t most = std::size_t{1} << 20;
    if (json.size() > most) return fail(errc::invalid_argument, "it is larger than 1 MiB");
    section_values values;
    settings_reader reader(values);
    const std::string text = strict_json(json);
    if (reader.read(text.begin(), text.end())) return values;
    if (!reader.not_json_at()) return fail(errc::invalid_argument, reader.problem());
    const auto end = text.begin() + static_cast<std::ptrdiff_t>((std::min)(*reader.not_json_at(), text.size()));
    // What was read last is what did not fit; if that is the end of a line, the line itself is meant.
    const auto lines = std::count(text.begin(), end == text.begin() ? end : end - 1, '\n');
    return fail(errc::invalid_argument, "line " + std::to_string(lines + 1) + ": " + reader.problem());
}

[[nodiscard]] inline result<section_values> values_of_environment(std::span<const setting_override> environment) {
    section_values values;
    for (const setting_override& each : environment) {
        std::string path(each.name);
        for (std::size_t at = 0; (at = path.find("__", at)) != std::string::npos;) path.replace(at, 2, 1, ':');
        const std::string_view wrong = values.add(path, each.value, each.name);
        if (!wrong.empty()) {
            return fail(errc::invalid_argument,
                        "the environment variable " + std::string(each.name) + " " + std::string(wrong));
        }
    }
    return values;
}

[[nodiscard]] inline unexpected unknown_setting(const std::string& name) {
    std::string known;
    for (const setting& each : settings_table()) known += (known.empty() ? "" : ", ") + std::string(each.name);
    return fail(errc::invalid_argument, name + " is no setting; the settings are " + known);
}

/// Three operations under two ids would take each other for done.
[[nodiscard]] inline result<void> check_ids(const migration_settings& s) {
    const bool distinct = s.copy_operation_id != s.delete_operation_id &&
                          s.copy_operation_id != s.cleanup_operation_id &&
                          s.delete_operation_id != s.cleanup_operation_id;
    if (distinct) return {};
    return fail(errc::invalid_argument,
                "CopyFileOperationId, DeleteFileOperationId and CleanupDeletedFileOperationId must be three different "
                "ones");
}

}  // namespace detail

/// Reads the section out of a settings file, and what overrides it.
///
/// As the reference system does: comments and commas before a closing bracket are allowed; keys and words may be
/// written in capital or small letters; numbers and booleans may be strings; `A:B` in a name is the same as B inside of
/// A; and a value of the environment takes the place of the file's. Unlike it: what is not understood is an error.
///
/// \param json  The whole file, at most 1 MiB, at most 64 levels deep.
/// \param environment  All variables may be given: those of other things are ignored. `__` stands for a colon.
/// \return errc::invalid_argument whose message names the key, or the line that is not JSON, and what is allowed; the
///         value itself is never in it. Put the file's name in front.
[[nodiscard]] inline result<migration_settings> parse_settings(std::string_view json,
                                                               std::span<const setting_override> environment = {}) {
    auto values = detail::values_of_file(json);
    if (!values) return unexpected(std::move(values).error());
    auto stronger = detail::values_of_environment(environment);
    if (!stronger) return unexpected(std::move(stronger).error());
    values->override_with(*std::move(stronger));

    migration_settings settings;
    settings.found = values->found();
    for (const auto& [key, entry] : values->values()) {
        const detail::setting* known = nullptr;
        for (const detail::setting& each : detail::settings_table()) {
            if (detail::equal_ignoring_case(each.name, key)) known = &each;
        }
        if (known == nullptr) return detail::unknown_setting(entry.name);
        if (!entry.value || !known->set(settings, detail::without_blanks(*entry.value))) {
            return fail(errc::invalid_argument, entry.name + " is " + std::string(known->allowed));
        }
    }
    if (auto fine = detail::check_ids(settings); !fine) return unexpected(std::move(fine).error());
    if (settings.files_container.empty() && !settings.metadata_container.empty()) {
        return fail(errc::invalid_argument, "MetadataContainer is a container beside FilesContainer: set that, too");
    }
    return settings;
}

}  // namespace blobshift::inline v1

#endif
