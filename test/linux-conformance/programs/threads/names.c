// Thread names: pthread_setname_np, prctl(PR_GET_NAME) and /proc/self/task agree; long names are refused or cut.
// variants: dynamic
#include "../conformance.h"
#include <sys/prctl.h>

static void *body(void *argument) {
    (void)argument;
    char name[64];
    say("set: %s\n", errno_name(pthread_setname_np(pthread_self(), "worker-7")));
    prctl(PR_GET_NAME, name);
    say("prctl: %s\n", name);
    pthread_getname_np(pthread_self(), name, sizeof name);
    say("pthread: %s\n", name);
    say("too long: %s\n", errno_name(pthread_setname_np(pthread_self(), "a-name-longer-than-15")));
    prctl(PR_SET_NAME, "a-name-longer-than-15");
    prctl(PR_GET_NAME, name);
    say("cut: %s\n", name);
    char path[64];
    snprintf(path, sizeof path, "/proc/self/task/%d/comm", gettid());
    must(read_file(path, name, sizeof name) > 0);
    say("comm: %s", name);
    return NULL;
}

int main(void) {
    pthread_t thread;
    must(pthread_create(&thread, NULL, body, NULL) == 0);
    pthread_join(thread, NULL);
    return 0;
}
