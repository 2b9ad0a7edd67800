/// Shared by every conformance program: unbuffered printing, names of errors and signals, and checks.
///
/// A program prints only what must be the same on every Linux: no addresses, process numbers or durations.
/// `say` writes with one write(2) a call, so a program that is killed has lost nothing that it said before.
#pragma once
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

/// Prints one formatted text (at most 4 KiB) to standard output, unbuffered.
__attribute__((format(printf, 1, 2), unused)) static void say(const char *format, ...) {
    char text[4096];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    for (int done = 0; done < length;) {
        ssize_t wrote = write(1, text + done, (size_t)(length - done));
        if (wrote < 0 && errno != EINTR) _exit(98);
        if (wrote > 0) done += (int)wrote;
    }
}

/// The symbolic name of an error number: musl has no strerrorname_np.
__attribute__((unused)) static const char *errno_name(int number) {
    static const struct { int number; const char *name; } names[] = {
#define NAME(constant) {constant, #constant}
        NAME(E2BIG), NAME(EACCES), NAME(EADDRINUSE), NAME(EADDRNOTAVAIL), NAME(EAFNOSUPPORT), NAME(EAGAIN),
        NAME(EALREADY), NAME(EBADF), NAME(EBUSY), NAME(ECANCELED), NAME(ECHILD), NAME(ECONNABORTED),
        NAME(ECONNREFUSED), NAME(ECONNRESET), NAME(EDEADLK), NAME(EDESTADDRREQ), NAME(EDOM), NAME(EEXIST),
        NAME(EFAULT), NAME(EFBIG), NAME(EHOSTUNREACH), NAME(EINPROGRESS), NAME(EINTR), NAME(EINVAL), NAME(EIO),
        NAME(EISCONN), NAME(EISDIR), NAME(ELOOP), NAME(EMFILE), NAME(EMLINK), NAME(EMSGSIZE), NAME(ENAMETOOLONG),
        NAME(ENETUNREACH), NAME(ENFILE), NAME(ENOBUFS), NAME(ENODEV), NAME(ENOENT), NAME(ENOEXEC), NAME(ENOMEM),
        NAME(ENOPROTOOPT), NAME(ENOSPC), NAME(ENOSYS), NAME(ENOTCONN), NAME(ENOTDIR), NAME(ENOTEMPTY),
        NAME(ENOTRECOVERABLE), NAME(ENOTSOCK), NAME(ENOTTY), NAME(ENXIO), NAME(EOPNOTSUPP), NAME(EOVERFLOW),
        NAME(EOWNERDEAD), NAME(EPERM), NAME(EPIPE), NAME(EPROTO), NAME(EPROTONOSUPPORT), NAME(EPROTOTYPE),
        NAME(ERANGE), NAME(EROFS), NAME(ESPIPE), NAME(ESRCH), NAME(ETIMEDOUT), NAME(ETXTBSY), NAME(EXDEV),
#undef NAME
    };
    for (size_t index = 0; index < sizeof names / sizeof names[0]; index++)
        if (names[index].number == number) return names[index].name;
    static char unknown[32];
    snprintf(unknown, sizeof unknown, "errno %d", number);
    return number == 0 ? "0" : unknown;
}

/// Prints "label: ok" for a result that is not negative, else "label: ENAME" from errno.
__attribute__((unused)) static void say_status(const char *label, long result) {
    say("%s: %s\n", label, result < 0 ? errno_name(errno) : "ok");
}

/// Prints "label: number" for a result that is not negative, else "label: ENAME" from errno.
__attribute__((unused)) static void say_value(const char *label, long result) {
    if (result < 0) say("%s: %s\n", label, errno_name(errno));
    else say("%s: %ld\n", label, result);
}

/// Prints "label: yes" or "label: no".
__attribute__((unused)) static void say_truth(const char *label, int truth) {
    say("%s: %s\n", label, truth ? "yes" : "no");
}

/// Ends the program with exit code 99 and one line if the expression is false.
#define must(expression)                                                                         \
    do {                                                                                         \
        if (!(expression)) {                                                                     \
            say("line %d: must(%s) failed, errno %s\n", __LINE__, #expression, errno_name(errno)); \
            _exit(99);                                                                           \
        }                                                                                        \
    } while (0)

/// Nanoseconds of CLOCK_MONOTONIC.
__attribute__((unused)) static int64_t monotonic_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/// FNV-1a over bytes, to compare long contents in one printed number; start with 14695981039346656037.
__attribute__((unused)) static uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t length) {
    for (size_t index = 0; index < length; index++)
        hash = (hash ^ ((const unsigned char *)bytes)[index]) * 1099511628211u;
    return hash;
}
#define HASH_START 14695981039346656037u

/// Makes a fresh directory below /tmp and goes there; its name is never printed.
__attribute__((unused)) static void enter_scratch_directory(void) {
    char path[] = "/tmp/conformanceXXXXXX";
    must(mkdtemp(path) != NULL);
    must(chdir(path) == 0);
}

/// Writes a whole text into a file (created or truncated).
__attribute__((unused)) static void write_file(const char *path, const char *text) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    must(fd >= 0);
    must(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
}

/// Reads a file of any kind (/proc too) up to capacity - 1 bytes, ends it with a zero; -1 if it cannot be opened.
__attribute__((unused)) static long read_file(const char *path, char *buffer, size_t capacity) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return -1;
    size_t length = 0;
    for (;;) {
        ssize_t got = read(fd, buffer + length, capacity - 1 - length);
        if (got <= 0) break;
        length += (size_t)got;
    }
    buffer[length] = 0;
    close(fd);
    return (long)length;
}

/// State of a thread of this process as proc(5) has it for /proc/PID/stat, such as 'R' or 'S'; 0 if it is gone.
__attribute__((unused)) static char thread_state(pid_t thread) {
    char path[64], text[512];
    snprintf(path, sizeof path, "/proc/self/task/%d/stat", (int)thread);
    if (read_file(path, text, sizeof text) <= 0) return 0;
    // The name may hold brackets and blanks of its own.
    const char *end_of_name = strrchr(text, ')');
    must(end_of_name != NULL && end_of_name[1] == ' ');
    return end_of_name[2];
}

/// Lets other threads run until this one sleeps in the kernel; the main thread's number is getpid().
__attribute__((unused)) static void wait_until_asleep(pid_t thread) {
    while (thread_state(thread) != 'S') sched_yield();
}
