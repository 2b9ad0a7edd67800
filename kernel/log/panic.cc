#include "log/panic.hh"

#include <atomic>

#include "arch/cpu.hh"
#include "arch/x86_64/page_table.hh"
#include "log/log.hh"
#include "log/symbols.hh"

extern "C" osv::u8 kernel_start[], text_end[];

namespace osv::log {

namespace {
constinit std::atomic<bool> panicking{false};
constinit stop_function stop = nullptr;

bool in_kernel_text(u64 address) {
  return address >= reinterpret_cast<u64>(kernel_start) && address < reinterpret_cast<u64>(text_end);
}

[[noreturn]] void finish(std::string_view message) {
  if (stop) stop(message);
  for (;;) {
    arch::disable_interrupts();
    asm volatile("hlt");
  }
}

}  // namespace

void set_panic_stop(stop_function s) { stop = s; }
bool is_panicking() { return panicking.load(std::memory_order_relaxed); }

void print_backtrace(u64 instruction, u64 frame_pointer) {
  for (unsigned depth = 0; depth < 32 && instruction; ++depth) {
    char name[160];
    write_symbol(instruction, name, sizeof name);
    write(level::error, formatted<200>("  #{} {}", depth, static_cast<const char*>(name)));
    // Frames live on kernel stacks: upper half, aligned, growing upwards.
    if (frame_pointer < arch::kernel_half_begin || frame_pointer & 7) return;
    const u64 next = reinterpret_cast<u64*>(frame_pointer)[0];
    instruction = reinterpret_cast<u64*>(frame_pointer)[1];
    if (!in_kernel_text(instruction) || next <= frame_pointer) return;
    frame_pointer = next;
  }
}

void panic_at(std::string_view message, u64 instruction, u64 frame_pointer, u64 stack_pointer) {
  arch::disable_interrupts();
  if (panicking.exchange(true)) {
    for (;;) asm volatile("hlt");
  }
  write(level::error, formatted<300>("osv: panic: {} (CPU {})", message, arch::cpu_id()));
  // For a debugger: docs/guide/protection.md says how the distance is used.
  write(level::error, formatted<100>("  rip {} rsp {}, kernel moved by {}", reinterpret_cast<void*>(instruction), reinterpret_cast<void*>(stack_pointer),
                                     reinterpret_cast<void*>(arch::areas.image_moved)));
  print_backtrace(instruction, frame_pointer);
  finish(message);
}

}  // namespace osv::log

namespace osv {

void panic(const char* message, const char* file, int line) {
  const formatted<256> text("{} ({}:{})", message, file, line);
  log::panic_at(text, reinterpret_cast<u64>(__builtin_return_address(0)), reinterpret_cast<u64>(__builtin_frame_address(0)),
                reinterpret_cast<u64>(__builtin_frame_address(0)));
}

}  // namespace osv
