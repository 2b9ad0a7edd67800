/// Prints where the loader and the kernel have put things, and what the kernel's random bytes are: one line of JSON.
/// Linked dynamically and position-independent, so that every area of an ordinary program is there.
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/mman.h>

int main(void) {
    int local = 0;
    void *heap = malloc(16), *mapping = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    const unsigned long *random = (const unsigned long *)getauxval(AT_RANDOM);
    printf("{\"program\": \"%lx\", \"library\": \"%lx\", \"stack\": \"%lx\", \"heap\": \"%lx\", \"mapping\": \"%lx\", \"vdso\": \"%lx\", "
           "\"random\": \"%lx%lx\"}\n", (unsigned long)main, (unsigned long)printf, (unsigned long)&local, (unsigned long)heap,
           (unsigned long)mapping, getauxval(AT_SYSINFO_EHDR), random[0], random[1]);
    return 0;
}
