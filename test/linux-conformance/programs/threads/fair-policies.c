// SCHED_BATCH and SCHED_IDLE are kept for each thread and handed on; they know no priorities (sched(7)).
// variants: dynamic
#include "../conformance.h"

static void *inherit(void *argument) {
    (void)argument;
    say("policy of a new thread %d\n", sched_getscheduler(0));
    struct sched_param none = {0};
    must(sched_setscheduler(0, SCHED_OTHER, &none) == 0);
    return NULL;
}

int main(void) {
    struct sched_param parameter = {0};
    say("policy %d\n", sched_getscheduler(0));
    say_status("batch", sched_setscheduler(0, SCHED_BATCH, &parameter));
    say("policy %d\n", sched_getscheduler(0));
    pthread_t thread;
    must(pthread_create(&thread, NULL, inherit, NULL) == 0);
    pthread_join(thread, NULL);
    say("policy %d\n", sched_getscheduler(0));
    say_status("idle", sched_setscheduler(0, SCHED_IDLE, &parameter));
    say("policy %d\n", sched_getscheduler(0));
    int policy = -1;
    say("%s, ", errno_name(pthread_getschedparam(pthread_self(), &policy, &parameter)));
    say("policy %d, priority %d\n", policy, parameter.sched_priority);
    parameter.sched_priority = 1;
    say_status("priority", sched_setparam(0, &parameter));
    say_status("policy that is none", sched_setscheduler(0, 9, &parameter));
    for (policy = 0; policy < 7; policy++)
        say("policy %d: priorities from %d to %d\n", policy, sched_get_priority_min(policy), sched_get_priority_max(policy));
    return 0;
}
