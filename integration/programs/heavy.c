// A heavy agent, as users meet them: the program that is started is small; the memory is held by a grandchild that was
// forked twice and has a session of its own, so that neither a kill of the child nor one of its process group finds it.
//
//   heavy MEGABYTES        stays until its standard input ends, and leaves the grandchild behind
//
// Prints "ready" once the memory is touched, then each line it reads.

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static void hold(size_t bytes, int ready) {
    unsigned char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) _exit(1);
    // Not all zeros: the kernel could merge or compress them.
    for (size_t page = 0; page < bytes; page += 4096) *(uint64_t *)(memory + page) = page * 2654435761u + 1;
    if (write(ready, "r", 1) != 1) _exit(1);
    close(ready);
    for (;;) pause();
}

int main(int argc, char **argv) {
    if (argc != 2 || atoi(argv[1]) <= 0) {
        fputs("usage: heavy MEGABYTES\n", stderr);
        return 64;
    }
    int ready[2];
    if (pipe(ready) != 0) return 1;
    pid_t child = fork();
    if (child < 0) return 1;
    if (child == 0) {
        setsid();
        if (fork() != 0) _exit(0);
        close(ready[0]);
        hold((size_t)atoi(argv[1]) << 20, ready[1]);
    }
    waitpid(child, NULL, 0);
    close(ready[1]);
    char byte;
    if (read(ready[0], &byte, 1) != 1) return 1;
    puts("ready");
    fflush(stdout);
    char line[4096];
    while (fgets(line, sizeof line, stdin)) {
        fputs(line, stdout);
        fflush(stdout);
    }
    return 0;
}
