# SPDX-License-Identifier: MIT
#
# Bugs in core, layers, the file store, the wire and Azure: one for each guard whose loss nobody would notice on a good day.
# Read by bugs.cmake.

# --- core and layers ------------------------------------------------------------------------------------------------------
bug(weak_tags_match core/etag.test.cpp core/etag.hpp
    [==[return a == b && !a.empty() && !a.is_weak();]==]
    [==[return a == b;]==])
bug(if_absent_ignored core/condition.test.cpp core/condition.hpp
    [==[if (present == nullptr) return {};]==]
    [==[if (present == nullptr || true) return {};]==])
bug(dot_dot_allowed_in_names core/blob_name.test.cpp core/blob_name.hpp
    [==[if (segment == "." || segment == "..") return]==]
    [==[if (segment == ".") return]==])
bug(names_may_end_in_a_dot core/blob_name.test.cpp core/blob_name.hpp
    [==[if (segment.back() == '.') return]==]
    [==[if (segment.back() == '\0') return]==])
bug(messages_hold_the_subject core/error.test.cpp core/error.hpp
    [==[if (!e.message.empty()) line += ": " + e.message;]==]
    [==[if (!e.message.empty()) line += ": " + e.message + " " + e.subject;]==])
bug(secrets_stay_in_memory core/secret.test.cpp core/secret.hpp
    [==[for (std::size_t i = 0; i < size; ++i) p[i] = 0;]==]
    [==[for (std::size_t i = 0; i < size; ++i) p[i] = p[i];]==])
bug(no_cap_on_a_named_wait store/attempts.test.cpp store/attempts.hpp
    [==[const auto wished = (std::min)(e.retry_after.value_or(std::chrono::milliseconds(0)), longest);]==]
    [==[const auto wished = e.retry_after.value_or(std::chrono::milliseconds(0));]==])
bug(no_cap_on_attempts store/attempts.test.cpp store/attempts.hpp
    [==[if (!e.is_transient() || made_ >= options_->max_attempts) return std::nullopt;]==]
    [==[if (!e.is_transient()) return std::nullopt;]==])
bug(effect_of_earlier_attempts_forgotten store/attempts.test.cpp store/attempts.hpp
    [==[        e.done = done_;
        if]==]
    [==[        if]==])
bug(download_takes_a_short_read store/download.test.cpp store/download.hpp
    [==[if (got->offset != offset || got->count != (std::min)(left, std::uint64_t{out.size()})) {]==]
    [==[if (got->offset != offset) {]==])
bug(transfer_digest_not_compared store/upload.test.cpp store/transfer.hpp
    [==[if (!expected || *expected == value()) return {};]==]
    [==[return {};]==])

# --- files ------------------------------------------------------------------------------------------------------------------
bug(no_fsync_of_a_file backends/file_store_faults.test.cpp backends/file_temps.hpp
    [==[if (durable) answer = files_->sync(file_.fd());]==]
    [==[(void)durable;]==])
bug(no_fsync_of_a_folder backends/file_store_faults.test.cpp backends/file_store.hpp
    [==[        touched.add(detail::folder_of(n.text()));
        if (answer >= 0) answer = state_->writer.sync(touched.all(true));]==]
    [==[        touched.add(detail::folder_of(n.text()));]==])
bug(no_fsync_above_a_folder_that_is_gone backends/file_tree.test.cpp backends/file_tree.hpp
    [==[if (!folder && (!is_gone || path.empty())) return folder.code();]==]
    [==[if (!folder) return is_gone ? 0 : folder.code();]==])
bug(fsync_ends_at_the_first_folder_that_is_left backends/file_store_faults.test.cpp backends/file_tree.hpp
    [==[answer < 0 || !gone || path.empty()) return answer;]==]
    [==[answer <= 0) return answer;]==])
