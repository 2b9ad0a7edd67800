// /dev/null, zero, full, random and urandom; a terminal call on them is ENOTTY.
// variants: dynamic static musl
#include "../conformance.h"
#include <sys/ioctl.h>

int main(void) {
    char block[4096];
    int null = open("/dev/null", O_RDWR), zero = open("/dev/zero", O_RDWR), full = open("/dev/full", O_RDWR);
    int random = open("/dev/urandom", O_RDONLY), other = open("/dev/random", O_RDONLY);
    say_value("read null", read(null, block, 10));
    say_value("write null", write(null, block, 4096));
    memset(block, 1, sizeof block);
    say_value("read zero", read(zero, block, 4096));
    int sum = 0;
    for (int index = 0; index < 4096; index++) sum += block[index];
    say("sum %d\n", sum);
    say_value("write zero", write(zero, block, 10));
    say_status("write full", write(full, block, 10));
    say_value("read full", read(full, block, 10));
    say_value("read urandom", read(random, block, 4096));
    int counts[256] = {0}, seen = 0;
    for (int index = 0; index < 4096; index++) counts[(unsigned char)block[index]]++;
    for (int index = 0; index < 256; index++) seen += counts[index] > 0;
    say_truth("looks random", seen > 200);
    say_value("read random", read(other, block, 16));
    struct winsize size;
    say_status("window size of null", ioctl(null, TIOCGWINSZ, &size));
    say("a terminal %d\n", isatty(null));
    char *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, zero, 0);
    say_truth("zero maps", map != MAP_FAILED && map[100] == 0);
    struct stat status;
    fstat(null, &status);
    say("character device %d\n", S_ISCHR(status.st_mode));
    return 0;
}
