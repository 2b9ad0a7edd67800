// /proc/self/cmdline, stat, status, statm, auxv and limits parse as tools parse them, and agree with the calls.
// variants: dynamic static
// arguments: "an argument" other
#include "../conformance.h"

static char text[65536];

int main(void) {
    long length = read_file("/proc/self/cmdline", text, sizeof text);
    must(length > 0);
    int parts = 0;
    for (long at = 0; at < length; at++) parts += text[at] == 0;
    say("cmdline parts %d, second '%s'\n", parts, text + strlen(text) + 1);
    must(read_file("/proc/self/stat", text, sizeof text) > 0);
    int pid;
    char state, *after = strrchr(text, ')');
    must(after != NULL && sscanf(text, "%d (self-files", &pid) == 1 && sscanf(after, ") %c", &state) == 1);
    say("stat: own pid %d, state %c\n", pid == getpid(), state);
    int fields = 2;
    for (char *at = after + 1; *at; at++) fields += *at == ' ';
    say("fields %d\n", fields);
    must(read_file("/proc/self/status", text, sizeof text) > 0);
    char *line = strstr(text, "Pid:\t");
    say_truth("status pid", line && atoi(line + 5) == getpid());
    line = strstr(text, "Threads:\t");
    say_truth("one thread", line && atoi(line + 9) == 1);
    line = strstr(text, "VmRSS:");
    say_truth("resident size", line && atol(line + 6) > 0);
    must(read_file("/proc/self/statm", text, sizeof text) > 0);
    long size, resident;
    must(sscanf(text, "%ld %ld", &size, &resident) == 2);
    say_truth("statm", size > 0 && resident > 0 && resident <= size);
    length = read_file("/proc/self/auxv", text, sizeof text);
    int page_size = 0;
    for (long at = 0; at + 16 <= length; at += 16) page_size |= *(unsigned long *)(text + at) == 6 && *(unsigned long *)(text + at + 8) == 4096;
    say_truth("auxv has the page size", page_size);
    must(read_file("/proc/self/limits", text, sizeof text) > 0);
    say_truth("limits", strstr(text, "Max open files") != NULL);
    length = read_file("/proc/self/environ", text, sizeof text);
    say_truth("environ", length >= 0);
    return 0;
}
