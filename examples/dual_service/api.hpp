// SPDX-License-Identifier: MIT
//
// The service over HTTP.
//
// | request                                              | does                                                  |
// |------------------------------------------------------|-------------------------------------------------------|
// | PUT    /studies/S/series/E/instances/I[?watermark=N] | 201 {"watermark":N}; 409 if there is such an instance |
// | GET    /studies/S/series/E/instances/I[?watermark=N] | its bytes, or a Range of them; 404 if it is not there |
// | GET    /studies/S/series/E/instances/I/metadata      | what is said of it, as JSON; likewise /frames         |
// | DELETE /studies/S[/series/E[/instances/I]]           | 200 {"removed":N}; 404 if there is none               |
// | GET    /health, /stage                               | JSON                                                  |
//
// A body is sent as application/dicom; a form would be refused. 503 (with Retry-After) can be repeated. No answer but
// the content itself tells a UID.

#ifndef DUAL_SERVICE_API_HPP
#define DUAL_SERVICE_API_HPP

#include <httplib.h>

#include "catalogue.hpp"
#include "node.hpp"

namespace dual_service {

/// Removes what earlier runs left half-way: of any node what was being removed, of this one what it was storing.
///
/// \return how many.
blobshift::result<std::size_t> finish_earlier_work(const blobshift::context& c, node& n, catalogue& all,
                                                   std::string_view node_name);

/// Adds the routes. `n` and `all` must outlive the server.
void serve(httplib::Server& server, node& n, catalogue& all);

}  // namespace dual_service

#endif
