// /proc and /sys files that runtimes read: meminfo, cpuinfo, stat, uptime, loadavg, mounts, CPU lists, sysctls.
// variants: dynamic static
#include "../conformance.h"

static char text[1 << 20];

static long number_after(const char *path, const char *label) {
    if (read_file(path, text, sizeof text) <= 0) return -1;
    char *found = strstr(text, label);
    return found ? atol(found + strlen(label)) : -1;
}

static int count(const char *path, const char *label) {
    if (read_file(path, text, sizeof text) <= 0) return -1;
    int found = 0;
    for (char *at = text; (at = strstr(at, label)) != NULL; at++) found++;
    return found;
}

int main(void) {
    long total = number_after("/proc/meminfo", "MemTotal:"), available = number_after("/proc/meminfo", "MemAvailable:");
    say_truth("memory total", total > 60000);
    say_truth("memory available", available > 0 && available <= total);
    say_truth("memory free", number_after("/proc/meminfo", "MemFree:") > 0);
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    say_truth("cpuinfo", count("/proc/cpuinfo", "processor\t:") == processors);
    say_truth("cpu flags", count("/proc/cpuinfo", "flags\t\t:") == processors);
    say_truth("stat has a line a CPU", count("/proc/stat", "cpu") >= processors + 1);
    say_truth("boot time", number_after("/proc/stat", "btime ") > 1600000000);
    must(read_file("/proc/uptime", text, sizeof text) > 0);
    double up, idle;
    say_truth("uptime", sscanf(text, "%lf %lf", &up, &idle) == 2 && up >= 0);
    must(read_file("/proc/loadavg", text, sizeof text) > 0);
    double loads[3];
    say_truth("load", sscanf(text, "%lf %lf %lf", &loads[0], &loads[1], &loads[2]) == 3);
    say_truth("mounts", count("/proc/self/mounts", " /proc proc ") >= 1);
    must(read_file("/sys/devices/system/cpu/online", text, sizeof text) > 0);
    say_truth("online CPUs", text[0] == '0');
    say_truth("somaxconn", number_after("/proc/sys/net/core/somaxconn", "") > 0);
    say_truth("overcommit", number_after("/proc/sys/vm/overcommit_memory", "") >= 0);
    must(read_file("/proc/sys/kernel/osrelease", text, sizeof text) > 0);
    say_truth("release", atoi(text) >= 4);
    say_truth("pid_max", number_after("/proc/sys/kernel/pid_max", "") > 100);
    must(read_file("/proc/filesystems", text, sizeof text) > 0);
    say_truth("file systems", strstr(text, "tmpfs") != NULL);
    return 0;
}
