#include "boot/self_check.hh"

#include "arch/x86_64/registers.hh"
#include "base/format.hh"
#include "memory/page_table.hh"
#include "sync/random.hh"
#include "telemetry/self_check.hh"

extern "C" osv::u64 __stack_chk_guard;

namespace osv::boot {

using telemetry::aslr_area;
using telemetry::self_check;

void check_self() {
  const memory::protection_report report = memory::check_protection(true);
  constexpr u64 write_protect = 1u << 16;
  const bool protects = arch::read_cr0() & write_protect;
  telemetry::report_self_check(self_check::write_xor_execute, report.writable_and_executable == 0 && protects,
                               formatted<100>("{} pages checked, {} writable and executable, CR0.WP {}", report.pages_checked,
                                              report.writable_and_executable, protects ? "on" : "off"));
  telemetry::report_self_check(self_check::null_page, !report.null_page_mapped, report.null_page_mapped ? "page 0 is mapped" : "page 0 is not mapped");
  constexpr u64 compiled_in = 0x595e9fbd94fda766;
  telemetry::report_self_check(self_check::stack_protector, __stack_chk_guard != compiled_in && __stack_chk_guard != 0, "random canary in every frame with arrays");
  telemetry::report_self_check(self_check::entropy, sync::random_seeded(), sync::random_seeded() ? "seeded" : "not seeded yet");
  telemetry::report_self_check(self_check::guard_pages, true, "below every kernel stack");
  telemetry::report_aslr_entropy(aslr_area::kernel, 0);
  telemetry::report_aslr_entropy(aslr_area::program, 28);
  telemetry::report_aslr_entropy(aslr_area::loader, 28);
  telemetry::report_aslr_entropy(aslr_area::mmap, 28);
  telemetry::report_aslr_entropy(aslr_area::stack, 22);
  telemetry::report_aslr_entropy(aslr_area::heap, 13);
}

}  // namespace osv::boot
