// /proc/self: exe, cwd, fd and the pid's own folder are links that lead where they should.
// variants: dynamic static musl
#include "../conformance.h"
#include <dirent.h>

int main(void) {
    char path[PATH_MAX], name[64];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    must(length > 0);
    path[length] = 0;
    say_truth("exe", strstr(path, "self-links") != NULL && path[0] == '/');
    length = readlink("/proc/self", path, sizeof path - 1);
    must(length > 0);
    path[length] = 0;
    say_truth("self is the pid", atoi(path) == getpid());
    must(chdir("/tmp") == 0);
    length = readlink("/proc/self/cwd", path, sizeof path - 1);
    must(length > 0);
    path[length] = 0;
    say("cwd %s\n", path);
    write_file("/tmp/for-the-link", "through the link");
    int fd = open("/tmp/for-the-link", O_RDONLY);
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    length = readlink(name, path, sizeof path - 1);
    must(length > 0);
    path[length] = 0;
    say("fd %s\n", path);
    char text[32] = {0};
    must(read_file(name, text, sizeof text) > 0);
    say("opened anew: %s\n", text);
    DIR *directory = opendir("/proc/self/fd");
    must(directory != NULL);
    int seen = 0;
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) seen += atoi(entry->d_name) == fd && entry->d_name[0] != '.';
    say("listed %d\n", seen);
    snprintf(name, sizeof name, "/proc/%d/comm", getpid());
    must(read_file(name, text, sizeof text) > 0);
    say("comm %s", text);
    return 0;
}
