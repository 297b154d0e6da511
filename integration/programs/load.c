// A process that uses what it is told to, step by step, for tests of limits.
//
//   load STEP...
//
//   anon=N      takes N MiB of anonymous memory, touches every page and keeps it
//   locked=N    the same, and the kernel may not take it back
//   threads=N   starts N threads that sleep
//   read=PATH:N reads the first N MiB of a file, and leaves them to the page cache
//   bomb        forks without end, as do its children
//   line        waits for a line on standard input, and prints it
//   stay        waits for a signal
//   WORD        prints any other word
//
// Leaves with 0 after the last step, with 2 where a step failed.

#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static _Noreturn void fail(const char *step) {
    perror(step);
    exit(2);
}

static void take(size_t bytes, int flags, const char *step) {
    // Small pages, so that tests see the same figures wherever they run.
    unsigned char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED || madvise(memory, bytes, MADV_NOHUGEPAGE) != 0) fail(step);
    if (flags != 0 && mlock2(memory, bytes, (unsigned)flags) != 0) fail(step);
    // Not all zeros: the kernel could merge or compress them.
    for (size_t page = 0; page < bytes; page += 4096) *(uint64_t *)(memory + page) = page * 2654435761u + 1;
}

static void read_file(const char *step, const char *what) {
    char path[4096];
    long mebibytes;
    if (sscanf(what, "%4095[^:]:%ld", path, &mebibytes) != 2) fail(step);
    static char buffer[1 << 20];
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) fail(step);
    for (long done = 0; done < mebibytes << 20;) {
        ssize_t count = read(file, buffer, sizeof buffer);
        if (count <= 0) fail(step);
        done += count;
    }
    close(file);
}

static void *sleeper(void *nothing) {
    for (;;) pause();
    return nothing;
}

static _Noreturn void bomb(void) {
    // Where no more may be made, each tries again a thousand times a second: enough to fill every gap, and little
    // enough for an emulated machine to do something else besides.
    struct timespec moment = {.tv_nsec = 1000000};
    for (;;)
        if (fork() < 0) nanosleep(&moment, NULL);
}

int main(int argc, char **argv) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (int at = 1; at < argc; at++) {
        const char *step = argv[at];
        long number;
        if (sscanf(step, "anon=%ld", &number) == 1) {
            take((size_t)number << 20, 0, step);
        } else if (sscanf(step, "locked=%ld", &number) == 1) {
            take((size_t)number << 20, MLOCK_ONFAULT, step);
        } else if (sscanf(step, "threads=%ld", &number) == 1) {
            pthread_t thread;
            for (long count = 0; count < number; count++)
                if (pthread_create(&thread, NULL, sleeper, NULL) != 0) fail(step);
        } else if (strncmp(step, "read=", 5) == 0) {
            read_file(step, step + 5);
        } else if (strcmp(step, "bomb") == 0) {
            bomb();
        } else if (strcmp(step, "line") == 0) {
            char line[4096];
            if (!fgets(line, sizeof line, stdin)) fail(step);
            fputs(line, stdout);
        } else if (strcmp(step, "stay") == 0) {
            for (;;) pause();
        } else {
            puts(step);
        }
    }
    return 0;
}
