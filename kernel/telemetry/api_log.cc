// /api/v1/log: the kernel's log ring, line by line.
#include "base/json.hh"
#include "base/memory.hh"
#include "log/log.hh"
#include "telemetry/routes.hh"

namespace osv::telemetry {

namespace {

constexpr usize ring_size = 64 * 1024;

/// `[    0.012345] warning: text` (log/log.cc) as {"microseconds":12345,"level":"warning","text":"text"}.
void write_line(json::writer& w, std::string_view line) {
  u64 microseconds = 0;
  const usize bracket = line.find("] ");
  if (line.starts_with('[') && bracket != std::string_view::npos) {
    for (char c : line.substr(1, bracket - 1))
      if (c >= '0' && c <= '9') microseconds = microseconds * 10 + static_cast<u64>(c - '0');
    line.remove_prefix(bracket + 2);
  }
  const char* level = "info";
  for (const char* other : {"error", "warning"}) {
    const std::string_view name(other);
    if (!line.starts_with(name) || !line.substr(name.size()).starts_with(": ")) continue;
    level = other;
    line.remove_prefix(name.size() + 2);
    break;
  }
  w.begin_object().member("microseconds", microseconds).member("level", level).member("text", line).end_object();
}

}  // namespace

result<> serve_log(const http_request&, http_response& response) {
  auto bytes = TRY(buffer<char>::create(ring_size));
  u64 from = 0;
  const usize size = log::read_ring(from, bytes.data(), bytes.size());
  std::string_view text(bytes.data(), size);
  // When the ring has turned over, what it begins with is the rest of a line.
  if (from > size) text.remove_prefix(text.find('\n') == std::string_view::npos ? text.size() : text.find('\n') + 1);
  json::writer w(response.body);
  w.begin_object().name("lines").begin_array();
  while (!text.empty()) {
    const usize end = text.find('\n');
    if (end == std::string_view::npos) break;
    if (end) write_line(w, text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  return w.end_array().end_object().status();
}

}  // namespace osv::telemetry
