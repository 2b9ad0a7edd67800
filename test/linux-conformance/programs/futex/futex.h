/// The raw futex(2) call, for programs that test it below the C library.
#pragma once
#include "../conformance.h"
#include <linux/futex.h>

static inline long futex(void *word, int operation, uint32_t value, const struct timespec *timeout, void *second,
                         uint32_t third) {
    return syscall(SYS_futex, word, operation, value, timeout, second, third);
}
