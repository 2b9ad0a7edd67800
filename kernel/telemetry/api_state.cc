// /api/v1/threads, memory, missing, self-checks: what the kernel holds now.
#include "base/format.hh"
#include "base/json.hh"
#include "telemetry/routes.hh"
#include "telemetry/self_check.hh"
#include "telemetry/sources.hh"

namespace osv::telemetry {

namespace {

/// Writes a source's samples as the members of an object: {"label":value,…}.
class member_sink final : public sample_sink {
 public:
  explicit member_sink(json::writer& w) : writer_(w) {}
  void sample(std::string_view label, i64 v) override { writer_.member(label, v); }
  void histogram(std::string_view, const trace::histogram_values&) override {}

 private:
  json::writer& writer_;
};

/// Writes samples above 0 as [{"name":label,"count":value},…].
class count_sink final : public sample_sink {
 public:
  explicit count_sink(json::writer& w) : writer_(w) {}
  void sample(std::string_view label, i64 v) override {
    if (v > 0) writer_.begin_object().member("name", label).member("count", v).end_object();
  }
  void histogram(std::string_view, const trace::histogram_values&) override {}

 private:
  json::writer& writer_;
};

/// Only the number of a metric without labels.
class number_sink final : public sample_sink {
 public:
  void sample(std::string_view, i64 v) override { number = v; }
  void histogram(std::string_view, const trace::histogram_values&) override {}
  i64 number = 0;
};

i64 number_of(metric which) {
  number_sink sink;
  if (const sample_source& source = source_of(which)) source(sink);
  return sink.number;
}

}  // namespace

result<> serve_threads(const http_request&, http_response& response) {
  json::writer w(response.body);
  w.begin_object().name("threads").begin_array();
  if (hooks().list_threads)
    hooks().list_threads([&](const thread_row& t) {
      w.begin_object().member("id", t.id).member("name", t.name).member("kernel", t.kernel).member("state", t.state);
      w.member("cpu", t.cpu).member("runNanoseconds", t.run_time).member("switches", t.switches).end_object();
    });
  return w.end_array().end_object().status();
}

result<> serve_memory(const http_request&, http_response& response) {
  json::writer w(response.body);
  w.begin_object().member("sizeBytes", number_of(metric::memory_size_bytes)).member("freeBytes", number_of(metric::memory_free_bytes));
  w.name("used").begin_object();
  member_sink used(w);
  if (const sample_source& source = source_of(metric::memory_used_bytes)) source(used);
  w.end_object().name("mappings").begin_array();
  if (hooks().list_mappings)
    hooks().list_mappings([&](const mapping_row& m) {
      w.begin_object().member("start", formatted<24>("0x{:x}", m.start).view()).member("end", formatted<24>("0x{:x}", m.end).view());
      w.member("permissions", std::string_view(m.permissions));
      if (!m.path.empty()) w.member("path", m.path);
      w.end_object();
    });
  return w.end_array().end_object().status();
}

result<> serve_missing(const http_request&, http_response& response) {
  json::writer w(response.body);
  w.begin_object().name("systemCalls").begin_array();
  count_sink calls(w);
  if (const sample_source& source = source_of(metric::syscalls_unimplemented)) source(calls);
  w.end_array().name("files").begin_array();
  if (hooks().list_missing_files) hooks().list_missing_files([&](std::string_view path) { w.text(path); });
  return w.end_array().end_object().status();
}

result<> serve_self_checks(const http_request&, http_response& response) {
  json::writer w(response.body);
  w.begin_object().name("selfChecks").begin_array();
  for (usize i = 0; i < static_cast<usize>(self_check::count); ++i) {
    const self_check_result r = result_of(static_cast<self_check>(i));
    if (!r.reported) continue;
    w.begin_object().member("name", self_check_names[i]).member("passed", r.passed).member("detail", r.detail).end_object();
  }
  return w.end_array().end_object().status();
}

}  // namespace osv::telemetry
