// Runs commands in turn, each to its end, and prints how long each run took: what a harness pays to start one.
//
//   stopwatch ROUNDS , COMMAND... , COMMAND...
//
// A line a run: the command's place (from 0), nanoseconds, its exit status. A round before the first is not counted.

#define _GNU_SOURCE
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"

extern char **environ;

int main(int argc, char **argv) {
    char **commands[16];
    int count = 0, rounds = argc > 1 ? atoi(argv[1]) : 0;
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], ",") != 0) continue;
        argv[i] = NULL;
        if (count < 16) commands[count++] = argv + i + 1;
    }
    if (rounds < 1 || count < 1) {
        fputs("usage: stopwatch ROUNDS , COMMAND... , COMMAND...\n", stderr);
        return 64;
    }
    int null = open("/dev/null", O_RDONLY);
    if (null < 0 || dup2(null, 0) < 0) return 1;
    for (int round = -1; round < rounds; round++) {
        for (int place = 0; place < count; place++) {
            uint64_t begin = now();
            pid_t pid;
            int status;
            // posix_spawn waits for the exec only: the cheapest fork and exec there is.
            if (posix_spawnp(&pid, commands[place][0], NULL, NULL, commands[place], environ) != 0) {
                perror(commands[place][0]);
                return 1;
            }
            if (waitpid(pid, &status, 0) != pid) return 1;
            uint64_t end = now();
            if (round < 0) continue;
            printf("%d %llu %d\n", place, (unsigned long long)(end - begin),
                   WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
        }
    }
    return 0;
}
