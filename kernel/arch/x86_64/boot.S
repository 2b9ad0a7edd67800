// From the PVH entry (Xen PVH boot ABI: 32-bit protected mode, paging off, %ebx = hvm_start_info) to 64-bit C++.
#define VIRTUAL_BASE 0xffffffff80000000
#define PHYSICAL(symbol) ((symbol) - VIRTUAL_BASE)

  .section .note.Xen, "a", @note
  .align 4
  .long 4                     // "Xen\0"
  .long 4                     // a 32-bit physical address
  .long 18                    // XEN_ELFNOTE_PHYS32_ENTRY
  .asciz "Xen"
  .long PHYSICAL(pvh_entry)

  .section .boot.text, "ax"
  .code32
  .globl pvh_entry
pvh_entry:
  cld
  cli
  rdtsc
  mov %eax, PHYSICAL(boot_entry_timestamp)
  mov %edx, PHYSICAL(boot_entry_timestamp) + 4
  mov %ebx, PHYSICAL(boot_start_info)
  mov $PHYSICAL(boot_stack_top), %esp

  // Page tables for the start: the first GiB at 0, at the physical map and at -2 GiB, in 2 MiB pages.
  mov $PHYSICAL(boot_page_directory), %edi
  mov $0x83, %eax             // present, writable, 2 MiB
  mov $512, %ecx
1:
  mov %eax, (%edi)
  movl $0, 4(%edi)
  add $0x200000, %eax
  add $8, %edi
  loop 1b
  movl $PHYSICAL(boot_page_directory) + 3, PHYSICAL(boot_pdpt_low)
  movl $PHYSICAL(boot_page_directory) + 3, PHYSICAL(boot_pdpt_high) + 510 * 8
  movl $PHYSICAL(boot_pdpt_low) + 3, PHYSICAL(boot_pml4)
  movl $PHYSICAL(boot_pdpt_low) + 3, PHYSICAL(boot_pml4) + 256 * 8
  movl $PHYSICAL(boot_pdpt_high) + 3, PHYSICAL(boot_pml4) + 511 * 8

  mov $0x6a0, %eax            // CR4: PAE, PGE, OSFXSR, OSXMMEXCPT
  mov %eax, %cr4
  mov $PHYSICAL(boot_pml4), %eax
  mov %eax, %cr3
  mov $0xc0000080, %ecx       // EFER: SCE, LME, NXE
  mov $0x901, %eax
  xor %edx, %edx
  wrmsr
  mov $0x80010033, %eax       // CR0: PG, WP, NE, ET, MP, PE
  mov %eax, %cr0
  lgdt PHYSICAL(boot_gdt_pointer)
  ljmp $0x08, $PHYSICAL(1f)
  .code64
1:
  mov $0x10, %eax
  mov %eax, %ds
  mov %eax, %es
  mov %eax, %ss
  xor %eax, %eax
  mov %eax, %fs
  mov %eax, %gs
  movabs $boot_stack_top, %rsp
  xor %ebp, %ebp
  movabs $boot_main, %rax
  call *%rax
  ud2

// Application processors start here, copied to a page below 1 MiB (the start-up IPI's vector is its page number).
  .globl ap_trampoline_start, ap_trampoline_end
  .align 16
  .code16
ap_trampoline_start:
  cli
  cld
  mov %cs, %ax
  mov %ax, %ds
  movzx %ax, %ebx
  shl $4, %ebx                // linear address of the page
  lea (ap_gdt - ap_trampoline_start)(%ebx), %eax
  mov %eax, (ap_gdt_pointer + 2 - ap_trampoline_start)
  lgdtl (ap_gdt_pointer - ap_trampoline_start)
  lea (ap_protected - ap_trampoline_start)(%ebx), %eax
  mov %eax, (ap_jump - ap_trampoline_start)
  mov %cr0, %eax
  or $1, %eax
  mov %eax, %cr0
  ljmpl *(ap_jump - ap_trampoline_start)
  .align 8
ap_jump:
  .long 0
  .word 0x18
ap_gdt_pointer:
  .word 31
  .long 0
  .align 8
ap_gdt:
  .quad 0
  .quad 0x00af9a000000ffff    // 0x08: 64-bit code
  .quad 0x00cf92000000ffff    // 0x10: data
  .quad 0x00cf9a000000ffff    // 0x18: 32-bit code
  .code32
ap_protected:
  mov $0x10, %eax
  mov %eax, %ds
  mov %eax, %ss
  mov $0x6a0, %eax
  mov %eax, %cr4
  mov (ap_page_table - ap_trampoline_start)(%ebx), %eax
  mov %eax, %cr3
  mov $0xc0000080, %ecx
  mov $0x901, %eax
  xor %edx, %edx
  wrmsr
  mov $0x80010033, %eax
  mov %eax, %cr0
  lea 0xff0(%ebx), %esp       // the end of this page, for the two words of the far return
  lea (ap_long - ap_trampoline_start)(%ebx), %eax
  push $0x08
  push %eax
  lret
  .code64
ap_long:
  mov (ap_stack - ap_trampoline_start)(%rbx), %rsp
  mov (ap_argument - ap_trampoline_start)(%rbx), %rdi
  mov (ap_entry - ap_trampoline_start)(%rbx), %rax
  xor %ebp, %ebp
  call *%rax
  ud2
  .align 8
  .globl ap_page_table, ap_stack, ap_argument, ap_entry
ap_page_table: .quad 0
ap_stack: .quad 0
ap_argument: .quad 0
ap_entry: .quad 0
ap_trampoline_end:

  .section .rodata
  .align 8
boot_gdt:
  .quad 0
  .quad 0x00af9a000000ffff
  .quad 0x00cf92000000ffff
boot_gdt_pointer:
  .word 23
  .long PHYSICAL(boot_gdt)

  .section .data
  .globl boot_start_info, boot_entry_timestamp
  .align 8
boot_start_info: .quad 0
boot_entry_timestamp: .quad 0

  .section .boot.bss, "aw", @nobits
  .align 4096
  .globl boot_pml4
boot_pml4: .skip 4096
boot_pdpt_low: .skip 4096
boot_pdpt_high: .skip 4096
boot_page_directory: .skip 4096
  .globl boot_stack_guard, boot_stack_top
boot_stack_guard: .skip 4096       // unmapped once the page tables are built
  .skip 16384
boot_stack_top:

  .section .note.GNU-stack, "", @progbits
