// From the PVH entry (Xen PVH boot ABI: 32-bit protected mode, paging off, %ebx = hvm_start_info) to 64-bit C++.
//
// The kernel lies at LOAD_ADDRESS in physical memory, and the addresses in it are not right before place_kernel() has chosen where
// it runs: until then, everything is found relative to pvh_entry, which is the first thing in the image (kernel.ld asserts it).
#define LOAD_ADDRESS 0x100000
#define FROM_ENTRY(symbol) ((symbol) - pvh_entry)

  .section .note.Xen, "a", @note
  .align 4
  .long 4                     // "Xen\0"
  .long 4                     // a 32-bit physical address
  .long 18                    // XEN_ELFNOTE_PHYS32_ENTRY
  .asciz "Xen"
  .long LOAD_ADDRESS

  .section .boot.text, "ax"
  .code32
  .globl pvh_entry
pvh_entry:
  cld
  cli
  mov $LOAD_ADDRESS, %ebp
  rdtsc
  mov %eax, FROM_ENTRY(boot_entry_timestamp)(%ebp)
  mov %edx, FROM_ENTRY(boot_entry_timestamp + 4)(%ebp)
  mov %ebx, FROM_ENTRY(boot_start_info)(%ebp)
  lea FROM_ENTRY(boot_stack_top)(%ebp), %esp

  // Page tables for the start: the first GiB at 0, in 2 MiB pages. place_kernel() adds the kernel's half.
  lea FROM_ENTRY(boot_page_directory)(%ebp), %edi
  lea 3(%edi), %edx
  mov $0x83, %eax             // present, writable, 2 MiB
  mov $512, %ecx
1:
  mov %eax, (%edi)
  movl $0, 4(%edi)
  add $0x200000, %eax
  add $8, %edi
  loop 1b
  lea FROM_ENTRY(boot_pdpt_low)(%ebp), %eax
  mov %edx, (%eax)
  add $3, %eax
  lea FROM_ENTRY(boot_pml4)(%ebp), %ebx
  mov %eax, (%ebx)

  mov $0x6a0, %eax            // CR4: PAE, PGE, OSFXSR, OSXMMEXCPT
  mov %eax, %cr4
  mov %ebx, %cr3
  mov $0xc0000080, %ecx       // EFER: SCE, LME, NXE
  mov $0x901, %eax
  xor %edx, %edx
  wrmsr
  mov $0x80010033, %eax       // CR0: PG, WP, NE, ET, MP, PE
  mov %eax, %cr0
  lea FROM_ENTRY(boot_gdt)(%ebp), %eax
  mov %eax, FROM_ENTRY(boot_gdt_pointer + 2)(%ebp)
  lgdt FROM_ENTRY(boot_gdt_pointer)(%ebp)
  lea FROM_ENTRY(1f)(%ebp), %eax
  push $0x08
  push %eax
  lret
  .code64
1:
  mov $0x10, %eax
  mov %eax, %ds
  mov %eax, %es
  mov %eax, %ss
  xor %eax, %eax
  mov %eax, %fs
  mov %eax, %gs
  lea boot_stack_top(%rip), %rsp
  mov boot_start_info(%rip), %rdi
  xor %ebp, %ebp
  call place_kernel           // how far from here the kernel runs
  mov %cr3, %rcx
  mov %rcx, %cr3
  lea boot_stack_top(%rip), %rsp
  add %rax, %rsp
  lea boot_main(%rip), %rcx
  add %rax, %rcx
  call *%rcx
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

  .section .data
  .align 8
boot_gdt:
  .quad 0
  .quad 0x00af9a000000ffff
  .quad 0x00cf92000000ffff
boot_gdt_pointer:
  .word 23
  .long 0
  .globl boot_start_info, boot_entry_timestamp
  .align 8
boot_start_info: .quad 0
boot_entry_timestamp: .quad 0

  .section .boot.bss, "aw", @nobits
  .align 4096
  .globl boot_pml4, boot_page_directory, boot_pdpt_map, boot_pdpt_image, boot_image_directory, boot_image_tables
boot_pml4: .skip 4096
boot_pdpt_low: .skip 4096
boot_page_directory: .skip 4096
boot_pdpt_map: .skip 4096
boot_pdpt_image: .skip 4096
boot_image_directory: .skip 4096
boot_image_tables: .skip 3 * 4096  // an image of 4 MiB at most touches three (kernel.ld asserts it)
  .globl boot_stack_guard, boot_stack_top
boot_stack_guard: .skip 4096       // unmapped once the page tables are built
  .skip 16384
boot_stack_top:

  .section .note.GNU-stack, "", @progbits
