/// The bad wire: carries Ethernet frames between QEMU (`-netdev dgram`, a pair of Unix or UDP sockets) and a TAP
/// device, and loses, delays, reorders, duplicates and damages them by a seed, so that every failure repeats.
///
///   wire tap=NAME local=PATH remote=PATH [seed=1] [loss=0.03] [reorder=0.10] [duplicate=0.01] [delay-ms=20]
///        [damage=0.01] [queue=4096]
///
/// local: the Unix datagram socket that the wire binds; remote: the one that QEMU bound. Probabilities are for each
/// frame and each direction. Each direction has its own random stream: the fate of its n-th frame depends on the
/// seed and n alone. Delay is one way. A reordered frame skips the delay and so overtakes those before it.
/// Damage flips one to eight bits within one byte (what a checksum must catch: RFC 1071 catches every burst below 16
/// bits); ARP is never damaged, it has no checksum and on a real wire the Ethernet FCS would drop it.
/// A queue that is full drops, as a switch would. On SIGTERM the counts are printed as one JSON line.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { MAX_FRAME = 65536 + 64, TO_HOST = 0, TO_GUEST = 1 };

struct frame { uint64_t due_ns, order; int length; unsigned char bytes[]; };

struct direction {
    const char *name;
    uint64_t random, order;
    struct frame **heap;  // earliest due first
    int waiting;
    uint64_t frames, lost, reordered, duplicated, damaged, overflowed, refused;
};

static double loss = 0.03, reorder = 0.10, duplicate = 0.01, damage = 0.01, delay_ms = 20;
static int queue_limit = 4096;
static uint64_t seed = 1;
static struct direction directions[2] = {{.name = "to_host"}, {.name = "to_guest"}};
static int tap_fd, socket_fd;
static struct sockaddr_un remote_address = {.sun_family = AF_UNIX}, local_address = {.sun_family = AF_UNIX};
static const char *tap_name = "tap0";

