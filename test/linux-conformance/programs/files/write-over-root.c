// Files of the image can be changed, replaced and removed, and new ones made beside them.
// variants: dynamic static
// root: private
#include "../conformance.h"

int main(void) {
    char text[64];
    must(read_file("/conformance/data/greeting", text, 64) > 0);
    say("from the image: %s", text);
    int fd = open("/conformance/data/greeting", O_RDWR);
    say_status("open for writing", fd);
    say_value("write", pwrite(fd, "HELLO", 5, 0));
    must(read_file("/conformance/data/greeting", text, 64) > 0);
    say("after: %s", text);
    say_value("length", lseek(fd, 0, SEEK_END));
    say_status("new file", open("/conformance/data/new", O_WRONLY | O_CREAT | O_EXCL, 0600));
    say_status("rename", rename("/conformance/data/greeting", "/conformance/data/farewell"));
    say_status("old name", access("/conformance/data/greeting", F_OK));
    must(read_file("/conformance/data/farewell", text, 64) > 0);
    say("renamed: %s", text);
    say_status("remove from the image", unlink("/conformance/data/second"));
    say_status("gone", access("/conformance/data/second", F_OK));
    say_status("new directory", mkdir("/conformance/data/directory", 0755));
    say_status("new in the root", mkdir("/new-in-the-root", 0755));
    return 0;
}
