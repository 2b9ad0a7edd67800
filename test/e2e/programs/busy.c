/* Does a little of everything that the kernel counts, round after round, until it is stopped: so that every metric
   moves. The first argument is a file that is larger than the guest's memory. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <unistd.h>

enum { huge_page_bytes = 2 << 20, part_bytes = 1 << 20, page_bytes = 4096 };

static sem_t ping, pong;

static void on_signal(int number) { (void)number; }

static void *answer_pings(void *unused) {
    for (;;) {
        sem_wait(&ping);
        sem_post(&pong);
    }
    return unused;
}

/* All threads change the one address space, and wait for each other over it. */
static void *map_and_unmap(void *unused) {
    for (;;) {
        for (int i = 0; i < 64; i++) {
            char *area = mmap(NULL, 16 * page_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            for (int page = 0; page < 16; page++) area[page * page_bytes] = 1;
            munmap(area, 16 * page_bytes);
        }
        usleep(1000);
    }
    return unused;
}

static void *end_at_once(void *unused) { return unused; }

static void fault_on_memory(int file) {
    size_t bytes = 2 * huge_page_bytes;
    char *area = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (size_t at = 0; at < bytes; at += page_bytes) area[at] = 1;
    munmap(area, bytes);
    volatile char *copy = mmap(NULL, page_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
    char before = *copy;
    *copy = before + 1;
    munmap((void *)copy, page_bytes);
}

static void read_part(int file, off_t *at) {
    static char buffer[part_bytes];
    ssize_t count = pread(file, buffer, sizeof buffer, *at);
    *at = count == sizeof buffer ? *at + count : 0;
}

static void talk_to_itself(int receiver, const struct sockaddr_in *udp, const struct sockaddr_in *tcp) {
    char byte = 1;
    sendto(receiver, &byte, 1, 0, (const struct sockaddr *)udp, sizeof *udp);
    recv(receiver, &byte, 1, 0);
    int client = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(client, (const struct sockaddr *)tcp, sizeof *tcp)) perror("connect");
    close(client);
}

int main(int count, char **arguments) {
    if (count != 2) return 1;
    int file = open(arguments[1], O_RDONLY);
    if (file < 0) return perror(arguments[1]), 1;
    signal(SIGUSR1, on_signal);
    sem_init(&ping, 0, 0);
    sem_init(&pong, 0, 0);
    pthread_t thread;
    pthread_create(&thread, NULL, answer_pings, NULL);
    for (int i = 0; i < 3; i++) pthread_create(&thread, NULL, map_and_unmap, NULL);

    struct sockaddr_in udp = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(7001)};
    struct sockaddr_in tcp = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(7002)};
    int receiver = socket(AF_INET, SOCK_DGRAM, 0), listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(receiver, (struct sockaddr *)&udp, sizeof udp)) return perror("bind"), 1;
    if (bind(listener, (struct sockaddr *)&tcp, sizeof tcp) || listen(listener, 8)) return perror("listen"), 1;

    printf("busy\n");
    fflush(stdout);
    for (off_t at = 0;;) {
        sem_post(&ping);
        sem_wait(&pong);
        fault_on_memory(file);
        read_part(file, &at);
        talk_to_itself(receiver, &udp, &tcp);
        close(accept(listener, NULL, NULL));
        raise(SIGUSR1);
        access("/does/not/exist", R_OK);
        shmget(IPC_PRIVATE, page_bytes, IPC_CREAT); /* ENOSYS */
        if (pthread_create(&thread, NULL, end_at_once, NULL) == 0) pthread_join(thread, NULL);
        usleep(5000);
    }
}
