// chdir, fchdir, getcwd and the *at calls relative to a directory descriptor.
// variants: dynamic static musl
#include "../conformance.h"

int main(void) {
    must(chdir("/tmp") == 0);
    char path[PATH_MAX], long_path[8];
    say("at %s\n", getcwd(path, sizeof path));
    enter_scratch_directory();
    must(mkdir("inner", 0755) == 0);
    int here = open(".", O_RDONLY | O_DIRECTORY), inner = open("inner", O_RDONLY | O_DIRECTORY);
    must(getcwd(path, sizeof path) != NULL);
    size_t base = strlen(path);
    say_status("chdir", chdir("inner"));
    must(getcwd(path, sizeof path) != NULL);
    say("inside: %s\n", path + base);
    say_status("fchdir", fchdir(here));
    must(getcwd(path, sizeof path) != NULL);
    say("back: '%s'\n", path + base);
    int fd = openat(inner, "file", O_WRONLY | O_CREAT, 0600);
    say_status("openat", fd);
    say_status("access by path", access("inner/file", F_OK));
    say_status("faccessat", faccessat(inner, "file", R_OK, 0));
    struct stat status;
    say_status("fstatat", fstatat(inner, "file", &status, 0));
    say_status("mkdirat", mkdirat(inner, "deep", 0700));
    say_status("renameat", renameat(inner, "file", here, "moved"));
    say_status("unlinkat a directory", unlinkat(inner, "deep", 0));
    say_status("unlinkat with its flag", unlinkat(inner, "deep", AT_REMOVEDIR));
    say_status("relative to a file", openat(fd, "x", O_RDONLY));
    say_status("relative to a bad fd", openat(999, "x", O_RDONLY));
    say_status("absolute ignores the fd", openat(999, "/tmp", O_RDONLY));
    say_status("chdir to a file", chdir("moved"));
    say_status("chdir to nothing", chdir("nothing"));
    say_status("small buffer", getcwd(long_path, 2) ? 0 : -1);
    say_status("dot dot", access("inner/../moved", F_OK));
    say("root's parent is root: %s\n", realpath("/..", path));
    return 0;
}
