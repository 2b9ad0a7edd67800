// Mutexes, condition variables, barriers, read-write locks and semaphores under load, with what they guard checked.
#include "stress.h"

#include <semaphore.h>

enum { workers = 8 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t guarded[2];
static pthread_rwlock_t shared_lock = PTHREAD_RWLOCK_INITIALIZER;
static uint64_t shared_pair[2];
static pthread_barrier_t barrier;
static atomic_int arrived;
static sem_t room, items;
static pthread_mutex_t queue_lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t queue[16];
static unsigned queue_head, queue_tail;
static atomic_ullong produced_sum, consumed_sum;
static pthread_mutex_t turn_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turn_changed = PTHREAD_COND_INITIALIZER;
static int turn;
static int stop_turns;
static atomic_int keep_going = 1;

static void count_under_lock(random_source *r) {
    must(pthread_mutex_lock(&lock) == 0);
    must(guarded[0] == guarded[1]);
    guarded[0]++;
    if (!below(r, 64)) sched_yield();
    guarded[1]++;
    must(pthread_mutex_unlock(&lock) == 0);
}

static void read_or_write(random_source *r) {
    if (below(r, 4)) {
        must(pthread_rwlock_rdlock(&shared_lock) == 0);
        must(shared_pair[0] == shared_pair[1]);
    } else {
        must(pthread_rwlock_wrlock(&shared_lock) == 0);
        shared_pair[0]++;
        if (!below(r, 32)) sched_yield();
        shared_pair[1]++;
    }
    must(pthread_rwlock_unlock(&shared_lock) == 0);
}

/// One in, one out: every thread is producer and consumer in turn, so nobody starves at the end.
static void pass_through_queue(random_source *r) {
    const uint64_t value = next_random(r) >> 32;
    must(sem_wait(&room) == 0);
    pthread_mutex_lock(&queue_lock);
    queue[queue_head++ % 16] = value;
    pthread_mutex_unlock(&queue_lock);
    atomic_fetch_add(&produced_sum, value);
    must(sem_post(&items) == 0);
    must(sem_wait(&items) == 0);
    pthread_mutex_lock(&queue_lock);
    const uint64_t got = queue[queue_tail++ % 16];
    pthread_mutex_unlock(&queue_lock);
    atomic_fetch_add(&consumed_sum, got);
    must(sem_post(&room) == 0);
}

/// Waits for its turn, with a short time-out now and then, and hands over.
static void take_turns(int self, random_source *r) {
    must(pthread_mutex_lock(&turn_lock) == 0);
    while (turn != self && !stop_turns) {
        if (below(r, 3)) {
            must(pthread_cond_wait(&turn_changed, &turn_lock) == 0);
        } else {
            struct timespec until;
            clock_gettime(CLOCK_REALTIME, &until);
            until.tv_nsec += (long)below(r, 3000000);
            if (until.tv_nsec >= 1000000000) until.tv_nsec -= 1000000000, until.tv_sec++;
            const int result = pthread_cond_timedwait(&turn_changed, &turn_lock, &until);
            must(result == 0 || result == ETIMEDOUT);
        }
    }
    turn = (self + 1) % workers;
    must(pthread_cond_broadcast(&turn_changed) == 0);
    must(pthread_mutex_unlock(&turn_lock) == 0);
}

static void *work(void *argument) {
    const int self = (int)(intptr_t)argument;
    random_source r = random_of((uint64_t)self);
    for (int round = 0;; round++) {
        for (int count = 0; count < 40; count++) {
            count_under_lock(&r);
            read_or_write(&r);
            pass_through_queue(&r);
        }
        take_turns(self, &r);
        // All meet: nobody may be a round ahead.
        atomic_fetch_add(&arrived, 1);
        const int result = pthread_barrier_wait(&barrier);
        must(result == 0 || result == PTHREAD_BARRIER_SERIAL_THREAD);
        must_say(atomic_load(&arrived) >= (round + 1) * workers, "round %d: %d arrived", round, atomic_load(&arrived));
        if (result == PTHREAD_BARRIER_SERIAL_THREAD && time_is_up()) atomic_store(&keep_going, 0);
        pthread_barrier_wait(&barrier);
        if (!atomic_load(&keep_going)) break;
    }
    return NULL;
}

int main(int argc, char **argv) {
    begin(argc, argv);
    must(pthread_barrier_init(&barrier, NULL, workers) == 0);
    must(sem_init(&room, 0, 4) == 0 && sem_init(&items, 0, 0) == 0);
    run_threads(workers, work);
    must(atomic_load(&produced_sum) == atomic_load(&consumed_sum));
    finish("locks");
    return 0;
}
