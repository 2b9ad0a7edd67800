#include "telemetry/http_response.hh"

#include "base/format.hh"
#include "base/json.hh"

namespace osv::telemetry {

namespace {

std::string_view reason_phrase(u16 status) {
  switch (status) {
    case 200: return "OK";
    case 202: return "Accepted";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    case 505: return "HTTP Version Not Supported";
    default: return "Error";
  }
}

}  // namespace

void set_error(http_response& response, u16 status, std::string_view sentence) {
  response.status = status;
  response.content_type = "application/json";
  response.body.clear();
  json::writer w(response.body);
  w.begin_object().member("error", sentence).end_object();
}

result<> write_response(string& out, const http_response& response, bool keep_alive, bool head_only) {
  TRY(out.append(formatted<160>("HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n", response.status,
                                reason_phrase(response.status), response.content_type, response.body.size())));
  TRY(out.append("Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"));
  if (response.status == 401) TRY(out.append("WWW-Authenticate: Bearer\r\n"));
  if (response.status == 503) TRY(out.append("Retry-After: 1\r\n"));
  if (!response.allow.empty()) TRY(out.append(formatted<64>("Allow: {}\r\n", response.allow)));
  TRY(out.append(keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n"));
  if (!head_only) TRY(out.append(response.body));
  return {};
}

}  // namespace osv::telemetry
