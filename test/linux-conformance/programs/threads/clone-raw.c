// A raw clone(2) of a thread: the child gets its stack, writes CHILD_SETTID, and clears and wakes CHILD_CLEARTID.
// variants: dynamic static
#include "../conformance.h"
#include <linux/futex.h>

static int child_tid, parent_tid;
static volatile int from_child, matches;

static int body(void *argument) {
    matches = child_tid == (int)syscall(SYS_gettid);
    from_child = *(int *)argument;
    return 0;
}

int main(void) {
    size_t size = 64 * 1024;
    char *stack = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    must(stack != MAP_FAILED);
    int value = 4711;
    int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_CHILD_SETTID |
                CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;
    child_tid = -1;
    int tid = clone(body, stack + size, flags, &value, &parent_tid, NULL, &child_tid);
    must(tid > 0);
    for (;;) {
        int now = __atomic_load_n(&child_tid, __ATOMIC_SEQ_CST);
        if (now == 0) break;
        syscall(SYS_futex, &child_tid, FUTEX_WAIT, now, NULL, NULL, 0);
    }
    say_truth("parent tid written", parent_tid == tid);
    say_truth("child saw its tid", matches);
    say("value from child: %d\n", from_child);
    say("child tid after the end: %d\n", child_tid);
    return 0;
}
