// Mapped and read files of the image far larger than the page cache can be: pages come and go, and are always right.
// memory: 96
// data: 80
#include "stress.h"

enum { workers = 4, page = 4096 };

static size_t pages;
static const unsigned char *map;
static int fd;

/// The runner fills the file with 8-byte little-endian numbers: each word is its own offset times an odd constant.
static uint64_t word_at(size_t offset) { return (offset + 8) * 0x9e3779b97f4a7c15u; }

static void check_page(const void *bytes, size_t index) {
    const uint64_t *words = bytes;
    for (size_t word = 0; word < page / 8; word += 37)
        must_say(words[word] == word_at(index * page + word * 8), "page %zu, word %zu: %lx", index, word, words[word]);
}

static void *work(void *argument) {
    random_source r = random_of((uint64_t)(intptr_t)argument);
    char *own = mmap(NULL, 4 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must(own != MAP_FAILED);
    char *changed = mmap(NULL, 512 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    must(changed != MAP_FAILED);
    while (!time_is_up()) {
        size_t index = below(&r, pages);
        unsigned char bytes[page];
        switch (below(&r, 4)) {
            case 0:
                must(pread(fd, bytes, page, (off_t)(index * page)) == page);
                check_page(bytes, index);
                break;
            case 1:  // a run, as a scan would
                for (size_t last = index + 256 < pages ? index + 256 : pages; index < last; index++) check_page(map + index * page, index);
                break;
            case 2:  // the thread's own memory must not be taken
                own[below(&r, 1024) * page] = 7;
                must(own[below(&r, 1024) * page] % 7 == 0);
                break;
            default: {  // private copies of file pages stay, clean ones come back as the file's
                const size_t at = below(&r, 512);
                uint64_t *words = (uint64_t *)(changed + at * page);
                must(words[0] == word_at(at * page) || words[0] == ~word_at(at * page));
                words[0] = ~word_at(at * page);
                must(words[511] == word_at(at * page + 511 * 8));
                if (!below(&r, 64)) must(madvise(changed + at * page, page, MADV_DONTNEED) == 0 && words[0] == word_at(at * page));
            }
        }
    }
    return NULL;
}

int main(int argc, char **argv) {
    begin(argc, argv);
    must((fd = open("/data", O_RDONLY)) >= 0);
    struct stat status;
    must(fstat(fd, &status) == 0);
    pages = (size_t)status.st_size / page;
    map = mmap(NULL, pages * page, PROT_READ, MAP_SHARED, fd, 0);
    must(map != MAP_FAILED);
    run_threads(workers, work);
    finish("memory-pressure-files");
    return 0;
}
