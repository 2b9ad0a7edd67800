// User, group and process numbers; the set*id family as root; sessions and groups.
// variants: dynamic static musl
#include "../conformance.h"
#include <grp.h>
#include <pwd.h>
#include <sys/utsname.h>

int main(void) {
    say("uid %d %d, gid %d %d\n", (int)getuid(), (int)geteuid(), (int)getgid(), (int)getegid());
    say_truth("pid is positive", getpid() > 0);
    say_truth("main thread's tid is the pid", (int)syscall(SYS_gettid) == getpid());
    struct passwd *user = getpwuid(0);
    say("uid 0 is %s\n", user ? user->pw_name : "nobody");
    struct group *group = getgrgid(0);
    say("gid 0 is %s\n", group ? group->gr_name : "nobody");
    struct utsname system;
    must(uname(&system) == 0);
    say("system %s, machine %s\n", system.sysname, system.machine);
    char host[65];
    say_status("host name", gethostname(host, sizeof host));
    say_truth("uname agrees", strcmp(host, system.nodename) == 0);
    say_status("setgroups", setgroups(0, NULL));
    say_status("setgid", setgid(0));
    say_status("setuid", setuid(0));
    uid_t real, effective, saved;
    must(getresuid(&real, &effective, &saved) == 0);
    say("uids %d %d %d\n", (int)real, (int)effective, (int)saved);
    say_truth("session", getsid(0) >= 0);
    say_truth("group", getpgrp() >= 0);
    return 0;
}
