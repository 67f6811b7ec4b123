// SPDX-License-Identifier: MIT
#include "dicom_file.hpp"

#include <array>
#include <fstream>
#include <sstream>
#include <string_view>
#include <utility>

#include <dcmtk/config/osconfig.h>

#include <dcmtk/dcmdata/dcdeftag.h>
#include <dcmtk/dcmdata/dcfilefo.h>
#include <dcmtk/dcmdata/dcjson.h>
#include <dcmtk/dcmdata/dcsequen.h>
#include <dcmtk/oflog/oflog.h>

namespace blobshift::cli {

namespace {

/// DICOM JSON on one line, without the file's meta header.
class one_line_format final : public DcmJsonFormatCompact {
public:
    one_line_format() : DcmJsonFormatCompact(OFFalse) {}
};

/// DCMTK's own messages quote values of the file.
void keep_dcmtk_quiet() { OFLog::configure(OFLogger::OFF_LOG_LEVEL); }

[[nodiscard]] bool is_bulk(DcmEVR vr) {
    switch (vr) {
        case EVR_OB:
        case EVR_OD:
        case EVR_OF:
        case EVR_OL:
        case EVR_OV:
        case EVR_OW:
        case EVR_ox:
        case EVR_px:
        case EVR_PixelData:
        case EVR_OverlayData:
        case EVR_pixelSQ:
        case EVR_UN: return true;
        default: return false;
    }
}

/// Removes what the metadata leaves out, at every depth.
void remove_bulk(DcmItem& item) {
    for (unsigned long i = item.card(); i-- > 0;) {
        DcmElement* const element = item.getElement(i);
        if (is_bulk(element->ident())) {
            delete item.remove(i);
        } else if (element->ident() == EVR_SQ) {
            auto& sequence = static_cast<DcmSequenceOfItems&>(*element);
            for (unsigned long k = 0; k < sequence.card(); ++k) remove_bulk(*sequence.getItem(k));
        }
    }
}

[[nodiscard]] result<std::string> uid_of(DcmItem& item, const DcmTagKey& tag, std::string_view which) {
    OFString value;
    if (item.findAndGetOFStringArray(tag, value).bad()) {
        return fail(errc::invalid_argument, "it has no " + std::string(which) + " Instance UID");
    }
    std::string uid(value.data(), value.size());
    while (!uid.empty() && (uid.back() == '\0' || uid.back() == ' ')) uid.pop_back();
    if (uid.empty()) return fail(errc::invalid_argument, "its " + std::string(which) + " Instance UID is empty");
    return uid;
}

[[nodiscard]] bool is_gzip(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::array<char, 2> magic{};
    file.read(magic.data(), magic.size());
    return file && std::string_view(magic.data(), magic.size()) == "\x1f\x8b";
}

}  // namespace

result<dicom_file> read_dicom(const std::string& path) {
    keep_dcmtk_quiet();
    if (is_gzip(path)) return fail(errc::invalid_argument, "it is compressed with gzip; unpack it first", path);
    DcmFileFormat file;
    if (file.loadFile(path.c_str()).bad())
        return fail(errc::invalid_argument, "it is no DICOM file, or a damaged one", path);

    DcmDataset& data = *file.getDataset();
    auto study = uid_of(data, DCM_StudyInstanceUID, "Study");
    if (!study) return unexpected(std::move(study).error());
    auto series = uid_of(data, DCM_SeriesInstanceUID, "Series");
    if (!series) return unexpected(std::move(series).error());
    auto sop = uid_of(data, DCM_SOPInstanceUID, "SOP");
    if (!sop) return unexpected(std::move(sop).error());

    remove_bulk(data);
    if (data.convertToUTF8().bad()) return fail(errc::invalid_argument, "its text cannot be converted to UTF-8", path);
    std::ostringstream text;
    one_line_format format;
    if (data.writeJsonExt(text, format, OFTrue, OFFalse).bad()) {
        return fail(errc::invalid_argument, "its attributes cannot be written as DICOM JSON", path);
    }
    dicom_file found;
    found.id = {*std::move(study), *std::move(series), *std::move(sop), 0};
    found.metadata = std::move(text).str();
    return found;
}

}  // namespace blobshift::cli
