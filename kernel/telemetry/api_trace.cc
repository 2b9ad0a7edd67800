// /api/v1/tracepoints: list, switch, filter; and the events, as JSON lines.
#include "arch/cpu.hh"
#include "base/format.hh"
#include "base/json.hh"
#include "memory/frames.hh"
#include "sync/mutex.hh"
#include "telemetry/routes.hh"
#include "telemetry/trace_time.hh"
#include "trace/ring.hh"

namespace osv::telemetry {

namespace {

constexpr unsigned ring_order = 6;  // 256 KiB a CPU
constexpr u64 ring_events = 4096;
static_assert(ring_events * sizeof(trace::event) <= page_size << ring_order);
constexpr u64 events_default = 1000, events_max = 4096;

/// Rings are given when the first tracepoint is switched on, and stay.
result<> provide_rings() {
  static sync::mutex providing;
  sync::mutex_guard held(providing);
  for (unsigned cpu = 0; cpu < arch::cpu_count; ++cpu) {
    trace::event_ring& ring = trace::ring_of(cpu);
    if (ring.provided()) continue;
    memory::frame* block = TRY(memory::allocate_frames(ring_order));
    memory::account(memory::usage::kernel_heap, page_size << ring_order);
    ring.provide(block->as<trace::event>(), ring_events);
  }
  return {};
}

void write_tracepoint(json::writer& w, const trace::tracepoint_base& point) {
  w.begin_object().member("name", point.name).member("enabled", point.is_enabled());
  w.member("hits", __atomic_load_n(&point.hits, __ATOMIC_RELAXED)).name("arguments").begin_array();
  for (usize i = 0; i < point.argument_count; ++i) w.text(point.argument_names[i]);
  w.end_array();
  if (point.filter_thread) w.member("thread", point.filter_thread);
  if (point.filter_argument < point.argument_count)
    w.member("argument", point.argument_names[point.filter_argument]).member("equals", static_cast<i64>(point.filter_value));
  w.end_object();
}

/// Index of a named argument; arguments_max if the tracepoint has none of that name.
u8 argument_index(const trace::tracepoint_base& point, std::string_view name) {
  for (u8 i = 0; i < point.argument_count; ++i)
    if (name == point.argument_names[i]) return i;
  return trace::arguments_max;
}

/// One element of the request: {"name":…,"enabled":…,"thread":…,"argument":…,"equals":…}. Returns what is wrong, or nullptr.
const char* check_change(json::value change) {
  const trace::tracepoint_base* point = trace::find_tracepoint(change["name"].text());
  if (!point) return "there is no tracepoint of that name";
  if (!change["enabled"].is(json::kind::boolean)) return "\"enabled\" must be true or false";
  if (change["argument"].exists() && argument_index(*point, change["argument"].text()) == trace::arguments_max)
    return "the tracepoint has no argument of that name";
  if (change["argument"].exists() != change["equals"].is(json::kind::integer)) return "\"argument\" and \"equals\" go together";
  return nullptr;
}

void apply_change(json::value change) {
  trace::tracepoint_base& point = *trace::find_tracepoint(change["name"].text());
  point.filter_thread = static_cast<u32>(change["thread"].integer(0));
  point.filter_value = static_cast<u64>(change["equals"].integer(0));
  point.filter_argument = argument_index(point, change["argument"].text());
  trace::set_enabled(point, change["enabled"].boolean());
}

void write_event(json::writer& w, const trace::event& e) {
  w.begin_object().member("nanoseconds", time_of(e.timestamp)).member("cpu", e.cpu).member("thread", e.thread);
  const auto points = trace::tracepoints();
  if (e.tracepoint < points.size()) {
    const trace::tracepoint_base& point = points[e.tracepoint];
    w.member("name", point.name);
    for (usize i = 0; i < point.argument_count; ++i) w.member(point.argument_names[i], e.arguments[i]);
  }
  w.end_object();
}

/// The oldest event of all rings; false if they are empty. The events of one CPU stay in their order.
bool take_oldest(trace::event& out) {
  trace::event_ring* from = nullptr;
  for (unsigned cpu = 0; cpu < arch::cpu_count; ++cpu) {
    trace::event e;
    if (!trace::ring_of(cpu).peek(e) || (from && e.timestamp >= out.timestamp)) continue;
    out = e;
    from = &trace::ring_of(cpu);
  }
  if (from) from->take();
  return from != nullptr;
}

}  // namespace

result<> enable_tracepoint(std::string_view name, bool on) {
  trace::tracepoint_base* point = trace::find_tracepoint(name);
  if (!point) return fail(errc::no_entry);
  if (on) TRY(provide_rings());
  trace::set_enabled(*point, on);
  return {};
}

result<> serve_tracepoints(const http_request&, http_response& response) {
  json::writer w(response.body);
  w.begin_object().name("tracepoints").begin_array();
  for (const trace::tracepoint_base& point : trace::tracepoints()) write_tracepoint(w, point);
  return w.end_array().end_object().status();
}

result<> change_tracepoints(const http_request& request, http_response& response) {
  json::parse_error error;
  auto parsed = json::document::parse(request.body, &error);
  if (!parsed.ok()) {
    if (parsed.error() == errc::no_memory) return fail(errc::no_memory);
    set_error(response, 400, formatted<96>("not JSON: {} at byte {}", error.reason, error.position));
    return {};
  }
  const json::value changes = parsed.value().root()["tracepoints"];
  if (!changes.is(json::kind::array)) {
    set_error(response, 400, "expected {\"tracepoints\":[…]}");
    return {};
  }
  // All or nothing.
  for (json::value change : changes)
    if (const char* problem = check_change(change)) {
      set_error(response, 400, formatted<160>("{}: {}", change["name"].text().substr(0, 64), problem));
      return {};
    }
  TRY(provide_rings());
  for (json::value change : changes) apply_change(change);
  if (hooks().tracepoints_changed) hooks().tracepoints_changed();
  return serve_tracepoints(request, response);
}

result<> serve_trace_events(const http_request& request, http_response& response) {
  u64 left = parse_decimal(query_value(request.query, "limit"), events_default);
  if (left > events_max) left = events_max;
  response.content_type = "application/x-ndjson";
  trace::event e;
  while (left-- && take_oldest(e)) {
    json::writer w(response.body);
    write_event(w, e);
    TRY(w.status());
    TRY(response.body.append("\n"));
  }
  return {};
}

}  // namespace osv::telemetry
