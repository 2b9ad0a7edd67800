#include "telemetry/http_request.hh"

namespace osv::telemetry {

namespace {

/// RFC 9110, 5.6.2.
bool is_token_character(char c) {
  if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) return true;
  return c && std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (usize i = 0; i < a.size(); ++i)
    if (lower(a[i]) != lower(b[i])) return false;
  return true;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// Is `word` an element of a comma-separated list?
bool list_has(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    const usize comma = list.find(',');
    if (equal_ignoring_case(trimmed(list.substr(0, comma)), word)) return true;
    if (comma == std::string_view::npos) break;
    list.remove_prefix(comma + 1);
  }
  return false;
}

struct head_fields {
  bool http_1_1 = false;
  bool host = false;
  bool length_given = false;
  u64 length = 0;
  bool expects_continue = false;
};

http_method method_of(std::string_view name) {
  if (name == "GET") return http_method::get;
  if (name == "HEAD") return http_method::head;
  if (name == "POST") return http_method::post;
  return http_method::other;
}

/// method SP request-target SP HTTP-version. Returns 0 or the status to answer.
u16 parse_request_line(std::string_view line, http_request& out, head_fields& fields) {
  const usize first = line.find(' ');
  const usize last = line.rfind(' ');
  if (first == std::string_view::npos || first == last || first == 0) return 400;
  const std::string_view method = line.substr(0, first), version = line.substr(last + 1);
  std::string_view target = line.substr(first + 1, last - first - 1);
  for (char c : method)
    if (!is_token_character(c)) return 400;
  for (char c : target)
    if (static_cast<u8>(c) <= 0x20 || static_cast<u8>(c) >= 0x7f) return 400;
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return version.starts_with("HTTP/") ? 505 : 400;
  // Only the origin form: no proxy speaks to this server.
  if (target.empty() || target[0] != '/') return 400;
  out.method = method_of(method);
  fields.http_1_1 = out.keep_alive = version == "HTTP/1.1";
  const usize question = target.find('?');
  out.path = target.substr(0, question);
  out.query = question == std::string_view::npos ? std::string_view() : target.substr(question + 1);
  return 0;
}

/// 1*DIGIT and no sign, list or space (RFC 9110, 8.6).
u16 parse_content_length(std::string_view value, head_fields& fields) {
  const u64 length = parse_decimal(value, ~0ull);
  if (value.empty() || value.find_first_not_of("0123456789") != std::string_view::npos) return 400;
  if (fields.length_given && fields.length != length) return 400;
  fields.length_given = true;
  fields.length = length;
  return 0;
}

u16 parse_field(std::string_view line, http_request& out, head_fields& fields) {
  const usize colon = line.find(':');
  // A space before the colon and a folded line are refused (RFC 9112, 5.1 and 5.2): both fail the test for a token.
  if (colon == std::string_view::npos || colon == 0) return 400;
  const std::string_view name = line.substr(0, colon), value = trimmed(line.substr(colon + 1));
  for (char c : name)
    if (!is_token_character(c)) return 400;
  for (char c : value)
    if ((static_cast<u8>(c) < 0x20 && c != '\t') || c == 0x7f) return 400;
  if (equal_ignoring_case(name, "host")) {
    if (fields.host) return 400;
    fields.host = true;
  } else if (equal_ignoring_case(name, "content-length")) {
    return parse_content_length(value, fields);
  } else if (equal_ignoring_case(name, "transfer-encoding")) {
    return 501;
  } else if (equal_ignoring_case(name, "connection")) {
    if (list_has(value, "close")) out.keep_alive = false;
    if (list_has(value, "keep-alive") && !list_has(value, "close")) out.keep_alive = true;
  } else if (equal_ignoring_case(name, "expect")) {
    if (!equal_ignoring_case(value, "100-continue")) return 400;
    fields.expects_continue = true;
  } else if (equal_ignoring_case(name, "accept")) {
    out.accept = value;
  } else if (equal_ignoring_case(name, "authorization")) {
    if (!out.authorization.empty()) return 400;
    out.authorization = value;
  }
  return 0;
}

parse_outcome malformed(u16 status) { return {parse_outcome::kind::malformed, 0, status}; }

}  // namespace

parse_outcome parse_request(std::string_view bytes, http_request& out) {
  out = {};
  head_fields fields;
  usize position = 0;
  // An empty line before the request is ignored (RFC 9112, 2.2).
  if (bytes.starts_with("\r\n")) position = 2;
  for (usize line_number = 0;; ++line_number) {
    const usize end = bytes.find('\n', position);
    if (end == std::string_view::npos || end >= request_head_max) {
      if (bytes.size() >= request_head_max) return malformed(line_number ? 431 : 414);
      // Bytes that cannot begin a request are refused before a line's end has come.
      const bool hopeless = line_number == 0 && position < bytes.size() && bytes[position] != '\r' && !is_token_character(bytes[position]);
      return hopeless ? malformed(400) : parse_outcome{parse_outcome::kind::incomplete};
    }
    if (end == position || bytes[end - 1] != '\r') return malformed(400);
    const std::string_view line = bytes.substr(position, end - 1 - position);
    position = end + 1;
    if (line_number == 0) {
      if (const u16 status = parse_request_line(line, out, fields)) return malformed(status);
    } else if (line.empty()) {
      break;
    } else {
      if (line_number > header_fields_max) return malformed(431);
      if (const u16 status = parse_field(line, out, fields)) return malformed(status);
    }
  }
  if (fields.http_1_1 && !fields.host) return malformed(400);
  if (fields.length > request_body_max) return malformed(413);
  if (bytes.size() - position < fields.length)
    return {parse_outcome::kind::incomplete, 0, 0, fields.expects_continue && bytes.size() == position};
  out.body = bytes.substr(position, fields.length);
  return {parse_outcome::kind::complete, position + fields.length};
}

std::string_view query_value(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const usize end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=') return pair.substr(name.size() + 1);
    if (end == std::string_view::npos) break;
    query.remove_prefix(end + 1);
  }
  return {};
}

u64 parse_decimal(std::string_view text, u64 otherwise) {
  u64 value = 0;
  if (text.empty()) return otherwise;
  for (char c : text) {
    if (c < '0' || c > '9') return otherwise;
    if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, static_cast<u64>(c - '0'), &value)) return otherwise;
  }
  return value;
}

bool equal_in_constant_time(std::string_view presented, std::string_view expected) {
  if (expected.empty()) return false;
  u8 difference = presented.size() != expected.size();
  for (usize i = 0; i < presented.size(); ++i)
    difference = static_cast<u8>(difference | (presented[i] ^ expected[i % expected.size()]));
  // Keeps the compiler from leaving the loop early.
  asm volatile("" : "+r"(difference));
  return difference == 0;
}

bool bears_token(std::string_view authorization, std::string_view token) {
  constexpr std::string_view scheme = "bearer ";
  if (authorization.size() <= scheme.size()) return false;
  if (!equal_ignoring_case(authorization.substr(0, scheme.size()), scheme)) return false;
  return equal_in_constant_time(trimmed(authorization.substr(scheme.size())), token);
}

}  // namespace osv::telemetry
