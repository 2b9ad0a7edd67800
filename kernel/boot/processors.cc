#include "boot/processors.hh"

#include <cstring>

#include "arch/cpu.hh"
#include "arch/device_barrier.hh"
#include "arch/x86_64/descriptors.hh"
#include "arch/x86_64/features.hh"
#include "arch/x86_64/local_apic.hh"
#include "arch/x86_64/registers.hh"
#include "arch/x86_64/tsc.hh"
#include "devices/acpi/acpi.hh"
#include "linux/gate.hh"
#include "log/log.hh"
#include "memory/page_table.hh"
#include "sched/clock.hh"
#include "sched/scheduler.hh"
#include "sched/stack_pool.hh"

extern "C" {
extern osv::u8 ap_trampoline_start[], ap_trampoline_end[];
extern osv::u8 boot_stack_guard[];
extern osv::u64 ap_page_table, ap_stack, ap_argument, ap_entry;
}

namespace osv::arch {
cpu_block* cpu_blocks[cpus_max];
bool fences_are_elided;
unsigned cpu_count = 1;
}  // namespace osv::arch

namespace osv::boot {

namespace {

alignas(arch::cache_line_size) constinit arch::cpu_block first_block{};
alignas(page_size) u8 first_tables[arch::cpu_tables_pages * page_size];
u64 first_call_counts[linux_abi::system_calls_max];

constexpr u64 trampoline_address = 0x8000;  // below 1 MiB, which the allocator leaves alone
/// A host with more virtual processors to run than processors takes its time:
constexpr nanoseconds start_timeout = 10 * second;

/// Whether the processor's start was still `wanted`; now it goes on like this.
bool decide(arch::cpu_block& block, arch::cpu_start next) {
  arch::cpu_start expected = arch::cpu_start::wanted;
  return __atomic_compare_exchange_n(&block.start, &expected, next, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

void application_processor_main(u64 argument) {
  auto& block = *reinterpret_cast<arch::cpu_block*>(argument);
  if (!decide(block, arch::cpu_start::begun))
    for (;;) asm volatile("cli; hlt");
  arch::enable_features();
  arch::load_descriptors(block, reinterpret_cast<void*>(block.tables));
  arch::local_apic_enable();
  arch::timer_enable();
  sched::adopt_idle(block.id, block.kernel_stack_top);
  // release: everything above is done before anybody sends us work.
  __atomic_store_n(&block.start, arch::cpu_start::online, __ATOMIC_RELEASE);
  sched::idle_loop();
}

u64* trampoline_slot(u64* slot) {
  const u64 offset = reinterpret_cast<u64>(slot) - reinterpret_cast<u64>(ap_trampoline_start);
  return static_cast<u64*>(memory::to_virtual(physical_address{trampoline_address + offset}));
}

result<arch::cpu_block*> create_block(unsigned id, u32 apic_id) {
  static_assert(sizeof(arch::cpu_block) <= page_size);
  memory::frame* block_frame = TRY(memory::allocate_zeroed_frame());
  void* tables = TRY(sched::take_cpu_tables());
  memory::frame* counts = TRY(memory::allocate_zeroed_frame());
  auto* block = block_frame->as<arch::cpu_block>();
  block->self = block;
  block->id = id;
  block->apic_id = apic_id;
  block->tables = reinterpret_cast<u64>(tables);
  block->system_call_counts = counts->as<u64>();
  block->kernel_stack_top = TRY(sched::take_stack());
  return block;
}

}  // namespace

void initialize_boot_processor() {
  first_block.self = &first_block;
  first_block.start = arch::cpu_start::online;
  first_block.system_call_counts = first_call_counts;
  arch::cpu_blocks[0] = &first_block;
  first_block.tables = reinterpret_cast<u64>(first_tables);
  arch::load_descriptors(first_block, first_tables);
  arch::enable_features();
}

void guard_first_stacks() {
  for (usize i = 0; i < arch::cpu_tables_pages; ++i)
    if (arch::is_guard_page(i)) memory::unmap_kernel_page(reinterpret_cast<u64>(first_tables) + i * page_size);
  memory::unmap_kernel_page(reinterpret_cast<u64>(boot_stack_guard));
}

bool stacks_are_guarded() {
  for (unsigned cpu = 0; cpu < arch::cpu_count; ++cpu)
    for (usize i = 0; i < arch::cpu_tables_pages; ++i)
      if (memory::is_mapped(arch::cpu_blocks[cpu]->tables + i * page_size) == arch::is_guard_page(i)) return false;
  if (memory::is_mapped(reinterpret_cast<u64>(boot_stack_guard))) return false;
  bool guarded = true;
  sched::for_each_thread([&](sched::thread& t) {
    if (t.kernel_stack_top && t.cpu.load(std::memory_order_relaxed) < arch::cpu_count && !t.idle)
      guarded &= !memory::is_mapped(t.kernel_stack_top + 8 - sched::kernel_stack_size - 1);
  });
  return guarded;
}

bool is_stack_guard(u64 address) {
  if (sched::is_stack_guard(address)) return true;
  const u64 tables = reinterpret_cast<u64>(first_tables), boot = reinterpret_cast<u64>(boot_stack_guard);
  if (address >= tables && address < tables + sizeof first_tables) return arch::is_guard_page((address - tables) >> page_shift);
  return address >= boot && address < boot + page_size;
}

void judge_fences() {
  // QEMU's emulator before 8.0 leaves out memory barriers (MFENCE and locked instructions alike) on a machine that can have one
  // CPU only, although its devices run in another thread; commit "tcg: Do not elide memory barriers for !CF_PARALLEL in
  // system mode". An access to a port takes QEMU's lock, and that is a barrier.
  const arch::cpuid_result signature = arch::cpuid(0x40000000);
  const bool emulated = arch::features.hypervisor && signature.b == 0x54474354 && signature.c == 0x43544743 && signature.d == 0x47435447;
  arch::fences_are_elided = emulated && devices::acpi::cpus_listed() <= 1;
}

void start_application_processors() {
  const auto cpus = devices::acpi::cpus();
  if (cpus.size() <= 1) return;
  const u32 self = arch::local_apic_id();
  memory::set_low_identity_map(true);
  std::memcpy(memory::to_virtual(physical_address{trampoline_address}), ap_trampoline_start,
              static_cast<usize>(ap_trampoline_end - ap_trampoline_start));
  *trampoline_slot(&ap_page_table) = memory::kernel_page_table();
  *trampoline_slot(&ap_entry) = reinterpret_cast<u64>(&application_processor_main);
  for (const devices::acpi::cpu& cpu : cpus) {
    if (cpu.apic_id == self) continue;
    if (arch::cpu_count == arch::cpus_max) break;
    const unsigned id = arch::cpu_count;
    auto block = create_block(id, cpu.apic_id);
    if (!block.ok()) {
      log::warning("no memory for CPU {}", id);
      break;
    }
    arch::cpu_blocks[id] = *block;
    *trampoline_slot(&ap_stack) = (*block)->kernel_stack_top;
    *trampoline_slot(&ap_argument) = reinterpret_cast<u64>(*block);
    arch::start_cpu(cpu.apic_id, trampoline_address >> page_shift);
    const nanoseconds deadline = sched::now() + start_timeout;
    bool given_up = false;
    // acquire: pairs with the release in application_processor_main().
    while (!given_up && __atomic_load_n(&(*block)->start, __ATOMIC_ACQUIRE) != arch::cpu_start::online) {
      arch::pause();
      given_up = sched::now() >= deadline && decide(**block, arch::cpu_start::given_up);
    }
    if (given_up) {
      // It must not come up in the low memory that is about to go, or with the values of the next one.
      arch::park_cpu(cpu.apic_id);
      log::warning("the CPU with APIC id {} did not start in {} s", cpu.apic_id, start_timeout / second);
      continue;
    }
    __atomic_store_n(&arch::cpu_count, id + 1, __ATOMIC_RELEASE);
  }
  memory::set_low_identity_map(false);
}

}  // namespace osv::boot
