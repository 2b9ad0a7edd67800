// FUTEX_WAKE_OP changes the second word atomically and wakes on it if the old value passes the comparison.
// variants: dynamic static
#include "futex.h"

int main(void) {
    uint32_t first = 0, second = 10;
    say_value("add 5, compare == 10",
              futex(&first, FUTEX_WAKE_OP_PRIVATE, 1, (void *)1L, &second, FUTEX_OP(FUTEX_OP_ADD, 5, FUTEX_OP_CMP_EQ, 10)));
    say("second %u\n", second);
    say_value("set 3, compare < 1",
              futex(&first, FUTEX_WAKE_OP_PRIVATE, 1, (void *)1L, &second, FUTEX_OP(FUTEX_OP_SET, 3, FUTEX_OP_CMP_LT, 1)));
    say("second %u\n", second);
    futex(&first, FUTEX_WAKE_OP_PRIVATE, 1, (void *)1L, &second, FUTEX_OP(FUTEX_OP_OR, 12, FUTEX_OP_CMP_GE, 1));
    say("or: %u\n", second);
    futex(&first, FUTEX_WAKE_OP_PRIVATE, 1, (void *)1L, &second, FUTEX_OP(FUTEX_OP_ANDN, 1, FUTEX_OP_CMP_GE, 1));
    say("andn: %u\n", second);
    futex(&first, FUTEX_WAKE_OP_PRIVATE, 1, (void *)1L, &second, FUTEX_OP(FUTEX_OP_XOR, 15, FUTEX_OP_CMP_GE, 1));
    say("xor: %u\n", second);
    return 0;
}
