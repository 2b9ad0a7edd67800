// The C++ half of the system-call entry: the handler table, timed calls, and the slow way back to the program.
#include <new>

#include "arch/x86_64/tsc.hh"
#include "linux/gate.hh"
#include "linux/system_call.hh"
#include "linux/task.hh"
#include "trace/count.hh"
#include "trace/points.hh"

namespace osv::linux_abi {

namespace {

// By number, made when a call is first timed: a program uses a few dozen of the hundreds.
constinit std::atomic<trace::histogram_values*> latencies[system_calls_max];

void record_latency(u64 number, nanoseconds duration) {
  std::atomic<trace::histogram_values*>& slot = latencies[number];
  trace::histogram_values* values = slot.load(std::memory_order_acquire);
  if (!values) {
    auto* fresh = new (std::nothrow) trace::histogram_values{};
    if (!fresh) return;
    // release: who sees the pointer sees the zeros. acquire: another CPU may have been faster.
    if (slot.compare_exchange_strong(values, fresh, std::memory_order_acq_rel, std::memory_order_acquire))
      values = fresh;
    else
      delete fresh;
  }
  const u64 value = duration > 0 ? static_cast<u64>(duration) : 0;
  __atomic_fetch_add(&values->buckets[trace::bucket_of(value)], 1, __ATOMIC_RELAXED);
  __atomic_fetch_add(&values->sum_nanoseconds, value, __ATOMIC_RELAXED);
}

}  // namespace

const trace::histogram_values* system_call_latency(unsigned number) { return latencies[number].load(std::memory_order_acquire); }

}  // namespace osv::linux_abi

extern "C" {

/// What entry.S calls by number; filled in by initialize_system_calls().
osv::linux_abi::system_call_handler system_call_handlers[osv::linux_abi::system_calls_max];

osv::i64 system_call_out_of_range(osv::u64 number) { return osv::linux_abi::unimplemented(static_cast<unsigned>(number)); }

osv::i64 system_call_timed(osv::arch::register_frame* frame) {
  const osv::u64 from = osv::arch::timestamp();
  const osv::i64 value = system_call_handlers[frame->error_code](frame->rdi, frame->rsi, frame->rdx, frame->r10, frame->r8, frame->r9);
  osv::linux_abi::record_latency(frame->error_code, osv::arch::ticks_to_nanoseconds(osv::arch::timestamp() - from));
  return value;
}

/// Interrupts are off on entry and on return.
void system_call_slow_return(osv::arch::register_frame* frame) {
  using namespace osv;
  sched::thread& thread = sched::current();
  bool system_call = !(thread.attention.fetch_and(~sched::attention_bit::whole_frame, std::memory_order_relaxed) &
                       sched::attention_bit::whole_frame);
  while (thread.attention.load(std::memory_order_acquire)) {
    arch::enable_interrupts();
    thread.attention.fetch_and(~sched::attention_bit::restore_mask, std::memory_order_relaxed);
    linux_abi::deliver_signals(*frame, system_call);
    system_call = false;  // a restart is settled once
    arch::disable_interrupts();
  }
}

}  // extern "C"

namespace osv::linux_abi {

namespace {

i64 not_there(u64, u64, u64, u64, u64, u64) {
  return unimplemented(static_cast<unsigned>(current_task().program_frame().error_code));
}

i64 traced(u64 a, u64 b, u64 c, u64 d, u64 e, u64 f) {
  const auto number = static_cast<unsigned>(current_task().program_frame().error_code);
  trace::point::system_call_enter(number, a, b, c);
  const system_call_handler handler = system_call_table[number].handler;
  const i64 value = handler ? handler(a, b, c, d, e, f) : unimplemented(number);
  trace::point::system_call_exit(number, value);
  return value;
}

}  // namespace

void initialize_system_calls() { trace_system_calls(false); }

void trace_system_calls(bool on) {
  for (unsigned i = 0; i < system_calls_max; ++i) {
    const system_call_handler plain = system_call_table[i].handler ? system_call_table[i].handler : &not_there;
    __atomic_store_n(&system_call_handlers[i], on ? &traced : plain, __ATOMIC_RELAXED);
  }
}

}  // namespace osv::linux_abi
