// The metrics as text: OpenMetrics 1.0 or Prometheus text format 0.0.4. Pure: values come from the registered sources.
#pragma once

#include "base/string.hh"

namespace osv::telemetry {

enum class exposition_format : u8 { prometheus_text, open_metrics };

/// OpenMetrics when the Accept field names its media type, else the older text format.
exposition_format format_for(std::string_view accept);
/// Content-Type of a format.
std::string_view content_type(exposition_format format);

/// Appends every metric that has a source. ENOMEM.
result<> write_metrics(string& out, exposition_format format);

/// A label value: backslash, quote and newline escaped; bytes that are not UTF-8 replaced by U+FFFD.
result<> append_label_value(string& out, std::string_view value);
/// Nanoseconds as a decimal number of seconds, without rounding: 1500000000 → "1.5".
result<> append_seconds(string& out, i64 nanoseconds);

}  // namespace osv::telemetry
