// What Swift cannot do by itself, and nothing else:
//
//  * the child between clone and exec (spawn.c): no Swift code may run there, for the runtime may take a lock
//    that another thread held at the moment of the clone;
//  * calls and constants that `import Glibc` does not offer (calls.c): GNU extensions, variadic functions, macros.
//
// No policy, no path of ours, no allocation in the child. What can be written in Swift belongs into PinfoldLinux.
//
// <fcntl.h>, <sys/socket.h> and others belong to Swift's Glibc module, which is built without _GNU_SOURCE; defining it
// here would change nothing for them. So their extensions are functions and constants of calls.c.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/types.h>

// MARK: the child

enum pinfold_group { PINFOLD_GROUP_INHERITED, PINFOLD_GROUP_OWN, PINFOLD_GROUP_SESSION };

/// The steps of the child, in the order in which they are taken. A failure names its step.
enum pinfold_step {
    PINFOLD_STEP_GROUP = 1,
    PINFOLD_STEP_TERMINAL,
    PINFOLD_STEP_OPEN_FILES,
    PINFOLD_STEP_OOM_SCORE,
    PINFOLD_STEP_DIRECTORY,
    PINFOLD_STEP_DESCRIPTORS,
    PINFOLD_STEP_EXECUTE,
};

struct pinfold_spawn {
    const char *_Nonnull path;              ///< what to execute; no search here. Relative to `directory`.
    char *_Nullable const *_Nonnull argv;   ///< ended by NULL, at least one entry
    char *_Nullable const *_Nonnull envp;   ///< ended by NULL
    const char *_Nullable directory;        ///< the child's working directory, or NULL
    const char *_Nullable oom_score_adj;    ///< text for /proc/self/oom_score_adj, or NULL
    int64_t open_files;                     ///< soft RLIMIT_NOFILE, or -1
    uint64_t ignored;                       ///< bit n-1 set: signal n is ignored in the child; all others are default
    int cgroup;                             ///< descriptor of the cgroup to be born in, or -1
    int standard[3];                        ///< what becomes 0, 1 and 2, or -1: as they are
    int terminal;                           ///< whose foreground the child's own group becomes, or -1
    int close_from;                         ///< this descriptor and all above are closed in the child
    enum pinfold_group group;
    bool hold;                              ///< wait for a byte before exec
};

struct pinfold_child {
    pid_t pid;
    int pidfd;
    int status;  ///< reads PINFOLD_ALIVE first, then end of file at exec, or a pinfold_failure
    int hold;    ///< write a byte to let go, close to make the child leave with 125; -1 without `hold`
};

struct pinfold_failure {
    int32_t step;
    int32_t error;
};

enum { PINFOLD_ALIVE = 'A' };

/// Starts a child. Returns 0 or an errno; the signal mask of the caller is as before either way.
int pinfold_spawn(const struct pinfold_spawn *_Nonnull spawn, struct pinfold_child *_Nonnull child);

// MARK: calls

extern const int pinfold_o_path;

int pinfold_pipe(int *_Nonnull pair);                                  // pipe2, O_CLOEXEC
int pinfold_accept(int socket);                                        // accept4, SOCK_NONBLOCK | SOCK_CLOEXEC
int pinfold_openat2(int directory, const char *_Nonnull path, uint64_t flags, uint64_t mode, uint64_t resolve);
ssize_t pinfold_splice(int from, int to, size_t count);                // SPLICE_F_MOVE | SPLICE_F_NONBLOCK
int pinfold_pidfd_open(pid_t pid);
int pinfold_pidfd_send_signal(int pidfd, int signal);
int pinfold_filesystem_type(int descriptor, int64_t *_Nonnull type);   // fstatfs
ssize_t pinfold_fgetxattr(int file, const char *_Nonnull name, void *_Nonnull value, size_t size);
int pinfold_fsetxattr(int file, const char *_Nonnull name, const void *_Nonnull value, size_t size);
void pinfold_limit_kept_memory(int bytes);                             // mallopt
int pinfold_set_subreaper(bool on);                                    // prctl PR_SET_CHILD_SUBREAPER
int pinfold_forbid_core(void);                                         // prctl PR_SET_DUMPABLE
int pinfold_set_thread_name(const char *_Nonnull name);                // prctl PR_SET_NAME
bool pinfold_is_listening(int socket);                                 // SO_TYPE, SO_ACCEPTCONN
int pinfold_peer_credentials(int socket, int32_t *_Nonnull pid, uint32_t *_Nonnull uid, uint32_t *_Nonnull gid);
int pinfold_peer_pidfd(int socket);                                    // SO_PEERPIDFD
int pinfold_pass_descriptors(int socket, bool on);                     // SO_PASSRIGHTS
int pinfold_unread(int socket);                                        // SIOCINQ
const char *_Nullable pinfold_error_name(int error);                   // strerrorname_np
const char *_Nullable pinfold_error_text(int error);                   // strerrordesc_np
const char *_Nullable pinfold_signal_name(int signal);                 // sigabbrev_np

/// waitid(P_PIDFD). Returns 0 or -1; `code` is 0 where nothing happened, else CLD_EXITED and its like.
int pinfold_wait(int pidfd, int options, int *_Nonnull code, int *_Nonnull status);

/// Most descriptors that one message can carry (the kernel's SCM_MAX_FD).
enum { PINFOLD_MOST_DESCRIPTORS = 253 };

/// sendmsg with SCM_RIGHTS, MSG_NOSIGNAL and MSG_DONTWAIT.
ssize_t pinfold_send(int socket, const void *_Nullable bytes, size_t count, const int *_Nullable descriptors,
                     size_t descriptor_count);

/// recvmsg with MSG_CMSG_CLOEXEC and MSG_DONTWAIT. `descriptors` has room for PINFOLD_MOST_DESCRIPTORS.
ssize_t pinfold_receive(int socket, void *_Nonnull bytes, size_t count, int *_Nonnull descriptors,
                        size_t *_Nonnull descriptor_count, bool *_Nonnull truncated);
