// The vDSO of AT_SYSINFO_EHDR parses as ELF, as Go's runtime does it, and its clock_gettime works when called directly.
// variants: dynamic static musl
#include "../conformance.h"
#include <elf.h>
#include <sys/auxv.h>

static void *find(const char *wanted) {
    const char *base = (const char *)getauxval(AT_SYSINFO_EHDR);
    must(base != NULL && memcmp(base, ELFMAG, SELFMAG) == 0);
    const Elf64_Ehdr *header = (const Elf64_Ehdr *)base;
    const Elf64_Phdr *segments = (const Elf64_Phdr *)(base + header->e_phoff);
    const Elf64_Dyn *dynamic = NULL;
    uint64_t load = 0;
    for (int index = 0; index < header->e_phnum; index++) {
        if (segments[index].p_type == PT_LOAD && segments[index].p_offset == 0) load = (uint64_t)base - segments[index].p_vaddr;
        if (segments[index].p_type == PT_DYNAMIC) dynamic = (const Elf64_Dyn *)(base + segments[index].p_offset);
    }
    must(dynamic != NULL);
    const Elf64_Sym *symbols = NULL;
    const char *names = NULL;
    const uint32_t *hash = NULL, *gnu_hash = NULL;
    for (; dynamic->d_tag != DT_NULL; dynamic++) {
        if (dynamic->d_tag == DT_SYMTAB) symbols = (const Elf64_Sym *)(load + dynamic->d_un.d_ptr);
        if (dynamic->d_tag == DT_STRTAB) names = (const char *)(load + dynamic->d_un.d_ptr);
        if (dynamic->d_tag == DT_HASH) hash = (const uint32_t *)(load + dynamic->d_un.d_ptr);
        if (dynamic->d_tag == DT_GNU_HASH) gnu_hash = (const uint32_t *)(load + dynamic->d_un.d_ptr);
    }
    must(symbols && names && (hash || gnu_hash));
    // With no DT_HASH the count is not told; the tables follow each other, so the names bound the symbols.
    size_t count = hash ? hash[1] : (size_t)((const char *)names - (const char *)symbols) / sizeof(Elf64_Sym);
    for (size_t index = 0; index < count; index++)
        if (symbols[index].st_shndx != SHN_UNDEF && strcmp(names + symbols[index].st_name, wanted) == 0)
            return (void *)(load + symbols[index].st_value);
    return NULL;
}

int main(void) {
    int (*get)(clockid_t, struct timespec *) = (int (*)(clockid_t, struct timespec *))find("__vdso_clock_gettime");
    say_truth("clock_gettime found", get != NULL);
    say_truth("gettimeofday found", find("__vdso_gettimeofday") != NULL);
    say_truth("time found", find("__vdso_time") != NULL);
    say_truth("getcpu found", find("__vdso_getcpu") != NULL);
    struct timespec direct, usual;
    must(get(CLOCK_MONOTONIC, &direct) == 0);
    must(clock_gettime(CLOCK_MONOTONIC, &usual) == 0);
    say_truth("same clock", usual.tv_sec - direct.tv_sec <= 1);
    return 0;
}
