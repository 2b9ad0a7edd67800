// Records of up to PIPE_BUF bytes from four writers never interleave.
// variants: dynamic musl
#include "../conformance.h"

enum { RECORD = 1000, RECORDS = 300 };
static int ends[2];

static void *write_records(void *argument) {
    char record[RECORD];
    memset(record, 'a' + (int)(long)argument, RECORD);
    for (int index = 0; index < RECORDS; index++) must(write(ends[1], record, RECORD) == RECORD);
    return NULL;
}

int main(void) {
    must(pipe(ends) == 0);
    pthread_t threads[4];
    for (long index = 0; index < 4; index++) must(pthread_create(&threads[index], NULL, write_records, (void *)index) == 0);
    int counts[4] = {0}, mixed = 0;
    for (int record = 0; record < 4 * RECORDS; record++) {
        char text[RECORD];
        for (int got = 0; got < RECORD;) {
            ssize_t now = read(ends[0], text + got, (size_t)(RECORD - got));
            must(now > 0);
            got += (int)now;
        }
        for (int index = 1; index < RECORD; index++) mixed += text[index] != text[0];
        counts[text[0] - 'a']++;
    }
    for (int index = 0; index < 4; index++) pthread_join(threads[index], NULL);
    say("records %d %d %d %d, mixed bytes %d\n", counts[0], counts[1], counts[2], counts[3], mixed);
    return 0;
}
