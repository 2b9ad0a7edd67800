// splice moves bytes file to pipe to file, tee copies a pipe, vmsplice fills one from memory.
// variants: dynamic
#include "../conformance.h"
#include <sys/uio.h>

int main(void) {
    enter_scratch_directory();
    write_file("from", "0123456789abcdef");
    int from = open("from", O_RDONLY), to = open("to", O_RDWR | O_CREAT, 0600);
    int first[2], second[2];
    must(pipe(first) == 0 && pipe(second) == 0);
    off_t offset = 4;
    say_value("file to pipe", splice(from, &offset, first[1], NULL, 8, 0));
    say("offset %ld\n", (long)offset);
    say_value("tee", tee(first[0], second[1], 100, 0));
    say_value("pipe to file", splice(first[0], NULL, to, NULL, 100, 0));
    char text[32] = {0};
    must(pread(to, text, 32, 0) == 8);
    say("file '%s'\n", text);
    must(read(second[0], text, 32) == 8);
    say("copy '%s'\n", text);
    struct iovec parts[2] = {{"left ", 5}, {"right", 5}};
    say_value("vmsplice", vmsplice(first[1], parts, 2, 0));
    memset(text, 0, sizeof text);
    say_value("read", read(first[0], text, 32));
    say("'%s'\n", text);
    say_status("file to file", splice(from, NULL, to, NULL, 8, 0));
    say_status("nothing, non-blocking", splice(first[0], NULL, to, NULL, 8, SPLICE_F_NONBLOCK));
    return 0;
}
