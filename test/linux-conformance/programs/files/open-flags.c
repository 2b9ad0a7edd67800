// O_EXCL, O_TRUNC, O_DIRECTORY, O_NOFOLLOW, O_CLOEXEC and missing paths: each with its own answer.
// variants: dynamic static musl
#include "../conformance.h"

int main(void) {
    enter_scratch_directory();
    int fd = open("file", O_WRONLY | O_CREAT | O_EXCL, 0600);
    say_status("create exclusively", fd);
    say_status("again", open("file", O_WRONLY | O_CREAT | O_EXCL, 0600));
    must(write(fd, "text", 4) == 4);
    struct stat status;
    close(open("file", O_WRONLY | O_TRUNC));
    must(stat("file", &status) == 0);
    say("truncated to %ld\n", (long)status.st_size);
    must(mkdir("directory", 0700) == 0);
    must(symlink("file", "link") == 0);
    must(symlink("nowhere", "broken") == 0);
    must(symlink("loop", "loop") == 0);
    say_status("file as a directory", open("file", O_RDONLY | O_DIRECTORY));
    say_status("directory for writing", open("directory", O_WRONLY));
    say_status("create a directory's name", open("directory", O_RDWR | O_CREAT, 0600));
    say_status("link, not followed", open("link", O_RDONLY | O_NOFOLLOW));
    say_status("link", open("link", O_RDONLY));
    say_status("broken link", open("broken", O_RDONLY));
    say_status("broken link, exclusive", open("broken", O_WRONLY | O_CREAT | O_EXCL, 0600));
    say_status("create through a broken link", open("broken", O_WRONLY | O_CREAT, 0600));
    say_status("it made the target", access("nowhere", F_OK));
    say_status("loop", open("loop", O_RDONLY));
    say_status("missing", open("missing", O_RDONLY));
    say_status("below a file", open("file/x", O_RDONLY));
    say_status("missing directory", open("missing/x", O_WRONLY | O_CREAT, 0600));
    say_status("empty path", open("", O_RDONLY));
    char name[300];
    memset(name, 'n', 299);
    name[299] = 0;
    say_status("name too long", open(name, O_RDONLY));
    static char path[5000];
    for (int index = 0; index < 4998; index += 2) memcpy(path + index, "./", 2);
    say_status("path too long", open(path, O_RDONLY));
    fd = open("file", O_RDONLY | O_CLOEXEC);
    say("close on exec %d\n", fcntl(fd, F_GETFD));
    say("flags %d\n", fcntl(open("file", O_RDWR | O_APPEND | O_NONBLOCK), F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK));
    return 0;
}
