// getrandom fills what it is asked for, differently each time; flags and lengths are checked.
// variants: dynamic static musl
#include "../conformance.h"
#include <sys/random.h>

int main(void) {
    unsigned char one[256], two[256];
    say_value("bytes", getrandom(one, 256, 0));
    say_value("bytes", getrandom(two, 256, GRND_NONBLOCK));
    say_truth("different", memcmp(one, two, 256) != 0);
    say_value("from /dev/random", getrandom(one, 16, GRND_RANDOM));
    say_value("none", getrandom(one, 0, 0));
    say_status("bad flags", getrandom(one, 16, 0x100));
    static unsigned char large[100000];
    long counts[256] = {0}, extreme = 0;
    say_value("large", getrandom(large, sizeof large, 0));
    for (size_t index = 0; index < sizeof large; index++) counts[large[index]]++;
    for (int index = 0; index < 256; index++) extreme += counts[index] < 250 || counts[index] > 550;
    say("bytes much too rare or frequent %ld\n", extreme);
    say_status("entropy", getentropy(one, 32));
    say_status("too much entropy", getentropy(large, 257));
    return 0;
}
