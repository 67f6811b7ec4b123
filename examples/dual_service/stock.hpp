// SPDX-License-Identifier: MIT
//
// What the stores hold and the catalogue does not know: what was imported, and everything once the catalogue is lost.

#ifndef DUAL_SERVICE_STOCK_HPP
#define DUAL_SERVICE_STOCK_HPP

#include <cstddef>

#include "catalogue.hpp"
#include "node.hpp"

namespace dual_service {

struct stock {
    std::size_t added = 0;     ///< Instances, or newer versions of one, that the catalogue did not know.
    std::size_t nameless = 0;  ///< Files under a new name, of which no metadata says whose they are.
};

/// Adds a row for each instance that has a file in the stores and no row, and sees to it that no watermark is given
/// up to the highest in stores, deletion log and catalogue. Before the node serves; others may serve meanwhile.
///
/// An old name tells its UIDs; of a new name its metadata does (DICOM JSON). Of several versions the newest is served.
/// What is on record as removed stays so. An import gives watermarks by what it sees, so no node may run beside one.
///
/// \return errors of the stores; then the node must not serve.
/// \par Complexity  One listing of each container and of the catalogue, a read for each row and for each new name that
/// is in no row; memory for all ids.
blobshift::result<stock> take_stock(const blobshift::context& c, const stores& on, node& n, catalogue& all);

}  // namespace dual_service

#endif
