// SPDX-License-Identifier: MIT
//
// Everything that needs no third-party library, row by row. Programs that care for their build time include less.
//
// Row: none (all rows but detail).   Tests: tests/build/CMakeLists.txt

#ifndef BLOBSHIFT_BLOBSHIFT_HPP
#define BLOBSHIFT_BLOBSHIFT_HPP

#include <blobshift/version.hpp>

#include <blobshift/backends/file_attributes.hpp>
#include <blobshift/backends/file_copy.hpp>
#include <blobshift/backends/file_errors.hpp>
#include <blobshift/backends/file_groups.hpp>
#include <blobshift/backends/file_listing.hpp>
#include <blobshift/backends/file_locks.hpp>
#include <blobshift/backends/file_look.hpp>
#include <blobshift/backends/file_pages.hpp>
#include <blobshift/backends/file_reader.hpp>
#include <blobshift/backends/file_store.hpp>
#include <blobshift/backends/file_store_options.hpp>
#include <blobshift/backends/file_temps.hpp>
#include <blobshift/backends/file_tree.hpp>
#include <blobshift/backends/file_uploads.hpp>
#include <blobshift/backends/file_version.hpp>
#include <blobshift/backends/file_writer.hpp>
#include <blobshift/backends/memory_store.hpp>
#include <blobshift/backends/posix_files.hpp>

#include <blobshift/core/attributes.hpp>
#include <blobshift/core/base64.hpp>
#include <blobshift/core/blob_info.hpp>
#include <blobshift/core/blob_name.hpp>
#include <blobshift/core/bytes.hpp>
#include <blobshift/core/clock.hpp>
#include <blobshift/core/condition.hpp>
#include <blobshift/core/context.hpp>
#include <blobshift/core/crc64_nvme.hpp>
#include <blobshift/core/digest.hpp>
#include <blobshift/core/eight_bytes.hpp>
#include <blobshift/core/error.hpp>
#include <blobshift/core/etag.hpp>
#include <blobshift/core/function_ref.hpp>
#include <blobshift/core/pseudonym.hpp>
#include <blobshift/core/random.hpp>
#include <blobshift/core/result.hpp>
#include <blobshift/core/secret.hpp>
#include <blobshift/core/time.hpp>
#include <blobshift/core/xxh64.hpp>

#include <blobshift/layers/fault.hpp>
#include <blobshift/layers/fault_plan.hpp>
#include <blobshift/layers/layer.hpp>
#include <blobshift/layers/observe.hpp>
#include <blobshift/layers/prefix.hpp>
#include <blobshift/layers/read_only.hpp>
#include <blobshift/layers/retry.hpp>
#include <blobshift/layers/throttle.hpp>

#include <blobshift/migrate/announcer.hpp>
#include <blobshift/migrate/check.hpp>
#include <blobshift/migrate/claim.hpp>
#include <blobshift/migrate/cleanup.hpp>
#include <blobshift/migrate/compare.hpp>
#include <blobshift/migrate/copy.hpp>
#include <blobshift/migrate/evidence.hpp>
#include <blobshift/migrate/heartbeat.hpp>
#include <blobshift/migrate/home.hpp>
#include <blobshift/migrate/inventory.hpp>
#include <blobshift/migrate/job.hpp>
#include <blobshift/store/journal.hpp>
#include <blobshift/migrate/ledger.hpp>
#include <blobshift/migrate/mend.hpp>
#include <blobshift/migrate/name_pair.hpp>
#include <blobshift/migrate/observer.hpp>
#include <blobshift/migrate/obstacle.hpp>
#include <blobshift/migrate/operation.hpp>
#include <blobshift/migrate/operation_id.hpp>
#include <blobshift/migrate/pair_copier.hpp>
#include <blobshift/migrate/plan.hpp>
#include <blobshift/migrate/progress.hpp>
#include <blobshift/migrate/record.hpp>
#include <blobshift/migrate/remove.hpp>
#include <blobshift/migrate/report.hpp>
#include <blobshift/migrate/rollback.hpp>
#include <blobshift/migrate/run.hpp>
#include <blobshift/migrate/scope.hpp>
#include <blobshift/migrate/seal.hpp>
#include <blobshift/migrate/second_look.hpp>
#include <blobshift/migrate/spill_sort.hpp>
#include <blobshift/migrate/stage.hpp>
#include <blobshift/migrate/sweep.hpp>
#include <blobshift/migrate/told_removals.hpp>
#include <blobshift/migrate/verify.hpp>
#include <blobshift/migrate/watermark_owners.hpp>
#include <blobshift/migrate/wave_guard.hpp>

#include <blobshift/naming/dicom_names.hpp>
#include <blobshift/naming/format.hpp>
#include <blobshift/naming/name_parts.hpp>
#include <blobshift/naming/name_template.hpp>
#include <blobshift/naming/naming_policy.hpp>
#include <blobshift/naming/template_names.hpp>
#include <blobshift/naming/xxh32.hpp>

#include <blobshift/store/any_store.hpp>
#include <blobshift/store/attempts.hpp>
#include <blobshift/store/blob_store.hpp>
#include <blobshift/store/bulk.hpp>
#include <blobshift/store/byte_order.hpp>
#include <blobshift/store/download.hpp>
#include <blobshift/store/ops.hpp>
#include <blobshift/store/token_bucket.hpp>
#include <blobshift/store/transfer.hpp>
#include <blobshift/store/upload.hpp>

#include <blobshift/views/deletion_log.hpp>
#include <blobshift/views/format_switch.hpp>
#include <blobshift/views/instance_hooks.hpp>
#include <blobshift/views/instance_record.hpp>
#include <blobshift/views/instance_store.hpp>
#include <blobshift/views/numbered_journal.hpp>
#include <blobshift/views/repair_list.hpp>
#include <blobshift/views/write_once.hpp>

#endif
