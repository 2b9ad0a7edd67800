// The auxiliary vector holds what C libraries and runtimes read at their start.
// variants: dynamic static musl
#include "../conformance.h"
#include <elf.h>
#include <sys/auxv.h>

int main(void) {
    say("page size %lu\n", getauxval(AT_PAGESZ));
    say("ticks a second %lu\n", getauxval(AT_CLKTCK));
    say("secure %lu\n", getauxval(AT_SECURE));
    say("uid %lu %lu, gid %lu %lu\n", getauxval(AT_UID), getauxval(AT_EUID), getauxval(AT_GID), getauxval(AT_EGID));
    const unsigned char *random = (const unsigned char *)getauxval(AT_RANDOM);
    int different = 0;
    for (int index = 1; index < 16; index++) different += random[index] != random[0];
    say_truth("random bytes", different > 4);
    say_truth("program name", getauxval(AT_EXECFN) && strstr((const char *)getauxval(AT_EXECFN), "auxiliary-vector"));
    say("platform %s\n", (const char *)getauxval(AT_PLATFORM));
    const Elf64_Phdr *segments = (const Elf64_Phdr *)getauxval(AT_PHDR);
    int loads = 0;
    for (unsigned long index = 0; index < getauxval(AT_PHNUM); index++) loads += segments[index].p_type == PT_LOAD;
    say_truth("program headers", loads >= 2 && getauxval(AT_PHENT) == sizeof(Elf64_Phdr));
    extern void _start(void);
    say_truth("entry", getauxval(AT_ENTRY) == (unsigned long)_start);
    say_truth("vDSO", getauxval(AT_SYSINFO_EHDR) != 0);
    say_truth("hardware capabilities", getauxval(AT_HWCAP) != 0);
    return 0;
}
