// dl_iterate_phdr shows the program, its libraries and the vDSO, with sane program headers.
// variants: dynamic static static-pie
#include "../conformance.h"
#include <link.h>

static int program, with_code;

static int visit(struct dl_phdr_info *info, size_t size, void *data) {
    (void)size;
    (void)data;
    for (int index = 0; index < info->dlpi_phnum; index++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[index];
        if (segment->p_type != PT_LOAD || !(segment->p_flags & PF_X)) continue;
        with_code++;
        uintptr_t start = info->dlpi_addr + segment->p_vaddr;
        if ((uintptr_t)visit >= start && (uintptr_t)visit < start + segment->p_memsz) program++;
    }
    return 0;
}

int main(void) {
    dl_iterate_phdr(visit, NULL);
    say("objects that hold this function: %d\n", program);
    say_truth("some objects have code", with_code >= 1);
    return 0;
}
