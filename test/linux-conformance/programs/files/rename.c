// rename moves and replaces atomically, refuses to mix kinds or to move a directory into itself; NOREPLACE and EXCHANGE.
// variants: dynamic static musl
#include "../conformance.h"

static long rename2(const char *from, const char *to, unsigned flags) {
    return syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, flags);
}

int main(void) {
    enter_scratch_directory();
    char text[32];
    write_file("one", "first");
    write_file("two", "second");
    int open_two = open("two", O_RDONLY);
    say_status("over a file", rename("one", "two"));
    read_file("two", text, 32);
    say("two holds '%s'\n", text);
    say_status("one is gone", access("one", F_OK));
    must(read(open_two, text, 32) == 6);
    say("the open one still holds '%.6s'\n", text);
    must(mkdir("empty", 0700) == 0 && mkdir("full", 0700) == 0);
    write_file("full/file", "x");
    say_status("file over a directory", rename("two", "empty"));
    say_status("directory over a file", rename("empty", "two"));
    say_status("over an empty directory", rename("full", "empty"));
    say_status("its file came along", access("empty/file", F_OK));
    must(mkdir("other", 0700) == 0);
    say_status("over a full directory", rename("other", "empty"));
    say_status("into itself", rename("empty", "empty/inside"));
    say_status("onto itself", rename("two", "two"));
    say_status("missing", rename("missing", "x"));
    say_status("no replace", rename2("two", "other", 1));
    say_status("no replace, free", rename2("two", "three", 1));
    write_file("four", "fourth");
    say_status("exchange", rename2("three", "four", 2));
    read_file("three", text, 32);
    say("three holds '%s'\n", text);
    link("three", "same");
    say_status("two links of one file", rename("three", "same"));
    say_status("both stay", access("three", F_OK));
    return 0;
}
