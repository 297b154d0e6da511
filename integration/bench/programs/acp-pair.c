// Both ends of an ACP conversation, as quick as they can be made, and a copier to put between them: what `pinfold acp` is
// measured with.
//
//   acp-pair agent                      answers everything
//   acp-pair copy COMMAND...            the floor of any relay: copies both ways, 64 KiB at a time, and understands nothing
//   acp-pair client PLAN... , COMMAND...
//
// The plan's steps; each prints its kind, its size and nanoseconds, a line a sample:
//   ask:COUNT          requests that are no turns, one after the other; each a sample
//   prompt:COUNT       turns, one after the other
//   down:SIZE:BYTES    session/update lines of SIZE bytes from the agent, BYTES in all; one sample
//   up:SIZE:BYTES      session/prompt lines of SIZE bytes to the agent, at most 64 of them unanswered
//   wait               prints "waiting" and waits for a line on standard input

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"

enum { CHUNK = 64 << 10, HEAD = 4096, OPEN_AT_ONCE = 64 };

static _Noreturn void fail(const char *what) {
    fprintf(stderr, "acp-pair: %s: %s\n", what, strerror(errno));
    _exit(1);
}

static void write_all(int to, const char *bytes, size_t count) {
    while (count > 0) {
        ssize_t written = write(to, bytes, count);
        if (written < 0 && errno == EAGAIN) {
            struct pollfd room = {.fd = to, .events = POLLOUT};
            poll(&room, 1, -1);
            continue;
        }
        if (written < 0) fail("write");
        bytes += written;
        count -= (size_t)written;
    }
}

// ---- Lines. Only the head of a long one is kept: what is to be measured is the way, not these ends.

struct lines {
    int from;
    size_t length, start, end;
    char head[HEAD + 1], chunk[CHUNK];
};

// The head of the next line, or nothing at the end, or where nothing is there now and the descriptor does not block.
static char *next_line(struct lines *lines) {
    for (;;) {
        if (lines->start == lines->end) {
            ssize_t count = read(lines->from, lines->chunk, CHUNK);
            if (count <= 0) return NULL;
            lines->start = 0;
            lines->end = (size_t)count;
        }
        char *begin = lines->chunk + lines->start;
        char *feed = memchr(begin, '\n', lines->end - lines->start);
        size_t count = feed ? (size_t)(feed - begin) : lines->end - lines->start;
        size_t room = lines->length < HEAD ? HEAD - lines->length : 0;
        if (room > 0) memcpy(lines->head + lines->length, begin, count < room ? count : room);
        lines->length += count;
        lines->start += count + (feed != NULL);
        if (!feed) continue;
        lines->head[lines->length < HEAD ? lines->length : HEAD] = 0;
        lines->length = 0;
        return lines->head;
    }
}

static long number(const char *line, const char *key) {
    const char *found = strstr(line, key);
    return found ? atol(found + strlen(key)) : -1;
}

// What stands between these two is `size` bytes with the line's end.
static char *line_of(size_t size, const char *before, const char *after) {
    size_t head = strlen(before), tail = strlen(after);
    char *line = malloc(size < head + tail ? head + tail : size);
    if (!line) fail("malloc");
    if (size < head + tail) size = head + tail;
    memcpy(line, before, head);
    memset(line + head, 'x', size - head - tail);
    memcpy(line + size - tail, after, tail);
    return line;
}

// ---- The agent

static const char update[] = "{\"jsonrpc\":\"2.0\",\"method\":\"session/update\",\"params\":{\"sessionId\":\"s1\",\"update\":"
                             "{\"sessionUpdate\":\"agent_message_chunk\",\"content\":{\"type\":\"text\",\"text\":\"";
static const char update_end[] = "\"}}}}\n";

static void flood(size_t size, long count) {
    char *line = line_of(size, update, update_end);
    while (count-- > 0) write_all(1, line, size);
    free(line);
}

