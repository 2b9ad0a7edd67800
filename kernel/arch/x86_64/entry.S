// System calls, interrupts, exceptions and the context switch. Everything runs in ring 0.
//
// The program uses the red zone below its stack pointer, so nothing may be pushed there: system calls switch stacks by
// hand, and every interrupt gate names an IST stack. From the IST stack the frame moves at once, with interrupts off, to the
// thread's kernel stack (program interrupted) or below the kernel's own stack pointer (kernel interrupted: it has no red zone),
// so that handlers may sleep and nest.

#define GS_KERNEL_STACK 8
#define GS_PROGRAM_SP 16
#define GS_CURRENT 24
#define THREAD_ATTENTION 4          // behind the reference count; asserted in sched/scheduler.cc
#define GS_CALL_COUNTS 48

  .section .text.entry, "ax"

// Linux system-call convention: number in rax, arguments in rdi rsi rdx r10 r8 r9, result in rax; rcx and r11 are lost.
  .globl system_call_entry
  .align 64
system_call_entry:
  mov %rsp, %gs:GS_PROGRAM_SP      // interrupts are off (SFMASK)
  mov %gs:GS_KERNEL_STACK, %rsp
  pushq $0x10
  pushq %gs:GS_PROGRAM_SP
  push %r11
  pushq $0x08
  push %rcx
  push %rax
  push %rdi
  push %rsi
  push %rdx
  push %rcx
  push %rax
  push %r8
  push %r9
  push %r10
  push %r11
  push %rbx
  push %rbp
  push %r12
  push %r13
  push %r14
  push %r15
  sti
  cld
  mov %r10, %rcx
  cmp $512, %rax
  jae 2f
  mov %gs:GS_CALL_COUNTS, %r11              // this CPU's count of calls by number
  testb $15, (%r11,%rax,8)         // the first call and then one in sixteen is timed
  jz 4f
  incq (%r11,%rax,8)
  lea system_call_handlers(%rip), %r11
  call *(%r11,%rax,8)
1:
  mov %rax, 80(%rsp)
  cli
  mov %gs:GS_CURRENT, %rcx
  cmpl $0, THREAD_ATTENTION(%rcx)  // signals, end of the thread
  jne 3f
  // The handler has kept rbx, rbp and r12 to r15 (System V ABI); whoever writes others into the frame asks for attention.
  add $56, %rsp
  pop %r10
  pop %r9
  pop %r8
  pop %rax
  add $8, %rsp
  pop %rdx
  pop %rsi
  pop %rdi
  mov 8(%rsp), %rcx                // rip
  mov 24(%rsp), %r11               // flags, interrupts still off
  andq $~0x200, 24(%rsp)
  add $24, %rsp
  popfq
  mov (%rsp), %rsp
  sti                              // takes effect after the next instruction (SDM volume 2, STI)
  jmp *%rcx
2:
  mov %rax, %rdi
  call system_call_out_of_range
  jmp 1b
4:
  incq (%r11,%rax,8)
  mov %rsp, %rdi
  call system_call_timed
  jmp 1b
3:
  mov %rsp, %rdi
  call system_call_slow_return     // may rewrite the frame; returns with interrupts off
  // A rewritten frame (signal, sigreturn, exec) needs every register as it stands there.
  jmp interrupt_return

// A new thread's first return to the program, and every return of an interrupt.
  .globl interrupt_return
interrupt_return:
  pop %r15
  pop %r14
  pop %r13
  pop %r12
  pop %rbp
  pop %rbx
  pop %r11
  pop %r10
  pop %r9
  pop %r8
  pop %rax
  pop %rcx
  pop %rdx
  pop %rsi
  pop %rdi
  add $8, %rsp
  iretq

// enter_program(register_frame*): the frame need not lie on a stack; nothing is pushed while it is read, interrupts are off.
  .globl enter_program
enter_program:
  mov %rdi, %rsp
  jmp interrupt_return

// Builds the frame on the proper stack and calls `interrupt_dispatch(frame, vector)`.
// On the IST stack: vector, error code, rip, cs, rflags, rsp, ss.
interrupt_common:
  push %rax
  push %rbx
  mov 56(%rsp), %rax               // interrupted rsp
  test %rax, %rax
  js 1f
  mov %gs:GS_KERNEL_STACK, %rax    // program's stack: the thread's kernel stack is empty
