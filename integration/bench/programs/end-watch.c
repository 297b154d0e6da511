// Ends a cgroup one way or another and measures until it is empty.
//
//   end-watch CGROUP write                 one write to its cgroup.kill: the floor
//   end-watch CGROUP call SOCKET MESSAGE   a varlink call on a connection that is there already
//   end-watch CGROUP run COMMAND...        a command
//
// Prints nanoseconds from the request to `populated 0`, and to the end of it all: the directory removed (write), the answer
// (call), the command's end (run).

#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"

extern char **environ;

static void must(int holds, const char *what) {
    if (holds) return;
    perror(what);
    _exit(1);
}

static int open_below(const char *folder, const char *name, int flags) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int file = open(path, flags | O_CLOEXEC);
    must(file >= 0, path);
    return file;
}

static int connect_to(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    int connection = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(connection >= 0 && connect(connection, (void *)&address, sizeof address) == 0, path);
    return connection;
}

static void await_empty(int events) {
    char text[256];
    for (;;) {
        ssize_t count = pread(events, text, sizeof text - 1, 0);
        // The directory may be gone before we look again: then it was empty.
        if (count < 0) return;
        text[count] = 0;
        if (strstr(text, "populated 0")) return;
        struct pollfd change = {.fd = events, .events = POLLPRI};
        must(poll(&change, 1, 60000) == 1, "populated 0");
    }
}

int main(int argc, char **argv) {
    const char *way = argc > 2 ? argv[2] : "";
    int is_write = argc == 3 && strcmp(way, "write") == 0, is_call = argc == 5 && strcmp(way, "call") == 0;
    if (!is_write && !is_call && !(argc > 3 && strcmp(way, "run") == 0)) {
        fputs("usage: end-watch CGROUP write | call SOCKET MESSAGE | run COMMAND...\n", stderr);
        return 64;
    }
    int events = open_below(argv[1], "cgroup.events", O_RDONLY), killing = -1, connection = -1;
    if (is_write) killing = open_below(argv[1], "cgroup.kill", O_WRONLY);
    if (is_call) connection = connect_to(argv[3]);
    pid_t pid = -1;

    uint64_t begin = now();
    if (is_write) {
        must(write(killing, "1", 1) == 1, "cgroup.kill");
    } else if (is_call) {
        size_t length = strlen(argv[4]) + 1;
        must(write(connection, argv[4], length) == (ssize_t)length, "write");
    } else {
        must(posix_spawnp(&pid, argv[3], NULL, NULL, argv + 3, environ) == 0, argv[3]);
    }
    await_empty(events);
    uint64_t empty = now();
    if (is_write) {
        while (rmdir(argv[1]) != 0) usleep(100);
    } else if (is_call) {
        char last = 1;
        while (last != 0) {
            char answer[4096];
            ssize_t count = read(connection, answer, sizeof answer);
            must(count > 0, "answer");
            last = answer[count - 1];
        }
    } else {
        int status;
        must(waitpid(pid, &status, 0) == pid && status == 0, "the command's end");
    }
    uint64_t end = now();
    printf("%llu %llu\n", (unsigned long long)(empty - begin), (unsigned long long)(end - begin));
    return 0;
}
