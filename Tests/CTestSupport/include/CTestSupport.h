// Calls that Swift does not offer. Those that take abilities of the kernel away from the calling process, as the
// seccomp filters of container runtimes do, have no way back: only in a process of its own (an exit test).
#pragma once

#include <sys/types.h>

enum test_call { TEST_CLONE3, TEST_CLOSE_RANGE, TEST_OPENAT2 };

/// From now on the call fails with this errno. Returns 0 or -1.
int test_forbid(enum test_call call, int error);

/// A terminal that nobody has yet: returns the descriptor behind which its user sits, or -1. The terminal has this path.
int test_open_terminal(char *path, size_t size);

/// fork(2), which Swift does not offer: for what needs a process with one thread. Also only in an exit test.
pid_t test_fork(void);

/// Gives this process a mount namespace of its own in which the directory is read-only. Returns 0 or -1.
int test_make_read_only(const char *path);

/// Becomes another user, with no groups and no capabilities. Returns 0 or -1.
int test_become(uid_t user);

/// Counts this thread's allocations from now on.
void test_count_allocations(void);

/// How many there were since then; -1 where they cannot be counted, for a sanitizer has its own malloc.
long test_allocations(void);

/// Becomes another user for all that this thread alone asks of the kernel, or root again. Returns 0 or -1.
int test_act_as(uid_t user);

/// A connected TCP socket with unsent data whose close(2) waits 15 s for a peer that does not read. Returns it, or -1.
/// The peer's end goes into `peer`: when that is closed, nobody waits any more.
int test_lingering_socket(int *peer);
