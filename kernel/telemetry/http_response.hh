// Answers of the management API.
#pragma once

#include <string_view>

#include "base/string.hh"

namespace osv::telemetry {

struct http_response {
  u16 status = 200;
  std::string_view content_type = "application/json";
  std::string_view allow;  // 405: the methods that the path knows
  string body;
};

/// Makes `response` an error: `{"error":"sentence"}`.
void set_error(http_response& response, u16 status, std::string_view sentence);

/// Appends status line, header fields and (unless `head_only`) the body. ENOMEM.
result<> write_response(string& out, const http_response& response, bool keep_alive, bool head_only);

}  // namespace osv::telemetry
