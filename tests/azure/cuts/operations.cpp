// SPDX-License-Identifier: MIT
//
// The operations, one line each where one line will do.

#include <azure/cuts/operations.hpp>

#include <algorithm>  // find
#include <utility>    // move

namespace blobshift::testing {
namespace {

using namespace std::chrono_literals;

constexpr const char* lease_id = "11111111-2222-3333-4444-555555555555";
constexpr const char* other_lease_id = "66666666-2222-3333-4444-555555555555";
constexpr std::string_view content = "the content of the source of copies";

[[nodiscard]] blob_name name(std::string_view text) { return blob_name::parse(text).value(); }

[[nodiscard]] attributes described() {
    attributes a;
    a.content_type = "text/plain";
    a.metadata = {{"key", "value"}};
    a.tags = {{"tag", "1"}};
    return a;
}

[[nodiscard]] std::string text_of(const on_the_wire& o, const blob_info& info) {
    std::string text = info.name.text() + ' ' + std::to_string(info.size_bytes) + ' ' + info.attrs.content_type;
    for (const auto& [key, value] : info.attrs.metadata) text += ' ' + key + '=' + value;
    for (const auto& [key, value] : info.attrs.tags) text += ' ' + key + ':' + value;
    if (info.stored_hash) text += ' ' + to_hex(info.stored_hash->value);
    return text + (info.tag.text() == o.tag_of(info.name.text()) ? " current" : " stale");
}
[[nodiscard]] std::string text_of(const on_the_wire& o, const list_page& page) {
    std::string text;
    for (const blob_info& b : page.blobs) text += text_of(o, b) + '\n';
    for (const std::string& p : page.prefixes) text += p + '\n';
    return text;
}
/// Not the attributes, which a copy need not know.
[[nodiscard]] std::string text_of(const on_the_wire& o, const copy_result& made) {
    blob_info bare = made.info;
    bare.attrs = {};
    return text_of(o, bare);
}
[[nodiscard]] std::string text_of(const on_the_wire&, bool yes) { return yes ? "yes" : "no"; }
[[nodiscard]] std::string text_of(const on_the_wire&, const std::map<std::string, std::string>& tags) {
    std::string text;
    for (const auto& [key, value] : tags) text += key + ':' + value + '\n';
    return text;
}

template <class T>
[[nodiscard]] told tell(const on_the_wire& o, std::string about, const result<T>& got) {
    if (!got) return {std::move(about), unexpected(got.error())};
    if constexpr (std::is_void_v<T>)
        return {std::move(about), "done"};
    else
        return {std::move(about), text_of(o, *got)};
}

/// An operation on one blob that answers `f(o)`.
template <class F>
[[nodiscard]] wire_operation one(std::string label, std::string blob, F f) {
    wire_operation op;
    op.name = std::move(label);
    op.run = [blob = std::move(blob), f](const on_the_wire& o) { return std::vector<told>{tell(o, blob, f(o))}; };
    return op;
}
template <class F>
[[nodiscard]] wire_operation one(std::string label, std::string blob, F f, std::function<void(fake_service&)> before,
                                 const azure_options& options = {}) {
    wire_operation op = one(std::move(label), std::move(blob), f);
    op.before = std::move(before);
    op.options = options;
    return op;
}

[[nodiscard]] wire_operation put(std::string label, std::string blob,
                                 std::function<condition(const on_the_wire&)> when) {
    return one(std::move(label), blob, [blob, when](const on_the_wire& o) {
        return o.store.put(o.c, name(blob), as_bytes("new content"), described(), when(o));
    });
}

[[nodiscard]] wire_operation read(std::string label, std::string blob, read_range range, std::size_t room) {
    return one(std::move(label), blob,
               [blob, range, room](const on_the_wire& o) -> result<std::map<std::string, std::string>> {
                   bytes out(room);
                   auto got = o.store.read(o.c, name(blob), range, out, o.pin(blob));
                   if (!got) return unexpected(std::move(got).error());
                   return std::map<std::string, std::string>{
                       {text_of(o, got->info),
                        std::to_string(got->offset) + ' ' + std::string(as_text(out).substr(0, got->count))}};
               });
}

/// All pages.
[[nodiscard]] wire_operation list(std::string label, list_query query, std::function<void(fake_service&)> before = {},
                                  const azure_options& options = {}) {
    return one(
        std::move(label), "",
        [query](const on_the_wire& o) -> result<std::map<std::string, std::string>> {
            list_query q = query;
            std::string all;
            do {
                auto page = o.store.list(o.c, q);
                if (!page) return unexpected(std::move(page).error());
                all += text_of(o, *page);
                q.cursor = page->cursor;
            } while (!q.cursor.empty());
            return std::map<std::string, std::string>{{"all", all}};
        },
        std::move(before), options);
}

[[nodiscard]] wire_operation copy(std::string label, std::string to, std::function<condition(const on_the_wire&)> when,
                                  std::function<void(fake_service&)> before = {}, const azure_options& options = {}) {
    return one(
        std::move(label), to,
        [to, when](const on_the_wire& o) { return o.store.copy(o.c, name("from"), name(to), {}, when(o)); },
        std::move(before), options);
}

[[nodiscard]] condition always(const on_the_wire&) { return {}; }
[[nodiscard]] condition absent(const on_the_wire&) { return condition::if_absent(); }

/// The service cannot read its own blobs by their URLs.
void firewall(fake_service& s) { s.firewall = true; }

[[nodiscard]] std::vector<told> copy_two(const on_the_wire& o) {
    std::vector<told> all;
    const source_facts known{content.size(), md5_of(content), ""};
    const std::vector<copy_request> requests = {
        {name("from"), name("to"), o.pin("from"), condition::if_absent(), known},
        {name("from"), name("b"), o.pin("from"), o.pin("b"), known}};
    auto note = [&](std::size_t i, result<copy_result>&& r) { all.push_back(tell(o, requests[i].to.text(), r)); };
    o.store.copy_many(o.c, requests, {.concurrency = 1}, note);
    return all;
}

[[nodiscard]] std::vector<told> remove_some(const on_the_wire& o) {
    std::vector<told> all;
    const std::vector<remove_request> requests = {{name("b"), o.pin("b")}, {name("tagged")}};
    auto note = [&](std::size_t i, result<bool>&& r) { all.push_back(tell(o, requests[i].name.text(), r)); };
    o.store.remove_many(o.c, requests, {}, note);
    return all;
}

[[nodiscard]] result<blob_info> upload(const on_the_wire& o) {
    auto u = o.store.begin_upload(o.c, name("up"));
    if (!u) return unexpected(std::move(u).error());
    for (const auto& [index, text] : {std::pair(0U, "first "), std::pair(1U, "second")}) {
        auto staged = o.store.stage_block(o.c, *u, index, index * 6, as_bytes(std::string_view(text)));
        if (!staged) return unexpected(std::move(staged).error());
    }
    return o.store.commit_upload(o.c, *u, 2, 12, described(), condition::if_absent());
}

[[nodiscard]] result<void> stage(const on_the_wire& o) {
    auto u = o.store.begin_upload(o.c, name("up"));
    if (!u) return unexpected(std::move(u).error());
    return o.store.stage_block(o.c, *u, 0, 0, as_bytes("a block"));
}

// What a text of the service is worth, in place of the text, which each run has another of.

[[nodiscard]] result<bool> is_lease(const on_the_wire& o, const std::string& blob, const result<std::string>& id) {
    if (!id) return unexpected(id.error());
    const std::scoped_lock lock(o.service.guard);
    return o.service.containers.at("box").blobs.at(blob).lease == *id;
}
[[nodiscard]] result<bool> is_snapshot(const on_the_wire& o, const std::string& blob, const result<std::string>& time) {
    if (!time) return unexpected(time.error());
    const std::scoped_lock lock(o.service.guard);
    const auto& all = o.service.containers.at("box").blobs.at(blob).snapshots;
    return std::find(all.begin(), all.end(), *time) != all.end();
}
[[nodiscard]] result<bool> is_current(const on_the_wire& o, const std::string& blob, const result<etag>& tag) {
    if (!tag) return unexpected(tag.error());
    return tag->text() == o.tag_of(blob);
}

[[nodiscard]] wire_operation head_as(asking_as who, std::string label) {
    wire_operation op = one(std::move(label), "b", [](const on_the_wire& o) { return o.store.head(o.c, name("b")); });
    op.who = who;
    return op;
}

void add_contract(std::vector<wire_operation>& all) {
    all.push_back(put("put", "b", &always));
    all.push_back(put("put if absent", "new", &absent));
    all.push_back(put("put if absent, refused", "b", &absent));
    all.push_back(put("put if match", "b", [](const on_the_wire& o) { return o.pin("b"); }));
    all.push_back(one("head", "b", [](const on_the_wire& o) { return o.store.head(o.c, name("b")); }));
    all.push_back(
        one("head of tagged", "tagged", [](const on_the_wire& o) { return o.store.head(o.c, name("tagged")); }));
    all.push_back(one("head of none", "none", [](const on_the_wire& o) { return o.store.head(o.c, name("none")); }));
    all.push_back(read("read", "from", {}, 100));
    all.push_back(read("read part", "from", read_range::part(4, 11), 100));
    all.push_back(read("read end", "b", read_range::last(7), 100));
    all.push_back(read("read of tagged", "tagged", {}, 100));
    all.push_back(read("read of empty", "empty", {}, 100));
    all.push_back(list("list", {.prefix = "b", .with_attributes = true}));
    all.push_back(list("list groups", {.prefix = "f", .delimiter = "/"}));
    all.push_back(list("list pages", {.prefix = "k"}, [](fake_service& s) {
        s.page = 1;
        s.empty_pages = true;
    }));
    all.push_back(list("list with snapshots", {.prefix = "k"}, {}, {.list_obstacles = true}));
    all.push_back(one("remove", "b", [](const on_the_wire& o) { return o.store.remove(o.c, name("b"), {}); }));
    all.push_back(
        one("remove if match", "b", [](const on_the_wire& o) { return o.store.remove(o.c, name("b"), o.pin("b")); }));
    all.push_back(
        one("remove of none", "none", [](const on_the_wire& o) { return o.store.remove(o.c, name("none"), {}); }));
    all.back().or_else = "yes";  // a try whose answer was lost may have removed it
    all.push_back({"remove many (batch)", &remove_some});
    all.push_back(one("stage block", "up", &stage));
    all.push_back(one("upload and commit", "up", &upload));
    all.push_back(copy("copy", "b", &always));
    all.push_back(copy("copy if absent", "to", &absent));
    all.push_back(copy("copy if match", "b", [](const on_the_wire& o) { return o.pin("b"); }));
    all.push_back(copy("copy, refused", "b", &absent));
    all.push_back({"copy many", &copy_two});
    all.push_back(copy("copy in blocks", "to", &absent, {}, {.copy_block_bytes = 20, .most_copied_at_once = 16}));
    all.push_back(copy("copy through client", "to", &absent, &firewall));
    const auto slowly = [](fake_service& s) {
        s.firewall = true;
        s.copies_pend = 1;
    };
    all.push_back(copy("copy as a job", "to", &absent, slowly, {.unreadable_source = azure_fallback::asynchronous}));
}

/// A verb of `azure_store::control`: `f(control, c, blob)`.
template <class F>
[[nodiscard]] wire_operation control(std::string label, std::string blob, F f) {
    return one(std::move(label), blob,
               [f, n = name(blob)](const on_the_wire& o) { return f(o.store.control(), o.c, n); });
}
/// The same where the result is text that only the service can confirm: `confirm(o, blob, result)`.
template <class F, class Confirm>
[[nodiscard]] wire_operation control(std::string label, std::string blob, F f, Confirm confirm) {
    return one(std::move(label), blob, [f, confirm, blob, n = name(blob)](const on_the_wire& o) {
        return confirm(o, blob, f(o.store.control(), o.c, n));
    });
}

using context_ref = const context&;
using name_ref = const blob_name&;

void add_container(std::vector<wire_operation>& all) {
    all.push_back(one(
        "create container", "", [](const on_the_wire& o) { return o.store.control().create_container(o.c); },
        [](fake_service& s) { s.containers.clear(); }));
    all.push_back(
        one("container exists", "", [](const on_the_wire& o) { return o.store.control().container_exists(o.c); }));
    all.push_back(
        one("remove container", "", [](const on_the_wire& o) { return o.store.control().remove_container(o.c); }));
}

void add_control(std::vector<wire_operation>& all) {
    all.push_back(control(
        "set metadata", "b",
        [](auto& s, context_ref c, name_ref n) {
            return s.set_metadata(c, n, {{"other", "1"}});
        },
        &is_current));
    all.push_back(control(
        "set content headers", "b",
        [](auto& s, context_ref c, name_ref n) { return s.set_content_headers(c, n, described(), std::nullopt); },
        &is_current));
    all.push_back(control("set tags", "b", [](auto& s, context_ref c, name_ref n) {
        return s.set_tags(c, n, {{"x", "y"}});
    }));
    all.push_back(control("tags", "tagged", [](auto& s, context_ref c, name_ref n) { return s.tags(c, n); }));
    all.push_back(
        control("set tier", "b", [](auto& s, context_ref c, name_ref n) { return s.set_tier(c, n, "Cool"); }));
    all.push_back(control(
        "snapshot", "b", [](auto& s, context_ref c, name_ref n) { return s.create_snapshot(c, n); }, &is_snapshot));
    for (const bool blob_too : {false, true}) {
        all.push_back(
            control(blob_too ? "remove with snapshots" : "remove snapshots", "kept",
                    [blob_too](auto& s, context_ref c, name_ref n) { return s.remove_snapshots(c, n, blob_too); }));
    }
    all.push_back(control("undelete", "gone", [](auto& s, context_ref c, name_ref n) { return s.undelete(c, n); }));
    all.push_back(control(
        "acquire lease", "b", [](auto& s, context_ref c, name_ref n) { return s.acquire_lease(c, n, 15s); },
        &is_lease));
    all.push_back(control("renew lease", "leased",
                          [](auto& s, context_ref c, name_ref n) { return s.renew_lease(c, n, lease_id); }));
    all.push_back(control(
        "change lease", "leased",
        [](auto& s, context_ref c, name_ref n) { return s.change_lease(c, n, lease_id, other_lease_id); }, &is_lease));
    all.push_back(control("release lease", "leased",
                          [](auto& s, context_ref c, name_ref n) { return s.release_lease(c, n, lease_id); }));
    all.push_back(control("break lease", "leased", [](auto& s, context_ref c, name_ref n) -> result<bool> {
        auto left = s.break_lease(c, n, 0s);
        if (!left) return unexpected(std::move(left).error());
        return *left == 0s;
    }));
    all.push_back(head_as(asking_as::application, "token of an application"));
    all.push_back(head_as(asking_as::machine, "token of the machine"));
}

}  // namespace

void set_up(fake_service& s) {
    s.page = 5000;
    s.empty_pages = s.firewall = false;
    s.copies_pend = 0;
    s.bearer = "good";
    s.containers = {{"box", {}}};
    fake_container& box = s.containers.at("box");
    const auto add = [&](const char* blob, std::string_view text) -> fake_blob& {
        fake_blob& b = box.blobs[blob];
        b.content = text;
        b.md5 = md5_of(text);
        b.attrs.content_type = "application/dicom";
        s.touch(b);
        return b;
    };
    add("b", "old content").attrs.metadata = {{"k", "v"}};
    add("empty", "");
    add("from", content).attrs = described();
    add("folder/x", "x");
    add("folder/y", "y");
    add("kept", "with snapshots").snapshots = {"2020-01-01T00:00:00.0000000Z"};
    add("kept too", "x");
    add("leased", "x").lease = lease_id;
    add("tagged", "with tags").attrs.tags = {{"tag", "1"}};
    add("gone", "removed");
    box.deleted["gone"] = box.blobs.at("gone");
    box.blobs.erase("gone");
}

std::vector<wire_operation> wire_operations() {
    std::vector<wire_operation> all;
    add_contract(all);
    add_container(all);
    add_control(all);
    return all;
}

}  // namespace blobshift::testing
