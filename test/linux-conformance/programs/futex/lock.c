// FUTEX_LOCK_PI and its kin keep the owner in the word, pass the lock on in order, and tell what is wrong.
// variants: static
#include "futex.h"

static uint32_t word;
static pid_t ids[3];
static int handled;
static volatile int owned;

static long lock(void) { return futex(&word, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0); }
static long unlock(void) { return futex(&word, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0); }

static void say_word(const char *label, pid_t owner) {
    uint32_t now = __atomic_load_n(&word, __ATOMIC_SEQ_CST);
    say("%s: owner %s%s%s\n", label, (now & FUTEX_TID_MASK) == 0 ? "none" : (pid_t)(now & FUTEX_TID_MASK) == owner ? "right" : "wrong",
        now & FUTEX_WAITERS ? ", waiters" : "", now & FUTEX_OWNER_DIED ? ", died" : "");
}

static struct timespec from_now(clockid_t clock, long nanoseconds) {
    struct timespec then;
    clock_gettime(clock, &then);
    then.tv_nsec += nanoseconds;
    if (then.tv_nsec >= 1000000000) then.tv_sec++, then.tv_nsec -= 1000000000;
    return then;
}

static void count_signal(int number) {
    (void)number;
    __atomic_add_fetch(&handled, 1, __ATOMIC_SEQ_CST);
}

static void *take(void *argument) {
    long index = (long)argument;
    __atomic_store_n(&ids[index], gettid(), __ATOMIC_SEQ_CST);
    must(lock() == 0);
    say("waiter %ld has it\n", index);
    say_word("its word", gettid());
    must(unlock() == 0);
    return NULL;
}

static void start(pthread_t *thread, void *(*function)(void *), long index) {
    ids[index] = 0;
    must(pthread_create(thread, NULL, function, (void *)index) == 0);
    while (__atomic_load_n(&ids[index], __ATOMIC_SEQ_CST) == 0) sched_yield();
    wait_until_asleep(ids[index]);
}

static void *wait_a_while(void *argument) {
    (void)argument;
    struct timespec until = from_now(CLOCK_REALTIME, 20000000);
    say_status("wall clock", futex(&word, FUTEX_LOCK_PI_PRIVATE, 0, &until, NULL, 0));
    until = from_now(CLOCK_MONOTONIC, 20000000);
    say_status("steady clock", futex(&word, FUTEX_LOCK_PI2_PRIVATE, 0, &until, NULL, 0));
    until = from_now(CLOCK_REALTIME, 20000000);
    say_status("wall clock by flag", futex(&word, FUTEX_LOCK_PI2_PRIVATE | FUTEX_CLOCK_REALTIME, 0, &until, NULL, 0));
    return NULL;
}

static void *own_and_end(void *argument) {
    (void)argument;
    must(lock() == 0);
    owned = 1;
    wait_until_asleep(getpid());
    return NULL;
}

static void *own_and_leave_alone(void *argument) {
    (void)argument;
    must(lock() == 0);
    return NULL;
}

int main(void) {
    pid_t self = gettid();
    pthread_t threads[3];
    say_status("unlock of a free one", unlock());
    say_status("lock", lock());
    say_word("word", self);
    say_status("lock again", lock());
    say_status("try again", futex(&word, FUTEX_TRYLOCK_PI_PRIVATE, 0, NULL, NULL, 0));
    say_status("unlock", unlock());
    say_word("word", self);
    say_status("try", futex(&word, FUTEX_TRYLOCK_PI_PRIVATE, 0, NULL, NULL, 0));

    for (long index = 0; index < 3; index++) start(&threads[index], take, index);
    say_word("word with three waiters", self);
    signal(SIGUSR1, count_signal);
    must(pthread_kill(threads[1], SIGUSR1) == 0);
    while (!__atomic_load_n(&handled, __ATOMIC_SEQ_CST)) sched_yield();
    wait_until_asleep(ids[1]);
    // The one that the signal disturbed goes to the end of the line.
    must(unlock() == 0);
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    pthread_join(threads[2], NULL);
    say_word("word at the end", self);

    __atomic_store_n(&word, 0x3ffffff0, __ATOMIC_SEQ_CST);
    say_status("lock of nobody's", lock());
    say_status("try nobody's", futex(&word, FUTEX_TRYLOCK_PI_PRIVATE, 0, NULL, NULL, 0));
    say_status("unlock of nobody's", unlock());

    word = 0;
    must(pthread_create(&threads[0], NULL, own_and_leave_alone, NULL) == 0);
    pthread_join(threads[0], NULL);
    say_status("lock of one whose owner ended before", lock());

    word = 0;
    must(pthread_create(&threads[0], NULL, own_and_end, NULL) == 0);
    while (!owned) sched_yield();
    say_status("lock of one whose owner ends meanwhile", lock());
    say_word("word", self);
    say_status("unlock", unlock());
    say_word("word", self);

    word = FUTEX_OWNER_DIED;
    say_status("lock of a robust one", lock());
    say_word("word", self);

    word = 0;
    must(lock() == 0);
    must(pthread_create(&threads[0], NULL, wait_a_while, NULL) == 0);
    pthread_join(threads[0], NULL);
    say_word("word that two waited for", self);
    say_status("unlock", unlock());
    say_word("word", self);

    struct timespec bad = {.tv_nsec = 1000000000};
    say_status("bad time", futex(&word, FUTEX_LOCK_PI_PRIVATE, 0, &bad, NULL, 0));
    say_status("odd address", futex((char *)&word + 1, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0));
    say_status("no address", futex(NULL, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0));
    return 0;
}
