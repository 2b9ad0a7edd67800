// Sixteen threads get their argument and hand back a value through pthread_join(3).
// variants: dynamic static static-pie musl
#include "../conformance.h"

static void *square(void *argument) {
    long number = (long)argument;
    return (void *)(number * number);
}

int main(void) {
    pthread_t threads[16];
    for (long index = 0; index < 16; index++) must(pthread_create(&threads[index], NULL, square, (void *)index) == 0);
    for (int index = 0; index < 16; index++) {
        void *value;
        must(pthread_join(threads[index], &value) == 0);
        say("%d squared is %ld\n", index, (long)value);
    }
    return 0;
}
