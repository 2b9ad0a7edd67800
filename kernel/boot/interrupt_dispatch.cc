// Every interrupt and exception comes here from entry.S, with interrupts off, on the thread's kernel stack.
#include "arch/cpu.hh"
#include "arch/x86_64/descriptors.hh"
#include "arch/x86_64/frame.hh"
#include "arch/x86_64/interrupt_vectors.hh"
#include "arch/x86_64/local_apic.hh"
#include "arch/x86_64/page_table.hh"
#include "arch/x86_64/registers.hh"
#include "boot/processors.hh"
#include "linux/task.hh"
#include "log/log.hh"
#include "log/panic.hh"
#include "memory/translations.hh"
#include "sched/clock.hh"
#include "sched/scheduler.hh"
#include "trace/count.hh"
#include "trace/points.hh"

namespace osv::boot {

namespace {

using arch::register_frame;
namespace vector = arch::vector;
namespace linux_signal = linux_abi::signal;
namespace signal_code = linux_abi::signal_code;

/// Each as the distance from the field itself, so that the table need not be changed when the kernel moves.
struct exception_fixup {
  i32 instruction, continue_at;
};
u64 target_of(const i32& distance) { return reinterpret_cast<u64>(&distance) + static_cast<u64>(i64{distance}); }

extern "C" const exception_fixup exception_table_start[], exception_table_end[];

bool fix_up(register_frame& frame) {
  for (const exception_fixup* e = exception_table_start; e != exception_table_end; ++e) {
    if (target_of(e->instruction) != frame.rip) continue;
    frame.rip = target_of(e->continue_at);
    return true;
  }
  return false;
}

[[noreturn]] void die(const register_frame& frame, std::string_view what) {
  log::panic_at(what, frame.rip, frame.rbp, frame.rsp);
}

void signal_program(int number, i32 code, u64 address, u64 trap, u64 error) {
  linux_abi::signal_info info;
  info.number = number;
  info.code = code;
  info.fault.address = address;
  linux_abi::force_signal(info, trap, error, address);
}

void log_deadly_fault(const register_frame& frame, u64 address, const char* what) {
  log::debug("program fault: {} at {}, rip {}, rsp {}", what, reinterpret_cast<void*>(address), reinterpret_cast<void*>(frame.rip),
             reinterpret_cast<void*>(frame.rsp));
}

/// A fault at an address of the program's half.
void handle_program_fault(register_frame& frame, u64 address) {
  constexpr u64 write = 2, fetch = 16;
  const bool kernel_code = !frame.in_program();
  // With preemption or interrupts off the kernel cannot sleep for a page: such places expect "not there" as an answer.
  if (kernel_code && (!(frame.rflags & arch::flag_interrupts) || !arch::preemption_enabled())) {
    if (fix_up(frame)) return;
    die(frame, formatted<100>("touched program memory at {} where it may not sleep", reinterpret_cast<void*>(address)));
  }
  auto* task = static_cast<linux_abi::task*>(sched::current().program_data);
  if (!task) die(frame, formatted<100>("a kernel thread touched program memory at {}", reinterpret_cast<void*>(address)));
  arch::enable_interrupts();
  const memory::fault_outcome outcome =
      task->owner.space.handle_fault({address, (frame.error_code & write) != 0, (frame.error_code & fetch) != 0});
  arch::disable_interrupts();
  if (outcome == memory::fault_outcome::resolved) return;
  if (outcome == memory::fault_outcome::out_of_memory || outcome == memory::fault_outcome::starved) {
    if (outcome == memory::fault_outcome::starved)
      log::error("out of memory: the program only reads the same pages of files again and again");
    else
      log::error("out of memory: the program needed a page at {} and nothing could be reclaimed", reinterpret_cast<void*>(address));
    arch::enable_interrupts();
    linux_abi::kill_process(linux_signal::kill);
  }
  if (kernel_code) {
    if (fix_up(frame)) return;
    die(frame, formatted<100>("page fault at {} (code {})", reinterpret_cast<void*>(address), frame.error_code));
  }
  log_deadly_fault(frame, address, "no such page");
  arch::enable_interrupts();
  if (outcome == memory::fault_outcome::bus_error)
    signal_program(linux_signal::bus, signal_code::bus_address, address, vector::page_fault, frame.error_code | 4);
  else
    signal_program(linux_signal::segmentation,
                   outcome == memory::fault_outcome::no_permission ? signal_code::no_permission : signal_code::not_mapped, address,
                   vector::page_fault, frame.error_code | 4);
  arch::disable_interrupts();
}

void handle_page_fault(register_frame& frame) {
  const u64 address = arch::read_cr2();
  trace::point::page_fault(address, frame.in_program() ? frame.rip : frame.rip - arch::areas.image_moved, frame.error_code);
  if (static_cast<i64>(address) >= 0) return handle_program_fault(frame, address);
  if (fix_up(frame)) return;
  if (frame.in_program()) {
    log_deadly_fault(frame, address, "kernel address");
    arch::enable_interrupts();
    signal_program(linux_signal::segmentation, signal_code::not_mapped, address, vector::page_fault, frame.error_code | 4);
    arch::disable_interrupts();
    return;
  }
  if (is_stack_guard(address)) die(frame, "kernel stack overflow");
  die(frame, formatted<100>("page fault at {} (code {})", reinterpret_cast<void*>(address), frame.error_code));
}

void handle_exception(register_frame& frame, u64 number) {
  struct translation {
    int signal;
    i32 code;
  };
  const auto translate = [number]() -> translation {
    switch (number) {
      case vector::divide_error: return {linux_signal::floating_point, signal_code::integer_divide};
      case vector::debug: return {linux_signal::trap, signal_code::trap_trace};
      case vector::breakpoint: return {linux_signal::trap, signal_code::kernel};  // as Linux tells it
      case vector::invalid_opcode: return {linux_signal::illegal, signal_code::illegal_operand};
      case vector::x87_error:
      case vector::simd_error: return {linux_signal::floating_point, signal_code::float_invalid};
      case vector::alignment_check: return {linux_signal::bus, 1};
      case vector::stack_fault: return {linux_signal::bus, signal_code::kernel};
      default: return {linux_signal::segmentation, signal_code::kernel};
    }
  };
  if (number == vector::double_fault) {
    const u64 address = arch::read_cr2();
    die(frame, is_stack_guard(address) ? std::string_view("kernel stack overflow") : std::string_view("double fault"));
  }
  if (number == vector::machine_check) die(frame, "machine check");
  if (number == vector::nmi) {
    // Another CPU panicked and stops us; else the host asks for a crash report (QEMU's inject-nmi).
    if (!log::is_panicking()) die(frame, "the host sent a non-maskable interrupt");
    for (;;) asm volatile("hlt");
  }
  if (!frame.in_program()) {
    if (fix_up(frame)) return;
    die(frame, formatted<64>("exception {} (code {})", number, frame.error_code));
  }
  const translation t = translate();
  const u64 address = t.code == signal_code::kernel ? 0 : frame.rip;
  log_deadly_fault(frame, frame.rip, "exception");
  arch::enable_interrupts();
  signal_program(t.signal, t.code, address, number, frame.error_code);
  arch::disable_interrupts();
}

void return_to_program(register_frame& frame) {
  sched::thread& self = sched::current();
  for (;;) {
    if (arch::this_cpu().reschedule) {
      sched::preempt_from_interrupt();
      continue;
    }
    if (!self.attention.load(std::memory_order_acquire)) return;
    arch::enable_interrupts();
    self.attention.fetch_and(~(sched::attention_bit::whole_frame | sched::attention_bit::restore_mask), std::memory_order_relaxed);
    linux_abi::deliver_signals(frame, false);
    arch::disable_interrupts();
  }
}

}  // namespace

extern "C" void interrupt_dispatch(register_frame* frame, u64 number) {
  if (number == vector::page_fault) {
    handle_page_fault(*frame);
  } else if (number < 32) {
    handle_exception(*frame, number);
  } else {
    trace::point::interrupt(number);
    switch (number) {
      case arch::vector_timer:
        trace::count(trace::counter::interrupts_timer);
        arch::end_of_interrupt();
        sched::handle_timer_interrupt();
        break;
      case arch::vector_reschedule:
        trace::count(trace::counter::interrupts_ipi);
        arch::end_of_interrupt();
        sched::handle_wake_up_interrupt();
        break;
      case arch::vector_flush_translations:
        trace::count(trace::counter::interrupts_ipi);
        arch::end_of_interrupt();
        memory::handle_flush_interrupt();
        break;
      case arch::vector_stop:
        for (;;) asm volatile("cli; hlt");
      case arch::vector_spurious:
        break;
      default:
        trace::count(trace::counter::interrupts_device);
        arch::dispatch_device_interrupt(static_cast<u8>(number));
    }
  }
  if (frame->in_program()) {
    return_to_program(*frame);
  } else if (frame->rflags & arch::flag_interrupts) {
    sched::preempt_from_interrupt();
  }
}

}  // namespace osv::boot
