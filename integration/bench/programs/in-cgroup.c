// The floor of a session: the kernel calls that one cannot do without, and nothing else.
//
//   in-cgroup PARENT COMMAND...     makes a cgroup below PARENT, runs the command in it, kills what is left and removes it
//
// Leaves with the command's exit status.

#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void must(int holds, const char *what) {
    if (holds) return;
    perror(what);
    _exit(125);
}

int main(int argc, char **argv) {
    if (argc < 3) {
        fputs("usage: in-cgroup PARENT COMMAND...\n", stderr);
        return 64;
    }
    char path[4096];
    snprintf(path, sizeof path, "%s/floor.%d", argv[1], getpid());
    must(mkdir(path, 0755) == 0, path);
    int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    must(directory >= 0, path);
    int events = openat(directory, "cgroup.events", O_RDONLY | O_CLOEXEC);
    must(events >= 0, "cgroup.events");

    int pidfd = -1;
    struct clone_args arguments = {
        .flags = CLONE_PIDFD | CLONE_INTO_CGROUP,
        .pidfd = (uintptr_t)&pidfd,
        .exit_signal = SIGCHLD,
        .cgroup = (uint64_t)directory,
    };
    long pid = syscall(SYS_clone3, &arguments, sizeof arguments);
    must(pid >= 0, "clone3");
    if (pid == 0) {
        execvp(argv[2], argv + 2);
        _exit(127);
    }
    siginfo_t end = {0};
    must(waitid(P_PIDFD, (id_t)pidfd, &end, WEXITED) == 0, "waitid");

    int killing = openat(directory, "cgroup.kill", O_WRONLY | O_CLOEXEC);
    must(killing >= 0 && write(killing, "1", 1) == 1, "cgroup.kill");
    char text[256];
    for (;;) {
        ssize_t count = pread(events, text, sizeof text - 1, 0);
        must(count > 0, "cgroup.events");
        text[count] = 0;
        if (strstr(text, "populated 0")) break;
        struct pollfd change = {.fd = events, .events = POLLPRI};
        must(poll(&change, 1, 10000) == 1, "populated 0");
    }
    must(rmdir(path) == 0, path);
    return end.si_code == CLD_EXITED ? end.si_status : 128 + end.si_status;
}
