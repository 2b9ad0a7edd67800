// How a thread comes to be: its stack, its registers' area, and the first frame that switch_stacks returns into.
#include "arch/x86_64/features.hh"
#include "arch/x86_64/fpu.hh"
#include "sched/run_queue.hh"
#include "sched/scheduler.hh"
#include "sched/stack_pool.hh"

extern "C" void thread_start();

namespace osv::sched {

namespace {

void first_run(void* argument) {
  finish_first_switch();
  auto* t = static_cast<thread*>(argument);
  arch::enable_interrupts();
  t->body();
  exit_current();
}

}  // namespace

result<ref<thread>> create_thread(const thread_options& options, void (*entry)(void*), void* argument) {
  reap_dead();
  ref<thread> t = TRY(make_ref<thread>());
  TRY(acquire_stack(*t));
  if (options.program) {
    t->fpu = ::operator new(align_up(arch::features.xsave_size, 64), std::align_val_t{64}, std::nothrow);
    if (!t->fpu) return fail(errc::no_memory);
    arch::initialize_fpu_area(t->fpu);
  }
  const usize length = options.name.size() < sizeof t->name - 1 ? options.name.size() : sizeof t->name - 1;
  __builtin_memcpy(t->name, options.name.data(), length);
  t->affinity = options.affinity;
  t->urgent = options.urgent;
  // What switch_stacks pops: r15 r14 r13 r12 rbx rbp, then the return address.
  auto* stack = reinterpret_cast<u64*>(t->kernel_stack_top);
  --stack;  // aligns thread_start's call
  *--stack = reinterpret_cast<u64>(&thread_start);
  *--stack = 0;                                  // rbp
  *--stack = reinterpret_cast<u64>(entry);       // rbx
  *--stack = reinterpret_cast<u64>(argument);    // r12
  *--stack = 0;
  *--stack = 0;
  *--stack = 0;
  t->stack_pointer = reinterpret_cast<u64>(stack);
  add_to_all(*t);
  return t;
}

result<ref<thread>> spawn(std::string_view name, inplace_function<void(), 64> body) {
  thread_options options;
  options.name = name;
  ref<thread> t = TRY(create_thread(options, nullptr, nullptr));
  // Above every id that a thread of the program can have (pid_max, 2^22): traces tell kernel threads apart.
  static constinit std::atomic<u32> next_id{1u << 22};
  t->id = next_id.fetch_add(1, std::memory_order_relaxed);
  t->body = body;
  auto* stack = reinterpret_cast<u64*>(t->stack_pointer);
  stack[4] = reinterpret_cast<u64>(&first_run);
  stack[3] = reinterpret_cast<u64>(t.get());
  start(*t);
  return t;
}

thread::~thread() { ::operator delete(fpu, std::align_val_t{64}); }

}  // namespace osv::sched