bug(absence_promised_without_its_fsync backends/file_groups.test.cpp backends/file_groups.hpp
    [==[            if (synced < 0 && outcomes[i]) {]==]
    [==[            bool did = true;
            if constexpr (std::is_same_v<Result, result<bool>>) did = outcomes[i] && *outcomes[i];
            if (synced < 0 && outcomes[i] && did) {]==])
bug(fsync_repeated_after_a_failure backends/file_store_faults.test.cpp backends/file_temps.hpp
    [==[if (durable) answer = files_->sync(file_.fd());]==]
    [==[if (durable && (answer = files_->sync(file_.fd())) < 0) answer = files_->sync(file_.fd());]==])
bug(links_are_followed backends/file_store_names.test.cpp backends/posix_files.hpp
    [==[how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;]==]
    [==[how.resolve = RESOLVE_BENEATH;]==])
bug(links_are_followed_on_old_kernels backends/file_store_faults.test.cpp backends/posix_files.hpp
    [==[case open_for::passage: return O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;]==]
    [==[case open_for::passage: return O_PATH | O_DIRECTORY | O_CLOEXEC;]==])
bug(removal_ignores_its_condition conformance/blob_store_files.test.cpp backends/file_writer.hpp
    [==[                const etag tag = version_of(facts);
                if (auto met = test_condition(when, &tag); !met) return about(std::move(met), n);
                answer = tree_->files().remove_file(folder, leaf_of(n.text()));]==]
    [==[                answer = tree_->files().remove_file(folder, leaf_of(n.text()));]==])
bug(version_of_a_file_without_its_time backends/file_version.test.cpp backends/file_version.hpp
    [==[append_hex(text += '-', static_cast<std::uint64_t>(f.mtime_ns));]==]
    [==[text += '-';]==])
bug(copy_over_by_what_was_swapped backends/file_writer.test.cpp backends/file_writer.hpp
    [==[        if (!same_version(linked, source)) return -ENOENT;]==]
    [==[]==])
bug(last_piece_of_a_listing_lost backends/file_look.test.cpp backends/file_look.hpp
    [==[        if (auto begun = begin(); !begun) return begun;
        return bring_below(1);]==]
    [==[        return bring_below(1);]==])
bug(failed_look_ends_a_listing_well backends/file_look.test.cpp backends/file_look.hpp
    [==[        return one.looked;]==]
    [==[        return {};]==])
bug(stop_unheard_while_pieces_are_handed_out backends/file_look.test.cpp backends/file_look.hpp
    [==[            if (auto go = context_->proceed(); !go) return go;
            if (auto taken]==]
    [==[            if (auto taken]==])
bug(etag_from_outside_the_prefix conformance/blob_store_files.test.cpp layers/prefix.hpp
    [==[        return inside(inner_.etag_of(c, *full));]==]
    [==[        return inner_.etag_of(c, n);]==])
bug(listing_ends_before_its_helpers backends/file_look.test.cpp backends/file_look.hpp
    [==[        return bring_below(1);]==]
    [==[        return bring_below(threads_);]==])
bug(failed_look_for_an_etag_says_gone backends/file_reader.test.cpp backends/file_reader.hpp
    [==[        if (answer < 0) return cannot_reach(*tree_, answer, n);
        if (facts.kind == file_kind::directory) return no_blob(n);
        if (facts.kind == file_kind::link)]==]
    [==[        if (answer < 0) return no_blob(n);
        if (facts.kind == file_kind::directory) return no_blob(n);
        if (facts.kind == file_kind::link)]==])
bug(stamps_go_back_with_the_clock backends/file_writer.test.cpp backends/file_writer.hpp
    [==[next = (std::max)(now, before + 1);]==]
    [==[next = now;]==])
bug(lock_kept_after_a_failed_release backends/file_locks.test.cpp backends/file_locks.hpp
    [==[for (int tries = 0; tries < 3 && files_->unlock(file_.fd(), stripe) < 0; ++tries) {}]==]
    [==[files_->unlock(file_.fd(), stripe);]==])

# --- the wire ---------------------------------------------------------------------------------------------------------------
bug(paths_are_rewritten detail/curl_http.test.cpp detail/curl_easy.hpp
    [==[set(CURLOPT_PATH_AS_IS, 1L);]==]
    [==[]==]
    [==[set(CURLOPT_REQUEST_TARGET, target_.c_str());]==]
    [==[]==])
bug(redirects_are_followed detail/curl_http.test.cpp detail/curl_easy.hpp
    [==[set(CURLOPT_FOLLOWLOCATION, 0L);]==]
    [==[set(CURLOPT_FOLLOWLOCATION, 1L);]==])
bug(netrc_is_read detail/curl_http_environment.test.cpp detail/curl_easy.hpp
    [==[set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));]==]
    [==[set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_REQUIRED));]==])
