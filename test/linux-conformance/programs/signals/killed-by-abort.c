// abort(3) ends by SIGABRT even when the handler returns.
// variants: dynamic musl
#include "../conformance.h"

static void handler(int number) { say("handler %d\n", number); }

int main(void) {
    signal(SIGABRT, handler);
    abort();
}
