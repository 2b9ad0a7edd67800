// mkstemp, mkdtemp, tmpfile and O_TMPFILE; stdio writes, ungetc, fseek and fscanf on them.
// variants: dynamic static musl
#include "../conformance.h"

int main(void) {
    char name[] = "/tmp/conformance-fileXXXXXX";
    int fd = mkstemp(name);
    must(fd >= 0);
    struct stat status;
    must(fstat(fd, &status) == 0);
    say("mode %o\n", status.st_mode & 0777);
    say_truth("name filled in", strstr(name, "XXXXXX") == NULL);
    say_status("remove", unlink(name));
    FILE *file = tmpfile();
    must(file != NULL);
    for (int index = 0; index < 1000; index++) fprintf(file, "%d %s\n", index, index % 2 ? "odd" : "even");
    rewind(file);
    long sum = 0;
    int number, odd = 0;
    char word[8];
    while (fscanf(file, "%d %7s", &number, word) == 2) sum += number, odd += strcmp(word, "odd") == 0;
    say("sum %ld, odd %d, end %d\n", sum, odd, feof(file) != 0);
    fseek(file, 0, SEEK_SET);
    int first = fgetc(file);
    ungetc('7', file);
    int second = fgetc(file);
    say("first %c, pushed back %c, position %ld\n", first, second, ftell(file));
    fclose(file);
    fd = open("/tmp", O_TMPFILE | O_RDWR, 0600);
    say_status("O_TMPFILE", fd);
    if (fd >= 0) {
        must(write(fd, "x", 1) == 1);
        must(fstat(fd, &status) == 0);
        say("links %ld, size %ld\n", (long)status.st_nlink, (long)status.st_size);
    }
    return 0;
}
