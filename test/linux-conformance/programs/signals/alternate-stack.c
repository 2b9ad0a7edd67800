// SA_ONSTACK handlers run on the alternate stack; it reports its state, and cannot change while in use.
// variants: dynamic static musl
#include "../conformance.h"

static char *alternate;
static size_t size = 64 * 1024;

static void handler(int number) {
    char local;
    stack_t state;
    sigaltstack(NULL, &state);
    say("signal %d on alternate stack: %s, SS_ONSTACK %d\n", number,
        &local >= alternate && &local < alternate + size ? "yes" : "no", (state.ss_flags & SS_ONSTACK) != 0);
    if (state.ss_flags & SS_ONSTACK) {
        state.ss_flags = SS_DISABLE;
        say_status("disable while in use", sigaltstack(&state, NULL));
    }
}

int main(void) {
    alternate = malloc(size);
    stack_t state = {.ss_sp = alternate, .ss_size = size}, old;
    say_status("set", sigaltstack(&state, &old));
    say("before: %s\n", old.ss_flags & SS_DISABLE ? "disabled" : "enabled");
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_ONSTACK};
    sigaction(SIGUSR1, &action, NULL);
    action.sa_flags = 0;
    sigaction(SIGUSR2, &action, NULL);
    raise(SIGUSR1);
    raise(SIGUSR2);
    sigaltstack(NULL, &state);
    say("after: size right %s, flags %d\n", state.ss_size == size ? "yes" : "no", state.ss_flags);
    state.ss_size = 16;
    say_status("too small", sigaltstack(&state, NULL));
    state.ss_flags = SS_DISABLE;
    say_status("disable", sigaltstack(&state, NULL));
    raise(SIGUSR1);
    return 0;
}
