// getrlimit, setrlimit and prlimit: soft limits go down and up to the hard one; nonsense is refused.
// variants: dynamic static musl
#include "../conformance.h"
#include <sys/resource.h>

int main(void) {
    struct rlimit limit, back;
    say_status("stack", getrlimit(RLIMIT_STACK, &limit));
    say_truth("stack is large enough", limit.rlim_cur >= 1 << 20);
    say_status("files", getrlimit(RLIMIT_NOFILE, &limit));
    say_truth("at least 256 files", limit.rlim_cur >= 256);
    limit.rlim_cur = 200;
    say_status("lower", setrlimit(RLIMIT_NOFILE, &limit));
    must(getrlimit(RLIMIT_NOFILE, &back) == 0);
    say("reads back %ld\n", (long)back.rlim_cur);
    limit.rlim_cur = limit.rlim_max;
    say_status("raise to the hard limit", setrlimit(RLIMIT_NOFILE, &limit));
    limit.rlim_cur = 100;
    limit.rlim_max = 50;
    say_status("soft above hard", setrlimit(RLIMIT_NOFILE, &limit));
    say_status("unknown", getrlimit(99, &limit));
    say_status("core", getrlimit(RLIMIT_CORE, &limit));
    say_status("prlimit", prlimit(0, RLIMIT_AS, NULL, &limit));
    say("address space unlimited %d\n", limit.rlim_cur == RLIM_INFINITY);
    return 0;
}
