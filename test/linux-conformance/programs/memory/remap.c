// mremap shrinks, grows in place or moves, keeps contents, and refuses to grow without leave to move.
// variants: dynamic static musl
#include "../conformance.h"

int main(void) {
    int access = PROT_READ | PROT_WRITE, kind = MAP_PRIVATE | MAP_ANONYMOUS;
    char *area = mmap(NULL, 16 * 4096, access, kind, -1, 0);
    must(area != MAP_FAILED);
    for (int page = 0; page < 16; page++) area[page * 4096] = (char)('a' + page);
    char *same = mremap(area, 16 * 4096, 8 * 4096, 0);
    say_truth("shrunk in place", same == area);
    mmap(area + 8 * 4096, 4096, access, kind | MAP_FIXED, -1, 0);
    say_status("grow without moving", (long)mremap(area, 8 * 4096, 9 * 4096, 0));
    char *moved = mremap(area, 8 * 4096, 64 * 4096, MREMAP_MAYMOVE);
    say_truth("moved", moved != MAP_FAILED && moved != area);
    int right = 1;
    for (int page = 0; page < 8; page++) right &= moved[page * 4096] == 'a' + page;
    for (int page = 8; page < 64; page++) right &= moved[page * 4096] == 0;
    say_truth("contents kept, rest zero", right);
    char *target = mmap(NULL, 64 * 4096, access, kind, -1, 0);
    char *fixed = mremap(moved, 64 * 4096, 64 * 4096, MREMAP_MAYMOVE | MREMAP_FIXED, target);
    say_truth("moved to a fixed place", fixed == target && fixed[4096] == 'b');
    say_status("unmapped source", (long)mremap(area, 4096, 8192, MREMAP_MAYMOVE));
    say_status("misaligned", (long)mremap(fixed + 1, 4096, 8192, MREMAP_MAYMOVE));
    say_status("new size zero", (long)mremap(fixed, 4096, 0, MREMAP_MAYMOVE));
    return 0;
}
