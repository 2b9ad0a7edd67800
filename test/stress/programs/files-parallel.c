// Threads create, rename, link, remove, truncate, append to, map and read files in shared directories of the overlay and of a tmpfs.
#include "stress.h"

#include <dirent.h>

enum { workers = 6, names = 24, own_size = 200000, slots = 64 };

static int shared_file;      // pread/pwrite: each slot is written by one thread at a time, whole
static int append_file;      // O_APPEND: records of 32 bytes, none lost or torn
static atomic_ulong appended[workers];
static pthread_mutex_t slot_locks[slots];
enum { slot_size = 1000 };

typedef struct { uint32_t worker, check; uint64_t number; char pad[16]; } record;

/// A file that only this thread knows, with a model of its contents in memory.
typedef struct {
    unsigned char model[own_size];
    size_t size;
    int fd;
} modelled;

static void check_modelled(modelled *m) {
    static __thread unsigned char bytes[own_size + 1];
    must(pread(m->fd, bytes, own_size + 1, 0) == (ssize_t)m->size);
    for (size_t at = 0; at < m->size; at++)
        must_say(bytes[at] == m->model[at], "byte %zu of %zu is %02x instead of %02x", at, m->size, bytes[at], m->model[at]);
}

static void change_modelled(modelled *m, random_source *r) {
    const size_t at = below(r, own_size), size = 1 + below(r, below(r, 4) ? 300 : own_size - at);
    const size_t count = size < own_size - at ? size : own_size - at;
    switch (below(r, 6)) {
        case 0: {
            const size_t to = below(r, own_size);
            must(ftruncate(m->fd, (off_t)to) == 0);
            if (to < m->size) memset(m->model + to, 0, m->size - to);
            m->size = to;
            break;
        }
        case 1: {  // through a shared mapping of what is there
            if (m->size == 0) break;
            unsigned char *map = mmap(NULL, m->size, PROT_READ | PROT_WRITE, MAP_SHARED, m->fd, 0);
            must(map != MAP_FAILED);
            for (int times = 0; times < 10; times++) {
                const size_t where = below(r, m->size);
                must_say(map[where] == m->model[where], "mapped byte %zu of %zu is %02x instead of %02x", where, m->size, map[where],
                         m->model[where]);
                map[where] = m->model[where] = (unsigned char)next_random(r);
            }
            must(munmap(map, m->size) == 0);
            break;
        }
        default: {
            unsigned char value = (unsigned char)next_random(r);
            static __thread unsigned char bytes[own_size];
            for (size_t index = 0; index < count; index++) bytes[index] = (unsigned char)(value + index);
            must(pwrite(m->fd, bytes, count, (off_t)at) == (ssize_t)count);
            memcpy(m->model + at, bytes, count);
            if (at + count > m->size) m->size = at + count;
        }
    }
}

/// Names that all threads fight over: any outcome that Linux could give is right.
static void fight_over_names(random_source *r) {
    char from[32], to[32];
    snprintf(from, sizeof from, "d%lu/n%lu", (unsigned long)below(r, 2), (unsigned long)below(r, names));
    snprintf(to, sizeof to, "d%lu/n%lu", (unsigned long)below(r, 2), (unsigned long)below(r, names));
    int result = 0;
    switch (below(r, 8)) {
        case 0:
        case 1: {
            const int fd = open(from, O_RDWR | O_CREAT | (below(r, 2) ? O_EXCL : 0) | (below(r, 4) ? 0 : O_TRUNC), 0644);
            if (fd < 0) {
                must_say(errno == EEXIST || errno == EISDIR || errno == ELOOP || errno == ENOENT, "open %s: errno %d", from, errno);
                break;
            }
            must(write(fd, from, strlen(from)) == (ssize_t)strlen(from));
            must(close(fd) == 0);
            break;
        }
        case 2: result = unlink(from); if (result) must(errno == ENOENT || errno == EISDIR); break;
        case 3: result = rename(from, to); if (result) must(errno == ENOENT || errno == EISDIR || errno == ENOTDIR || errno == ENOTEMPTY || errno == EEXIST); break;
        case 4: result = link(from, to); if (result) must(errno == ENOENT || errno == EEXIST || errno == EPERM); break;
        case 5: result = mkdir(from, 0755); if (result) must(errno == EEXIST); break;
        case 6: result = rmdir(from); if (result) must(errno == ENOENT || errno == ENOTDIR || errno == ENOTEMPTY); break;
        default: {
            DIR *directory = opendir(below(r, 2) ? "d0" : "d1");
            must(directory != NULL);
            int count = 0;
            for (struct dirent *entry; (entry = readdir(directory));) {
                must(entry->d_name[0] == 'n' || entry->d_name[0] == '.');
                must_say(++count < 1000, "a directory never ends");
            }
            closedir(directory);
        }
    }
}

