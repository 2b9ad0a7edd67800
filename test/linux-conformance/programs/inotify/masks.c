// inotify_add_watch(2)'s flags: one shot, only directories, links, unlinked files, adding to a mask, and the errors of every call.
// variants: dynamic static musl
#include "inotify.h"

static void flags(void) {
    write_file("file", "");
    must(symlink("file", "link") == 0 && mkdir("d", 0755) == 0 && symlink("d", "to-d") == 0);
    say_status("only directories: a file", inotify_add_watch(inotify, "file", IN_OPEN | IN_ONLYDIR));
    say_status("only directories: through a link", inotify_add_watch(inotify, "to-d", IN_OPEN | IN_ONLYDIR));
    say_status("only directories: the link itself", inotify_add_watch(inotify, "to-d", IN_OPEN | IN_ONLYDIR | IN_DONT_FOLLOW));
    int file = watch_as("file", "link", IN_OPEN);
    say_truth("through a link it is the same node", inotify_add_watch(inotify, "file", IN_OPEN) == file);
    say_truth("the link is another one", watch_as("link", "link", IN_ATTRIB | IN_DONT_FOLLOW) != file);
    must(lchown("link", 0, 0) == 0);
    drain("link changed");
    say_status("create only: exists", inotify_add_watch(inotify, "file", IN_OPEN | IN_MASK_CREATE));
    must(inotify_add_watch(inotify, "file", IN_CLOSE) == file);
    write_file("file", "x");
    drain("mask replaced");
    must(inotify_add_watch(inotify, "file", IN_OPEN | IN_MASK_ADD) == file);
    int fd = open("file", O_RDONLY);
    close(fd);
    drain("mask added to");
    must(inotify_add_watch(inotify, "file", IN_OPEN | IN_ONESHOT) == file);
    fd = open("file", O_RDONLY);
    close(fd);
    fd = open("file", O_RDONLY);
    close(fd);
    drain("one shot");
    say_status("gone by itself", inotify_rm_watch(inotify, file));
    write_file("d/seen", "");
    int directory = inotify_add_watch(inotify, "d", IN_ACCESS | IN_MODIFY | IN_CLOSE | IN_DELETE);
    must(directory > 0);
    fd = open("d/seen", O_RDWR);
    must(unlink("d/seen") == 0 && write(fd, "x", 1) == 1);
    close(fd);
    drain("unlinked files are heard of");
    write_file("d/unseen", "");
    drain("another one");
    must(inotify_add_watch(inotify, "d", IN_MODIFY | IN_CLOSE | IN_DELETE | IN_EXCL_UNLINK) == directory);
    fd = open("d/unseen", O_RDWR);
    must(unlink("d/unseen") == 0 && write(fd, "x", 1) == 1);
    close(fd);
    drain("unlinked files are not");
}

static void errors(void) {
    say_status("init flags", inotify_init1(1));
    say_status("no event", inotify_add_watch(inotify, "file", 0));
    say_status("unknown bits alone", inotify_add_watch(inotify, "file", 0x00100000));
    say_status("flags alone", inotify_add_watch(inotify, "file", IN_ONESHOT));
    say_status("add and create", inotify_add_watch(inotify, "file", IN_OPEN | IN_MASK_ADD | IN_MASK_CREATE));
    say_status("missing", inotify_add_watch(inotify, "missing", IN_OPEN));
    say_status("empty path", inotify_add_watch(inotify, "", IN_OPEN));
    say_status("below a file", inotify_add_watch(inotify, "file/below", IN_OPEN));
    say_status("bad pointer", inotify_add_watch(inotify, (const char *)8, IN_OPEN));
    say_status("bad descriptor", inotify_add_watch(999, "file", IN_OPEN));
    say_status("not an inotify", inotify_add_watch(0, "file", IN_OPEN));
    say_status("remove: bad descriptor", inotify_rm_watch(999, 1));
    say_status("remove: not an inotify", inotify_rm_watch(0, 1));
    say_status("remove: never given", inotify_rm_watch(inotify, 4711));
    say_status("write", write(inotify, "x", 1));
    say_status("seek", lseek(inotify, 0, SEEK_SET));
    char path[64], target[64] = "";
    snprintf(path, sizeof path, "/proc/self/fd/%d", inotify);
    must(readlink(path, target, sizeof target - 1) > 0);
    say("it is called %s, flags %s, close on exec %d\n", target, (fcntl(inotify, F_GETFL) & O_ACCMODE) == O_RDONLY ? "O_RDONLY" : "others",
        fcntl(inotify, F_GETFD));
    char limit[32];
    for (size_t index = 0; index < 3; index++) {
        static const char *names[] = {"max_user_instances", "max_user_watches", "max_queued_events"};
        snprintf(path, sizeof path, "/proc/sys/fs/inotify/%s", names[index]);
        must(read_file(path, limit, sizeof limit) > 0);
        say("%s is %s\n", names[index], atoi(limit) >= 64 ? "enough" : limit);
    }
}

int main(void) {
    enter_scratch_directory();
    inotify = inotify_init();
    must(inotify >= 0 && fcntl(inotify, F_SETFL, O_NONBLOCK) == 0);
    flags();
    errors();
    return 0;
}
