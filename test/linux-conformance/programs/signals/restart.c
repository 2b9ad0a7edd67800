// A read that a signal interrupts goes on with SA_RESTART and answers EINTR without; pause and select never restart.
// variants: dynamic musl
#include "../conformance.h"
#include <sys/select.h>

static int ends[2];
static volatile int caught;
static volatile int write_in_handler;

static void handler(int number) {
    (void)number;
    caught++;
    if (write_in_handler) (void)!write(ends[1], "x", 1);
}

static void alarm_in_ms(int ms) {
    timer_t timer;
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM};
    must(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0);
    struct itimerspec time = {.it_value = {0, ms * 1000000L}};
    must(timer_settime(timer, 0, &time, NULL) == 0);
}

int main(void) {
    must(pipe(ends) == 0);
    struct sigaction action = {.sa_handler = handler};
    sigaction(SIGALRM, &action, NULL);
    char byte;
    alarm_in_ms(20);
    say_status("read without SA_RESTART", read(ends[0], &byte, 1));
    action.sa_flags = SA_RESTART;
    sigaction(SIGALRM, &action, NULL);
    write_in_handler = 1;
    alarm_in_ms(20);
    say_value("read with SA_RESTART", read(ends[0], &byte, 1));
    write_in_handler = 0;
    alarm_in_ms(20);
    say_status("pause with SA_RESTART", pause());
    alarm_in_ms(20);
    fd_set set;
    FD_ZERO(&set);
    FD_SET(ends[0], &set);
    say_status("select with SA_RESTART", select(ends[0] + 1, &set, NULL, NULL, NULL));
    say("caught %d\n", caught);
    return 0;
}
