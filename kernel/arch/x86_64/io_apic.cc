#include "arch/x86_64/io_apic.hh"

#include "arch/cpu.hh"
#include "arch/interrupts.hh"
#include "arch/x86_64/interrupt_vectors.hh"
#include "arch/x86_64/ports.hh"

namespace osv::arch {
namespace {

constexpr usize controllers_max = 8;
constexpr u32 register_version = 1;
constexpr u32 redirection_masked = 1u << 16;
constexpr u32 redirection_level = 1u << 15;
constexpr u32 redirection_active_low = 1u << 13;

struct controller {
  volatile u8* registers;
  u32 gsi_base;
  u32 inputs;

  // Select at 0x00, window at 0x10.
  u32 read(u32 number) const {
    write_register<u32>(registers, number);
    return read_register<u32>(registers + 0x10);
  }
  void write(u32 number, u32 value) const {
    write_register<u32>(registers, number);
    write_register<u32>(registers + 0x10, value);
  }
};

constinit controller controllers[controllers_max]{};
constinit usize controller_count = 0;

}  // namespace

void io_apic_add(volatile void* registers, u32 gsi_base) {
  if (controller_count == controllers_max) return;
  controller& c = controllers[controller_count++];
  c = {static_cast<volatile u8*>(registers), gsi_base, 0};
  c.inputs = (c.read(register_version) >> 16 & 0xff) + 1;
  for (u32 i = 0; i < c.inputs; ++i) c.write(0x10 + i * 2, redirection_masked);
}

// Called from boot and driver start only, one after the other: there is no lock.
result<> route_global_interrupt(u32 gsi, bool level, bool active_low, interrupt_handler handler) {
  for (usize i = 0; i < controller_count; ++i) {
    const controller& c = controllers[i];
    if (gsi < c.gsi_base || gsi - c.gsi_base >= c.inputs) continue;
    const u32 at = 0x10 + (gsi - c.gsi_base) * 2;
    if (!(c.read(at) & redirection_masked)) return fail(errc::busy);
    const u8 vector = TRY(allocate_vector(0, handler));
    interrupt_guard guard;
    c.write(at + 1, cpu_blocks[0]->apic_id << 24);
    c.write(at, vector | (level ? redirection_level : 0) | (active_low ? redirection_active_low : 0));
    return {};
  }
  return fail(errc::no_device);
}

}  // namespace osv::arch
