#define _GNU_SOURCE
#include "CPinfoldLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

// Everything the child needs is prepared before the clone.
struct plan {
    const struct pinfold_spawn *spawn;
    char **shell_argv;  // "/bin/sh", path, argv[1]...
    int status[2];
    int hold[2];
};

// The child has one thread and the memory of a process that had many: whatever lock another one held at the clone stays
// held. So it makes system calls and no calls of the C library, not even those that are async-signal-safe: a sanitizer
// puts functions of its own before them, and those take locks (one child in 3,000 waited for ever under the thread sanitizer).
#pragma clang attribute push(__attribute__((disable_sanitizer_instrumentation)), apply_to = function)

static _Noreturn void leave(int status) {
    for (;;) syscall(SYS_exit_group, status);
}

static _Noreturn void fail(const struct plan *plan, enum pinfold_step step) {
    struct pinfold_failure failure = {.step = step, .error = errno};
    long written = syscall(SYS_write, plan->status[1], &failure, sizeof failure);
    (void)written;  // No process is left to report to.
    leave(step == PINFOLD_STEP_EXECUTE && failure.error == ENOENT ? 127 : 126);
}

// Not sigaction(3): it refuses the two numbers that glibc keeps to itself, and a parent that ignores one of them (those
// started by posix_spawn may) would hand that down.
struct kernel_sigaction {
    void (*handler)(int);
    unsigned long flags, restorer, mask[2];
};

static int reset_signals(uint64_t ignored) {
    for (int number = 1; number <= 64; number++) {
        // Member by member: for an initializer the compiler calls memset, which a sanitizer replaces with its own.
        struct kernel_sigaction action;
        action.handler = (ignored >> (number - 1)) & 1 ? SIG_IGN : SIG_DFL;
        action.flags = action.restorer = action.mask[0] = action.mask[1] = 0;
        if (number == SIGKILL || number == SIGSTOP) continue;
        if (syscall(SYS_rt_sigaction, number, &action, NULL, sizeof(uint64_t)) != 0) return -1;
    }
    return 0;
}

static int take_terminal(int terminal) {
    int group = (int)syscall(SYS_getpgid, 0);
    return (int)syscall(SYS_ioctl, terminal, TIOCSPGRP, &group);
}

static int set_open_files(int64_t soft) {
    struct rlimit limit;
    if (syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, &limit) != 0) return -1;
    limit.rlim_cur = (rlim_t)soft < limit.rlim_max ? (rlim_t)soft : limit.rlim_max;
    return (int)syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, &limit, NULL);
}

