#define _GNU_SOURCE
#include "CTestSupport.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

int test_forbid(enum test_call call, int error) {
    static const int numbers[] = {
        [TEST_CLONE3] = SYS_clone3, [TEST_CLOSE_RANGE] = SYS_close_range, [TEST_OPENAT2] = SYS_openat2};
    struct sock_filter rules[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)numbers[call], 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)error),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = sizeof rules / sizeof *rules, .filter = rules};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1UL, 0UL, 0UL, 0UL) != 0) return -1;
    // For all threads: an exit test does not run on the main one.
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program);
}

int test_open_terminal(char *path, size_t size) {
    int keyboard = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (keyboard < 0) return -1;
    if (grantpt(keyboard) == 0 && unlockpt(keyboard) == 0 && ptsname_r(keyboard, path, size) == 0) return keyboard;
    close(keyboard);
    return -1;
}

pid_t test_fork(void) { return fork(); }

int test_make_read_only(const char *path) {
    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) return -1;
    if (mount(path, path, NULL, MS_BIND, NULL) != 0) return -1;
    return mount(NULL, path, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL);
}

int test_act_as(uid_t user) {
    // Not seteuid(3), which asks all threads to do the same.
    return (int)syscall(SYS_setresuid, -1, user, -1);
}

int test_lingering_socket(int *peer) {
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), sender = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    if (bind(listener, (struct sockaddr *)&address, size) != 0 || listen(listener, 1) != 0) return -1;
    if (getsockname(listener, (struct sockaddr *)&address, &size) != 0) return -1;
    if (connect(sender, (struct sockaddr *)&address, size) != 0) return -1;
    *peer = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    close(listener);
    if (*peer < 0) return -1;
    static char bytes[65536];
    while (send(sender, bytes, sizeof bytes, MSG_DONTWAIT) > 0);
    struct linger linger = {.l_onoff = 1, .l_linger = 15};
    return setsockopt(sender, SOL_SOCKET, SO_LINGER, &linger, sizeof linger) == 0 ? sender : -1;
}

int test_become(uid_t user) {
    if (setgroups(0, NULL) != 0) return -1;
    return setresgid(user, user, user) == 0 ? setresuid(user, user, user) : -1;
}
