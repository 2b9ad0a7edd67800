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
    siginfo_t forged = {.si_code = SI_USER};
    say_status("sigqueue 0 to self", sigqueue(getpid(), 0, (union sigval){0}));
    say_status("sigqueue 0, unknown process", sigqueue(0x3ffffff, 0, (union sigval){0}));
    say_status("as if by kill, unknown process", syscall(SYS_rt_sigqueueinfo, 0x3ffffff, SIGUSR1, &forged));
    say_status("information nowhere", syscall(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, (void *)8));
    forged.si_code = SI_QUEUE;
    say_status("to a thread, signal 0", syscall(SYS_rt_tgsigqueueinfo, getpid(), syscall(SYS_gettid), 0, &forged));
    say_status("to an unknown thread", syscall(SYS_rt_tgsigqueueinfo, getpid(), 0x3ffffff, 0, &forged));
    say_status("to a thread, bad signal", syscall(SYS_rt_tgsigqueueinfo, getpid(), syscall(SYS_gettid), 99, &forged));
    return 0;
}
