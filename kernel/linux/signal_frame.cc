#include "linux/signal_frame.hh"

#include <cstring>

#include "arch/x86_64/fpu.hh"
#include "memory/user_copy.hh"

namespace osv::linux_abi {

namespace {

/// struct sigcontext of x86-64 (asm/sigcontext.h).
struct machine_context {
  u64 r8, r9, r10, r11, r12, r13, r14, r15, rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip, flags;
  u16 cs, gs, fs, ss;
  u64 error, trap, old_mask, fault_address;
  u64 vector_state;
  u64 reserved[8];
};
static_assert(sizeof(machine_context) == 256);

struct signal_frame {
  u64 return_address;
  u64 flags;
  u64 link;
  u64 stack;
  u32 stack_flags;
  u32 padding;
  u64 stack_size;
  machine_context registers;
  u64 mask;
  signal_info info;
};
static_assert(sizeof(signal_frame) == 440);

constexpr u64 uc_extended_state = 1, uc_ss = 2, uc_strict_ss = 4;
constexpr u32 extended_magic_begin = 0x46505853, extended_magic_end = 0x46505845;
constexpr usize software_area = 464;  // bytes into the legacy FXSAVE image (asm/sigcontext.h, _fpx_sw_bytes)

struct software_bytes {
  u32 magic;
  u32 extended_size;  // state and end mark
  u64 features;
  u32 state_size;
  u32 padding[7];
};

/// What the program may change in its flags: everything arithmetic, the direction, the trap and alignment flags.
constexpr u64 program_flags = 0x50dd5;
constexpr u64 always_on = 0x202;

usize state_size() { return arch::features.xsave ? arch::features.xsave_size : 512; }

/// A 64-byte aligned copy of vector state.
struct state_buffer {
  void* data = ::operator new(align_up(state_size(), 64), std::align_val_t{64}, std::nothrow);
  ~state_buffer() { ::operator delete(data, std::align_val_t{64}); }
};

bool on_alternate_stack(const task& t, u64 stack_pointer) {
  return t.alternate_stack_size && stack_pointer > t.alternate_stack && stack_pointer - t.alternate_stack <= t.alternate_stack_size;
}

result<> save_vector_state(u64 to) {
  state_buffer state;
  if (!state.data) return fail(errc::no_memory);
  std::memset(state.data, 0, state_size());
  arch::save_fpu_whole(state.data);
  if (arch::features.xsave) {
    const software_bytes mark{extended_magic_begin, static_cast<u32>(state_size() + 4), arch::features.xsave_mask,
                              static_cast<u32>(state_size()), {}};
    std::memcpy(static_cast<u8*>(state.data) + software_area, &mark, sizeof mark);
    TRY(memory::write_program(reinterpret_cast<void*>(to + state_size()), extended_magic_end));
  }
  return memory::copy_to_program(reinterpret_cast<void*>(to), state.data, state_size());
}

result<> load_vector_state(u64 from) {
  state_buffer state;
  if (!state.data) return fail(errc::no_memory);
  TRY(memory::copy_from_program(state.data, reinterpret_cast<const void*>(from), state_size()));
  auto* bytes = static_cast<u8*>(state.data);
  // Reserved bits would fault in the restore (SDM volume 1, 13.8.1): keep only what is defined.
  u32 mxcsr;
  std::memcpy(&mxcsr, bytes + 24, 4);
  mxcsr &= 0xffff;
  std::memcpy(bytes + 24, &mxcsr, 4);
  if (arch::features.xsave) {
    software_bytes mark;
    std::memcpy(&mark, bytes + software_area, sizeof mark);
    u64 present = 3;
    if (mark.magic == extended_magic_begin) {
      std::memcpy(&present, bytes + 512, 8);
      present &= arch::features.xsave_mask;
    }
    std::memset(bytes + 512, 0, 64);
    std::memcpy(bytes + 512, &present, 8);
  }
  arch::restore_fpu(state.data);
  return {};
}

}  // namespace

result<> push_signal_frame(task& t, arch::register_frame& frame, const signal_action& action, const signal_info& info, signal_set mask) {
  u64 sp = frame.rsp - 128;  // the red zone
  if (action.flags & action_flag::on_stack && t.alternate_stack_size && !on_alternate_stack(t, frame.rsp))
    sp = t.alternate_stack + t.alternate_stack_size;
  const u64 vector_state = align_down(sp - state_size() - 4, 64);
  const u64 at = align_down(vector_state - sizeof(signal_frame), 16) - 8;
  if (at > frame.rsp && !t.alternate_stack_size) return fail(errc::fault);
  // A frame that starts on the alternate stack must not run over its lower end.
  if (on_alternate_stack(t, sp) && !on_alternate_stack(t, at)) return fail(errc::fault);

  signal_frame f{};
  f.return_address = action.restorer;
  f.flags = (arch::features.xsave ? uc_extended_state : 0) | uc_ss | uc_strict_ss;
  f.stack = t.alternate_stack;
  f.stack_size = t.alternate_stack_size;
  f.stack_flags = t.alternate_stack_size == 0 ? 2 : on_alternate_stack(t, frame.rsp) ? 1 : 0;
  machine_context& m = f.registers;
  m.r8 = frame.r8;
  m.r9 = frame.r9;
  m.r10 = frame.r10;
  m.r11 = frame.r11;
  m.r12 = frame.r12;
  m.r13 = frame.r13;
  m.r14 = frame.r14;
  m.r15 = frame.r15;
  m.rdi = frame.rdi;
  m.rsi = frame.rsi;
  m.rbp = frame.rbp;
  m.rbx = frame.rbx;
  m.rdx = frame.rdx;
  m.rax = frame.rax;
  m.rcx = frame.rcx;
  m.rsp = frame.rsp;
  m.rip = frame.rip;
  m.flags = frame.rflags;
  m.cs = 0x33;  // what a Linux program sees; the way back does not look at it
  m.ss = 0x2b;
  m.error = t.fault_error;
  m.trap = t.fault_trap;
  m.old_mask = mask;
  m.fault_address = t.fault_address;
  m.vector_state = vector_state;
  f.mask = mask;
  f.info = info;

  TRY(save_vector_state(vector_state));
  TRY(memory::copy_to_program(reinterpret_cast<void*>(at), &f, sizeof f));

  frame.rsp = at;
  frame.rip = action.handler;
  frame.rdi = static_cast<u64>(info.number);
  frame.rsi = at + offsetof(signal_frame, info);
  frame.rdx = at + offsetof(signal_frame, flags);
  frame.rax = 0;
  frame.rflags = (frame.rflags & ~0x10500ull) | always_on;  // no direction, trap or resume flag in the handler
  return {};
}

result<> pop_signal_frame(task& t, arch::register_frame& frame) {
  // The handler's `ret` took the return address.
  const u64 at = frame.rsp - 8;
  const signal_frame f = TRY(memory::read_program<signal_frame>(reinterpret_cast<const void*>(at)));
  const machine_context& m = f.registers;
  if (m.vector_state) TRY(load_vector_state(m.vector_state));
  frame.r8 = m.r8;
  frame.r9 = m.r9;
  frame.r10 = m.r10;
  frame.r11 = m.r11;
  frame.r12 = m.r12;
  frame.r13 = m.r13;
  frame.r14 = m.r14;
  frame.r15 = m.r15;
  frame.rdi = m.rdi;
  frame.rsi = m.rsi;
  frame.rbp = m.rbp;
  frame.rbx = m.rbx;
  frame.rdx = m.rdx;
  frame.rax = m.rax;
  frame.rcx = m.rcx;
  frame.rsp = m.rsp;
  frame.rip = m.rip;
  frame.rflags = (m.flags & program_flags) | always_on;
  // A program counter or stack in the kernel's half could only come from a damaged frame.
  if (!memory::is_program_range(frame.rip, 1)) return fail(errc::fault);
  lock::guard g(t.owner.signal_lock);
  t.blocked = f.mask & ~(bit_of(signal::kill) | bit_of(signal::stop));
  recompute_attention(t);
  return {};
}

}  // namespace osv::linux_abi
