// sysinfo, sysconf and get_nprocs give sane figures that agree with each other.
// variants: dynamic static musl
#include "../conformance.h"
#include <sys/sysinfo.h>

int main(void) {
    struct sysinfo information;
    say_status("sysinfo", sysinfo(&information));
    uint64_t total = (uint64_t)information.totalram * information.mem_unit;
    say_truth("memory total at least 64 MiB", total >= 64u << 20);
    say_truth("free is not above total", information.freeram <= information.totalram);
    say_truth("up time", (long)information.uptime >= 0);
    say("page size %ld\n", sysconf(_SC_PAGESIZE));
    say_truth("processors", sysconf(_SC_NPROCESSORS_ONLN) >= 1 && sysconf(_SC_NPROCESSORS_ONLN) == get_nprocs());
    say_truth("configured", sysconf(_SC_NPROCESSORS_CONF) >= sysconf(_SC_NPROCESSORS_ONLN));
    say_truth("physical pages agree", (uint64_t)sysconf(_SC_PHYS_PAGES) * 4096 <= total + (1 << 20));
    say("ticks a second %ld\n", sysconf(_SC_CLK_TCK));
    double load[3];
    say_value("load averages", getloadavg(load, 3));
    return 0;
}