static int set_oom_score(const char *text) {
    int file = (int)syscall(SYS_openat, AT_FDCWD, "/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (file < 0) return -1;
    size_t length = 0;
    while (text[length]) length++;
    long written = syscall(SYS_write, file, text, length);
    int error = errno;
    syscall(SYS_close, file);
    errno = error;
    return written < 0 ? -1 : 0;
}

static int place_standard(const int wanted[3]) {
    int from[3] = {wanted[0], wanted[1], wanted[2]};
    // A source among 0, 1 and 2 would be overwritten before its turn (1 -> 0 and 0 -> 1): first out of the way.
    for (int target = 0; target < 3; target++)
        if (from[target] >= 0 && from[target] < 3 && from[target] != target
            && (from[target] = (int)syscall(SYS_fcntl, from[target], F_DUPFD_CLOEXEC, 3)) < 0)
            return -1;
    for (int target = 0; target < 3; target++) {
        // dup2 onto itself does nothing and so leaves close-on-exec set.
        if (from[target] == target && syscall(SYS_fcntl, target, F_SETFD, 0) != 0) return -1;
        if (from[target] >= 0 && from[target] != target && syscall(SYS_dup3, from[target], target, 0) < 0) return -1;
    }
    return 0;
}

struct kernel_dirent {
    uint64_t inode, offset;
    uint16_t length;
    uint8_t type;
    char name[];
};

// For kernels before 5.9 and seccomp filters that do not know close_range. readdir would allocate.
static int close_by_list(unsigned first, unsigned last) {
    int list = (int)syscall(SYS_openat, AT_FDCWD, "/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (list < 0) return -1;
    _Alignas(struct kernel_dirent) char buffer[2048];
    long count;
    while ((count = syscall(SYS_getdents64, list, buffer, sizeof buffer)) > 0)
        for (long at = 0; at < count; at += ((struct kernel_dirent *)(buffer + at))->length) {
            const char *name = ((struct kernel_dirent *)(buffer + at))->name;
            unsigned number = 0;
            for (const char *c = name; *c >= '0' && *c <= '9'; c++) number = number * 10 + (unsigned)(*c - '0');
            if (name[0] != '.' && number >= first && number <= last && number != (unsigned)list)
                syscall(SYS_close, (int)number);
        }
    int error = errno;
    syscall(SYS_close, list);
    errno = error;
    return (int)count;
}

static int close_span(unsigned first, unsigned last) {
    // An empty span is EINVAL for the kernel.
    if (first > last || syscall(SYS_close_range, first, last, 0) == 0) return 0;
    return close_by_list(first, last);
}

// Closed, not only marked for exec: a held child would keep its siblings' pipes open and so hide their end of file.
static int close_all_but(int first, int one, int other) {
    int low = one < other ? one : other, high = one < other ? other : one;
    int after_low = first > low ? first : low + 1, after_high = first > high ? first : high + 1;
    if (first < low && close_span((unsigned)first, (unsigned)low - 1) != 0) return -1;
    if (after_low < high && close_span((unsigned)after_low, (unsigned)high - 1) != 0) return -1;
    return close_span((unsigned)after_high, ~0U);
}

// The order is part of the contract: who is alive, signals, group, terminal, mask, limits, directory, 0/1/2, all other
// descriptors, the hold, exec.
static _Noreturn void run_child(const struct plan *plan) {
    const struct pinfold_spawn *spawn = plan->spawn;
    char byte = PINFOLD_ALIVE;
    if (syscall(SYS_write, plan->status[1], &byte, sizeof byte) != 1) leave(126);
    // Our own copy of the writing end would keep the hold from ever reading end of file.
    if (spawn->hold) syscall(SYS_close, plan->hold[1]);

    if (reset_signals(spawn->ignored) != 0) fail(plan, PINFOLD_STEP_GROUP);
    if (spawn->group == PINFOLD_GROUP_OWN && syscall(SYS_setpgid, 0, 0) != 0) fail(plan, PINFOLD_STEP_GROUP);
    if (spawn->group == PINFOLD_GROUP_SESSION && syscall(SYS_setsid) < 0) fail(plan, PINFOLD_STEP_GROUP);
    // While all signals are blocked: a background group that takes the terminal would be stopped by SIGTTOU.
    if (spawn->terminal >= 0 && take_terminal(spawn->terminal) != 0) fail(plan, PINFOLD_STEP_TERMINAL);

    uint64_t none = 0;
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, sizeof none);

    if (spawn->oom_score_adj && set_oom_score(spawn->oom_score_adj) != 0) fail(plan, PINFOLD_STEP_OOM_SCORE);
    // After the last open: as many as the new limit may be open here still, and then any further one is refused.
    if (spawn->open_files >= 0 && set_open_files(spawn->open_files) != 0) fail(plan, PINFOLD_STEP_OPEN_FILES);
    if (spawn->directory && syscall(SYS_chdir, spawn->directory) != 0) fail(plan, PINFOLD_STEP_DIRECTORY);
    if (place_standard(spawn->standard) != 0) fail(plan, PINFOLD_STEP_DESCRIPTORS);
    if (close_all_but(spawn->close_from, plan->status[1], spawn->hold ? plan->hold[0] : plan->status[1]) != 0)
        fail(plan, PINFOLD_STEP_DESCRIPTORS);
    if (spawn->hold) {
        long count;
        while ((count = syscall(SYS_read, plan->hold[0], &byte, sizeof byte)) < 0 && errno == EINTR) {}
        if (count != 1) leave(125);
    }
    syscall(SYS_execve, spawn->path, spawn->argv, spawn->envp);
    // A script without "#!": what execvp does, and so what every shell user is used to.
    if (errno == ENOEXEC) syscall(SYS_execve, plan->shell_argv[0], plan->shell_argv, spawn->envp);
    fail(plan, PINFOLD_STEP_EXECUTE);
}

// Returns in the parent only, for the same reason: the way back through the caller would be one through its sanitizer.
static long clone_child(const struct plan *plan, struct clone_args *arguments) {
    long pid = syscall(SYS_clone3, arguments, sizeof *arguments);
    // Container runtimes answer ENOSYS to clone3 on purpose. The old call knows CLONE_PIDFD, but no cgroup: then the
    // caller has to hold the child and attach it.
    if (pid < 0 && errno == ENOSYS && !(arguments->flags & CLONE_INTO_CGROUP))
        pid = syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, NULL, arguments->pidfd, NULL, NULL);
    if (pid == 0) run_child(plan);
    return pid;
}

