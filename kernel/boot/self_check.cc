#include "boot/self_check.hh"

#include "arch/x86_64/page_table.hh"
#include "arch/x86_64/registers.hh"
#include "base/format.hh"
#include "boot/processors.hh"
#include "linux/program.hh"
#include "memory/heap.hh"
#include "memory/page_table.hh"
#include "net/stack.hh"
#include "sync/random.hh"
#include "telemetry/self_check.hh"

extern "C" {
extern osv::u64 __stack_chk_guard;
extern osv::u8 kernel_start[];
}

namespace osv::boot {

namespace {

using telemetry::aslr_area;
using telemetry::report_self_check;
using telemetry::self_check;

void check_page_tables() {
  const memory::protection_report report = memory::check_protection(true);
  constexpr u64 write_protect = 1u << 16;
  const bool protects = arch::read_cr0() & write_protect;
  report_self_check(self_check::write_xor_execute, report.writable_and_executable == 0 && protects,
                    formatted<100>("{} pages checked, {} writable and executable, CR0.WP {}", report.pages_checked,
                                   report.writable_and_executable, protects ? "on" : "off"));
  report_self_check(self_check::null_page, !report.null_page_mapped, report.null_page_mapped ? "page 0 is mapped" : "page 0 is not mapped");
  const bool guarded = stacks_are_guarded();
  report_self_check(self_check::guard_pages, guarded, guarded ? "below every kernel and interrupt stack" : "a page below a stack is mapped");
}

void check_randomness() {
  constexpr unsigned bits_min = 20;
  const struct {
    aslr_area area;
    unsigned bits;
  } areas[] = {{aslr_area::kernel, arch::areas.image_random_bits},
               {aslr_area::program, linux_abi::map_random_bits},
               {aslr_area::loader, linux_abi::map_random_bits},
               {aslr_area::mmap, linux_abi::map_random_bits},
               {aslr_area::stack, linux_abi::stack_random_bits},
               {aslr_area::heap, linux_abi::heap_random_bits}};
  unsigned least = 64;
  for (const auto& a : areas) {
    telemetry::report_aslr_entropy(a.area, a.bits);
    if (a.bits < least) least = a.bits;
  }
  // Not by what was chosen, but by where this code is.
  const u64 moved_by = reinterpret_cast<u64>(kernel_start) - arch::kernel_link_address;
  const bool moved = moved_by != 0 && moved_by == arch::areas.image_moved;
  const bool seeded = sync::random_seeded();
  report_self_check(self_check::aslr, least >= bits_min && moved && seeded,
                    moved ? formatted<100>("the kernel's address has {} random bits, every area {} at least", areas[0].bits, least)
                          : formatted<100>("the kernel is where it was linked"));
  report_self_check(self_check::entropy, seeded, seeded ? "seeded" : "not seeded yet");
}

/// Nothing of the kernel's own listens yet, and the management port opens after this if it is wanted.
void check_open_ports() {
  unsigned count = 0;
  u16 port = 0;
  const auto look = [&](net::port_holder& h) {
    constexpr u16 dhcp_client = 68;
    if (h.local_endpoint.port == dhcp_client) return;
    ++count;
    port = h.local_endpoint.port;
  };
  net::the_stack().tcp_ports.for_each(look);
  net::the_stack().udp_ports.for_each(look);
  report_self_check(self_check::open_ports, count == 0, formatted<80>("{} ports open before the program starts{}", count, count ? formatted<20>(", such as {}", port).view() : std::string_view()));
}

}  // namespace

void check_self() {
  check_page_tables();
  constexpr u64 compiled_in = 0x595e9fbd94fda766;
  report_self_check(self_check::stack_protector, __stack_chk_guard != compiled_in && __stack_chk_guard != 0, "random canary in every frame with arrays");
  const bool heap = memory::heap_detects_misuse();
  report_self_check(self_check::heap, heap, heap ? "double frees and writes to free objects stop the kernel" : "misuse goes unnoticed");
  check_randomness();
  check_open_ports();
}

}  // namespace osv::boot
