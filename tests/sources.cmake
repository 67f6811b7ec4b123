# SPDX-License-Identifier: MIT
#
# Every test source, one line each, in the order of its path below tests/. The first folder is the row: `ctest` runs each
# row as one test, unit.ROW. A test fails when a tests/**/*.test.cpp is in none of these lists.

set(BLOBSHIFT_TEST_SOURCES
    backends/file_attributes.test.cpp
    backends/file_copy.test.cpp
    backends/file_errors.test.cpp
    backends/file_groups.test.cpp
    backends/file_listing.test.cpp
    backends/file_locks.test.cpp
    backends/file_pages.test.cpp
    backends/file_reader.test.cpp
    backends/file_store.test.cpp
    backends/file_store_faults.test.cpp
    backends/file_store_media.test.cpp
    backends/file_store_names.test.cpp
    backends/file_store_races.test.cpp
    backends/file_temps.test.cpp
    backends/file_tree.test.cpp
    backends/file_uploads.test.cpp
    backends/file_version.test.cpp
    backends/file_writer.test.cpp
    backends/memory_store.test.cpp
    backends/posix_files.test.cpp
    conformance/blob_store.test.cpp
    conformance/blob_store_files.test.cpp
    conformance/blob_store_layers.test.cpp
    conformance/two_processes.test.cpp
    core/attributes.test.cpp
    core/base64.test.cpp
    core/blob_info.test.cpp
    core/blob_name.test.cpp
    core/bytes.test.cpp
    core/clock.test.cpp
    core/condition.test.cpp
    core/context.test.cpp
    core/crc64_nvme.test.cpp
    core/digest.test.cpp
    core/error.test.cpp
    core/etag.test.cpp
    core/function_ref.test.cpp
    core/pseudonym.test.cpp
    core/random.test.cpp
    core/result.test.cpp
    core/secret.test.cpp
    core/xxh64.test.cpp
    layers/layer.test.cpp
    layers/observe.test.cpp
    layers/prefix.test.cpp
    layers/read_only.test.cpp
    layers/retry.test.cpp
    layers/retry_lost_answers.test.cpp
    layers/throttle.test.cpp
    migrate/compare.test.cpp
    migrate/copy.test.cpp
    migrate/evidence.test.cpp
    migrate/inventory.test.cpp
    migrate/job.test.cpp
    migrate/ledger.test.cpp
    migrate/observer.test.cpp
    migrate/plan.test.cpp
    migrate/remove.test.cpp
    migrate/report.test.cpp
    migrate/spill_sort.test.cpp
    migrate/verify.test.cpp
    naming/dicom_names.test.cpp
    naming/format.test.cpp
    naming/name_parts.test.cpp
    naming/naming_policy.test.cpp
    naming/template_names.test.cpp
    naming/xxh32.test.cpp
    store/any_store.test.cpp
    store/attempts.test.cpp
    store/blob_store.test.cpp
    store/bulk.test.cpp
    store/byte_order.test.cpp
    store/download.test.cpp
    store/journal.test.cpp
    store/ops.test.cpp
    store/upload.test.cpp
)

# Those that need blobshift::azure.
set(BLOBSHIFT_AZURE_TEST_SOURCES
    azure/scripted_server.cpp
    azure/test_authority.cpp
    backends/azure_attributes.test.cpp
    backends/azure_blob_control.test.cpp
    backends/azure_bulk.test.cpp
    backends/azure_copy.test.cpp
    backends/azure_environment.test.cpp
    backends/azure_identity.test.cpp
    backends/azure_login.test.cpp
    backends/azure_store.test.cpp
    conformance/blob_store_azure.test.cpp
    detail/azure_address.test.cpp
    detail/azure_batch.test.cpp
    detail/azure_connection_string.test.cpp
    detail/azure_credential.test.cpp
    detail/azure_errors.test.cpp
    detail/azure_hash.test.cpp
    detail/azure_list.test.cpp
    detail/azure_request.test.cpp
    detail/azure_requests.test.cpp
    detail/azure_requests_block.test.cpp
    detail/azure_requests_copy.test.cpp
    detail/azure_requests_state.test.cpp
    detail/azure_responses.test.cpp
    detail/azure_sas.test.cpp
    detail/azure_sign.test.cpp
    detail/azure_xml.test.cpp
    detail/characters.test.cpp
    detail/curl_http.test.cpp
    detail/curl_http_cuts.test.cpp
    detail/curl_http_environment.test.cpp
    detail/curl_http_faults.test.cpp
    detail/curl_http_many.test.cpp
    detail/curl_http_tls.test.cpp
    detail/http.test.cpp
    detail/http_answer.test.cpp
    detail/http_date.test.cpp
    detail/json_members.test.cpp
    detail/openssl.test.cpp
    detail/percent.test.cpp
    detail/xml_reader.test.cpp)

# Those of blobshift::azure that do so much that they are a program of their own, optimised under every sanitizer.
set(BLOBSHIFT_LARGE_TEST_SOURCES
    backends/azure_migration.test.cpp)

# Those that need blobshift::config.
set(BLOBSHIFT_CONFIG_TEST_SOURCES
)

# Libraries that the tests compare with; never a library of the headers.
set(BLOBSHIFT_TEST_LIBRARIES xxhash)
