// SPDX-License-Identifier: MIT
//
// A naming policy of your own: one class, paired with the old names for a migration.

#include <charconv>
#include <iostream>
#include <string>
#include <string_view>

#include <blobshift/naming/dicom_names.hpp>
#include <blobshift/naming/format.hpp>

using namespace blobshift;

/// A folder for every million instances: 1/1234567.dcm and 1/1234567.json.
class names_by_million {
public:
    static constexpr naming_traits traits() {
        return {.unique = true, .immutable = true, .invertible = false, .personal = false};
    }

    result<blob_name> name_of(const instance_id& id, blob_kind kind) const {
        if (id.watermark < 1) return fail(errc::invalid_argument, "a watermark is at least 1");
        if (kind != blob_kind::instance && kind != blob_kind::metadata) return fail(errc::unsupported, "no such names");
        return blob_name::parse(std::to_string(id.watermark / 1'000'000) + "/" + std::to_string(id.watermark) +
                                (kind == blob_kind::instance ? ".dcm" : ".json"));
    }

    result<parsed_name> parse(const blob_name& n) const {
        const std::string_view text = n.text();
        const std::string_view file = text.substr(text.find('/') + 1);
        parsed_name found;
        found.kind = file.ends_with(".json") ? blob_kind::metadata : blob_kind::instance;
        std::from_chars(file.data(), file.data() + file.size(), found.id.watermark);
        const auto again = name_of(found.id, found.kind);  // a name is ours when we would give it
        if (!again || *again != n) return fail(errc::invalid_argument, "not a name by million");
        return found;
    }
};
static_assert(NamingPolicy<names_by_million>);

int main() {
    const dual_names<uid_names, names_by_million> names;
    const instance_id id{"1.2.826.0.1", "1.2.826.0.1.7", "1.2.826.0.1.7.4", 1234567};

    for (const format f : {format::old_names, format::dual, format::new_names}) {
        for (const blob_kind kind : {blob_kind::instance, blob_kind::metadata}) {
            std::cout << to_string(f) << ", " << to_string(kind) << '\n';
            const auto write = names.to_write(f, id, kind).value();
            const auto read = names.to_read(f, id, kind).value();
            for (const blob_name& n : write) std::cout << "    write " << n.text() << '\n';
            for (const blob_name& n : read) std::cout << "    read  " << n.text() << '\n';
        }
    }
    for (const char* text : {"1/1234567.json", "2/1234567.json"}) {
        const auto parsed = names.newer().parse(blob_name::parse(text).value());
        std::cout << text << ": ";
        if (parsed) std::cout << to_string(parsed->kind) << " of watermark " << parsed->id.watermark << '\n';
        else std::cout << describe(parsed.error()) << '\n';
    }
}
