// GDT, TSS and IDT.
#pragma once

#include "arch/cpu.hh"

namespace osv::arch {

constexpr u16 kernel_code_selector = 0x08;
constexpr u16 kernel_data_selector = 0x10;

/// Interrupt stacks of one CPU: every vector enters on `common` and leaves it at once; double faults, NMI and machine checks
/// have their own, so that they work when the kernel stack is gone.
constexpr unsigned interrupt_stack_count = 4;

/// A page of tables, then for each interrupt stack a guard page, which need not be mapped, and a page of stack.
constexpr usize cpu_tables_pages = 1 + 2 * interrupt_stack_count;
constexpr bool is_guard_page(usize page_of_tables) { return page_of_tables % 2 == 1; }

/// Loads GDT, TSS, IDT and the system-call MSRs for `cpu`; its block becomes GS. Tables live in `tables`, which is page-aligned
/// memory of `cpu_tables_pages` pages that stays for ever.
void load_descriptors(cpu_block& cpu, void* tables);

/// Exceptions (SDM volume 3, table 6-1). Vectors from 0x30 on: interrupt_vectors.hh.
namespace vector {
constexpr u8 divide_error = 0, debug = 1, nmi = 2, breakpoint = 3, overflow = 4, bound = 5, invalid_opcode = 6, device_not_available = 7;
constexpr u8 double_fault = 8, invalid_tss = 10, segment_not_present = 11, stack_fault = 12, general_protection = 13, page_fault = 14;
constexpr u8 x87_error = 16, alignment_check = 17, machine_check = 18, simd_error = 19;
}  // namespace vector

}  // namespace osv::arch
