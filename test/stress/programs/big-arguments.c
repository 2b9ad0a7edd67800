// execve with large arguments and environments: up to the limit they arrive whole, above it E2BIG and the caller lives.
#include "stress.h"

static size_t total_of(char **list) {
    size_t size = 0;
    for (; *list; list++) size += strlen(*list) + 1;
    return size;
}

extern char **environ;

int main(int argc, char **argv) {
    must(argc > 2);
    static const size_t sizes[] = {1000, 60000, 131000, 500000, 1000000, 1900000};
    enum { count = sizeof sizes / sizeof *sizes };
    const size_t step = argc > 3 && !strncmp(argv[3], "step", 4) ? strtoul(argv[3] + 4, NULL, 10) : 0;
    if (step) {
        must_say(total_of(argv) + total_of(environ) >= sizes[step - 1], "%zu bytes arrived", total_of(argv) + total_of(environ));
        for (char **word = argv + 4; *word; word++)
            for (size_t at = 0; (*word)[at]; at++) must((*word)[at] == (char)('a' + at % 26));
        for (char **word = environ; *word; word++) must(!strncmp(*word, "V=", 2) || !strncmp(*word, "PATH=", 5));
    }
    if (step == count) {
        finish("big-arguments");
        return 0;
    }
    // Words of up to 100,000 bytes; an eighth of them in the environment.
    const size_t word_max = 100000, size = sizes[step];
    const size_t words = size / word_max + 1;
    char name[32];
    snprintf(name, sizeof name, "step%zu", step + 1);
    char **arguments = calloc(words + 6, sizeof *arguments), **environment = calloc(words + 2, sizeof *environment);
    size_t argument_count = 0, environment_count = 0;
    arguments[argument_count++] = argv[0];
    arguments[argument_count++] = argv[1];
    arguments[argument_count++] = argv[2];
    arguments[argument_count++] = name;
    environment[environment_count++] = "PATH=/bin";
    for (size_t index = 0, left = size; left; index++) {
        const size_t length = left < word_max ? left : word_max;
        char *word = malloc(length + 3);
        const size_t prefix = index % 8 == 7 ? 2 : 0;
        memcpy(word, "V=", 2);
        for (size_t at = 0; at < length; at++) word[prefix + at] = (char)('a' + at % 26);
        word[prefix + length] = 0;
        if (prefix) environment[environment_count++] = word;
        else arguments[argument_count++] = word;
        left -= length;
    }
    // Too much first: one word above 128 KiB (MAX_ARG_STRLEN), then all together above the stack's quarter.
    char *giant = malloc(200001);
    memset(giant, 'x', 200000);
    giant[200000] = 0;
    must(execve("/proc/self/exe", (char *[]){argv[0], giant, NULL}, environ) == -1 && errno == E2BIG);
    char *long_word = malloc(100001);
    memset(long_word, 'y', 100000);
    long_word[100000] = 0;
    char *many[101] = {0};
    for (int index = 0; index < 100; index++) many[index] = long_word;
    must(execve("/proc/self/exe", many, environ) == -1 && errno == E2BIG);
    must(execve("/nothing/here", arguments, environment) == -1 && errno == ENOENT);
    must(syscall(SYS_execve, "/proc/self/exe", 8, environ) == -1 && errno == EFAULT);
    execve("/proc/self/exe", arguments, environment);
    must_say(0, "execve with %zu bytes: errno %d", size, errno);
}
