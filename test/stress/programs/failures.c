// A little of everything that takes memory or reads the disk. A call may fail, but only as its manual page allows, and the next
// one works again. The runner boots it while the kernel's n-th allocation or disk request fails.
#include "stress.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>

extern char **environ;

static int failures;

/// True if the call worked. It may fail for lack of memory or by a bad disk, and for nothing else.
static int worked(long result, int line) {
    if (result >= 0) return 1;
    const int number = errno;
    must_say(number == ENOMEM || number == ENOBUFS || number == EAGAIN || number == EIO || number == ENOSPC || number == ENFILE,
             "line %d: errno %d (%s)", line, number, strerror(number));
    failures++;
    return 0;
}
#define works(call) worked((long)(call), __LINE__)

static void shut(int fd) {
    if (fd >= 0) must(close(fd) == 0);
}

static void *add(void *argument) {
    atomic_fetch_add((atomic_int *)argument, 1);
    return argument;
}

static void threads(void) {
    atomic_int sum = 0;
    pthread_t all[8];
    int count = 0;
    for (int index = 0; index < 8; index++) {
        const int result = pthread_create(&all[count], NULL, add, &sum);
        must_say(result == 0 || result == EAGAIN || result == ENOMEM, "pthread_create: %d", result);
        if (result == 0) count++;
        else failures++;
    }
    for (int index = 0; index < count; index++) must(pthread_join(all[index], NULL) == 0);
    must(sum == count);
}

static void memory(void) {
    enum { size = 3 << 20, page = 4096 };
    char *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (!works(at == MAP_FAILED ? -1 : 0)) return;
    for (int offset = 0; offset < size; offset += page) at[offset] = 1;
    for (int index = 0; index < 64; index += 2) works(mprotect(at + index * page, page, PROT_READ));
    if (!works(mprotect(at, size, PROT_READ | PROT_WRITE))) {
        works(munmap(at, size));
        return;
    }
    works(madvise(at + size / 2, size / 4, MADV_DONTNEED));
    char *moved = mremap(at, size, 2 * size, MREMAP_MAYMOVE);
    if (works(moved == MAP_FAILED ? -1 : 0)) {
        for (int offset = 0; offset < size / 2; offset += page) must(moved[offset] == 1);
        if (works(munmap(moved + page, page)) && works(munmap(moved, 2 * size))) return;
    } else {
        works(munmap(at, size));
    }
}

static void pipes_and_events(void) {
    int ends[2], pair[2], epoll = epoll_create1(0), event = eventfd(3, 0), timer = timerfd_create(CLOCK_MONOTONIC, 0);
    works(epoll), works(event), works(timer);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN + 1);
    const int signals = signalfd(-1, &set, 0);
    works(signals);
    uint64_t value = 0;
    if (epoll >= 0 && event >= 0 && works(epoll_ctl(epoll, EPOLL_CTL_ADD, event, &(struct epoll_event){.events = EPOLLIN}))) {
        struct epoll_event out;
        must(epoll_wait(epoll, &out, 1, 1000) == 1);
    }
    if (event >= 0) must(read(event, &value, 8) == 8 && value == 3);
    if (timer >= 0 && works(timerfd_settime(timer, 0, &(struct itimerspec){{0, 0}, {0, 1000}}, NULL))) must(read(timer, &value, 8) == 8);
    if (works(pipe(ends))) {
        static char bytes[40000];
        const ssize_t wrote = write(ends[1], bytes, sizeof bytes);
        if (works(wrote)) must(wrote > 0 && read(ends[0], bytes, sizeof bytes) == wrote);
        shut(ends[0]), shut(ends[1]);
    }
    if (works(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair))) {
        char text[8] = "message";
        struct iovec piece = {text, sizeof text};
        char control[CMSG_SPACE(sizeof(int))] = {0};
        struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
        *CMSG_FIRSTHDR(&message) = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
        memcpy(CMSG_DATA(CMSG_FIRSTHDR(&message)), &pair[0], sizeof(int));
        if (works(sendmsg(pair[0], &message, 0)) && works(recvmsg(pair[1], &message, 0)) && message.msg_controllen) {
            int passed;
            memcpy(&passed, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof passed);
            shut(passed);
        }
        shut(pair[0]), shut(pair[1]);
    }
    shut(epoll), shut(event), shut(timer), shut(signals);
}

