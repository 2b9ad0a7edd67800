// sendfile to a socket and to a file, with and without an offset.
// variants: dynamic static musl
#include "sockets.h"
#include <sys/sendfile.h>

int main(void) {
    enter_scratch_directory();
    int file = open("file", O_RDWR | O_CREAT, 0600);
    char block[8192];
    for (size_t index = 0; index < sizeof block; index++) block[index] = (char)(index * 13 >> 1);
    must(write(file, block, sizeof block) == sizeof block);
    int ends[2];
    tcp_pair(ends);
    off_t offset = 100;
    say_value("with offset", sendfile(ends[0], file, &offset, 1000));
    say("offset %ld, position %ld\n", (long)offset, (long)lseek(file, 0, SEEK_CUR));
    char back[8192];
    must(recv(ends[1], back, 1000, MSG_WAITALL) == 1000);
    say_truth("same bytes", memcmp(back, block + 100, 1000) == 0);
    lseek(file, 8000, SEEK_SET);
    say_value("up to the end", sendfile(ends[0], file, NULL, 5000));
    say("position %ld\n", (long)lseek(file, 0, SEEK_CUR));
    say_value("at the end", sendfile(ends[0], file, NULL, 5000));
    int copy = open("copy", O_RDWR | O_CREAT, 0600);
    offset = 0;
    say_value("to a file", sendfile(copy, file, &offset, 8192));
    must(pread(copy, back, 8192, 0) == 8192);
    say_truth("same bytes", memcmp(back, block, 8192) == 0);
    say_status("from a socket", sendfile(copy, ends[1], NULL, 10));
    return 0;
}
