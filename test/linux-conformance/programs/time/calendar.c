// gmtime, mktime and strftime in UTC and with a POSIX zone rule.
// variants: dynamic static musl
#include "../conformance.h"

int main(void) {
    char text[64];
    time_t moments[] = {0, 951782400, 1709208000, 4102444799};
    for (int index = 0; index < 4; index++) {
        struct tm parts;
        gmtime_r(&moments[index], &parts);
        strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S %j %a", &parts);
        say("%s\n", text);
    }
    setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
    tzset();
    for (int index = 0; index < 4; index++) {
        struct tm parts;
        localtime_r(&moments[index], &parts);
        strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S %Z", &parts);
        say("%s, back %d\n", text, mktime(&parts) == moments[index]);
    }
    return 0;
}