static void files(const char *parent, const char *name) {
    char folder[50], path[100], other[100], bytes[10000];
    snprintf(folder, sizeof folder, "%s/%s", parent, name);
    if (!works(mkdir(folder, 0755))) return;
    for (int index = 0; index < 6; index++) {
        snprintf(path, sizeof path, "%s/a-file-with-a-name-%d", folder, index);
        const int fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0644);
        if (!works(fd)) continue;
        memset(bytes, 'a' + index, sizeof bytes);
        const ssize_t wrote = pwrite(fd, bytes, sizeof bytes, index * 3000);
        if (works(wrote)) {
            must(pread(fd, bytes, (size_t)wrote, index * 3000) == wrote);
            for (ssize_t at = 0; at < wrote; at++) must(bytes[at] == 'a' + index);
        }
        works(ftruncate(fd, 100000));
        char *map = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (works(map == MAP_FAILED ? -1 : 0)) works(munmap(map, 8192));
        works(fsync(fd));
        shut(fd);
        snprintf(other, sizeof other, "%s/renamed-%d", folder, index);
        if (index % 2) works(rename(path, other));
        if (index % 4 == 0) works(symlink("nowhere", other));
    }
    DIR *list = opendir(folder);
    if (works(list ? 0 : -1)) {
        for (struct dirent *entry; (errno = 0, entry = readdir(list));) {
            if (entry->d_name[0] == '.') continue;
            snprintf(path, sizeof path, "%.40s/%.40s", folder, entry->d_name);
            works(unlink(path));
        }
        works(errno ? -1 : 0);  // readdir(3): the end leaves it as it was
        closedir(list);
    }
    if (rmdir(folder) != 0 && errno == ENOTEMPTY) must(failures > 0);
}

/// The image's own files: pages come from the disk, names from its directories.
static void image_files(void) {
    static const char *const paths[] = {"/lib/x86_64-linux-gnu/libc.so.6", "/lib64/ld-linux-x86-64.so.2", "/lib/x86_64-linux-gnu/libgcc_s.so.1", "/stress/failures", "/proc/self/maps", "/proc/self/status", "/proc/meminfo"};
    static char bytes[65536];
    for (unsigned index = 0; index < sizeof paths / sizeof *paths; index++) {
        const int fd = open(paths[index], O_RDONLY);
        if (!works(fd)) continue;
        for (ssize_t got; (got = read(fd, bytes, sizeof bytes)) != 0;)
            if (!works(got)) break;
        shut(fd);
    }
}

static void streams(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof address;
    const struct timeval patience = {2, 0};
    const int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    works(listener), works(client);
    if (listener >= 0 && client >= 0 && works(bind(listener, (struct sockaddr *)&address, sizeof address)) && works(listen(listener, 4)) &&
        works(getsockname(listener, (struct sockaddr *)&address, &size)) &&
        (connect(client, (struct sockaddr *)&address, sizeof address) == 0 || errno == EINPROGRESS || works(-1))) {
        struct pollfd waiting = {.fd = listener, .events = POLLIN};
        const int server = poll(&waiting, 1, 2000) == 1 ? accept(listener, NULL, NULL) : -1;
        if (server >= 0) {
            static char out[100000], in[100000];
            must(setsockopt(server, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0);
            memset(out, 's', sizeof out);
            ssize_t sent = send(client, out, sizeof out, MSG_NOSIGNAL), received = 0;
            if (!works(sent)) sent = 0;
            while (received < sent) {
                const ssize_t got = recv(server, in, sizeof in, 0);
                if (!works(got) || got == 0) break;
                for (ssize_t at = 0; at < got; at++) must(in[at] == 's');
                received += got;
            }
            must_say(received == sent || failures, "%zd of %zd bytes", received, sent);
            shut(server);
        } else {
            must(failures || errno == ENOMEM || errno == ENOBUFS || errno == EAGAIN || waiting.revents == 0);
        }
    }
    shut(client), shut(listener);
}

static void datagrams(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof address;
    const int fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (!works(fd)) return;
    if (works(bind(fd, (struct sockaddr *)&address, sizeof address)) && works(getsockname(fd, (struct sockaddr *)&address, &size)))
        for (int index = 0; index < 5; index++) {
            char bytes[3000];
            memset(bytes, index, sizeof bytes);
            if (!works(sendto(fd, bytes, sizeof bytes, 0, (struct sockaddr *)&address, size))) continue;
            const ssize_t got = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);  // a datagram may be lost
            must(got == (ssize_t)sizeof bytes || (got < 0 && (errno == EAGAIN || errno == ENOMEM || errno == ENOBUFS)));
        }
    shut(fd);
}

static void signals(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN + 1);
    must(pthread_sigmask(SIG_BLOCK, &set, NULL) == 0);
    for (int index = 0; index < 10; index++) works(sigqueue(getpid(), SIGRTMIN + 1, (union sigval){.sival_int = index}));
    timer_t timer;
    if (works(timer_create(CLOCK_MONOTONIC, &(struct sigevent){.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + 1}, &timer))) must(timer_delete(timer) == 0);
    const struct timespec now = {0, 0};
    while (sigtimedwait(&set, NULL, &now) > 0) continue;
}

int main(int argc, char **argv) {
    begin(argc, argv);
    threads();
    memory();
    pipes_and_events();
    files("/tmp", argc > 3 ? "second" : "first");
    files("/stress", argc > 3 ? "second" : "first");
    image_files();
    streams();
    datagrams();
    signals();
    if (argc > 3) {
        finish("failures");
        return 0;
    }
    execve("/proc/self/exe", (char *[]){argv[0], argv[1], argv[2], "again", NULL}, environ);
    works(-1);
    finish("failures");
    return 0;
}
