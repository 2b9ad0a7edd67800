// A futex in a MAP_SHARED file mapping is the same one at both of its addresses.
// variants: dynamic
#include "futex.h"

static uint32_t *left, *right;
static pid_t waiter;

static void *wait_left(void *argument) {
    (void)argument;
    __atomic_store_n(&waiter, (pid_t)syscall(SYS_gettid), __ATOMIC_SEQ_CST);
    while (__atomic_load_n(left, __ATOMIC_SEQ_CST) == 0) futex(left, FUTEX_WAIT, 0, NULL, NULL, 0);
    say("left woke with %u\n", *left);
    return NULL;
}

int main(void) {
    enter_scratch_directory();
    int fd = open("shared", O_RDWR | O_CREAT, 0600);
    must(ftruncate(fd, 4096) == 0);
    left = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    right = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    must(left != MAP_FAILED && right != MAP_FAILED && left != right);
    pthread_t thread;
    must(pthread_create(&thread, NULL, wait_left, NULL) == 0);
    while (__atomic_load_n(&waiter, __ATOMIC_SEQ_CST) == 0) sched_yield();
    wait_until_asleep(waiter);
    __atomic_store_n(right, 42, __ATOMIC_SEQ_CST);
    futex(right, FUTEX_WAKE, 1, NULL, NULL, 0);
    pthread_join(thread, NULL);
    return 0;
}
