#include "arch/x86_64/interrupt_vectors.hh"

#include <atomic>
#include <new>

#include "arch/cpu.hh"
#include "arch/x86_64/local_apic.hh"
#include "base/errno.hh"

namespace osv::arch {
namespace {

constexpr usize device_vectors = device_vector_last - device_vector_first + 1;

// One table a CPU, made at its first interrupt: most CPUs of a large machine have few.
struct vector_table {
  std::atomic<interrupt_handler*> handlers[device_vectors];
};
constinit std::atomic<vector_table*> tables[cpus_max];
// Orders allocations; dispatch reads without it. (The locks of lock/ lie a layer above.)
constinit std::atomic<bool> allocating{false};

class allocation_guard : interrupt_guard {
 public:
  allocation_guard() {
    while (allocating.exchange(true, std::memory_order_acquire)) pause();
  }
  ~allocation_guard() { allocating.store(false, std::memory_order_release); }
};

}  // namespace

result<u8> allocate_vector(unsigned cpu, interrupt_handler handler) {
  if (cpu >= cpus_max) return fail(errc::invalid);
  interrupt_handler* stored = new (std::nothrow) interrupt_handler(handler);
  if (!stored) return fail(errc::no_memory);
  if (!tables[cpu].load(std::memory_order_acquire)) {
    vector_table* fresh = new (std::nothrow) vector_table{};
    vector_table* expected = nullptr;
    if (!fresh || !tables[cpu].compare_exchange_strong(expected, fresh)) delete fresh;
    if (!tables[cpu].load()) {
      delete stored;
      return fail(errc::no_memory);
    }
  }
  vector_table& table = *tables[cpu].load(std::memory_order_acquire);
  {
    allocation_guard guard;
    for (usize i = 0; i < device_vectors; ++i) {
      if (table.handlers[i].load(std::memory_order_relaxed)) continue;
      // release: the interrupt handler on the other CPU sees the whole callback.
      table.handlers[i].store(stored, std::memory_order_release);
      return static_cast<u8>(device_vector_first + i);
    }
  }
  delete stored;
  return fail(errc::no_space);
}

result<message_interrupt> allocate_message_interrupt(unsigned cpu, interrupt_handler handler) {
  if (cpu >= cpus_max || !cpu_blocks[cpu]) return fail(errc::invalid);
  const u8 vector = TRY(allocate_vector(cpu, handler));
  // SDM volume 3, 11.11: fixed delivery, edge, physical destination. Identifiers above 255 would need remapping hardware.
  const u64 address = 0xfee00000u | static_cast<u64>(cpu_blocks[cpu]->apic_id & 0xff) << 12;
  return message_interrupt{address, vector, vector};
}

void dispatch_device_interrupt(u8 vector) {
  if (is_device_vector(vector)) {
    if (vector_table* table = tables[cpu_id()].load(std::memory_order_acquire))
      if (interrupt_handler* handler = table->handlers[vector - device_vector_first].load(std::memory_order_acquire)) (*handler)();
  }
  end_of_interrupt();
}

}  // namespace osv::arch
