// RLIMIT_NOFILE bounds descriptor numbers: EMFILE at the limit, room again after a close.
// variants: dynamic static
#include "../conformance.h"
#include <sys/resource.h>

int main(void) {
    struct rlimit limit;
    must(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    limit.rlim_cur = 64;
    say_status("lower the limit", setrlimit(RLIMIT_NOFILE, &limit));
    int last = -1, fd;
    while ((fd = open("/dev/null", O_RDONLY)) >= 0) last = fd;
    say("last number %d, then %s\n", last, errno_name(errno));
    int ends[2];
    say_status("pipe", pipe(ends));
    say_status("dup", dup(1));
    say_status("dup2 beyond", dup2(1, 64));
    close(20);
    say_status("pipe with one free", pipe(ends));
    say("open again %d\n", open("/dev/null", O_RDONLY));
    limit.rlim_cur = 128;
    must(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    say("after raising %d\n", open("/dev/null", O_RDONLY));
    return 0;
}
