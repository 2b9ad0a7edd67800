/* An HTTP server on port 8080 that shows what it was configured with: GET /env answers with its environment, a line for
   each variable, GET /files/PATH with the bytes of the file /PATH, GET / with nothing. One connection at a time. */
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

extern char **environ;

static void send_all(int connection, const char *data, size_t size) {
    while (size > 0) {
        ssize_t count = write(connection, data, size);
        if (count <= 0) return;
        data += count;
        size -= count;
    }
}

static void send_text(int connection, const char *text) { send_all(connection, text, strlen(text)); }

static void send_file(int connection, const char *path) {
    int file = open(path, O_RDONLY);
    if (file < 0) return send_text(connection, "HTTP/1.0 404 Not Found\r\n\r\n");
    send_text(connection, "HTTP/1.0 200 OK\r\n\r\n");
    char buffer[16384];
    for (ssize_t count; (count = read(file, buffer, sizeof buffer)) > 0;) send_all(connection, buffer, count);
    close(file);
}

/* Reads a request up to the empty line after its head. @returns false when there is none */
static int read_request(int connection, char *request, size_t size) {
    for (size_t length = 0; length + 1 < size;) {
        ssize_t count = read(connection, request + length, size - 1 - length);
        if (count <= 0) return 0;
        length += count;
        request[length] = '\0';
        if (strstr(request, "\r\n\r\n")) return 1;
    }
    return 0;
}

static void answer(int connection) {
    char request[8192], path[1024] = "";
    if (!read_request(connection, request, sizeof request) || sscanf(request, "GET %1023s", path) != 1) return;
    if (strncmp(path, "/files/", 7) == 0) return send_file(connection, path + 6);
    send_text(connection, "HTTP/1.0 200 OK\r\n\r\n");
    for (char **variable = environ; strcmp(path, "/env") == 0 && *variable; variable++) {
        send_text(connection, *variable);
        send_text(connection, "\n");
    }
}

int main(void) {
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_port = htons(8080)};
    if (bind(listener, (struct sockaddr *)&place, sizeof place) || listen(listener, 64)) return 1;
    for (;;) {
        int connection = accept(listener, NULL, NULL);
        if (connection < 0) continue;
        answer(connection);
        shutdown(connection, SHUT_WR);
        close(connection);
    }
}
