// Where the metrics' values come from. Each metric of the table has at most one source, a callback that is asked whenever
// somebody reads; boot/ registers those that only upper layers know. A metric without a source is not shown.
#pragma once

#include <string_view>

#include "base/function.hh"
#include "telemetry/metric_table.hh"
#include "trace/count.hh"

namespace osv::telemetry {

/// What a source fills in. Metrics in seconds take nanoseconds, others plain numbers.
class sample_sink {
 public:
  /// The sample of a metric without a label.
  void value(i64 v) { sample({}, v); }
  /// The sample of one label value. The sink does not keep the text.
  virtual void sample(std::string_view label, i64 v) = 0;
  virtual void histogram(std::string_view label, const trace::histogram_values& values) = 0;

 protected:
  ~sample_sink() = default;
};

using sample_source = inplace_function<void(sample_sink&), 48>;

/// Replaces an earlier source of the same metric. Called while booting, before the server runs.
void register_source(metric which, sample_source source);
/// A source of one number.
template <typename F>
void register_gauge(metric which, F callback) {
  register_source(which, [callback](sample_sink& sink) { sink.value(static_cast<i64>(callback())); });
}
const sample_source& source_of(metric which);

/// The metrics that the layers below know: counters and histograms by trace id, memory, CPUs, the log, random numbers,
/// tracepoints, boot phases, self-checks, the management port itself.
void register_kernel_sources();

/// How a request to the management port ended.
void count_management_request(management_result result);

}  // namespace osv::telemetry
