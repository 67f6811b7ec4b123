// SPDX-License-Identifier: MIT
//
// A file store whose system calls follow a script, and all the ways to change what is in it.

#ifndef BLOBSHIFT_TESTS_BACKENDS_SCRIPTED_STORE_HPP
#define BLOBSHIFT_TESTS_BACKENDS_SCRIPTED_STORE_HPP

#include <functional>  // function
#include <map>         // map
#include <memory>      // shared_ptr
#include <optional>    // optional
#include <string>      // string
#include <vector>      // vector

#include <blobshift/backends/file_store.hpp>

#include <backends/files_on_disk.hpp>
#include <backends/scripted_files.hpp>

namespace blobshift::testing {

using scripted_store = basic_file_store<scripted_files>;

struct scripted {
    explicit scripted(file_store_options options = {}) : store(open(options)) {}
    scripted(const scripted&) = delete;
    scripted& operator=(const scripted&) = delete;
    /// What stands in the script may be about what came after this object, and is gone by now; the store still calls.
    ~scripted() { script->clear(); }

    disk on;
    std::shared_ptr<file_script> script = std::make_shared<file_script>();
    scripted_store store;

    [[nodiscard]] scripted_store open(file_store_options options) const {
        return scripted_store::open(on.path(), options, scripted_files(script)).value();
    }
    /// Every blob with its content, every directory.
    [[nodiscard]] std::map<std::string, std::string> snapshot() const {
        std::map<std::string, std::string> all;
        for (const std::string& each : on.all()) all[each] = each.back() == '/' ? "" : on.read(each);
        return all;
    }
};

/// What an operation did: nothing when it succeeded.
using outcome = std::optional<error>;

template <class R>
[[nodiscard]] outcome outcome_of(const R& r) {
    return r ? outcome() : outcome(r.error());
}

struct operation {
    const char* what;
    copy_method copying;
    std::function<outcome(scripted_store&)> run;
};

inline const std::vector<operation>& operations() {
    static const attributes attrs{.content_type = "image/png"};
    static const std::vector<operation> all = {
        {"put a new blob", copy_method::automatic,
         [](auto& s) { return outcome_of(s.put({}, name("new/deep/x"), as_bytes("content"), attrs, {})); }},
        {"create a blob", copy_method::automatic,
         [](auto& s) { return outcome_of(put(s, "new/deep/x", "content", condition::if_absent())); }},
        {"replace a blob", copy_method::automatic, [](auto& s) { return outcome_of(put(s, "a/old", "content")); }},
        {"replace a version", copy_method::automatic,
         [](auto& s) {
             auto info = s.head({}, name("a/old"));
             return info ? outcome_of(put(s, "a/old", "content", condition::if_match(info->tag))) : outcome_of(info);
         }},
        {"link", copy_method::hard_link, [](auto& s) { return outcome_of(copy(s, "a/source", "new/deep/x")); }},
        {"link over", copy_method::hard_link,
         [](auto& s) { return outcome_of(copy(s, "a/source", "a/old", condition::always())); }},
        {"copy", copy_method::automatic, [](auto& s) { return outcome_of(copy(s, "a/source", "new/deep/x")); }},
        {"copy bytes", copy_method::byte_copy, [](auto& s) { return outcome_of(copy(s, "a/source", "new/deep/x")); }},
        {"copy bytes over", copy_method::byte_copy,
         [](auto& s) { return outcome_of(copy(s, "a/source", "a/old", condition::always())); }},
        {"remove", copy_method::automatic, [](auto& s) { return outcome_of(remove(s, "only/one/here")); }},
        {"remove one of two", copy_method::automatic, [](auto& s) { return outcome_of(remove(s, "a/old")); }},
        {"upload", copy_method::automatic,
         [](auto& s) {
             auto u = s.begin_upload({}, name("new/x"));
             if (!u) return outcome_of(u);
             const auto staged = s.stage_block({}, *u, 0, 0, as_bytes("content"));
             if (!staged) return (void)s.abandon_upload({}, *u), outcome_of(staged);
             const auto committed = s.commit_upload({}, *u, 1, 7, attrs, condition::if_absent());
             if (!committed) (void)s.abandon_upload({}, *u);
             return outcome_of(committed);
         }},
    };
    return all;
}

inline void fill(scripted& s) {
    REQUIRE(put(s.store, "a/source", "source"));
    REQUIRE(put(s.store, "a/old", "old"));
    REQUIRE(put(s.store, "only/one/here", "x"));
}

}  // namespace blobshift::testing

#endif
