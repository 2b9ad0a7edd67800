// Hard and symbolic links: counts, shared contents, readlink cut short, link errors.
// variants: dynamic static musl
#include "../conformance.h"

static long links_of(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 ? (long)status.st_nlink : -1;
}

int main(void) {
    enter_scratch_directory();
    char text[64] = {0};
    write_file("one", "shared");
    say_status("link", link("one", "two"));
    say("links %ld\n", links_of("one"));
    write_file("two", "changed");
    read_file("one", text, 64);
    say("one holds '%s'\n", text);
    say_status("unlink", unlink("one"));
    say("links %ld\n", links_of("two"));
    say_status("link over", link("two", "two"));
    must(mkdir("directory", 0700) == 0);
    say_status("link a directory", link("directory", "hard"));
    say_status("symlink", symlink("a/target that is not there", "soft"));
    memset(text, 0, sizeof text);
    say_value("readlink", readlink("soft", text, 64));
    say("'%s'\n", text);
    say_value("readlink, cut", readlink("soft", text, 5));
    say_status("readlink of a file", readlink("two", text, 64));
    struct stat status;
    must(lstat("soft", &status) == 0);
    say("is a link %d, size %ld\n", S_ISLNK(status.st_mode), (long)status.st_size);
    say_status("stat of it", stat("soft", &status));
    must(symlink("directory", "way") == 0);
    write_file("way/inside", "x");
    say_status("through a link", access("directory/inside", F_OK));
    say_status("symlink over", symlink("x", "way"));
    int fd = open("two", O_RDONLY);
    must(unlink("two") == 0);
    must(fstat(fd, &status) == 0);
    say("unlinked but open: links %ld, size %ld\n", (long)status.st_nlink, (long)status.st_size);
    memset(text, 0, sizeof text);
    say_value("still readable", read(fd, text, 64));
    return 0;
}
