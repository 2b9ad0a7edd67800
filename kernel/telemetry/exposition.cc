#include "telemetry/exposition.hh"

#include "base/format.hh"
#include "base/utf8.hh"
#include "telemetry/sources.hh"

namespace osv::telemetry {

namespace {

/// The kernel's bucket boundaries are powers of two; the table's must be among them.
consteval bool every_bound_is_a_kernel_bound() {
  for (const metric_description& m : metric_table)
    for (usize i = 0; i < m.bucket_count; ++i) {
      const u64 bound = m.buckets[i].nanoseconds;
      const int exponent = __builtin_ctzll(bound);
      if (bound != 1ull << exponent || exponent < static_cast<int>(trace::histogram_first_bit) ||
          exponent >= static_cast<int>(trace::histogram_first_bit + trace::histogram_buckets - 1))
        return false;
    }
  return true;
}
static_assert(every_bound_is_a_kernel_bound());

/// Writes the samples of one metric; its head comes before the first sample.
class family_writer final : public sample_sink {
 public:
  family_writer(string& out, const metric_description& metric, exposition_format format)
      : out_(out), metric_(metric), name_(metric.name), format_(format), seconds_(metric.unit && metric.unit[0] == 's') {}

  void sample(std::string_view label, i64 v) override {
    head();
    put(name_);
    put_labels(label, nullptr);
    put_value(v);
  }

  void histogram(std::string_view label, const trace::histogram_values& values) override {
    head();
    u64 below = 0;
    unsigned next = 0;  // the first kernel bucket that is not in `below`
    for (usize i = 0; i < metric_.bucket_count; ++i) {
      while (1ull << (next + trace::histogram_first_bit) <= metric_.buckets[i].nanoseconds) below += values.buckets[next++];
      put_bucket(label, metric_.buckets[i].seconds, below);
    }
    while (next < trace::histogram_buckets) below += values.buckets[next++];
    put_bucket(label, "+Inf", below);
    put(name_);
    put("_sum");
    put_labels(label, nullptr);
    put_value(static_cast<i64>(values.sum_nanoseconds));
    put(name_);
    put("_count");
    put_labels(label, nullptr);
    put_number(below);
  }

  bool failed() const { return failed_; }

 private:
  void put(std::string_view text) {
    if (!failed_ && !out_.append(text).ok()) failed_ = true;
  }
  void put_number(u64 v) { put(formatted<24>("{}\n", v)); }
  void put_value(i64 v) {
    if (!seconds_) return put(formatted<24>("{}\n", v));
    if (!failed_ && !append_seconds(out_, v).ok()) failed_ = true;
    put("\n");
  }

  void head() {
    if (headed_) return;
    headed_ = true;
    // OpenMetrics names a counter's family without its sample's suffix.
    std::string_view family = name_;
    if (format_ == exposition_format::open_metrics && metric_.type == metric_type::counter && family.ends_with("_total"))
      family.remove_suffix(6);
    constexpr std::string_view types[] = {"counter", "gauge", "histogram"};
    put_line("# TYPE ", family, types[static_cast<usize>(metric_.type)]);
    if (format_ == exposition_format::open_metrics && metric_.unit && family.ends_with(metric_.unit))
      put_line("# UNIT ", family, metric_.unit);
    put_line("# HELP ", family, metric_.help);
  }
  void put_line(std::string_view kind, std::string_view family, std::string_view rest) {
    for (std::string_view part : {kind, family, std::string_view(" "), rest, std::string_view("\n")}) put(part);
  }

  void put_bucket(std::string_view label, std::string_view bound, u64 count) {
    put(name_);
    put("_bucket");
    put_labels(label, bound.data());
    put_number(count);
  }
  void put_labels(std::string_view label, const char* bound) {
    const bool labelled = metric_.label && !label.empty();
    if (!labelled && !bound) return put(" ");
    put("{");
    if (labelled) {
      put(metric_.label);
      put("=\"");
      if (!failed_ && !append_label_value(out_, label).ok()) failed_ = true;
      put(bound ? "\"," : "\"");
    }
    if (bound) {
      put("le=\"");
      put(bound);
      put("\"");
    }
    put("} ");
  }

  string& out_;
  const metric_description& metric_;
  std::string_view name_;
  exposition_format format_;
  bool seconds_;
  bool headed_ = false;
  bool failed_ = false;
};

}  // namespace

exposition_format format_for(std::string_view accept) {
  return accept.find("application/openmetrics-text") != std::string_view::npos ? exposition_format::open_metrics
                                                                               : exposition_format::prometheus_text;
}

std::string_view content_type(exposition_format format) {
  return format == exposition_format::open_metrics ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                                                   : "text/plain; version=0.0.4; charset=utf-8";
}

result<> write_metrics(string& out, exposition_format format) {
  for (usize i = 0; i < static_cast<usize>(metric::count); ++i) {
    const sample_source& source = source_of(static_cast<metric>(i));
    if (!source) continue;
    family_writer writer(out, metric_table[i], format);
    source(writer);
    if (writer.failed()) return fail(errc::no_memory);
  }
  if (format == exposition_format::open_metrics) return out.append("# EOF\n");
  return {};
}

result<> append_label_value(string& out, std::string_view value) {
  while (!value.empty()) {
    usize n = utf8_sequence_length(value);
    if (value[0] == '\\' || value[0] == '"')
      TRY(out.append("\\")), TRY(out.append(value.substr(0, 1)));
    else if (value[0] == '\n')
      TRY(out.append("\\n"));
    else if (!n)
      TRY(out.append("\xef\xbf\xbd"));
    else
      TRY(out.append(value.substr(0, n)));
    value.remove_prefix(n ? n : 1);
  }
  return {};
}

result<> append_seconds(string& out, i64 time) {
  const u64 magnitude = time < 0 ? 0 - static_cast<u64>(time) : static_cast<u64>(time);
  formatted<40> text("{}{}.{:09}", time < 0 ? "-" : "", magnitude / second, magnitude % second);
  std::string_view shown = text;
  while (shown.ends_with('0') && !shown.ends_with(".0")) shown.remove_suffix(1);
  return out.append(shown);
}

}  // namespace osv::telemetry