1:
  and $~15, %rax
  mov 64(%rsp), %rbx
  mov %rbx, -8(%rax)               // ss
  mov 56(%rsp), %rbx
  mov %rbx, -16(%rax)              // rsp
  mov 48(%rsp), %rbx
  mov %rbx, -24(%rax)              // rflags
  mov 40(%rsp), %rbx
  mov %rbx, -32(%rax)              // cs
  mov 32(%rsp), %rbx
  mov %rbx, -40(%rax)              // rip
  mov 24(%rsp), %rbx
  mov %rbx, -48(%rax)              // error code
  mov %rdi, -56(%rax)
  mov %rsi, -64(%rax)
  mov %rdx, -72(%rax)
  mov %rcx, -80(%rax)
  mov 8(%rsp), %rbx
  mov %rbx, -88(%rax)              // rax
  mov %r8, -96(%rax)
  mov %r9, -104(%rax)
  mov %r10, -112(%rax)
  mov %r11, -120(%rax)
  mov (%rsp), %rbx
  mov %rbx, -128(%rax)             // rbx
  mov %rbp, -136(%rax)
  mov %r12, -144(%rax)
  mov %r13, -152(%rax)
  mov %r14, -160(%rax)
  mov %r15, -168(%rax)
  mov 16(%rsp), %esi               // vector
  lea -168(%rax), %rdi
  mov %rdi, %rsp
  mov %rsp, %rbp
  cld
  sub $8, %rsp                     // 16-byte alignment at the call
  call interrupt_dispatch
  add $8, %rsp
  jmp interrupt_return

// One stub a vector, 16 bytes apart.
  .macro stub vector
  .align 16
  .if (\vector == 8) || ((\vector >= 10) && (\vector <= 14)) || (\vector == 17) || (\vector == 21) || (\vector == 29) || (\vector == 30)
  .else
  pushq $0
  .endif
  pushq $\vector
  jmp interrupt_common
  .endm
  .altmacro
  .macro stub_at v
  stub %v
  .endm
  .globl interrupt_stubs
  .align 16
interrupt_stubs:
  .set v, 0
  .rept 256
  stub_at v
  .set v, v + 1
  .endr
  .noaltmacro

// switch_stacks(u64* save_stack_pointer, u64 load_stack_pointer): callee-saved registers travel on the stacks.
  .globl switch_stacks
  .align 16
switch_stacks:
  push %rbp
  push %rbx
  push %r12
  push %r13
  push %r14
  push %r15
  mov %rsp, (%rdi)
  mov %rsi, %rsp
  pop %r15
  pop %r14
  pop %r13
  pop %r12
  pop %rbx
  pop %rbp
  ret

// First run of a thread: switch_stacks "returns" here with the entry function in rbx and its argument in r12.
  .globl thread_start
thread_start:
  mov %r12, %rdi
  xor %ebp, %ebp
  call *%rbx
  ud2

// u64 copy_guarded(void* to, const void* from, size): 0, or the number of bytes left when an address faulted.
  .globl copy_guarded
  .align 16
copy_guarded:
  mov %rdx, %rcx
  and $7, %edx
  shr $3, %rcx
1: rep movsq
  mov %edx, %ecx
2: rep movsb
  xor %eax, %eax
  ret
3: lea (%rdx,%rcx,8), %rax
  ret
4: mov %rcx, %rax
  ret
  .pushsection .exception_table, "a"
  .long 1b - ., 3b - ., 2b - ., 4b - .
  .popsection

// u64 zero_guarded(void* to, size): like copy_guarded.
  .globl zero_guarded
  .align 16
zero_guarded:
  xor %eax, %eax
  mov %rsi, %rcx
  mov %esi, %edx
  and $7, %edx
  shr $3, %rcx
1: rep stosq
  mov %edx, %ecx
2: rep stosb
  ret
3: lea (%rdx,%rcx,8), %rax
  ret
4: mov %rcx, %rax
  ret
  .pushsection .exception_table, "a"
  .long 1b - ., 3b - ., 2b - ., 4b - .
  .popsection

// bool load_u32_guarded(const u32* from, u32* into): false when the address faulted.
  .globl load_u32_guarded
load_u32_guarded:
1: mov (%rdi), %ecx
  mov %ecx, (%rsi)
  mov $1, %eax
  ret
2: xor %eax, %eax
  ret
  .pushsection .exception_table, "a"
  .long 1b - ., 2b - .
  .popsection

// bool compare_exchange_u32_guarded(u32* at, u32* expected, u32 desired, bool* exchanged)
  .globl compare_exchange_u32_guarded
compare_exchange_u32_guarded:
  push %rbx
  mov %rcx, %r8
  mov (%rsi), %eax
1: lock cmpxchg %edx, (%rdi)
  sete (%r8)
  mov %eax, (%rsi)
  mov $1, %eax
  pop %rbx
  ret
2: xor %eax, %eax
  pop %rbx
  ret
  .pushsection .exception_table, "a"
  .long 1b - ., 2b - .
  .popsection

  .section .note.GNU-stack, "", @progbits
