/// The Linux guest's only start-up program: mounts, loads modules, sets an address, runs one program, switches off.
///
/// Reads /guest.conf, one order a line: `module PATH`, `address A.B.C.D/BITS`, `setenv K=V`, `run PATH ARG…`.
/// An argument `""` is empty. Prints `guest: exit code N` or `guest: killed by signal N` when the program has ended.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void interface_up(const char *name, const char *address, int bits) {
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct ifreq request = {0};
    strncpy(request.ifr_name, name, IFNAMSIZ - 1);
    if (address) {
        struct sockaddr_in *field = (struct sockaddr_in *)&request.ifr_addr;
        field->sin_family = AF_INET;
        inet_pton(AF_INET, address, &field->sin_addr);
        if (ioctl(fd, SIOCSIFADDR, &request) != 0) perror("guest: address");
        field->sin_addr.s_addr = htonl(0xffffffffu << (32 - bits));
        ioctl(fd, SIOCSIFNETMASK, &request);
    }
    request.ifr_flags = IFF_UP;
    if (ioctl(fd, SIOCSIFFLAGS, &request) != 0) perror("guest: interface up");
    close(fd);
}

static void load_module(const char *path) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || syscall(SYS_finit_module, fd, "", 0) != 0) fprintf(stderr, "guest: %s: %s\n", path, strerror(errno));
    close(fd);
}

static void run_program(char *line) {
    char *arguments[64] = {0};
    int count = 0;
    for (char *word = strtok(line, " "); word && count < 63; word = strtok(NULL, " "))
        arguments[count++] = strcmp(word, "\"\"") == 0 ? "" : word;
    pid_t child = fork();
    if (child == 0) {
        execv(arguments[0], arguments);
        fprintf(stderr, "guest: %s: %s\n", arguments[0], strerror(errno));
        _exit(127);
    }
    int status;
    while (waitpid(child, &status, 0) != child) continue;
    if (WIFSIGNALED(status)) printf("guest: killed by signal %d\n", WTERMSIG(status));
    else printf("guest: exit code %d\n", WEXITSTATUS(status));
    fflush(stdout);
}

int main(void) {
    mkdir("/proc", 0755), mkdir("/sys", 0755), mkdir("/dev", 0755), mkdir("/tmp", 01777);
    mount("proc", "/proc", "proc", 0, NULL);
    mount("sysfs", "/sys", "sysfs", 0, NULL);
    mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
    mount("tmpfs", "/tmp", "tmpfs", 0, NULL);
    interface_up("lo", NULL, 0);
    setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
    FILE *orders = fopen("/guest.conf", "r");
    char line[4096];
    while (orders && fgets(line, sizeof line, orders)) {
        line[strcspn(line, "\n")] = 0;
        char *rest = strchr(line, ' ');
        if (!rest) continue;
        *rest++ = 0;
        if (strcmp(line, "module") == 0) load_module(rest);
        if (strcmp(line, "setenv") == 0) putenv(strdup(rest));
        if (strcmp(line, "run") == 0) run_program(rest);
        if (strcmp(line, "address") == 0) {
            char *slash = strchr(rest, '/');
            if (slash) *slash++ = 0;
            interface_up("eth0", rest, slash ? atoi(slash) : 24);
        }
    }
    sync();
    reboot(RB_POWER_OFF);
    return 0;
}