static void die(const char *what) {
    fprintf(stderr, "wire: %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint64_t now_ns(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

/// xorshift64*, uniform in [0, 1).
static double chance(struct direction *direction) {
    direction->random ^= direction->random >> 12;
    direction->random ^= direction->random << 25;
    direction->random ^= direction->random >> 27;
    return (double)((direction->random * 2685821657736338717u) >> 11) / 9007199254740992.0;
}

static int earlier(const struct frame *left, const struct frame *right) {
    return left->due_ns != right->due_ns ? left->due_ns < right->due_ns : left->order < right->order;
}

static void push(struct direction *direction, const unsigned char *bytes, int length, uint64_t due_ns) {
    if (direction->waiting == queue_limit) {
        direction->overflowed++;
        return;
    }
    struct frame *frame = malloc(sizeof *frame + (size_t)length);
    if (!frame) die("memory");
    frame->due_ns = due_ns;
    frame->order = direction->order++;
    frame->length = length;
    memcpy(frame->bytes, bytes, (size_t)length);
    int at = direction->waiting++;
    for (; at > 0 && earlier(frame, direction->heap[(at - 1) / 2]); at = (at - 1) / 2) direction->heap[at] = direction->heap[(at - 1) / 2];
    direction->heap[at] = frame;
}

static struct frame *pop(struct direction *direction) {
    struct frame *top = direction->heap[0], *last = direction->heap[--direction->waiting];
    int at = 0;
    for (;;) {
        int child = 2 * at + 1;
        if (child >= direction->waiting) break;
        if (child + 1 < direction->waiting && earlier(direction->heap[child + 1], direction->heap[child])) child++;
        if (!earlier(direction->heap[child], last)) break;
        direction->heap[at] = direction->heap[child];
        at = child;
    }
    direction->heap[at] = last;
    return top;
}

/// Hands a frame on; 0 if the receiver has no room at this moment (a datagram socket of QEMU holds ten).
static int deliver(int which, const struct frame *frame) {
    long sent = which == TO_HOST ? write(tap_fd, frame->bytes, (size_t)frame->length)
                                 : sendto(socket_fd, frame->bytes, (size_t)frame->length, 0,
                                          (struct sockaddr *)&remote_address, sizeof remote_address);
    if (sent < 0 && (errno == EAGAIN || errno == ENOBUFS)) return 0;
    // A guest that is not there yet loses the frame.
    if (sent < 0) directions[which].refused++;
    return 1;
}

/// Decides the fate of one frame. The order of the draws is fixed, so that the seed fixes the fates.
static void arrive(int which, unsigned char *bytes, int length) {
    struct direction *direction = &directions[which];
    direction->frames++;
    double lost = chance(direction), overtakes = chance(direction), twice = chance(direction), hurt = chance(direction);
    double where = chance(direction), how = chance(direction);
    uint64_t now = now_ns(), due = now + (uint64_t)(delay_ms * 1e6);
    if (lost < loss) {
        direction->lost++;
        return;
    }
    int is_arp = length >= 14 && bytes[12] == 0x08 && bytes[13] == 0x06;
    if (hurt < damage && !is_arp) {
        bytes[(int)(where * length)] ^= (unsigned char)(1 + (int)(how * 255));
        direction->damaged++;
    }
    if (overtakes < reorder) {
        direction->reordered++;
        due = now;
    }
    push(direction, bytes, length, due);
    if (twice < duplicate) {
        direction->duplicated++;
        push(direction, bytes, length, due);
    }
}

static void read_frames(int which) {
    static unsigned char bytes[MAX_FRAME];
    for (int count = 0; count < 64; count++) {
        ssize_t length = which == TO_HOST ? recv(socket_fd, bytes, sizeof bytes, MSG_DONTWAIT) : read(tap_fd, bytes, sizeof bytes);
        if (length <= 0) return;
        arrive(which, bytes, (int)length);
    }
}

static void open_tap(void) {
    tap_fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (tap_fd < 0) die("/dev/net/tun");
    struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};
    strncpy(request.ifr_name, tap_name, IFNAMSIZ - 1);
    if (ioctl(tap_fd, TUNSETIFF, &request) != 0) die(tap_name);
}

static void open_socket(void) {
    socket_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    unlink(local_address.sun_path);
    if (bind(socket_fd, (struct sockaddr *)&local_address, sizeof local_address) != 0) die(local_address.sun_path);
    int size = 4 << 20;
    setsockopt(socket_fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    setsockopt(socket_fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
}

static void read_options(int count, char **arguments) {
    for (int index = 1; index < count; index++) {
        char *value = strchr(arguments[index], '=');
        if (!value) continue;
        *value++ = 0;
        const char *name = arguments[index];
        if (strcmp(name, "tap") == 0) tap_name = value;
        if (strcmp(name, "local") == 0) strncpy(local_address.sun_path, value, sizeof local_address.sun_path - 1);
        if (strcmp(name, "remote") == 0) strncpy(remote_address.sun_path, value, sizeof remote_address.sun_path - 1);
        if (strcmp(name, "seed") == 0) seed = strtoull(value, NULL, 10);
        if (strcmp(name, "loss") == 0) loss = atof(value);
        if (strcmp(name, "reorder") == 0) reorder = atof(value);
        if (strcmp(name, "duplicate") == 0) duplicate = atof(value);
        if (strcmp(name, "damage") == 0) damage = atof(value);
        if (strcmp(name, "delay-ms") == 0) delay_ms = atof(value);
        if (strcmp(name, "queue") == 0) queue_limit = atoi(value);
    }
}

static void print_counts(void) {
    printf("{");
    for (int which = 0; which < 2; which++) {
        const struct direction *direction = &directions[which];
        printf("%s\"%s\": {\"frames\": %lu, \"lost\": %lu, \"reordered\": %lu, \"duplicated\": %lu, \"damaged\": %lu, "
               "\"overflowed\": %lu, \"refused\": %lu}", which ? ", " : "", direction->name, direction->frames, direction->lost,
               direction->reordered, direction->duplicated, direction->damaged, direction->overflowed, direction->refused);
    }
    printf("}\n");
    fflush(stdout);
}

int main(int count, char **arguments) {
    read_options(count, arguments);
    if (!local_address.sun_path[0] || !remote_address.sun_path[0]) {
        fprintf(stderr, "wire: local= and remote= are needed\n");
        return 2;
    }
    for (int which = 0; which < 2; which++) {
        directions[which].random = (seed * 2 + (uint64_t)which + 1) * 0x9e3779b97f4a7c15;
        directions[which].heap = calloc((size_t)queue_limit + 1, sizeof(struct frame *));
    }
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    int signal_fd = signalfd(-1, &signals, SFD_CLOEXEC), timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    open_tap();
    open_socket();
    printf("ready\n");
    fflush(stdout);
    for (;;) {
        uint64_t next = 0, now = now_ns();
        for (int which = 0; which < 2; which++) {
            struct direction *direction = &directions[which];
            int retry = 0;
            while (direction->waiting > 0 && direction->heap[0]->due_ns <= now) {
                if (!deliver(which, direction->heap[0])) {
                    retry = 1;
                    break;
                }
                free(pop(direction));
            }
            if (direction->waiting == 0) continue;
            // Without room the frame waits: only the seed may lose one.
            uint64_t due = retry ? now + 200000 : direction->heap[0]->due_ns;
            if (next == 0 || due < next) next = due;
        }
        struct itimerspec timer = {.it_value = {(time_t)(next / 1000000000), (long)(next % 1000000000)}};
        timerfd_settime(timer_fd, TFD_TIMER_ABSTIME, &timer, NULL);
        struct pollfd entries[4] = {{.fd = socket_fd, .events = POLLIN}, {.fd = tap_fd, .events = POLLIN},
                                    {.fd = timer_fd, .events = POLLIN}, {.fd = signal_fd, .events = POLLIN}};
        if (poll(entries, 4, -1) < 0 && errno != EINTR) die("poll");
        if (entries[3].revents) break;
        if (entries[2].revents) {
            uint64_t ticks;
            (void)!read(timer_fd, &ticks, sizeof ticks);
        }
        if (entries[0].revents & POLLIN) read_frames(TO_HOST);
        if (entries[1].revents & POLLIN) read_frames(TO_GUEST);
    }
    print_counts();
    unlink(local_address.sun_path);
    return 0;
}