#pragma clang attribute pop

static struct clone_args clone_arguments(int cgroup, int *pidfd) {
    struct clone_args arguments = {.flags = CLONE_PIDFD, .pidfd = (uintptr_t)pidfd, .exit_signal = SIGCHLD};
    if (cgroup >= 0) {
        arguments.flags |= CLONE_INTO_CGROUP;
        arguments.cgroup = (uint64_t)cgroup;
    }
    return arguments;
}

// A pipe among 0, 1 and 2 (where the caller had closed them) would be overwritten by the child's own.
static int pipe_above_standard(int pair[2]) {
    if (pipe2(pair, O_CLOEXEC) != 0) return -1;
    for (int end = 0; end < 2; end++) {
        if (pair[end] > 2) continue;
        int moved = fcntl(pair[end], F_DUPFD_CLOEXEC, 3);
        if (moved < 0) return -1;
        close(pair[end]);
        pair[end] = moved;
    }
    return 0;
}

static void close_if_open(int *descriptor) {
    if (*descriptor >= 0) close(*descriptor);
    *descriptor = -1;
}

int pinfold_spawn(const struct pinfold_spawn *spawn, struct pinfold_child *child) {
    struct plan plan = {.spawn = spawn, .status = {-1, -1}, .hold = {-1, -1}};
    sigset_t all, before;
    long pid = -1;
    int error = 0, pidfd = -1;
    struct clone_args arguments = clone_arguments(spawn->cgroup, &pidfd);

    size_t count = 0;
    while (spawn->argv[count]) count++;
    plan.shell_argv = malloc((count + 2) * sizeof *plan.shell_argv);
    if (!plan.shell_argv) return ENOMEM;
    plan.shell_argv[0] = (char *)"/bin/sh";
    plan.shell_argv[1] = (char *)spawn->path;
    memcpy(plan.shell_argv + 2, spawn->argv + 1, count * sizeof *plan.shell_argv);

    // A handler of the parent that ran in the child would act for the wrong process: nothing is delivered until the
    // child has reset the dispositions.
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    if (pipe_above_standard(plan.status) == 0 && (!spawn->hold || pipe_above_standard(plan.hold) == 0))
        pid = clone_child(&plan, &arguments);
    if (pid < 0) error = errno;
    // Also here, so that the group exists when this function returns; the child may have exec'd already.
    if (pid > 0 && spawn->group == PINFOLD_GROUP_OWN) setpgid((pid_t)pid, (pid_t)pid);
    pthread_sigmask(SIG_SETMASK, &before, NULL);

    free(plan.shell_argv);
    close_if_open(&plan.status[1]);
    close_if_open(&plan.hold[0]);
    if (error != 0) {
        close_if_open(&plan.status[0]);
        close_if_open(&plan.hold[1]);
        return error;
    }
    *child = (struct pinfold_child){.pid = (pid_t)pid, .pidfd = pidfd, .status = plan.status[0], .hold = plan.hold[1]};
    return 0;
}
