// A file is cut, or gets a hole, under its mappings: SIGBUS behind the new end, and what is stored afterwards is in the file.
// variants: dynamic musl
#include "../conformance.h"
#include <setjmp.h>
#include <stdatomic.h>

enum { page = 4096, pages = 8 };
static sigjmp_buf back;

static void handler(int number, siginfo_t *info, void *context) {
    (void)number;
    (void)info;
    (void)context;
    siglongjmp(back, 1);
}

static void look(const char *label, const char *map, int index) {
    if (sigsetjmp(back, 1) == 0) say("%s, page %d: %d\n", label, index, *(const volatile char *)(map + index * page));
    else say("%s, page %d: SIGBUS\n", label, index);
}

static char in_file(int fd, int index) {
    char byte;
    must(pread(fd, &byte, 1, (off_t)index * page) == 1);
    return byte;
}

static atomic_int stop;

/// Stores to a page of the mapping until it is told to stop.
static void *store(void *map) {
    while (!stop) *(volatile char *)map = 7;
    return NULL;
}

int main(void) {
    enter_scratch_directory();
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
    sigaction(SIGBUS, &action, NULL);
    int fd = open("file", O_RDWR | O_CREAT, 0600);
    must(ftruncate(fd, pages * page) == 0);
    char *shared = mmap(NULL, pages * page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    char *high = mmap(NULL, 2 * page, PROT_READ, MAP_SHARED, fd, 4 * page);
    char *copy = mmap(NULL, pages * page, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    must(shared != MAP_FAILED && high != MAP_FAILED && copy != MAP_FAILED);
    for (int index = 0; index < pages; index++) {
        shared[index * page] = (char)(1 + index);
        copy[index * page] = (char)(101 + index);
    }
    look("before", high, 0);

    must(ftruncate(fd, 2 * page + 1) == 0);
    look("cut, shared", shared, 2);
    look("cut, shared", shared, 3);
    look("cut, second mapping", high, 0);
    look("cut, private", copy, 1);
    look("cut, private", copy, 4);
    must(ftruncate(fd, pages * page) == 0);
    for (int index = 1; index < 5; index++) {
        look("grown, shared", shared, index);
        look("grown, private", copy, index);
    }
    shared[4 * page] = 55;
    look("stored, second mapping", high, 0);
    say("stored, in the file: %d\n", in_file(fd, 4));

    for (int index = 0; index < pages; index++) shared[index * page] = (char)(1 + index);
    copy[3 * page] = 33;
    say_status("hole", fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 2 * page, 3 * page));
    for (int index = 1; index < 6; index++) look("hole, shared", shared, index);
    look("hole, private", copy, 3);
    look("hole, second mapping", high, 0);
    shared[3 * page] = 44;
    say("hole, in the file: %d\n", in_file(fd, 3));
    say_status("msync", msync(shared, pages * page, MS_SYNC));
    must(munmap(shared, pages * page) == 0 && munmap(high, 2 * page) == 0 && munmap(copy, pages * page) == 0);
    say("at the end: %d %d %d %d\n", in_file(fd, 1), in_file(fd, 2), in_file(fd, 3), in_file(fd, 5));

    // Holes are made while another thread stores: what it stores after the last one is in the file.
    shared = mmap(NULL, pages * page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    must(shared != MAP_FAILED);
    pthread_t thread;
    must(pthread_create(&thread, NULL, store, shared + 3 * page) == 0);
    for (int round = 0; round < 2000; round++)
        must(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 3 * page, page) == 0);
    while (*(volatile char *)(shared + 3 * page) != 7) sched_yield();
    stop = 1;
    must(pthread_join(thread, NULL) == 0);
    say("after the race: %d, mapped %d\n", in_file(fd, 3), shared[3 * page]);
    return 0;
}
