/* Says "waiting", then waits for a signal: a handled SIGINT ends it with code 42; with the argument "stubborn" SIGINT is
   noted and SIGTERM ignored; with "patient" SIGTERM is noted and otherwise waited out. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t interrupted;
static void on_interrupt(int signal) { interrupted = signal; }
static void note(int signal) { (void)signal; (void)!write(STDOUT_FILENO, "told\n", 5); }

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "stubborn") == 0) {
        signal(SIGINT, note);
        signal(SIGTERM, SIG_IGN);
    } else {
        signal(SIGINT, on_interrupt);
        if (argc > 1 && strcmp(argv[1], "patient") == 0) signal(SIGTERM, note);
    }
    printf("waiting\n");
    fflush(stdout);
    while (!interrupted) pause();
    printf("interrupted\n");
    return 42;
}
