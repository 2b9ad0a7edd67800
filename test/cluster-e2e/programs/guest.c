/* Prints the files that it is given, then echoes what comes to TCP port 7000 until SIGTERM, which ends it with code 0;
   with the first argument "stubborn" it takes no notice of that. Each connection has its answer prefixed with HOSTNAME. */
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void end(int signal) {
    (void)signal;
    static const char word[] = "ending\n";
    (void)!write(1, word, sizeof word - 1);
    _exit(0);
}

static int print(const char *path) {
    FILE *file = fopen(path, "r");
    if (!file) return -1;
    char line[4096];
    while (fgets(line, sizeof line, file)) printf("%s: %s\n", path, line);
    return fclose(file);
}

int main(int argc, char **argv) {
    int first = 1;
    signal(SIGTERM, end);
    if (argc > 1 && strcmp(argv[1], "stubborn") == 0) signal(SIGTERM, SIG_IGN), first = 2;
    for (int i = first; i < argc; i++)
        if (print(argv[i])) return 1;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_port = htons(7000)};
    if (bind(listener, (struct sockaddr *)&place, sizeof place) || listen(listener, 16)) return 2;
    printf("listening\n");
    fflush(stdout);
    for (;;) {
        int connection = accept(listener, NULL, NULL);
        if (connection < 0) continue;
        char buffer[4096];
        for (ssize_t count; (count = read(connection, buffer, sizeof buffer)) > 0;)
            if (write(connection, buffer, count) != count) break;
        close(connection);
    }
}
