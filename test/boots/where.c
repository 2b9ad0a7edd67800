/// Prints where the loader and the kernel have put things, and what the kernel's random bytes are: one line of JSON.
/// Linked dynamically and position-independent, so that every area of an ordinary program is there. Where the kernel is, the
/// program may ask the processor: it runs in ring 0.
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/mman.h>

/// Where `syscall` goes (SDM volume 4, IA32_LSTAR): an address in the kernel's image.
static unsigned long system_call_entry(void) {
    unsigned low, high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(0xc0000082));
    return (unsigned long)high << 32 | low;
}

/// Fields of the kernel's block of this CPU (kernel/arch/x86_64/entry.S): the thread's kernel stack, and its object on the heap.
static unsigned long kernel_stack(void) {
    unsigned long value;
    __asm__ volatile("mov %%gs:8, %0" : "=r"(value));
    return value;
}
static unsigned long kernel_heap(void) {
    unsigned long value;
    __asm__ volatile("mov %%gs:24, %0" : "=r"(value));
    return value;
}

int main(void) {
    int local = 0;
    void *heap = malloc(16), *mapping = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    const unsigned long *random = (const unsigned long *)getauxval(AT_RANDOM);
    printf("{\"program\": \"%lx\", \"library\": \"%lx\", \"stack\": \"%lx\", \"heap\": \"%lx\", \"mapping\": \"%lx\", \"vdso\": \"%lx\", ",
           (unsigned long)main, (unsigned long)printf, (unsigned long)&local, (unsigned long)heap, (unsigned long)mapping,
           getauxval(AT_SYSINFO_EHDR));
    printf("\"kernel\": \"%lx\", \"kernelStack\": \"%lx\", \"kernelHeap\": \"%lx\", \"random\": \"%lx%lx\"}\n", system_call_entry(),
           kernel_stack(), kernel_heap(), random[0], random[1]);
    return 0;
}
