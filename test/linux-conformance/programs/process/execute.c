// execve of the program itself: new arguments, new environment, same process, close-on-exec descriptors closed.
// variants: dynamic static static-pie musl
#include "../conformance.h"

extern char **environ;

int main(int count, char **arguments) {
    if (count == 1) {
        int kept = open("/dev/null", O_RDONLY), closed = open("/dev/null", O_RDONLY | O_CLOEXEC);
        char numbers[3][24];
        snprintf(numbers[0], 24, "%d", kept);
        snprintf(numbers[1], 24, "%d", closed);
        snprintf(numbers[2], 24, "%d", getpid());
        signal(SIGUSR1, SIG_IGN);
        sigset_t block;
        sigemptyset(&block);
        sigaddset(&block, SIGUSR2);
        sigprocmask(SIG_BLOCK, &block, NULL);
        char *list[] = {"renamed", "again", numbers[0], numbers[1], numbers[2], NULL};
        char *environment[] = {"ONLY=this", NULL};
        say("first image\n");
        say_status("missing file", execve("/missing", list, environment));
        say_status("a directory", execve("/tmp", list, environment));
        write_file("/tmp/plain", "no program");
        say_status("not executable", execve("/tmp/plain", list, environment));
        must(chmod("/tmp/plain", 0755) == 0);
        say_status("no known format", execve("/tmp/plain", list, environment));
        execve("/proc/self/exe", list, environment);
        say("execve: %s\n", errno_name(errno));
        return 1;
    }
    say("second image %s, arguments %d, ONLY=%s\n", arguments[0], count, getenv("ONLY"));
    int variables = 0;
    while (environ[variables]) variables++;
    say("variables %d\n", variables);
    say_truth("kept descriptor", fcntl(atoi(arguments[2]), F_GETFD) >= 0);
    say_truth("closed descriptor", fcntl(atoi(arguments[3]), F_GETFD) < 0);
    say_truth("same process", atoi(arguments[4]) == getpid());
    struct sigaction action;
    sigaction(SIGUSR1, NULL, &action);
    say_truth("ignored stays ignored", action.sa_handler == SIG_IGN);
    sigset_t now;
    sigprocmask(SIG_SETMASK, NULL, &now);
    say_truth("mask stays", sigismember(&now, SIGUSR2));
    return 3;
}
