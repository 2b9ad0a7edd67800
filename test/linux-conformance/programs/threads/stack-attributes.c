// A thread's stack has the size that was asked for, holds its locals, and may be the caller's own memory.
// variants: dynamic static musl
#include "../conformance.h"

static void *look(void *argument) {
    (void)argument;
    pthread_attr_t attributes;
    must(pthread_getattr_np(pthread_self(), &attributes) == 0);
    void *low;
    size_t size;
    must(pthread_attr_getstack(&attributes, &low, &size) == 0);
    char local;
    say_truth("local inside stack", (char *)&local >= (char *)low && (char *)&local < (char *)low + size);
    say_truth("stack at least as asked", size >= 512 * 1024);
    pthread_attr_destroy(&attributes);
    return NULL;
}

int main(void) {
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    must(pthread_attr_setstacksize(&attributes, 512 * 1024) == 0);
    must(pthread_create(&thread, &attributes, look, NULL) == 0);
    pthread_join(thread, NULL);

    void *own = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must(own != MAP_FAILED);
    must(pthread_attr_setstack(&attributes, own, 1 << 20) == 0);
    must(pthread_create(&thread, &attributes, look, NULL) == 0);
    pthread_join(thread, NULL);

    // The main thread's stack comes from /proc/self/maps and RLIMIT_STACK.
    must(pthread_getattr_np(pthread_self(), &attributes) == 0);
    void *low;
    size_t size;
    pthread_attr_getstack(&attributes, &low, &size);
    say_truth("main local inside stack", (char *)&low >= (char *)low && (char *)&low < (char *)low + size);
    return 0;
}
