// Access to a mapped page wholly behind the end of the file is SIGBUS, with BUS_ADRERR and the address.
// variants: dynamic static
#include "../conformance.h"
#include <setjmp.h>

static sigjmp_buf back;
static char *map;

static void handler(int number, siginfo_t *info, void *context) {
    (void)context;
    say("signal %s, %s, address right: %s\n", number == SIGBUS ? "SIGBUS" : "other",
        info->si_code == BUS_ADRERR ? "BUS_ADRERR" : "other", (char *)info->si_addr == map + 4096 ? "yes" : "no");
    siglongjmp(back, 1);
}

int main(void) {
    enter_scratch_directory();
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
    sigaction(SIGBUS, &action, NULL);
    sigaction(SIGSEGV, &action, NULL);
    int fd = open("file", O_RDWR | O_CREAT, 0600);
    must(ftruncate(fd, 100) == 0);
    map = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    must(map != MAP_FAILED);
    say("in the last page: %d\n", map[4095]);
    if (sigsetjmp(back, 1) == 0) say("%d\n", *(volatile char *)(map + 4096));
    must(ftruncate(fd, 8192) == 0);
    if (sigsetjmp(back, 1) == 0) say("after growth: %d\n", *(volatile char *)(map + 4096));
    return 0;
}