static void write_slot(random_source *r) {
    const size_t slot = below(r, slots);
    uint64_t bytes[slot_size / 8], got[slot_size / 8];
    const uint64_t value = next_random(r);
    for (size_t index = 0; index < slot_size / 8; index++) bytes[index] = value + index;
    pthread_mutex_lock(&slot_locks[slot]);
    must(pwrite(shared_file, bytes, slot_size, (off_t)(slot * slot_size)) == slot_size);
    must(pread(shared_file, got, slot_size, (off_t)(slot * slot_size)) == slot_size);
    must(memcmp(bytes, got, slot_size) == 0);
    pthread_mutex_unlock(&slot_locks[slot]);
}

static void append_record(unsigned worker) {
    record one = {worker, worker * 2654435761u, atomic_fetch_add(&appended[worker], 1), {0}};
    must(write(append_file, &one, sizeof one) == sizeof one);
}

static void check_appended(void) {
    uint64_t next[workers] = {0};
    for (off_t at = 0;; at += (off_t)sizeof(record)) {
        record one;
        const ssize_t got = pread(append_file, &one, sizeof one, at);
        if (got == 0) break;
        must(got == sizeof one);
        must(one.worker < workers && one.check == one.worker * 2654435761u);
        must_say(one.number == next[one.worker], "worker %u: record %lu instead of %lu", one.worker, one.number, next[one.worker]);
        next[one.worker]++;
    }
    for (int index = 0; index < workers; index++) must(next[index] == atomic_load(&appended[index]));
}

static void *work(void *argument) {
    const unsigned self = (unsigned)(intptr_t)argument;
    random_source r = random_of(self);
    modelled *m = calloc(1, sizeof *m);
    must(m);
    char name[32], other[32];
    snprintf(name, sizeof name, "own%u", self);
    snprintf(other, sizeof other, "moved%u", self);
    must((m->fd = open(name, O_RDWR | O_CREAT | O_EXCL, 0600)) >= 0);
    for (unsigned round = 0; !time_is_up(); round++) {
        for (int count = 0; count < 30; count++) fight_over_names(&r);
        for (int count = 0; count < 10; count++) write_slot(&r);
        for (int count = 0; count < 5; count++) append_record(self);
        for (int count = 0; count < 5; count++) change_modelled(m, &r);
        check_modelled(m);
        if (round % 4 == 0) {  // a file that nobody can reach any more keeps its contents
            must(rename(name, other) == 0 && rename(other, name) == 0);
            if (round % 8 == 0) {
                must(unlink(name) == 0);
                change_modelled(m, &r);
                check_modelled(m);
                must(close(m->fd) == 0);
                must((m->fd = open(name, O_RDWR | O_CREAT | O_EXCL, 0600)) >= 0);
                memset(m->model, 0, sizeof m->model);
                m->size = 0;
            }
        }
    }
    must(close(m->fd) == 0);
    free(m);
    return NULL;
}

int main(int argc, char **argv) {
    begin(argc, argv);
    if (argc > 3) must(chdir(argv[3]) == 0);
    else enter_scratch_directory();
    must(mkdir("d0", 0755) == 0 && mkdir("d1", 0755) == 0);
    must((shared_file = open("shared", O_RDWR | O_CREAT, 0644)) >= 0);
    must((append_file = open("appended", O_RDWR | O_CREAT | O_APPEND, 0644)) >= 0);
    for (int index = 0; index < slots; index++) must(pthread_mutex_init(&slot_locks[index], NULL) == 0);
    run_threads(workers, work);
    check_appended();
    finish("files-parallel");
    return 0;
}
