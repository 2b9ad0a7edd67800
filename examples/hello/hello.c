#include <stdio.h>
#include <sys/utsname.h>

int main(void)
{
    struct utsname name;
    uname(&name);
    printf("Hello from %s %s on %s\n", name.sysname, name.release, name.machine);
    return 0;
}
