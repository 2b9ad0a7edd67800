// Every resource taken until it is refused, and given back: descriptors, threads, mappings, timers, names; fork is refused.
// linux-arguments: few-threads
#include "stress.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

static void exhaust_descriptors(void) {
    struct rlimit limit = {300, 300}, before;
    must(getrlimit(RLIMIT_NOFILE, &before) == 0);
    limit.rlim_max = before.rlim_max;
    must(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    int opened[400], count = 0;
    while (count < 400) {
        int ends[2] = {-1, -1}, result = 0;
        switch (count % 5) {
            case 0: result = opened[count] = open("/dev/null", O_RDONLY); break;
            case 1: result = opened[count] = eventfd(0, 0); break;
            case 2: result = opened[count] = socket(AF_INET, SOCK_STREAM, 0); break;
            case 3: result = opened[count] = epoll_create1(0); break;
            default:
                result = pipe(ends);
                opened[count] = ends[0];
                if (result == 0) must(close(ends[1]) == 0);
        }
        if (result < 0) {
            must_say(errno == EMFILE, "kind %d: errno %d", count % 5, errno);
            break;
        }
        count++;
    }
    must(count > 200 && count < 300);
    // A pipe is refused with room for one descriptor still there.
    const int last = dup(0);
    for (int index = 0; index < 5; index++) must(dup(0) == -1 && errno == EMFILE);
    int pair[2];
    must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == -1 && errno == EMFILE);
    if (last >= 0) must(close(last) == 0);
    while (count) must(close(opened[--count]) == 0);
    must(setrlimit(RLIMIT_NOFILE, &before) == 0);
}

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static void *wait_at_gate(void *argument) {
    (void)argument;
    pthread_mutex_lock(&gate);
    pthread_mutex_unlock(&gate);
    return NULL;
}

/// At most `most` at once; a refusal is EAGAIN and harms nobody.
static void exhaust_threads(int most) {
    pthread_attr_t small;
    must(pthread_attr_init(&small) == 0 && pthread_attr_setstacksize(&small, 16384) == 0);
    must(pthread_attr_setguardsize(&small, 0) == 0);
    static pthread_t threads[60000];
    pthread_mutex_lock(&gate);
    int count = 0, result = 0;
    while (count < most && (result = pthread_create(&threads[count], &small, wait_at_gate, NULL)) == 0) count++;
    must_say(result == 0 || result == EAGAIN, "the %dth thread: errno %d", count + 1, result);
    must(count >= 500);
    // Threads are refused before everything else is: there is memory left for the program.
    static char room[4 << 20];
    for (size_t at = 0; at < sizeof room; at += 4096) room[at] = 1;
    pthread_mutex_unlock(&gate);
    while (count) must(pthread_join(threads[--count], NULL) == 0);
}

static void exhaust_mappings(void) {
    enum { most = 10000, page = 4096 };
    static char *at[most];
    // Neighbours of other rights cannot be joined.
    char *area = mmap(NULL, 2 * (size_t)most * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    must(area != MAP_FAILED);
    for (int index = 0; index < most; index++) {
        at[index] = area + 2 * (size_t)index * page;
        must(mprotect(at[index], page, PROT_READ | PROT_WRITE) == 0);
        *(int *)at[index] = index;
    }
    for (int index = 0; index < most; index++) must(*(int *)at[index] == index);
    for (int index = 0; index < most; index += 2) must(munmap(at[index], page) == 0);
    for (int index = 1; index < most; index += 2) must(*(int *)at[index] == index);
    must(munmap(area, 2 * (size_t)most * page) == 0);
}

/// As the JVM and Go do: huge reservations, of which little is used.
static void reserve_much(void) {
    const size_t size = 64ull << 30;
    for (int times = 0; times < 20; times++) {
        char *at[3];
        for (int index = 0; index < 3; index++) {
            at[index] = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
            must(at[index] != MAP_FAILED);
            must(mprotect(at[index] + (size / 2), 1 << 20, PROT_READ | PROT_WRITE) == 0);
            at[index][size / 2 + 100] = (char)index;
            must(mmap(at[index] + (5ull << 30), 1 << 21, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
                 at[index] + (5ull << 30));
            at[index][(5ull << 30) + 4096] = 1;
        }
        for (int index = 0; index < 3; index++) {
            must(at[index][size / 2 + 100] == index);
            must(madvise(at[index] + (5ull << 30), 1 << 21, MADV_DONTNEED) == 0 && at[index][(5ull << 30) + 4096] == 0);
            must(mprotect(at[index] + (size / 2), 1 << 20, PROT_NONE) == 0);
            must(munmap(at[index], size) == 0);
        }
    }
    must(mmap(NULL, 1ull << 48, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) == MAP_FAILED && errno == ENOMEM);
}

static void move_break(void) {
    char *start = sbrk(0);
    random_source r = random_of(7);
    size_t size = 0;
    for (int times = 0; times < 300; times++) {
        const size_t next = below(&r, 3 << 20);
        must(brk(start + next) == 0 && sbrk(0) == start + next);
        if (next > size)
            for (size_t at = size; at < next; at += 1 + below(&r, 50000)) must_say(start[at] == 0, "byte %zu of the heap is %d", at, start[at]);
        // The last page stays when its part is given up: as Linux, its rest may keep its bytes.
        size = (next + 4095) & ~(size_t)4095;
        for (size_t at = 0; at + 4096 <= next; at += 4096) start[at] = 1;
        for (size_t at = 0; at < next; at++)
            if (start[at]) start[at] = 0, at |= 4095;
    }
    must(brk(start) == 0);
    must(brk((char *)1) == -1 || sbrk(0) == start);
}

static void refuse_fork(void) {
    for (int times = 0; times < 20; times++) {
        const pid_t child = fork();
        if (child == 0) _exit(0);
        if (child > 0) must(waitpid(child, NULL, 0) == child);  // Linux
        else must(errno == ENOSYS);
    }
}

/// POSIX timers are limited by RLIMIT_SIGPENDING, queued signals too: refused with EAGAIN, never without end.
static void exhaust_signals(void) {
    sigset_t set, before;
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN + 5);
    must(pthread_sigmask(SIG_BLOCK, &set, &before) == 0);
    struct rlimit limit = {1000, 1000}, old;
    must(getrlimit(RLIMIT_SIGPENDING, &old) == 0);
    limit.rlim_max = old.rlim_max;
    must(setrlimit(RLIMIT_SIGPENDING, &limit) == 0);
    int queued = 0;
    while (queued < 5000 && sigqueue(getpid(), SIGRTMIN + 5, (union sigval){.sival_int = queued}) == 0) queued++;
    must_say(queued <= 1000 && errno == EAGAIN, "%d signals were queued, errno %d", queued, errno);
    for (int index = 0; index < queued; index++) {
        siginfo_t info;
        must(sigwaitinfo(&set, &info) == SIGRTMIN + 5 && info.si_value.sival_int == index);
    }
    must(setrlimit(RLIMIT_SIGPENDING, &old) == 0 && pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
}

int main(int argc, char **argv) {
    begin(argc, argv);
    const int on_linux = argc > 3;
    for (int round = 0; round == 0 || !time_is_up(); round++) {
        exhaust_descriptors();
        exhaust_mappings();
        reserve_much();
        move_break();
        refuse_fork();
        exhaust_signals();
        if (round < 2) exhaust_threads(on_linux ? 1000 : 60000);
    }
    finish("limits");
    return 0;
}
