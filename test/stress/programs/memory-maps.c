// Threads map, unmap, protect, move and give back memory in one address space; every page keeps what was written to it.
#include "stress.h"

enum { workers = 6, areas = 8, pages_max = 700, page = 4096 };

typedef struct {
    unsigned char *at;
    size_t pages;
    uint64_t stamp[pages_max];  // 0: never written, reads as zero
    int protection;
} area;

static void check_page(const area *a, size_t index) {
    const uint64_t *words = (const uint64_t *)(a->at + index * page);
    must_say(words[0] == a->stamp[index] && words[511] == a->stamp[index], "page %zu of %zu at %p: %lx and %lx instead of %lx", index,
             a->pages, (void *)a->at, words[0], words[511], a->stamp[index]);
}

static void fill_page(area *a, size_t index, uint64_t stamp) {
    uint64_t *words = (uint64_t *)(a->at + index * page);
    words[0] = words[511] = stamp;
    a->stamp[index] = stamp;
}

static void check_all(const area *a) {
    if (!(a->protection & PROT_READ)) return;
    for (size_t index = 0; index < a->pages; index++) check_page(a, index);
}

static void map_area(area *a, random_source *r) {
    a->pages = 1 + below(r, below(r, 4) ? 64 : pages_max);
    a->protection = PROT_READ | PROT_WRITE;
    a->at = mmap(NULL, a->pages * page, a->protection, MAP_PRIVATE | MAP_ANONYMOUS | (below(r, 8) ? 0 : MAP_POPULATE), -1, 0);
    must(a->at != MAP_FAILED);
    memset(a->stamp, 0, sizeof a->stamp);
}

static void set_protection(area *a, int protection) {
    must(mprotect(a->at, a->pages * page, protection) == 0);
    a->protection = protection;
}

static void step(area *a, random_source *r) {
    if (!a->at) return map_area(a, r);
    if (a->protection != (PROT_READ | PROT_WRITE)) set_protection(a, PROT_READ | PROT_WRITE);
    const size_t index = below(r, a->pages);
    switch (below(r, 10)) {
        case 0:
            check_all(a);
            must(munmap(a->at, a->pages * page) == 0);
            a->at = NULL;
            break;
        case 1: set_protection(a, PROT_READ); check_page(a, index); break;
        case 2: set_protection(a, PROT_NONE); break;
        case 3: {  // give a part back
            const size_t count = 1 + below(r, a->pages - index);
            must(madvise(a->at + index * page, count * page, MADV_DONTNEED) == 0);
            memset(a->stamp + index, 0, count * sizeof *a->stamp);
            check_page(a, index);
            break;
        }
        case 4: {  // grow or shrink, perhaps elsewhere
            const size_t pages = 1 + below(r, pages_max);
            unsigned char *moved = mremap(a->at, a->pages * page, pages * page, MREMAP_MAYMOVE);
            if (moved == MAP_FAILED) {  // several mappings beside each other that the kernel did not join
                must(errno == EFAULT);
                break;
            }
            for (size_t i = a->pages; i < pages; i++) a->stamp[i] = 0;
            a->at = moved;
            a->pages = pages;
            check_all(a);
            break;
        }
        case 5: {  // a hole in the middle, filled with something new
            const size_t count = 1 + below(r, a->pages - index);
            void *again = mmap(a->at + index * page, count * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
            must(again == a->at + index * page);
            memset(a->stamp + index, 0, count * sizeof *a->stamp);
            break;
        }
        case 6: {  // protection of single pages, to split and merge
            must(mprotect(a->at + index * page, page, PROT_READ) == 0);
            check_page(a, index);
            must(mprotect(a->at + index * page, page, PROT_READ | PROT_WRITE) == 0);
            break;
        }
        default:
            for (int count = 0; count < 20; count++) fill_page(a, below(r, a->pages), next_random(r) | 1);
            check_page(a, index);
    }
}

static void *work(void *argument) {
    random_source r = random_of((uint64_t)(intptr_t)argument);
    area *own = calloc(areas, sizeof *own);
    must(own);
    while (!time_is_up()) step(&own[below(&r, areas)], &r);
    for (int index = 0; index < areas; index++)
        if (own[index].at) {
            check_all(&own[index]);
            must(munmap(own[index].at, own[index].pages * page) == 0);
        }
    free(own);
    return NULL;
}

int main(int argc, char **argv) {
    begin(argc, argv);
    run_threads(workers, work);
    finish("memory-maps");
    return 0;
}
