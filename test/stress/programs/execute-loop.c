// execve again and again while other threads work: what exec resets is reset, what it keeps is kept, nothing leaks.
#include "stress.h"

#include <sys/prctl.h>
#include <sys/time.h>

extern char **environ;

static atomic_int running;
static pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER;  // by the main thread

static void on_signal(int number) { (void)number; }

/// Busy in different ways when the exec comes: computing, sleeping, waiting, faulting.
static void *be_busy(void *argument) {
    const intptr_t kind = (intptr_t)argument;
    atomic_fetch_add(&running, 1);
    for (volatile uint64_t count = 0;; count++) {
        switch (kind) {
            case 0: break;
            case 1: usleep(200); break;
            case 2: {
                char *at = mmap(NULL, 1 << 16, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
                if (at != MAP_FAILED) at[5000] = 1, munmap(at, 1 << 16);
                break;
            }
            case 3: pause(); break;
            case 4: pthread_mutex_lock(&held); break;
            default: {
                char byte;
                int ends[2];
                if (pipe2(ends, O_CLOEXEC) == 0) (void)!read(ends[0], &byte, 1);
            }
        }
    }
    return NULL;
}

static int open_descriptors(void) {
    int count = 0;
    for (int fd = 0; fd < 256; fd++) count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

/// The state that the image before left behind.
static void check_fresh(int kept_fd, int kept_count) {
    struct sigaction action;
    must(sigaction(SIGUSR1, NULL, &action) == 0 && action.sa_handler == SIG_DFL);
    must(sigaction(SIGUSR2, NULL, &action) == 0 && action.sa_handler == SIG_IGN);
    sigset_t mask;
    must(pthread_sigmask(SIG_SETMASK, NULL, &mask) == 0);
    must(sigismember(&mask, SIGHUP) == 1 && sigismember(&mask, SIGUSR1) == 0);
    sigset_t pending;
    must(sigpending(&pending) == 0 && sigismember(&pending, SIGHUP) == 1);
    stack_t stack;
    must(sigaltstack(NULL, &stack) == 0 && stack.ss_flags == SS_DISABLE);
    struct itimerval timer;
    must(getitimer(ITIMER_REAL, &timer) == 0);
    must_say(timer.it_value.tv_sec > 0, "the interval timer did not survive");
    char text[64];
    must(pread(kept_fd, text, sizeof text, 0) == 5 && memcmp(text, "kept\n", 5) == 0);
    must_say(open_descriptors() == kept_count, "%d descriptors instead of %d", open_descriptors(), kept_count);
    must(syscall(SYS_gettid) == getpid());
    must(timer_delete((timer_t)0) == -1 && errno == EINVAL);
    must(prctl(PR_GET_NAME, text) == 0);
    unsigned long pages[2];
    FILE *statm = fopen("/proc/self/statm", "r");
    must(statm && fscanf(statm, "%lu %lu", &pages[0], &pages[1]) == 2);
    fclose(statm);
    must_say(pages[0] < 100000, "%lu pages are mapped", pages[0]);
}

int main(int argc, char **argv) {
    must(argc > 2);
    // PROGRAM MS SEED, and after the first exec: DEADLINE ROUND FD COUNT
    if (argc == 3) begin(argc, argv);
    else {
        deadline_ms = atoll(argv[3]);
        seed = strtoull(argv[2], NULL, 0);
    }
    const long round = argc > 4 ? atol(argv[4]) : 0;
    int kept_fd, count;
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGHUP);
    if (round == 0) {
        must((kept_fd = open("/tmp/kept", O_RDWR | O_CREAT | O_TRUNC, 0644)) >= 0);
        must(write(kept_fd, "kept\n", 5) == 5);
        count = open_descriptors();
        must(pthread_sigmask(SIG_BLOCK, &blocked, NULL) == 0);
        must(raise(SIGHUP) == 0);
        const struct itimerval far_away = {{0, 0}, {1000, 0}};
        must(setitimer(ITIMER_REAL, &far_away, NULL) == 0);
    } else {
        kept_fd = atoi(argv[5]);
        count = atoi(argv[6]);
        check_fresh(kept_fd, count);
    }
    if (time_is_up() && round > 1) {
        finish("execute-loop");
        return 0;
    }
    must(signal(SIGUSR1, on_signal) != SIG_ERR && signal(SIGUSR2, SIG_IGN) != SIG_ERR);
    static char alternate[65536];
    must(sigaltstack(&(stack_t){.ss_sp = alternate, .ss_size = sizeof alternate}, NULL) == 0);
    must(open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC) >= 0);
    timer_t timer;
    must(timer_create(CLOCK_MONOTONIC, &(struct sigevent){.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR2}, &timer) == 0);
    pthread_mutex_lock(&held);
    random_source r = random_of((uint64_t)round);
    const int threads = (int)below(&r, 7);
    for (intptr_t kind = 0; kind < threads; kind++) {
        pthread_t thread;
        must(pthread_create(&thread, NULL, be_busy, (void *)kind) == 0);
    }
    if (below(&r, 2))
        while (atomic_load(&running) < threads) sched_yield();
    char deadline[32], number[32], fd[16], descriptors[16];
    snprintf(deadline, sizeof deadline, "%lld", (long long)deadline_ms);
    snprintf(number, sizeof number, "%ld", round + 1);
    snprintf(fd, sizeof fd, "%d", kept_fd);
    snprintf(descriptors, sizeof descriptors, "%d", count);
    execve("/proc/self/exe", (char *[]){argv[0], argv[1], argv[2], deadline, number, fd, descriptors, NULL}, environ);
    must_say(0, "execve: errno %d", errno);
}
