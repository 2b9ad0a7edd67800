// HTTP/1.1 requests (RFC 9112), as far as the management API wants them: strict, bounded, without allocation.
#pragma once

#include <string_view>

#include "base/types.hh"

namespace osv::telemetry {

constexpr usize request_head_max = 8 * 1024;   // request line and header fields
constexpr usize request_body_max = 16 * 1024;
constexpr usize header_fields_max = 64;

enum class http_method : u8 { get, head, post, other };

/// Views point into the parsed bytes.
struct http_request {
  http_method method = http_method::other;
  std::string_view path;           // of an origin-form target, without the query; as sent, percent signs included
  std::string_view query;          // after '?', or empty
  std::string_view accept;
  std::string_view authorization;
  std::string_view body;
  bool keep_alive = true;          // the client would send another request
};

struct parse_outcome {
  enum class kind : u8 {
    incomplete,  // more bytes are needed
    complete,    // `consumed` bytes were one request
    malformed    // answer `status` and close
  } state;
  usize consumed = 0;
  u16 status = 0;           // 400, 413, 414, 431, 501, 505
  bool continue_expected = false;  // incomplete: the head is there and the client waits for "100 Continue"
};

/// Parses the request at the start of `bytes`. Refuses whatever two parsers might read differently (RFC 9112, 11.2).
parse_outcome parse_request(std::string_view bytes, http_request& out);

/// The value of `name` in a query string such as "a=1&b=2"; empty if absent. No decoding: the API's values need none.
std::string_view query_value(std::string_view query, std::string_view name);
/// A decimal number; `otherwise` if `text` is not one or does not fit.
u64 parse_decimal(std::string_view text, u64 otherwise);

/// True when `presented` equals `expected`; takes the same time for every `presented` of one length.
bool equal_in_constant_time(std::string_view presented, std::string_view expected);
/// True when the Authorization field carries `token` (RFC 6750). An empty `token` matches nothing.
bool bears_token(std::string_view authorization, std::string_view token);

}  // namespace osv::telemetry
