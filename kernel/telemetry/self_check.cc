#include "telemetry/self_check.hh"

#include "base/types.hh"
#include "log/log.hh"
#include "telemetry/sources.hh"

namespace osv::telemetry {

namespace {

struct check {
  bool reported = false;
  bool passed = false;
  u8 size = 0;
  char detail[120] = {};
};
constinit check checks[static_cast<usize>(self_check::count)];
constexpr u8 not_reported = 255;
struct entropy {
  u8 bits = not_reported;
};
constinit entropy entropies[static_cast<usize>(aslr_area::count)];

}  // namespace

void report_self_check(self_check item, bool passed, std::string_view detail) {
  check& c = checks[static_cast<usize>(item)];
  c.reported = true;
  c.passed = passed;
  c.size = static_cast<u8>(detail.size() < sizeof c.detail ? detail.size() : sizeof c.detail);
  __builtin_memcpy(c.detail, detail.data(), c.size);
  const char* name = self_check_names[static_cast<usize>(item)];
  if (passed)
    log::debug("self-check {}: passed: {}", name, detail);
  else
    log::error("self-check {}: failed: {}", name, detail);
}

void report_aslr_entropy(aslr_area area, unsigned bits) { entropies[static_cast<usize>(area)].bits = static_cast<u8>(bits); }

self_check_result result_of(self_check item) {
  const check& c = checks[static_cast<usize>(item)];
  return {c.reported, c.passed, {c.detail, c.size}};
}

void register_self_check_sources() {
  register_source(metric::self_check_passed, [](sample_sink& sink) {
    for (usize i = 0; i < std::size(checks); ++i)
      if (checks[i].reported) sink.sample(self_check_names[i], checks[i].passed);
  });
  register_source(metric::aslr_entropy, [](sample_sink& sink) {
    for (usize i = 0; i < std::size(entropies); ++i)
      if (entropies[i].bits != not_reported) sink.sample(aslr_area_names[i], entropies[i].bits);
  });
}

}  // namespace osv::telemetry