bug(answers_without_a_length_accepted detail/http_answer.test.cpp detail/http_answer.hpp
    [==[if (lengths_ + codings_ == 0) return refuse("the answer does not declare its length");]==]
    [==[]==])
bug(two_lengths_accepted detail/http_answer.test.cpp detail/http_answer.hpp
    [==[if (lengths_ + codings_ > 1) return refuse("the answer declares its length more than once");]==]
    [==[]==])
bug(host_name_not_verified detail/curl_http_tls.test.cpp detail/curl_easy.hpp
    [==[set(CURLOPT_SSL_VERIFYHOST, 2L);]==]
    [==[set(CURLOPT_SSL_VERIFYHOST, 0L);]==])

# --- Azure ------------------------------------------------------------------------------------------------------------------
bug(if_match_not_sent detail/azure_request.test.cpp detail/azure_request.hpp
    [==[if (c.is_if_match()) header(match, if_match_text(c.tag()));]==]
    [==[]==])
bug(if_none_match_not_sent detail/azure_request.test.cpp detail/azure_request.hpp
    [==[if (c.is_if_absent()) header(none_match, "*");]==]
    [==[]==])
bug(page_without_an_end_accepted detail/azure_list.test.cpp detail/azure_list.hpp
    [==[if (!have_blobs || !xml_.finish()) {]==]
    [==[if (!have_blobs) {]==])
bug(listing_keeps_what_broke_off detail/azure_list_stream.test.cpp detail/azure_list_stream.hpp
    [==[        parser_.emplace(how_);]==]
    [==[]==])
bug(listing_takes_half_an_entry detail/azure_list_stream.test.cpp detail/azure_list.hpp
    [==[            if (xml_.is_faulty()) break;
            whole = xml_.rest().data();]==]
    [==[            whole = xml_.rest().data();
            if (xml_.is_faulty()) break;]==])
bug(marker_ignored detail/azure_list.test.cpp detail/azure_list.hpp
    [==[page_.marker = xml_text(xml_.text());]==]
    [==[(void)xml_text(xml_.text());]==])
bug(hash_of_a_copy_not_demanded detail/azure_requests_copy.test.cpp detail/azure_requests_copy.hpp
    [==[.source_when(source.when).source_hash(source.hash);]==]
    [==[.source_when(source.when);]==])
bug(hash_of_a_put_not_sent detail/azure_requests.test.cpp detail/azure_requests.hpp
    [==[.body(content).body_hash(options.hash).all_attributes(attrs);]==]
    [==[.body(content).all_attributes(attrs);]==])
bug(failed_copy_takes_its_successor_away backends/azure_copy_jobs.test.cpp backends/azure_slow_copier.hpp
    [==[if (writer_.remove(c, r.to, condition::if_match(there.tag)))]==]
    [==[if (writer_.remove(c, r.to, condition::always()))]==])
bug(failed_copy_denies_what_it_left backends/azure_copy_jobs.test.cpp backends/azure_slow_copier.hpp
    [==[                    if (writer_.remove(c, r.to, condition::if_match(there.tag))) e.done = effect::none;]==]
    [==[                    static_cast<void>(writer_.remove(c, r.to, condition::if_match(there.tag)));
                    e.done = effect::none;]==])
bug(lost_copy_denied_when_its_source_is_gone backends/azure_lost_answers.test.cpp backends/azure_copier.hpp
    [==[if (!outcome && outcome.error().done == effect::none) outcome.error().done = before;]==]
    [==[static_cast<void>(before);]==])
bug(lost_copy_forgotten_when_its_source_changes backends/azure_lost_answers.test.cpp backends/azure_copier.hpp
    [==[if (e.done == effect::none) e.done = before;]==]
    [==[]==])
bug(lost_copy_taken_for_one_of_the_new_source backends/azure_lost_answers.test.cpp backends/azure_copier.hpp
    [==[if (race == most_races || (before != effect::none && !r.target.is_always())) {]==]
    [==[if (race == most_races) {]==])
bug(lost_copy_made_again_through_the_client backends/azure_lost_answers.test.cpp backends/azure_copier.hpp
    [==[        if (lost) {
            if (auto mine = same_as(c, r, source)) return mine;
        }
        if (failed.code == errc::not_found || needs_another_way(failed)) {
            return slow_.another_way(c, r, source, std::move(failed));
        }
]==]
    [==[        if (failed.code == errc::not_found || needs_another_way(failed)) {
            return slow_.another_way(c, r, source, std::move(failed));
        }
        if (lost) {
            if (auto mine = same_as(c, r, source)) return mine;
        }
]==])
bug(lost_removal_denied_in_a_batch backends/azure_lost_answers.test.cpp backends/azure_bulk.hpp
    [==[if (lost && gone.error().done == effect::none) gone.error().done = effect::indeterminate;]==]
    [==[]==])
bug(lost_batch_forgotten_one_by_one backends/azure_lost_answers.test.cpp backends/azure_bulk.hpp
    [==[open_.push_back({i, std::nullopt, lost});]==]
    [==[open_.push_back({i});]==])
bug(damaged_last_line_taken_for_a_torn_one store/journal.test.cpp store/journal.hpp
    [==[if (end == std::string_view::npos && number > 0) return document.size();]==]
    [==[if (!whole && number > 0 && (end >= document.size() - 1)) return document.size();]==])

# --- what is printed --------------------------------------------------------------------------------------------------------
bug(sas_in_a_message detail/azure_address.test.cpp detail/azure_address.hpp
    [==["a SAS holds a character that must be percent-encoded");]==]
    [==["a SAS holds a character that must be percent-encoded: " + std::string(text));]==])
bug(account_key_in_a_message detail/azure_connection_string.test.cpp detail/azure_connection_string.hpp
    [==[return refuse(static_cast<key>(which), "stands there twice");]==]
    [==[return refuse(static_cast<key>(which), "stands there twice: " + std::string(value));]==])
bug(url_in_a_message detail/curl_http.test.cpp detail/curl_easy.hpp
    [==[std::string text = curl_easy_strerror(code);]==]
    [==[std::string text = curl_easy_strerror(code) + (": " + request_->url);]==])
bug(url_with_a_fault_in_a_message detail/http.test.cpp detail/http.hpp
    [==[return fail(errc::invalid_argument, "the URL holds a character that must be percent-encoded");]==]
    [==[return fail(errc::invalid_argument, "the URL holds a character that must be percent-encoded: " + r.url);]==])
bug(words_of_the_service_in_a_message detail/azure_errors.test.cpp detail/azure_errors.hpp
    [==[error e = make_error(f.code, std::string(f.message));]==]
    [==[error e = make_error(f.code, std::string(f.message) + " " + body.message + body.authentication_detail);]==])
bug(codes_of_the_service_taken_as_they_come detail/azure_errors.test.cpp detail/azure_errors.hpp
    [==[e.service_code = plain_word(body.code);]==]
    [==[e.service_code = body.code;]==])
bug(words_of_an_identity_in_a_message backends/azure_identity.test.cpp backends/azure_identity.hpp
    [==[e.service_detail = member("error_description").value_or("");]==]
    [==[e.message += member("error_description").value_or("");]==])
