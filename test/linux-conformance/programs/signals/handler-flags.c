// SA_NODEFER nests, without it the next one waits, SA_RESETHAND works once, sa_mask blocks others, and SIG_IGN drops.
// variants: dynamic static musl
#include "../conformance.h"

static int depth;

static void nest(int number) {
    depth++;
    say("enter depth %d\n", depth);
    if (depth < 3) raise(number);
    say("leave depth %d\n", depth);
    depth--;
}

static void count(int number) {
    depth++;
    say("counted %d\n", depth);
    if (depth < 3) raise(number);
    say("left %d\n", depth);
}

static void other(int number) { say("other %d\n", number); }

static void masked(int number) {
    (void)number;
    raise(SIGUSR2);
    say("USR2 raised inside, held back\n");
}

int main(void) {
    struct sigaction action = {.sa_handler = nest, .sa_flags = SA_NODEFER}, old;
    sigaction(SIGUSR1, &action, NULL);
    raise(SIGUSR1);
    action = (struct sigaction){.sa_handler = count};
    sigaction(SIGUSR1, &action, NULL);
    raise(SIGUSR1);
    action = (struct sigaction){.sa_handler = other, .sa_flags = SA_RESETHAND};
    sigaction(SIGUSR2, &action, NULL);
    raise(SIGUSR2);
    sigaction(SIGUSR2, NULL, &old);
    say_truth("reset to default", old.sa_handler == SIG_DFL);
    signal(SIGUSR2, other);
    action = (struct sigaction){.sa_handler = masked};
    sigaddset(&action.sa_mask, SIGUSR2);
    sigaction(SIGUSR1, &action, NULL);
    raise(SIGUSR1);
    signal(SIGUSR2, SIG_IGN);
    raise(SIGUSR2);
    say("ignored\n");
    say_status("SIGKILL handler", sigaction(SIGKILL, &action, NULL));
    say_status("signal 0 handler", sigaction(0, &action, NULL));
    say_status("signal 65 handler", sigaction(65, &action, NULL));
    return 0;
}
