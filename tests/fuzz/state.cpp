// SPDX-License-Identifier: MIT
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <blobshift/backends/file_attributes.hpp>
#include <blobshift/backends/memory_store.hpp>
#include <blobshift/migrate/evidence.hpp>
#include <blobshift/migrate/home.hpp>
#include <blobshift/migrate/ledger.hpp>
#include <blobshift/migrate/operation.hpp>
#include <blobshift/migrate/scope.hpp>
#include <blobshift/migrate/stage.hpp>
#include <blobshift/store/journal.hpp>
#include <blobshift/views/deletion_log.hpp>
#include <blobshift/views/instance_record.hpp>
#include <blobshift/views/repair_list.hpp>

#include "targets.hpp"

namespace fuzz {

using namespace blobshift;

namespace {

/// A record whose checksum is right.
detail::kept_record kept(std::string_view text) {
    return {blob_name::parse(".blobshift/record").value(), std::string(text)};
}

void operations(std::string_view input) {
    const auto record = detail::parse_operation(kept(input));
    if (!record) return;
    const auto again = detail::parse_operation(kept(detail::text_of(*record)));
    require(again && *again == *record, "an operation that was read is written and read again");
}

void nodes(std::string_view input) {
    const node_name node = node_name::parse("node-1").value();
    const auto record = detail::parse_node(node, kept(input));
    if (!record) return;
    const auto again = detail::parse_node(node, kept(detail::text_of(*record)));
    require(again && *again == *record, "a node that was read is written and read again");
}

void stages(std::string_view input) {
    if (input.find('\n') != std::string_view::npos) return;
    any_store state{memory_store{}};
    const blob_name name = detail::stage_blob().value();
    detail::write_record(state, {}, name, detail::stage_record_kind, input, condition::if_absent()).value();
    stage_view view;
    const auto read = detail::read_stage_record(state, {}, view);
    require(read.has_value() == view.stage.has_value(), "a stage is read, or an error");
    if (!read) return require(read.error().code == errc::corrupt, "a record that is no stage is damaged");
    detail::write_stage_record(state, {}, view, *view.stage).value();
    stage_view again;
    require(detail::read_stage_record(state, {}, again) && again.stage == view.stage,
            "a stage that was read is written and read again");
}

/// A store that holds one record, whose checksum is right.
any_store store_with(const blob_name& name, std::string_view kind, std::string_view input) {
    any_store state{memory_store{}};
    detail::write_record(state, {}, name, kind, input, condition::if_absent()).value();
    return state;
}

void homes(std::string_view input) {
    if (input.find('\n') != std::string_view::npos) return;
    any_store container = store_with(detail::home_blob().value(), detail::home_record_kind, input);
    const auto read = detail::read_home(container, {});
    if (!read) return require(read.error().code == errc::corrupt, "a record that is no home is damaged");
    require(read->has_value(), "a record that is there is read");
    detail::write_home(container, {}, **read).value();
    const auto again = detail::read_home(container, {});
    require(again && *again && (*again)->state == (*read)->state && (*again)->self == (*read)->self &&
                (*again)->place == (*read)->place && (*again)->of == (*read)->of,
            "a home that was read is written and read again");
}

void identities(std::string_view input) {
    if (input.find('\n') != std::string_view::npos) return;
    any_store state = store_with(detail::identity_blob().value(), detail::identity_record_kind, input);
    const auto read = detail::read_identity(state, {});
    if (!read) return require(read.error().code == errc::corrupt, "a record that is no identity is damaged");
    detail::write_identity(state, {}, *read).value();
    const auto again = detail::read_identity(state, {});
    require(again && again->self == read->self && again->containers == read->containers,
            "an identity that was read is written and read again");
}

void scopes(std::string_view input) {
    if (input.find('\n') != std::string_view::npos) return;
    const blob_name name = detail::scope_blob().value();
    any_store state = store_with(name, detail::scope_record_kind, input);
    const auto read = detail::read_scope(state, {}, name);
    const auto against = obstacles_of_scope(state, {}, 2);
    require(read.has_value() == against.has_value(), "a record that cannot be read stands against everything");
    if (!read) return require(read.error().code == errc::corrupt, "a record that is no scope is damaged");
    require(against->empty() == (read->containers <= 2), "who names fewer containers than there are is refused");
}

void operation_ids(std::string_view input) {
    if (const auto id = operation_id::parse(input)) {
        const auto again = operation_id::parse(id->text());
        require(again && *again == *id, "an operation id has one spelling");
        require(detail::operation_blob(*id).has_value(), "an operation id makes the name of a blob");
    }
    if (const auto node = node_name::parse(input)) {
        require(detail::node_blob(*node).has_value(), "a node's name makes the name of a blob");
    }
}

/// A whole document: what is taken out of it, written again, is the document but for the tail that was cut.
void journals(std::string_view input) {
    journal_lines again("ledger");
    const auto cut = journal_lines::parse(input, "ledger", [&](std::string_view record) -> result<void> {
        again.append(record);
        return {};
    });
    if (!cut) return;
    require(*cut <= input.size(), "no more is cut than there is");
    require(again.text() == input.substr(0, input.size() - *cut),
            "a journal that was read is written again, to the letter");
    for (const std::size_t end : {input.size() - *cut - 1, (input.size() - *cut) / 2}) {
        std::size_t records = 0;
        const auto less = journal_lines::parse(input.substr(0, end), "ledger", [&](std::string_view) -> result<void> {
            ++records;
            return {};
        });
        require(!less || records < again.count() || again.count() == 0, "a journal that was cut has not all records");
    }
}

/// One record of the ledger or of the evidence, in a journal that is sound.
template <class Read>
void record_in(std::string_view kind, std::string_view input, Read read) {
    if (input.find('\n') != std::string_view::npos) return;
    any_store state{memory_store{}};
    journal_writer journal(state, kind);
    journal.append(input);
    journal.flush({}).value();
    read(state);
}

void ledger_entries(std::string_view input) {
    std::vector<ledger_entry> entries;
    record_in(ledger_journal, input, [&](any_store& state) {
        const auto read = read_ledger(state, {}, [&](const ledger_entry& e) -> result<void> {
            entries.push_back(e);
            return {};
        });
        require(read.has_value() == (entries.size() == 1), "one line is one entry, or an error");
    });
    if (entries.empty()) return;
    any_store state{memory_store{}};
    ledger_writer writer(state);
    writer.add(entries[0].source.text(), entries[0].target.text(), entries[0].size_bytes, entries[0].stored_hash,
               entries[0].tag);
    writer.flush({}).value();
    const auto read = read_ledger(state, {}, [&](const ledger_entry& e) -> result<void> {
        require(e == entries[0], "an entry that was read is written and read again");
        return {};
    });
    require(read.has_value(), "an entry that was written can be read");
}

/// One record of the deletion log or of the repair list, in a segment that is sound. \return its number
std::uint64_t numbered_record_in(any_store& state, std::string_view kind, std::string_view input) {
    numbered_writer journal(state, kind);
    journal_lines lines(kind);
    lines.append(input);
    return journal.append({}, lines).value();
}

void deletions(std::string_view input) {
    if (input.find('\n') != std::string_view::npos) return;
    any_store state{memory_store{}};
    const std::uint64_t number = numbered_record_in(state, deletion_journal, input);
    std::vector<deletion> found;
    const auto keep = [&](const deletion& each) -> result<void> {
        found.push_back(each);
        return {};
    };
    const auto read = read_deletions(state, {}, 0, keep);
    require(read.has_value() == (found.size() == 1), "one line is one removal, or an error");
    if (!read) return require(read.error().code == errc::corrupt, "a line that is no removal is damaged");
    require(found[0].sequence == number && found[0].id.watermark > 0, "a removal has its number and a watermark");
    if (!deletion_log(state).record({}, std::span(&found[0].id, 1))) return;  // a line that nobody of us wrote
    require(read_deletions(state, {}, number, keep) && found.size() == 2 && found[1].id == found[0].id,
            "a removal that was read is written and read again");
}

void repairs(std::string_view input) {
    if (input.find('\n') != std::string_view::npos) return;
    any_store state{memory_store{}};
    const std::uint64_t number = numbered_record_in(state, repair_journal, input);
    std::vector<repair> found;
    const auto keep = [&](const repair& each) -> result<void> {
        found.push_back(each);
        return {};
    };
    const auto read = read_repairs(state, {}, keep);
    require(read.has_value() == (found.size() == 1), "one line is one repair, or an error");
    if (!read) return require(read.error().code == errc::corrupt, "a line that is no repair is damaged");
    require(*read == number, "the list was read up to its last line");
    if (!repair_list(state).add({}, found[0])) return;  // a line that nobody of us wrote
    require(read_repairs(state, {}, keep) && found.size() == 3 && found[1] == found[0] && found[2] == found[0],
            "a repair that was read is written and read again");
}

void evidences(std::string_view input) {
    const std::size_t tab = input.find('\t');
    if (tab == std::string_view::npos) return;
    const auto proof = evidence::parse(input.substr(0, tab), input.substr(tab + 1));
    if (!proof) return;
    std::string text;
    proof->append_to(text);
    const auto again = evidence::parse(proof->target, text);
    require(again && again->level == proof->level && again->fingerprint == proof->fingerprint &&
                again->content_hash == proof->content_hash,
            "a proof that was read is written and read again");
}

void instance_ids(std::string_view input) {
    const auto id = detail::parse_id(input);
    if (!id) return;
    std::string line;
    if (!detail::append_id(line, *id)) return;  // a control character in a line that nobody of us wrote
    const auto again = detail::parse_id(line);
    require(again && *again == *id, "an id that was read is written and read again");
}

void file_attribute_values(std::string_view input) {
    const auto attrs = detail::decode_attributes(input);
    if (attrs) {
        require(validate(*attrs).has_value(), "attributes that were read obey the rules");
        const auto again = detail::decode_attributes(detail::encode_attributes(*attrs));
        require(again && *again == *attrs, "attributes that were read are written and read again");
        return;
    }
    // Behind a right checksum, so that the lines themselves are read.
    std::string sealed(detail::file_attribute_version);
    sealed += detail::hex_text(xxh64_of(input)) + '\n';
    sealed += input;
    if (const auto read = detail::decode_attributes(sealed)) file_attribute_values(sealed);
}

constexpr target targets[] = {{"operation", operations},
                              {"node", nodes},
                              {"stage", stages},
                              {"home", homes},
                              {"identity", identities},
                              {"scope", scopes},
                              {"operation_id", operation_ids},
                              {"journal", journals},
                              {"ledger", ledger_entries},
                              {"deletion", deletions},
                              {"repair", repairs},
                              {"evidence", evidences},
                              {"instance_id", instance_ids},
                              {"file_attributes", file_attribute_values}};

}  // namespace

std::span<const target> state_targets() { return targets; }

}  // namespace fuzz
