// Scheduling policies and priorities that ordinary programs ask for; sched_yield; niceness.
// variants: dynamic static
#include "../conformance.h"
#include <sys/resource.h>

int main(void) {
    struct sched_param parameters = {0};
    say_value("policy", sched_getscheduler(0));
    say_status("parameters", sched_getparam(0, &parameters));
    say("priority %d\n", parameters.sched_priority);
    say("fifo priorities %d to %d\n", sched_get_priority_min(SCHED_FIFO), sched_get_priority_max(SCHED_FIFO));
    say("other priorities %d to %d\n", sched_get_priority_min(SCHED_OTHER), sched_get_priority_max(SCHED_OTHER));
    parameters.sched_priority = 5;
    say_status("other with a priority", sched_setscheduler(0, SCHED_OTHER, &parameters));
    say_status("bad policy", sched_setscheduler(0, 77, &parameters));
    parameters.sched_priority = 0;
    say_status("other", sched_setscheduler(0, SCHED_OTHER, &parameters));
    say_status("yield", sched_yield());
    say_status("set nice 5", setpriority(PRIO_PROCESS, 0, 5));
    say("nice %d\n", getpriority(PRIO_PROCESS, 0));
    return 0;
}
