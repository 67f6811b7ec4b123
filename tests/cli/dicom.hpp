// SPDX-License-Identifier: MIT
//
// DICOM files made on the spot, as small as import takes them.

#ifndef BLOBSHIFT_TESTS_CLI_DICOM_HPP
#define BLOBSHIFT_TESTS_CLI_DICOM_HPP

#include <cstddef>  // size_t
#include <string>   // string

namespace cli_test {

/// One element in explicit VR, little endian, with a length of 16 bits. \param padding  Fills an odd length up.
[[nodiscard]] inline std::string element(unsigned group, unsigned tag, const char* vr, std::string value,
                                         char padding = '\0') {
    if (value.size() % 2 != 0) value += padding;
    std::string bytes;
    const auto add = [&](std::size_t number) {
        bytes += static_cast<char>(number & 0xFFU);
        bytes += static_cast<char>(number >> 8 & 0xFFU);
    };
    add(group), add(tag);
    bytes += vr;
    add(value.size());
    return bytes + value;
}

struct uids {
    std::string study = "1.2.3";
    std::string series = "1.2.3.4";
    std::string sop = "1.2.3.4.5";
};

/// A small image. An empty UID is left out.
[[nodiscard]] inline std::string dicom(const uids& u, bool with_preamble = true) {
    std::string data = element(0x08, 0x05, "CS", "ISO_IR 100", ' ');
    if (!u.sop.empty()) data += element(0x08, 0x18, "UI", u.sop);
    data += element(0x10, 0x10, "PN", "M\xfcller^Anna", ' ');
    if (!u.study.empty()) data += element(0x20, 0x0D, "UI", u.study);
    if (!u.series.empty()) data += element(0x20, 0x0E, "UI", u.series);
    data += std::string("\xe0\x7f\x10\x00OW\0\0\x04\0\0\0wxyz", 16);
    if (!with_preamble) return data;
    const std::string meta = element(0x02, 0x10, "UI", "1.2.840.10008.1.2.1");
    std::string length(4, '\0');
    length[0] = static_cast<char>(meta.size());
    return std::string(128, '\0') + "DICM" + element(0x02, 0x00, "UL", length) + meta + data;
}

}  // namespace cli_test

#endif
