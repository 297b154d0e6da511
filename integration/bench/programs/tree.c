// Processes to be killed.
//
//   tree COUNT          a tree of so many, at least two, each with up to ten children in sessions of their own; they wait for ever
//   tree --bomb COUNT   a fork bomb: each forks as fast as it can; from COUNT on each leaves when it has a child, so that
//                       whoever looks for them by their numbers comes too late
//
// Prints "ready" when there are that many.

#define _GNU_SOURCE
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

static _Atomic int *alive;

// This process and `count` more below it. A child does the same with its share.
static void grow(int count) {
    int children = 0;
    for (int child = 0; count > 0; child++) {
        if (child == 0) children = count < 10 ? count : 10;
        int share = count / (children - child);
        count -= share;
        pid_t born;
        // Those of the tree before may not all be buried yet, and their numbers not free.
        while ((born = fork()) < 0) usleep(1000);
        if (born != 0) continue;
        setsid();
        atomic_fetch_add(alive, 1);
        count = share - 1;
        child = -1;
    }
    for (;;) pause();
}

static void explode(int most) {
    for (;;) {
        // Counted before it is there: parents that fork before their children first run would never see how many they are.
        int count = atomic_fetch_add(alive, 1);
        pid_t child = fork();
        if (child == 0) {
            setsid();
            continue;
        }
        if (child > 0 && count < most) continue;
        atomic_fetch_sub(alive, 1);
        if (child > 0) _exit(0);
        usleep(1000);
    }
}

int main(int argc, char **argv) {
    int is_bomb = argc == 3 && strcmp(argv[1], "--bomb") == 0;
    int count = argc == 2 + is_bomb ? atoi(argv[1 + is_bomb]) : 0;
    if (count < 2) {
        fputs("usage: tree [--bomb] COUNT\n", stderr);
        return 64;
    }
    alive = mmap(NULL, sizeof *alive, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (alive == MAP_FAILED) return 1;
    atomic_fetch_add(alive, 1);
    if (fork() == 0) {
        setsid();
        // For whoever looks for survivors: the session's first process is not one.
        prctl(PR_SET_NAME, is_bomb ? "pinfold-bomb" : "pinfold-tree");
        atomic_fetch_add(alive, 1);
        if (is_bomb) explode(count);
        grow(count - 2);
    }
    while (atomic_load(alive) < count) usleep(1000);
    puts("ready");
    fflush(stdout);
    for (;;) pause();
}
