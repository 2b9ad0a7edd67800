// mkdir, rmdir, getdents by readdir, nested trees, link counts, rewind; errors for non-empty and missing ones.
// variants: dynamic static musl
#include "../conformance.h"
#include <dirent.h>

static int compare(const void *left, const void *right) { return strcmp(*(char *const *)left, *(char *const *)right); }

static void list(const char *path) {
    DIR *directory = opendir(path);
    must(directory != NULL);
    char *names[400];
    int count = 0;
    for (struct dirent *entry; (entry = readdir(directory)) != NULL && count < 400;) {
        char text[300];
        snprintf(text, sizeof text, "%s%s", entry->d_name, entry->d_type == DT_DIR ? "/" : entry->d_type == DT_LNK ? "@" : "");
        names[count++] = strdup(text);
    }
    qsort(names, (size_t)count, sizeof names[0], compare);
    say("%d entries:", count);
    for (int index = 0; index < count && index < 8; index++) say(" %s", names[index]);
    say("\n");
    rewinddir(directory);
    int again = 0;
    while (readdir(directory)) again++;
    say_truth("same after rewind", again == count);
    closedir(directory);
}

int main(void) {
    enter_scratch_directory();
    say_status("mkdir", mkdir("a", 0755));
    say_status("again", mkdir("a", 0755));
    say_status("nested", mkdir("a/b", 0755));
    say_status("missing parent", mkdir("x/y", 0755));
    write_file("a/file", "text");
    must(symlink("file", "a/link") == 0);
    list("a");
    for (int index = 0; index < 300; index++) {
        char name[32];
        snprintf(name, sizeof name, "a/b/entry-%03d", index);
        write_file(name, "");
    }
    list("a/b");
    say_status("rmdir non-empty", rmdir("a"));
    say_status("rmdir a file", rmdir("a/file"));
    say_status("unlink a directory", unlink("a/b"));
    for (int index = 0; index < 300; index++) {
        char name[32];
        snprintf(name, sizeof name, "a/b/entry-%03d", index);
        must(unlink(name) == 0);
    }
    list("a/b");
    say_status("rmdir", rmdir("a/b"));
    say_status("rmdir again", rmdir("a/b"));
    say_status("rmdir dot", rmdir("."));
    struct stat status;
    must(stat("a", &status) == 0);
    say("is a directory %d\n", S_ISDIR(status.st_mode));
    say_status("opendir a file", opendir("a/file") ? 0 : -1);
    return 0;
}
