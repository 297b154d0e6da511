// Nanoseconds of a clock.

#pragma once

#include <stdint.h>
#include <time.h>

static inline uint64_t time_of(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static inline uint64_t now(void) { return time_of(CLOCK_MONOTONIC); }
