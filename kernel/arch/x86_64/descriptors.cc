#include "arch/x86_64/descriptors.hh"

#include "arch/x86_64/registers.hh"

extern "C" osv::u8 interrupt_stubs[];
extern "C" void system_call_entry();

namespace osv::arch {

namespace {

struct [[gnu::packed]] gate {
  u16 offset_low;
  u16 selector;
  u8 interrupt_stack;
  u8 type;  // 0x8e: present, 64-bit interrupt gate
  u16 offset_middle;
  u32 offset_high;
  u32 reserved;
};
static_assert(sizeof(gate) == 16);

alignas(16) gate interrupt_table[256];

struct [[gnu::packed]] task_state {
  u32 reserved0;
  u64 stacks[3];
  u64 reserved1;
  u64 interrupt_stacks[7];
  u64 reserved2;
  u16 reserved3;
  u16 io_map_base;
};
static_assert(sizeof(task_state) == 104);

struct [[gnu::packed]] table_pointer {
  u16 limit;
  u64 base;
};

enum interrupt_stack : u8 { common = 1, double_fault_stack = 2, nmi_stack = 3, machine_check_stack = 4 };

void fill_interrupt_table() {
  for (unsigned v = 0; v < 256; ++v) {
    const u64 address = reinterpret_cast<u64>(interrupt_stubs) + v * 16;
    u8 stack = common;
    if (v == vector::double_fault) stack = double_fault_stack;
    if (v == vector::nmi) stack = nmi_stack;
    if (v == vector::machine_check) stack = machine_check_stack;
    interrupt_table[v] = {static_cast<u16>(address), kernel_code_selector, stack, 0x8e, static_cast<u16>(address >> 16),
                          static_cast<u32>(address >> 32), 0};
  }
}

}  // namespace

struct cpu_tables {
  alignas(16) u64 descriptors[8];
  task_state tss;
};

void load_descriptors(cpu_block& cpu, void* memory) {
  if (cpu.id == 0) fill_interrupt_table();
  auto& tables = *static_cast<cpu_tables*>(memory);
  tables = {};
  tables.descriptors[1] = 0x00af9a000000ffff;  // 0x08: 64-bit code
  tables.descriptors[2] = 0x00cf92000000ffff;  // 0x10: data
  const u64 tss = reinterpret_cast<u64>(&tables.tss);
  tables.descriptors[3] = (sizeof(task_state) - 1) | (tss & 0xffffff) << 16 | 0x89ull << 40 | (tss >> 24 & 0xff) << 56;
  tables.descriptors[4] = tss >> 32;
  static_assert(machine_check_stack == interrupt_stack_count);
  for (u64 stack = common; stack <= machine_check_stack; ++stack)
    tables.tss.interrupt_stacks[stack - 1] = reinterpret_cast<u64>(memory) + (2 * stack + 1) * page_size;
  tables.tss.io_map_base = sizeof(task_state);

  const table_pointer gdt{sizeof tables.descriptors - 1, reinterpret_cast<u64>(tables.descriptors)};
  const table_pointer idt{sizeof interrupt_table - 1, reinterpret_cast<u64>(interrupt_table)};
  asm volatile("lgdt %0; lidt %1" ::"m"(gdt), "m"(idt) : "memory");
  asm volatile(
      "pushq %0; lea 1f(%%rip), %%rax; push %%rax; lretq; 1: mov %1, %%ds; mov %1, %%es; mov %1, %%ss; ltr %2" ::"i"(kernel_code_selector),
      "r"(static_cast<u32>(kernel_data_selector)), "r"(static_cast<u16>(0x18))
      : "rax", "memory");
  asm volatile("mov %0, %%fs; mov %0, %%gs" ::"r"(0) : "memory");
  write_msr(msr::gs_base, reinterpret_cast<u64>(&cpu));

  // SYSCALL loads CS from STAR[47:32] and SS from that + 8 (SDM volume 2). SYSRET is never used.
  write_msr(msr::star, static_cast<u64>(kernel_code_selector) << 32);
  write_msr(msr::lstar, reinterpret_cast<u64>(&system_call_entry));
  write_msr(msr::sfmask, 0x44700);  // AC, NT, DF, IF, TF
}

}  // namespace osv::arch
