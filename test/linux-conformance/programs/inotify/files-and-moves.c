// inotify tells what happens to files and names: creation, content, attributes, moves with cookies, removal, in this order.
// variants: dynamic static musl
#include "inotify.h"
#include <dirent.h>
#include <sys/sendfile.h>

static void contents(void) {
    watch_as("directory", "d", IN_ALL_EVENTS);
    int fd = open("d/file", O_RDWR | O_CREAT | O_EXCL, 0644);
    must(fd >= 0);
    drain("created");
    watch_as("file", "d/file", IN_ALL_EVENTS);
    char text[8] = "content";
    must(write(fd, text, 7) == 7 && write(fd, text, 0) == 0);
    drain("written");
    must(pread(fd, text, 7, 0) == 7 && pread(fd, text, 7, 100) == 0);
    drain("read");
    must(ftruncate(fd, 3) == 0);
    drain("ftruncate");
    must(fchmod(fd, 0600) == 0 && chown("d/file", (uid_t)-1, 0) == 0);
    drain("mode and owner");
    must(futimens(fd, NULL) == 0);
    drain("both times");
    struct timespec one[2] = {{.tv_sec = 1}, {.tv_nsec = UTIME_OMIT}}, other[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = 1}};
    must(futimens(fd, one) == 0);
    drain("access time");
    must(futimens(fd, other) == 0);
    drain("modification time");
    close(fd);
    drain("closed");
    fd = open("d/file", O_RDONLY);
    close(fd);
    drain("opened to read");
    fd = open("d/file", O_PATH);
    close(fd);
    drain("O_PATH");
    must(truncate("d/file", 10) == 0);
    drain("truncate");
    fd = open("d/file", O_WRONLY | O_TRUNC);
    must(posix_fallocate(fd, 0, 100) == 0);
    close(fd);
    drain("O_TRUNC and fallocate");
    fd = open("d/file", O_RDWR);
    int to = open("other", O_RDWR | O_CREAT, 0644);
    must(sendfile(to, fd, NULL, 10) == 10 && sendfile(fd, to, NULL, 0) == 0);
    close(to);
    close(fd);
    drain("sendfile");
    must(stat("d/file", &(struct stat){}) == 0 && access("d/file", R_OK) == 0);
    drain("stat");
    say_status("open what is not there", open("d/missing", O_RDONLY));
    say_status("create what is there", open("d/file", O_RDWR | O_CREAT | O_EXCL, 0644));
    drain("failures");
}

static void directories(void) {
    must(mkdir("d/sub", 0755) == 0);
    drain("mkdir");
    watch_as("sub", "d/sub", IN_ALL_EVENTS);
    DIR *list = opendir("d/sub");
    while (readdir(list)) {
    }
    closedir(list);
    drain("listed");
    write_file("d/sub/below", "text");
    drain("only the directory itself hears of what is in it");
    must(chmod("d/sub", 0700) == 0);
    drain("mode of a directory");
    must(symlink("nowhere", "d/link") == 0 && mkfifo("d/fifo", 0600) == 0);
    drain("symlink and fifo");
    must(link("d/file", "d/hard") == 0);
    drain("hard link");
    int fd = open("d/hard", O_RDONLY);
    close(fd);
    drain("opened by its other name");
}

static void moves(void) {
    must(mkdir("e", 0755) == 0);
    watch_as("e", "e", IN_ALL_EVENTS);
    must(rename("d/file", "d/renamed") == 0);
    drain("in one directory");
    must(rename("d/renamed", "e/file") == 0);
    drain("to another one");
    must(rename("d/sub", "e/sub") == 0);
    drain("a directory");
    must(rename("e/file", "outside") == 0);
    drain("out");
    must(rename("outside", "e/file") == 0);
    drain("in");
    write_file("e/victim", "");
    watch_as("victim", "e/victim", IN_ALL_EVENTS);
    drain("before it is replaced");
    must(rename("e/file", "e/victim") == 0);
    drain("replaced");
    must(rename("e/victim", "d/hard") == 0);
    drain("onto another link to itself");
    write_file("e/left", "");
    drain("before the exchange");
    must(syscall(SYS_renameat2, AT_FDCWD, "e/left", AT_FDCWD, "d/hard", 2) == 0);
    drain("exchanged");
    say_status("rename what is not there", rename("e/missing", "e/anything"));
    drain("failure");
}

static void removals(void) {
    must(unlink("d/link") == 0);
    drain("symlink removed");
    must(unlink("e/victim") == 0);
    drain("one of two names removed");
    must(unlink("e/left") == 0);
    drain("last name removed");
    write_file("d/open", "");
    watch_as("open", "d/open", IN_ALL_EVENTS);
    int fd = open("d/open", O_RDWR);
    drain("before it is removed");
    must(unlink("d/open") == 0);
    drain("removed while open");
    must(write(fd, "x", 1) == 1);
    drain("written without a name");
    close(fd);
    drain("its last close");
    must(unlink("e/sub/below") == 0 && rmdir("e/sub") == 0);
    drain("directory removed");
    must(mkdir("d/looked", 0755) == 0);
    watch_as("looked", "d/looked", IN_DELETE_SELF);
    must(access("d/looked/missing", F_OK) < 0);
    must(rmdir("d/looked") == 0);
    drain("directory removed after a look-up in it");
    must(inotify_rm_watch(inotify, watches[0].number) == 0);
    drain("watch removed");
    write_file("d/silent", "");
    drain("nobody hears");
    say_status("no such watch", inotify_rm_watch(inotify, watches[0].number));
    say_truth("numbers are never used again", inotify_add_watch(inotify, "d", IN_OPEN) > watches[watch_count - 1].number);
}

/// What comes with the root: files of an image, below a writable layer.
static void image(void) {
    watch_as("image", "/conformance/data", IN_ALL_EVENTS);
    watch_as("greeting", "/conformance/data/greeting", IN_ALL_EVENTS);
    char text[64];
    must(read_file("/conformance/data/greeting", text, sizeof text) > 0);
    drain("read from the image");
    int fd = open("/conformance/data/greeting", O_WRONLY | O_APPEND);
    must(fd >= 0 && write(fd, "more\n", 5) == 5);
    close(fd);
    drain("appended to");
    must(read_file("/conformance/data/greeting", text, sizeof text) > 0);
    drain("read again");
    must(rename("/conformance/data/greeting", "/conformance/data/moved") == 0);
    must(unlink("/conformance/data/moved") == 0 && unlink("/conformance/data/second") == 0);
    drain("removed");
}

int main(void) {
    enter_scratch_directory();
    must(mkdir("d", 0755) == 0);
    inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    must(inotify >= 0);
    contents();
    directories();
    moves();
    removals();
    image();
    return 0;
}
