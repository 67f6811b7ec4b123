// SPDX-License-Identifier: MIT
//
// What an import needs of a DICOM file: who it is, and its metadata. The one place that includes DCMTK.

#ifndef BLOBSHIFT_CLI_DICOM_FILE_HPP
#define BLOBSHIFT_CLI_DICOM_FILE_HPP

#include <string>  // string

#include <blobshift/core/result.hpp>
#include <blobshift/naming/naming_policy.hpp>

namespace blobshift::cli {

struct dicom_file {
    instance_id id;        ///< Without a watermark. UIDs as they stand in the file, less their padding.
    std::string metadata;  ///< DICOM JSON (PS3.18 Annex F) in UTF-8, of the data set without bulk data.
};

/// Reads a file, with or without preamble, in any transfer syntax.
///
/// \return errc::invalid_argument with what is wrong; the message holds no value from the file.
/// \par Complexity  Values above 4 KiB are read only if they are text.
[[nodiscard]] result<dicom_file> read_dicom(const std::string& path);

}  // namespace blobshift::cli

#endif
