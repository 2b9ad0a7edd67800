// The linked vDSO, as bytes in the kernel.
  .section .rodata
  .balign 4096
  .globl vdso_image_start, vdso_image_end
vdso_image_start:
  .incbin VDSO_PATH
vdso_image_end:
  .section .note.GNU-stack, "", @progbits
