// System call numbers that do not exist answer ENOSYS and harm nothing.
// variants: dynamic static
#include "../conformance.h"

int main(void) {
    long numbers[] = {600, 1000, 5000, 100000, 0x7fffffff, -1};
    for (size_t index = 0; index < sizeof numbers / sizeof numbers[0]; index++)
        say("%ld: %s\n", numbers[index], syscall(numbers[index], 1, 2, 3, 4, 5, 6) < 0 ? errno_name(errno) : "ok");
    say("alive\n");
    return 0;
}
