// The floor of whoever watches sessions: the same reads, and nothing done with them.
//
//   reads open FILE...            opens and reads each once: what taking sessions over costs at least
//   reads tick ROUNDS FILE...     reads all of them again and again, by pread on kept descriptors
//
// Prints nanoseconds of processor time and of elapsed time; of one round.

#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "clock.h"

int main(int argc, char **argv) {
    int is_tick = argc > 3 && strcmp(argv[1], "tick") == 0;
    if (!is_tick && !(argc > 2 && strcmp(argv[1], "open") == 0)) {
        fputs("usage: reads open FILE... | reads tick ROUNDS FILE...\n", stderr);
        return 64;
    }
    int first = is_tick ? 3 : 2, count = argc - first, rounds = is_tick ? atoi(argv[2]) : 1;
    if (rounds < 1) return 64;
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    int *files = malloc((size_t)count * sizeof *files);
    char text[4096];
    uint64_t used = time_of(CLOCK_PROCESS_CPUTIME_ID), begin = time_of(CLOCK_MONOTONIC);
    for (int i = 0; i < count; i++) {
        files[i] = open(argv[first + i], O_RDONLY | O_CLOEXEC);
        if (files[i] < 0 || pread(files[i], text, sizeof text, 0) < 0) {
            perror(argv[first + i]);
            return 1;
        }
    }
    if (is_tick) {
        used = time_of(CLOCK_PROCESS_CPUTIME_ID), begin = time_of(CLOCK_MONOTONIC);
        for (int round = 0; round < rounds; round++)
            for (int i = 0; i < count; i++)
                if (pread(files[i], text, sizeof text, 0) < 0) return 1;
    }
    used = time_of(CLOCK_PROCESS_CPUTIME_ID) - used, begin = time_of(CLOCK_MONOTONIC) - begin;
    printf("%llu %llu\n", (unsigned long long)used / (unsigned)rounds, (unsigned long long)begin / (unsigned)rounds);
    return 0;
}