static int run_agent(void) {
    static struct lines in = {.from = 0};
    char *line;
    while ((line = next_line(&in))) {
        char id[128] = "", answer[1024];
        char *found = strstr(line, "\"id\":");
        if (!found) continue;
        // Up to the comma or the brace; ids of ours have neither.
        size_t length = strcspn(found + 5, ",}");
        memcpy(id, found + 5, length < sizeof id ? length : sizeof id - 1);
        const char *result = "{}";
        if (strstr(line, "\"initialize\""))
            result = "{\"protocolVersion\":1,\"agentCapabilities\":{\"loadSession\":true},\"authMethods\":[]}";
        else if (strstr(line, "\"session/new\""))
            result = "{\"sessionId\":\"s1\"}";
        else if (strstr(line, "\"session/prompt\""))
            result = "{\"stopReason\":\"end_turn\"}";
        else if (strstr(line, "\"_bench/flood\""))
            flood((size_t)number(line, "\"size\":"), number(line, "\"count\":"));
        int count = snprintf(answer, sizeof answer, "{\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":%s}\n", id, result);
        write_all(1, answer, (size_t)count);
    }
    return 0;
}

// ---- Starting the other side

struct child {
    pid_t pid;
    int to, from;
};

static struct child start(char **command) {
    int to[2], from[2];
    if (pipe2(to, O_CLOEXEC) != 0 || pipe2(from, O_CLOEXEC) != 0) fail("pipe");
    pid_t pid = fork();
    if (pid < 0) fail("fork");
    if (pid == 0) {
        dup2(to[0], 0);
        dup2(from[1], 1);
        execvp(command[0], command);
        fail(command[0]);
    }
    close(to[0]);
    close(from[1]);
    return (struct child){.pid = pid, .to = to[1], .from = from[0]};
}

// ---- The copier

static int run_copier(char **command) {
    struct child agent = start(command);
    static char chunk[CHUNK];
    struct pollfd both[2] = {{.fd = 0, .events = POLLIN}, {.fd = agent.from, .events = POLLIN}};
    // Where one side does not read, the other waits too: a deadlock for two that only write, and these two do not.
    while (both[1].fd >= 0) {
        if (poll(both, 2, -1) < 0) fail("poll");
        for (int side = 0; side < 2; side++) {
            if (!both[side].revents) continue;
            ssize_t count = read(both[side].fd, chunk, CHUNK);
            if (count > 0) {
                write_all(side == 0 ? agent.to : 1, chunk, (size_t)count);
                continue;
            }
            if (side == 0) close(agent.to);
            both[side].fd = -1;
        }
    }
    return waitpid(agent.pid, NULL, 0) == agent.pid ? 0 : 1;
}

// ---- The client

static struct child agent;
static struct lines in;
static long last_id = 0;

// Waits for the answer to the last request; what comes before it is read and dropped.
static void await_answer(void) {
    char *line;
    do {
        line = next_line(&in);
        if (!line) fail("the agent's output ended");
        if (strstr(line, "\"error\"")) {
            fprintf(stderr, "acp-pair: %s\n", line);
            _exit(1);
        }
    } while (strstr(line, "\"method\"") || number(line, "\"id\":") != last_id);
}

static void ask(const char *method, const char *params) {
    char line[1024];
    int count = snprintf(line, sizeof line, "{\"jsonrpc\":\"2.0\",\"id\":%ld,\"method\":\"%s\",\"params\":%s}\n", ++last_id,
                         method, params);
    write_all(agent.to, line, (size_t)count);
    await_answer();
}

static void sample(const char *kind, long size, uint64_t begin) {
    printf("%s %ld %llu\n", kind, size, (unsigned long long)(now() - begin));
}

static void go_down(long size, long bytes) {
    char params[128];
    snprintf(params, sizeof params, "{\"size\":%ld,\"count\":%ld}", size, bytes / size);
    uint64_t begin = now();
    ask("_bench/flood", params);
    sample("down", size, begin);
}

