// kill, tgkill and sigqueue refuse bad numbers and unknown processes.
// variants: dynamic musl
#include "../conformance.h"

int main(void) {
    say_status("signal 0 to self", kill(getpid(), 0));
    say_status("signal 65", kill(getpid(), 65));
    say_status("signal -1", kill(getpid(), -1));
    say_status("unknown process", kill(0x3ffffff, 0));
    say_status("tgkill self 0", syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), 0));
    say_status("tgkill tid 0", syscall(SYS_tgkill, getpid(), 0, SIGUSR1));
    say_status("tgkill unknown", syscall(SYS_tgkill, getpid(), 0x3ffffff, SIGUSR1));
    say_status("tgkill bad signal", syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), 99));
    say_status("sigqueue bad signal", sigqueue(getpid(), 99, (union sigval){0}));
    return 0;
}
