/* Writes its arguments, variables and working directory to stdout, a line to stderr, and ends with the code in EXIT_CODE. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

extern char **environ;

int main(int argc, char **argv) {
    char folder[256];
    for (int index = 1; index < argc; index++) printf("argument %s\n", argv[index]);
    for (char **variable = environ; *variable; variable++) printf("variable %s\n", *variable);
    printf("folder %s\n", getcwd(folder, sizeof folder));
    fprintf(stderr, "to stderr\n");
    const char *code = getenv("EXIT_CODE");
    return code ? atoi(code) : 0;
}
