// Results of the kernel's check of its own protections at boot (docs: the table of self-checks).
#pragma once

#include <string_view>

#include "base/function.hh"
#include "telemetry/metric_table.hh"

namespace osv::telemetry {

/// `detail` is a short sentence, cut at 120 bytes; a failure is logged as an error. Called once for each item while booting.
void report_self_check(self_check item, bool passed, std::string_view detail);
/// How many random bits the address of an area has.
void report_aslr_entropy(aslr_area area, unsigned bits);

struct self_check_result {
  bool reported;
  bool passed;
  std::string_view detail;
};
self_check_result result_of(self_check item);

void register_self_check_sources();

}  // namespace osv::telemetry
