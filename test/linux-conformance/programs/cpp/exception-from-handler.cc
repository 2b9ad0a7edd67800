// A SIGSEGV handler throws (with -fnon-call-exceptions): the unwinder walks the signal frame, as managed runtimes need.
// variants: dynamic
// compile: -fnon-call-exceptions
#include "../conformance.h"

static void handler(int) { throw 11; }

__attribute__((noinline)) static int read_null(volatile int *pointer) { return *pointer; }

int main() {
    struct sigaction action = {};
    action.sa_handler = handler;
    action.sa_flags = SA_NODEFER;
    sigaction(SIGSEGV, &action, nullptr);
    for (int round = 0; round < 3; round++) {
        try {
            say("%d\n", read_null(nullptr));
        } catch (int number) {
            say("caught %d\n", number);
        }
    }
}
