// Standard input is read to its end, in pieces and by lines, and stays at its end.
// variants: dynamic static musl
// input: first line\nsecond line\n\nlast without an end
#include "../conformance.h"

int main(void) {
    char line[64];
    int number = 0;
    while (fgets(line, sizeof line, stdin)) say("%d: %s", ++number, line);
    say("\nend %d, error %d\n", feof(stdin) != 0, ferror(stdin) != 0);
    say_value("read at the end", read(0, line, 1));
    return 0;
}
