// /proc/self/maps lists the program, its heap and stack and new mappings with their right access, in order.
// variants: dynamic static musl
#include "../conformance.h"

static char text[1 << 20];

static const char *access_of(const void *address) {
    static char access[8];
    must(read_file("/proc/self/maps", text, sizeof text) > 0);
    for (char *line = text; *line; line = strchr(line, '\n') + 1) {
        unsigned long start, end;
        must(sscanf(line, "%lx-%lx %4s", &start, &end, access) == 3);
        if ((unsigned long)address >= start && (unsigned long)address < end) return access;
    }
    return "none";
}

static int data = 1;

int main(void) {
    static const int constant = 1;
    int local = 1;
    char *map = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    say("code %s\n", access_of((const void *)main));
    say("constant %s\n", access_of(&constant));
    say("data %s\n", access_of(&data));
    say("stack %s\n", access_of(&local));
    say("mapping %s\n", access_of(map));
    mprotect(map, 4096, PROT_READ);
    say("read-only half %s\n", access_of(map));
    say("other half %s\n", access_of(map + 4096));
    munmap(map, 8192);
    say("unmapped %s\n", access_of(map));
    say("null %s\n", access_of(NULL));
    must(read_file("/proc/self/maps", text, sizeof text) > 0);
    unsigned long last = 0, wrong = 0;
    for (char *line = text; *line; line = strchr(line, '\n') + 1) {
        unsigned long start, end;
        must(sscanf(line, "%lx-%lx", &start, &end) == 2);
        wrong += start < last || end <= start;
        last = end;
    }
    say("out of order %lu\n", wrong);
    must(read_file("/proc/self/maps", text, sizeof text) > 0);
    say_truth("names the program", strstr(text, "self-maps") != NULL);
    say_truth("names the stack", strstr(text, "[stack]") != NULL);
    say_truth("names the vDSO", strstr(text, "[vdso]") != NULL);
    return 0;
}
