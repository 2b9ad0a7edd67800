// Many threads fault on the same pages while others take them away: a reader sees a whole stamp or zero, never another page's.
#include "stress.h"

enum { readers = 4, pages = 1536, page = 4096 };  // three areas of 2 MiB

static unsigned char *arena;

/// What the writer puts into page `index` is recognisable: index in the upper half, any generation in the lower.
static void *read_pages(void *argument) {
    random_source r = random_of((uint64_t)(intptr_t)argument);
    uint64_t zeroes = 0, stamps = 0;
    while (!time_is_up())
        for (int count = 0; count < 200; count++) {
            const size_t index = below(&r, pages);
            const uint64_t value = __atomic_load_n((uint64_t *)(arena + index * page) + below(&r, 512), __ATOMIC_RELAXED);
            must_say(value == 0 || value >> 32 == index + 1, "page %zu holds %lx", index, value);
            ++*(value ? &stamps : &zeroes);
        }
    must(zeroes + stamps > 0);
    return NULL;
}

static void *write_pages(void *argument) {
    random_source r = random_of((uint64_t)(intptr_t)argument);
    for (uint64_t generation = 1; !time_is_up(); generation++) {
        const size_t index = below(&r, pages);
        const size_t count = 1 + below(&r, below(&r, 8) ? 8 : pages);
        const size_t last = index + count < pages ? index + count : pages;
        switch (below(&r, 4)) {
            case 0: must(madvise(arena + index * page, (last - index) * page, MADV_DONTNEED) == 0); break;
            case 1:
                must(mmap(arena + index * page, (last - index) * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
                          0) != MAP_FAILED);
                break;
            default:
                for (size_t i = index; i < last && i < index + 16; i++)
                    for (size_t word = 0; word < 512; word += 1 + below(&r, 40))
                        __atomic_store_n((uint64_t *)(arena + i * page) + word, (uint64_t)(i + 1) << 32 | (uint32_t)generation,
                                         __ATOMIC_RELAXED);
        }
    }
    return NULL;
}

static void *work(void *argument) { return (intptr_t)argument < readers ? read_pages(argument) : write_pages(argument); }

int main(int argc, char **argv) {
    begin(argc, argv);
    arena = mmap(NULL, pages * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must(arena != MAP_FAILED);
    run_threads(readers + 3, work);
    finish("memory-shared-faults");
    return 0;
}
