// membarrier answers its query, registers, and orders; rseq and set_robust_list are there or refused as glibc expects.
// variants: dynamic static
#include "../conformance.h"
#include <linux/membarrier.h>

int main(void) {
    long commands = syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);
    say_truth("query", commands >= 0);
    say_truth("private expedited offered", commands & MEMBARRIER_CMD_PRIVATE_EXPEDITED);
    say_status("before registration", syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0));
    say_status("register", syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0));
    say_status("after", syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0));
    say_status("unknown", syscall(SYS_membarrier, 1 << 28, 0, 0));
    struct { void *next; long offset; void *pending; } head = {&head, 0, NULL};
    say_status("robust list", syscall(SYS_set_robust_list, &head, sizeof head));
    say_status("robust list, wrong size", syscall(SYS_set_robust_list, &head, 5));
    return 0;
}
