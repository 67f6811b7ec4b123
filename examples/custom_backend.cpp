// SPDX-License-Identifier: MIT
//
// A store of one's own: six verbs, checked by the concept, and all of blobshift works on it. This one keeps rows in a
// table, as one would in a database.

#include <algorithm>  // copy_n, min
#include <iostream>   // cout
#include <map>        // map
#include <memory>     // unique_ptr
#include <mutex>      // mutex
#include <string>     // string, to_string
#include <vector>     // vector

#include <blobshift/blobshift.hpp>

using namespace blobshift;

class table_store {
public:
    result<blob_info> head(const context& c, const blob_name& n) {
        if (auto go = c.proceed(); !go) return unexpected(go.error());
        const std::scoped_lock lock(table_->mutex);
        const auto found = table_->rows.find(n);
        if (found == table_->rows.end()) return fail(errc::not_found, "no row has this key", n.text());
        return info_of(found->first, found->second);
    }

    result<read_result> read(const context& c, const blob_name& n, const read_range& range, byte_span out,
                             const condition& when) {
        if (auto go = c.proceed(); !go) return unexpected(go.error());
        if (when.is_if_absent()) return fail(errc::invalid_argument, "a read takes always or if_match");
        const std::scoped_lock lock(table_->mutex);
        const auto found = table_->rows.find(n);
        if (found == table_->rows.end()) return fail(errc::not_found, "no row has this key", n.text());
        const row& r = found->second;
        if (auto met = holds(when, &r); !met) return unexpected(met.error());
        const std::uint64_t size = r.content.size();
        const std::uint64_t offset = range.from_end ? size - (std::min)(size, range.length) : range.offset;
        if (!range.from_end && offset > 0 && offset >= size) return fail(errc::out_of_range, "nothing stands there");
        const std::uint64_t count = (std::min)({size - offset, range.length, std::uint64_t{out.size()}});
        std::copy_n(r.content.begin() + static_cast<std::ptrdiff_t>(offset), count, out.begin());
        return read_result{info_of(n, r), offset, static_cast<std::size_t>(count)};
    }

    result<list_page> list(const context& c, const list_query& q) {
        if (auto go = c.proceed(); !go) return unexpected(go.error());
        if (!q.delimiter.empty()) return fail(errc::unsupported, "this store lists flat only");  // never ignored
        const std::scoped_lock lock(table_->mutex);
        const std::size_t most = q.page_size == 0 ? 1000 : q.page_size;
        list_page page;
        for (const auto& [name, r] : table_->rows) {
            const std::string& text = name.text();
            if (!text.starts_with(q.prefix) || text <= (std::max)(q.start_after, q.cursor)) continue;
            if (is_reserved(text) && !is_reserved(q.prefix)) continue;
            if (page.blobs.size() == most) {
                page.cursor = page.blobs.back().name.text();
                break;
            }
            page.blobs.push_back(info_of(name, r));
        }
        return page;
    }

    result<blob_info> put(const context& c, const blob_name& n, byte_view content, const attributes& attrs,
                          const condition& when) {
        if (auto go = c.proceed(); !go) return unexpected(go.error());
        if (auto fine = validate(attrs); !fine) return unexpected(fine.error());
        row made{to_bytes(content), attrs};
        const std::scoped_lock lock(table_->mutex);
        return store(c, n, std::move(made), when);
    }

    result<bool> remove(const context& c, const blob_name& n, const condition& when) {
        if (auto go = c.proceed(); !go) return unexpected(go.error());
        if (when.is_if_absent()) return fail(errc::invalid_argument, "a remove takes always or if_match");
        const std::scoped_lock lock(table_->mutex);
        const auto found = table_->rows.find(n);
        if (found == table_->rows.end()) return false;
        if (auto met = holds(when, &found->second); !met) return unexpected(met.error());
        table_->rows.erase(found);
        return true;
    }

    result<copy_result> copy(const context& c, const blob_name& from, const blob_name& to, const condition& source,
                             const condition& target) {
        if (auto go = c.proceed(); !go) return unexpected(go.error());
        if (from == to || source.is_if_absent()) return fail(errc::invalid_argument, "no such copy makes sense");
        const std::scoped_lock lock(table_->mutex);
        const auto found = table_->rows.find(from);
        if (found == table_->rows.end()) return fail(errc::not_found, "no row has this key", from.text());
        if (auto met = holds(source, &found->second); !met) return unexpected(met.error());
        const etag version = found->second.tag;
        auto stored = store(c, to, row(found->second), target);
        if (!stored) return unexpected(stored.error());
        return copy_result{*stored, version};
    }

private:
    struct row {
        bytes content;
        attributes attrs;
        etag tag = {};
        utc_time written = {};
    };
    struct table {
        std::mutex mutex;
        std::map<blob_name, row> rows;
        std::uint64_t versions = 0;
    };

    static blob_info info_of(const blob_name& n, const row& r) {
        blob_info info(n);
        info.size_bytes = r.content.size();
        info.tag = r.tag;
        info.last_modified = r.written;
        info.attrs = r.attrs;
        return info;
    }
    static result<void> holds(const condition& when, const row* present) {
        if (when.is_if_absent() && present != nullptr) return fail(errc::already_exists, "the row exists");
        if (when.is_if_match() && (present == nullptr || !strongly_equal(when.tag(), present->tag))) {
            return fail(errc::condition_failed, "the row has another version");
        }
        return {};
    }
    result<blob_info> store(const context& c, const blob_name& n, row made, const condition& when) {
        const auto found = table_->rows.find(n);
        if (auto met = holds(when, found == table_->rows.end() ? nullptr : &found->second); !met) {
            return unexpected(met.error());
        }
        made.tag = etag("\"" + std::to_string(++table_->versions) + "\"");
        made.written = c.clock->utc_now();
        const auto stored = table_->rows.insert_or_assign(n, std::move(made)).first;
        return info_of(stored->first, stored->second);
    }

    std::unique_ptr<table> table_ = std::make_unique<table>();
};

static_assert(BlobStore<table_store>);  // a verb that is missing or differs is named here

int main() {
    const context c;
    any_store store{prefix<table_store>::make(table_store{}, "tenants/7/").value()};  // a layer, and no type to spell

    for (const char* text : {"a", "b", "c"}) {
        const blob_name name = blob_name::parse(text).value();
        upload(store, c, name, memory_source(as_bytes("content of a row"))).value();
    }
    std::vector<copy_request> requests;
    for (const char* text : {"a", "b", "missing"}) {
        requests.push_back({blob_name::parse(text).value(), blob_name::parse(std::string("copies/") + text).value()});
    }
    std::vector<std::string> answers(requests.size());
    copy_many(store, c, requests, {.concurrency = 2}, [&](std::size_t i, result<copy_result>&& outcome) {
        answers[i] = outcome ? "copied" : describe(outcome.error());
    });
    for (const std::string& answer : answers) std::cout << answer << '\n';

    scan(store, c, {}, [](blob_info&& info) -> result<void> {
        std::cout << info.name.text() << ", " << info.size_bytes << " bytes\n";
        return {};
    }).value();
    std::cout << "takes blocks: " << (store.native().blocks ? "yes" : "no") << '\n';
}
