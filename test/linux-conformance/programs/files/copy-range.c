// copy_file_range copies between files with offsets, and refuses directories and pipes.
// variants: dynamic
#include "../conformance.h"

int main(void) {
    enter_scratch_directory();
    write_file("from", "0123456789abcdefghij");
    int from = open("from", O_RDONLY), to = open("to", O_RDWR | O_CREAT, 0600);
    loff_t in = 5, out = 2;
    say_value("copied", copy_file_range(from, &in, to, &out, 8, 0));
    say("offsets %ld %ld\n", (long)in, (long)out);
    char text[32] = {0};
    must(pread(to, text, 32, 0) == 10);
    say("'%s', %d %d\n", text + 2, text[0], text[1]);
    say_value("to the end", copy_file_range(from, &in, to, NULL, 100, 0));
    say_value("at the end", copy_file_range(from, &in, to, NULL, 100, 0));
    say_status("read-only target", copy_file_range(to, NULL, from, NULL, 1, 0));
    say_status("bad flags", copy_file_range(from, NULL, to, NULL, 1, 77));
    return 0;
}
