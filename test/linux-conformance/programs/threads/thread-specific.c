// Destructors of thread-specific data run at thread end, again while they set values, four rounds at most.
// variants: dynamic static musl
#include "../conformance.h"

static pthread_key_t plain, stubborn;
static int stubborn_runs;

static void plain_end(void *value) { say("destructor of %s\n", (const char *)value); }

static void stubborn_end(void *value) {
    stubborn_runs++;
    pthread_setspecific(stubborn, value);
}

static void *body(void *name) {
    pthread_setspecific(plain, name);
    pthread_setspecific(stubborn, name);
    say_truth("own value", pthread_getspecific(plain) == name);
    return NULL;
}

int main(void) {
    must(pthread_key_create(&plain, plain_end) == 0);
    must(pthread_key_create(&stubborn, stubborn_end) == 0);
    pthread_setspecific(plain, "main");
    const char *names[] = {"first", "second"};
    for (int index = 0; index < 2; index++) {
        pthread_t thread;
        must(pthread_create(&thread, NULL, body, (void *)names[index]) == 0);
        pthread_join(thread, NULL);
    }
    say("stubborn destructor runs: %d\n", stubborn_runs);
    say("main still has %s\n", (const char *)pthread_getspecific(plain));
    return 0;
}
