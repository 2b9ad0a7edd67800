// prctl: names, dumpable, no-new-privs, parent death signal, timer slack, and unknown codes.
// variants: dynamic musl
#include "../conformance.h"
#include <sys/prctl.h>

int main(void) {
    char name[32] = {0};
    say_status("set name", prctl(PR_SET_NAME, "conformance", 0, 0, 0));
    say_status("get name", prctl(PR_GET_NAME, name, 0, 0, 0));
    say("%s\n", name);
    say_status("no new privileges", prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    say_value("reads back", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
    say_status("dumpable", prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
    say_value("reads back", prctl(PR_GET_DUMPABLE, 0, 0, 0, 0));
    say_status("parent death signal", prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0));
    say_status("unknown", prctl(12345, 0, 0, 0, 0));
    return 0;
}
