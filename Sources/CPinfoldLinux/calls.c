#define _GNU_SOURCE
#include "CPinfoldLinux.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <malloc.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

const int pinfold_o_path = O_PATH;

ssize_t pinfold_fgetxattr(int file, const char *name, void *value, size_t size) {
    return fgetxattr(file, name, value, size);
}

int pinfold_fsetxattr(int file, const char *name, const void *value, size_t size) {
    return fsetxattr(file, name, value, size, 0);
}

int pinfold_pipe(int *pair) { return pipe2(pair, O_CLOEXEC); }

int pinfold_accept(int socket) { return accept4(socket, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC); }

int pinfold_openat2(int directory, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve) {
    struct open_how how = {.flags = flags, .mode = mode, .resolve = resolve};
    return (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
}

ssize_t pinfold_splice(int from, int to, size_t count) {
    return splice(from, NULL, to, NULL, count, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
}

int pinfold_pidfd_open(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

int pinfold_pidfd_send_signal(int pidfd, int signal) {
    return (int)syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0);
}

int pinfold_filesystem_type(int descriptor, int64_t *type) {
    struct statfs facts;
    if (fstatfs(descriptor, &facts) != 0) return -1;
    *type = facts.f_type;
    return 0;
}

int pinfold_set_subreaper(bool on) { return prctl(PR_SET_CHILD_SUBREAPER, (unsigned long)on, 0UL, 0UL, 0UL); }

int pinfold_forbid_core(void) { return prctl(PR_SET_DUMPABLE, 0UL, 0UL, 0UL, 0UL); }

int pinfold_set_thread_name(const char *name) { return prctl(PR_SET_NAME, name, 0UL, 0UL, 0UL); }

bool pinfold_is_listening(int socket) {
    int type = 0, listens = 0;
    socklen_t size = sizeof type;
    if (getsockopt(socket, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_STREAM) return false;
    size = sizeof listens;
    return getsockopt(socket, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && listens != 0;
}

int pinfold_peer_credentials(int socket, int32_t *pid, uint32_t *uid, uint32_t *gid) {
    struct ucred peer;
    socklen_t size = sizeof peer;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return -1;
    *pid = peer.pid;
    *uid = peer.uid;
    *gid = peer.gid;
    return 0;
}

int pinfold_peer_pidfd(int socket) {
    int pidfd = -1;
    socklen_t size = sizeof pidfd;
    return getsockopt(socket, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &size) == 0 ? pidfd : -1;
}

#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS 83  // Linux 6.16
#endif

int pinfold_pass_descriptors(int socket, bool on) {
    int value = on;
    return setsockopt(socket, SOL_SOCKET, SO_PASSRIGHTS, &value, sizeof value);
}

int pinfold_unread(int socket) {
    int count = 0;
    return ioctl(socket, FIONREAD, &count) == 0 ? count : -1;
}

const char *pinfold_error_name(int error) { return strerrorname_np(error); }

const char *pinfold_error_text(int error) { return strerrordesc_np(error); }

const char *pinfold_signal_name(int signal) { return sigabbrev_np(signal); }

int pinfold_wait(int pidfd, int options, int *code, int *status) {
    siginfo_t facts = {.si_pid = 0};
    if (waitid(P_PIDFD, (id_t)pidfd, &facts, options) != 0) return -1;
    *code = facts.si_pid == 0 ? 0 : facts.si_code;
    *status = facts.si_status;
    return 0;
}

ssize_t pinfold_send(int socket, const void *bytes, size_t count, const int *descriptors, size_t descriptor_count) {
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(PINFOLD_MOST_DESCRIPTORS * sizeof(int))];
    struct iovec part = {.iov_base = (void *)bytes, .iov_len = count};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (descriptor_count > 0 && descriptor_count <= PINFOLD_MOST_DESCRIPTORS) {
        size_t size = descriptor_count * sizeof(int);
        memset(control, 0, sizeof control);
        message.msg_control = control;
        message.msg_controllen = CMSG_SPACE(size);
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        *header = (struct cmsghdr){.cmsg_len = CMSG_LEN(size), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
        memcpy(CMSG_DATA(header), descriptors, size);
    }
    return sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

ssize_t pinfold_receive(int socket, void *bytes, size_t count, int *descriptors, size_t *descriptor_count,
                        bool *truncated) {
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(PINFOLD_MOST_DESCRIPTORS * sizeof(int))];
    struct iovec part = {.iov_base = bytes, .iov_len = count};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    *descriptor_count = 0;
    ssize_t received = recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (received < 0) return received;
    *truncated = (message.msg_flags & MSG_CTRUNC) != 0;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        size_t found = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        memcpy(descriptors + *descriptor_count, CMSG_DATA(header), found * sizeof(int));
        *descriptor_count += found;
    }
    return received;
}

void pinfold_limit_kept_memory(int bytes) {
    mallopt(M_MMAP_THRESHOLD, bytes);
    mallopt(M_TRIM_THRESHOLD, bytes);
}
