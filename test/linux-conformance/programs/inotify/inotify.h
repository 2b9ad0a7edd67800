/// Shared by the inotify programs: events as text, with watches and cookies by the names and order that a program gave them.
#pragma once
#include "../conformance.h"
#include <poll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>

static int inotify;
static struct { int number; const char *label; } watches[32];
static int watch_count;

/// Watches a path and remembers what to call it.
__attribute__((unused)) static int watch_as(const char *label, const char *path, uint32_t mask) {
    int number = inotify_add_watch(inotify, path, mask);
    if (number < 0) {
        say("watch %s: %s\n", label, errno_name(errno));
        return number;
    }
    for (int index = 0; index < watch_count; index++)
        if (watches[index].number == number) return number;
    must(watch_count < 32);
    watches[watch_count].number = number;
    watches[watch_count++].label = label;
    return number;
}

__attribute__((unused)) static const char *label_of(int number) {
    for (int index = 0; index < watch_count; index++)
        if (watches[index].number == number) return watches[index].label;
    return number == -1 ? "nobody" : "unknown watch";
}

/// Prints one event: the watch's label, the bits, the name, the cookie as "first", "same" or "next".
__attribute__((unused)) static void say_event(const struct inotify_event *event) {
    static const struct { uint32_t bit; const char *name; } bits[] = {
        {IN_ACCESS, "ACCESS"}, {IN_MODIFY, "MODIFY"}, {IN_ATTRIB, "ATTRIB"}, {IN_CLOSE_WRITE, "CLOSE_WRITE"},
        {IN_CLOSE_NOWRITE, "CLOSE_NOWRITE"}, {IN_OPEN, "OPEN"}, {IN_MOVED_FROM, "MOVED_FROM"}, {IN_MOVED_TO, "MOVED_TO"},
        {IN_CREATE, "CREATE"}, {IN_DELETE, "DELETE"}, {IN_DELETE_SELF, "DELETE_SELF"}, {IN_MOVE_SELF, "MOVE_SELF"},
        {IN_UNMOUNT, "UNMOUNT"}, {IN_Q_OVERFLOW, "Q_OVERFLOW"}, {IN_IGNORED, "IGNORED"}, {IN_ISDIR, "ISDIR"}};
    static uint32_t last_cookie;
    char text[512];
    int length = snprintf(text, sizeof text, "  %s:", label_of(event->wd));
    uint32_t rest = event->mask;
    for (size_t index = 0; index < sizeof bits / sizeof bits[0]; index++)
        if (rest & bits[index].bit) {
            length += snprintf(text + length, sizeof text - (size_t)length, " %s", bits[index].name);
            rest &= ~bits[index].bit;
        }
    if (rest) length += snprintf(text + length, sizeof text - (size_t)length, " and %x", rest);
    if (event->len)
        length += snprintf(text + length, sizeof text - (size_t)length, " \"%s\" (%u bytes)", event->name, event->len);
    if (event->cookie) {
        const char *relation = event->cookie == last_cookie ? "same" : event->cookie > last_cookie ? "new" : "old";
        length += snprintf(text + length, sizeof text - (size_t)length, ", %s cookie", relation);
        last_cookie = event->cookie;
    }
    say("%s\n", text);
}

/// Prints every event that is in the queue now.
__attribute__((unused)) static void drain(const char *what) {
    say("%s\n", what);
    for (;;) {
        char buffer[4096] __attribute__((aligned(8)));
        ssize_t got = read(inotify, buffer, sizeof buffer);
        if (got < 0) {
            if (errno != EAGAIN) say("  read: %s\n", errno_name(errno));
            return;
        }
        for (char *at = buffer; at < buffer + got;) {
            struct inotify_event *event = (struct inotify_event *)at;
            say_event(event);
            at += sizeof *event + event->len;
        }
    }
}