// Writes and reads at once: an agent whose answers nobody takes would stop to read.
static void go_up(long size, long bytes) {
    char before[256];
    // The id has always ten digits, so that all lines are alike but for it.
    int at = snprintf(before, sizeof before, "{\"jsonrpc\":\"2.0\",\"id\":");
    snprintf(before + at, sizeof before - (size_t)at,
             "%010d,\"method\":\"session/prompt\",\"params\":{\"sessionId\":\"s1\",\"prompt\":[{\"type\":\"text\",\"text\":\"", 0);
    char *line = line_of((size_t)size, before, "\"}]}}\n");
    long count = bytes / size, sent = 0, answered = 0;
    size_t offset = 0;
    fcntl(agent.to, F_SETFL, O_NONBLOCK);
    fcntl(agent.from, F_SETFL, O_NONBLOCK);
    uint64_t begin = now();
    while (answered < count) {
        int may_write = sent < count && sent - answered < OPEN_AT_ONCE;
        struct pollfd both[2] = {{.fd = agent.from, .events = POLLIN}, {.fd = may_write ? agent.to : -1, .events = POLLOUT}};
        if (poll(both, 2, -1) < 0) fail("poll");
        if (both[0].revents) {
            char *answer;
            while ((answer = next_line(&in))) answered += strstr(answer, "end_turn") != NULL;
            if (both[0].revents & POLLHUP) fail("the agent's output ended");
        }
        while (sent < count && sent - answered < OPEN_AT_ONCE) {
            if (offset == 0) {
                char id[32];
                snprintf(id, sizeof id, "%010ld", 1000000000 + ++last_id);
                memcpy(line + at, id, 10);
            }
            ssize_t written = write(agent.to, line + offset, (size_t)size - offset);
            if (written < 0 && errno == EAGAIN) break;
            if (written < 0) fail("write");
            offset += (size_t)written;
            if (offset < (size_t)size) continue;
            offset = 0;
            sent++;
        }
    }
    sample("up", size, begin);
    fcntl(agent.to, F_SETFL, 0);
    fcntl(agent.from, F_SETFL, 0);
    free(line);
}

static void perform(const char *step) {
    long size = 0, bytes = 0, count = 0;
    char method[32] = "";
    if (sscanf(step, "down:%ld:%ld", &size, &bytes) == 2 && size > 0) {
        go_down(size, bytes);
    } else if (sscanf(step, "up:%ld:%ld", &size, &bytes) == 2 && size > 0) {
        go_up(size, bytes);
    } else if (sscanf(step, "%31[a-z]:%ld", method, &count) == 2) {
        int is_prompt = strcmp(method, "prompt") == 0;
        while (count-- > 0) {
            uint64_t begin = now();
            ask(is_prompt ? "session/prompt" : "session/set_mode",
                is_prompt ? "{\"sessionId\":\"s1\",\"prompt\":[{\"type\":\"text\",\"text\":\"hello\"}]}"
                          : "{\"sessionId\":\"s1\",\"modeId\":\"ask\"}");
            sample(method, 0, begin);
        }
    } else if (strcmp(step, "wait") == 0) {
        puts("waiting");
        fflush(stdout);
        while (getchar() != '\n' && !feof(stdin)) {}
    } else {
        fprintf(stderr, "acp-pair: there is no step %s\n", step);
        _exit(64);
    }
}

static int run_client(char **arguments) {
    int count = 0;
    while (arguments[count] && strcmp(arguments[count], ",") != 0) count++;
    if (!arguments[count]) return 64;
    agent = start(arguments + count + 1);
    in.from = agent.from;
    ask("initialize", "{\"protocolVersion\":1,\"clientCapabilities\":{}}");
    ask("session/new", "{\"cwd\":\"/\",\"mcpServers\":[]}");
    for (int step = 0; step < count; step++) perform(arguments[step]);
    close(agent.to);
    int status;
    if (waitpid(agent.pid, &status, 0) != agent.pid) fail("waitpid");
    return status == 0 ? 0 : 1;
}

int main(int argc, char **argv) {
    const char *mode = argc > 1 ? argv[1] : "";
    signal(SIGPIPE, SIG_IGN);
    if (argc == 2 && strcmp(mode, "agent") == 0) return run_agent();
    if (argc > 2 && strcmp(mode, "copy") == 0) return run_copier(argv + 2);
    if (argc > 3 && strcmp(mode, "client") == 0) return run_client(argv + 2);
    fputs("usage: acp-pair agent | copy COMMAND... | client PLAN... , COMMAND...\n", stderr);
    return 64;
}
