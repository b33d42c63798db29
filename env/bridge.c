/* bridge.c -- see bridge.h. The pipes are full barriers between both processes: the memory needs none of its own. */
#include "bridge.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/children.h"
#include "base/clock.h"
#include "base/log.h"
#include "bridge_spawn.h"

enum { TEXT_AT = 256, TEXT_BYTES = 2048, LINES_MOST = 50 };
/* s that it has for its own end, and for its start at least: imports from a cold disk take long */
static const double LEAVES = 1, STARTS = 120;

static void end_line(struct bridge *b)
{
    b->line[b->line_bytes] = '\0';
    b->line_bytes = 0;
    if (!b->line[strspn(b->line, " \t\r")]) return;
    if (++b->lines <= LINES_MOST) log_rank("python: %s", b->line);
    if (b->lines == LINES_MOST) log_rank("python: what it prints from here on is not shown");
    if (b->fatal) return;
    b->fatal = !strncmp(b->line, "Fatal Python error", 18);
    memcpy(b->last, b->line, sizeof b->last);
}

/* What it has printed so far, line by line. */
static void read_said(struct bridge *b)
{
    char bytes[4096];
    ssize_t n;
    while (b->said >= 0 && (n = read(b->said, bytes, sizeof bytes)) > 0)
        for (ssize_t i = 0; i < n; i++)
            if (bytes[i] == '\n')
                end_line(b);
            else if (b->line_bytes < sizeof b->line - 1)
                b->line[b->line_bytes++] = bytes[i];
}

/* Closes all that belongs to the process that has ended. */
static void forget(struct bridge *b)
{
    int *const fds[] = {&b->request, &b->spare, &b->reply, &b->said, &b->memory, &b->death};
    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++) {
        if (*fds[i] >= 0) close(*fds[i]);
        *fds[i] = -1;
    }
    if (b->map) munmap(b->map, (size_t)b->head.bytes);
    b->map = NULL;
    b->pid = 0;
    b->birth = 0;
}

/* Ends it, where it has not ended yet; returns its wait status, -1 where another has waited for it. */
static int reap(struct bridge *b)
{
    int status = -1;
    pid_t got;
    kill(-b->pid, SIGKILL); /* with all that it started */
    kill(b->pid, SIGKILL);  /* it may not have its group yet */
    while ((got = waitpid(b->pid, &status, 0)) < 0 && errno == EINTR) {}
    children_waited(b->pid);
    read_said(b);
    if (b->line_bytes) end_line(b);
    return got < 0 ? -1 : status;
}

/* b->fault: `what`, and what it said last. Always -1; the process is gone. */
static int fail(struct bridge *b, const char *what)
{
    snprintf(b->fault, sizeof b->fault, "%s%s%s", what, b->last[0] ? "; it said last: " : "", b->last);
    forget(b);
    return -1;
}

/* Its pipe has closed, or the process is gone: a moment for the other, then how it ended. */
static int fail_dead(struct bridge *b)
{
    char what[200] = "its Python process has ended";
    struct pollfd gone = {.fd = b->death, .events = POLLIN};
    if (b->death >= 0) poll(&gone, 1, (int)(LEAVES * 1000));
    const int status = reap(b);
    if (status != -1 && WIFEXITED(status))
        snprintf(what, sizeof what, "its Python process ended with status %d", WEXITSTATUS(status));
    if (status != -1 && WIFSIGNALED(status))
        snprintf(what, sizeof what, "its Python process was ended by signal %d (%s)", WTERMSIG(status),
                 strsignal(WTERMSIG(status)));
    return fail(b, what);
}

static int fail_late(struct bridge *b, double seconds)
{
    char what[200];
    snprintf(what, sizeof what,
             "its Python process gave no answer for %.3g s and was ended (--env-timeout allows more)", seconds);
    reap(b);
    return fail(b, what);
}

/* It says itself what went wrong, and ends. */
static int fail_told(struct bridge *b)
{
    char line[TEXT_BYTES] = "";
    if (pread(b->memory, line, sizeof line - 1, TEXT_AT) < 0) line[0] = '\0';
    struct pollfd gone = {.fd = b->death, .events = POLLIN};
    if (b->death >= 0) poll(&gone, 1, (int)(LEAVES * 1000));
    reap(b);
    snprintf(b->fault, sizeof b->fault, "%.*s", (int)sizeof b->fault - 1, line);
    forget(b);
    return -1;
}

/* Waits for one answer. 0, or -1 with b->fault and without a process. */
static int wait_answer(struct bridge *b, double seconds)
{
    const double start = clock_seconds();
    for (;;) {
        struct pollfd fds[] = {
            {.fd = b->reply, .events = POLLIN}, {.fd = b->said, .events = POLLIN}, {.fd = b->death, .events = POLLIN}};
        const double left = start + seconds - clock_seconds();
        if (left <= 0) return fail_late(b, seconds);
        const int n = poll(fds, 3, left > 1e6 ? -1 : (int)(left * 1000) + 1);
        if (n < 0 && errno != EINTR) return fail_dead(b);
        if (n <= 0) continue;
        if (fds[1].revents & POLLIN) read_said(b);
        if (fds[0].revents) {
            char answer = 0;
            const ssize_t got = read(b->reply, &answer, 1);
            if (got < 0 && errno == EINTR) continue;
            if (got != 1) return fail_dead(b);
            return answer == 'k' ? 0 : fail_told(b);
        }
        if (fds[2].revents) return fail_dead(b);
        if (fds[1].revents & (POLLHUP | POLLERR)) { /* it has closed both its outputs */
            close(b->said);
            b->said = -1;
        }
    }
}

static bool head_is_sound(const struct bridge_head *h)
{
    const int64_t n = BRIDGE_SLOTS, floats = 2 * (int64_t)h->obs_dim + 2 * (int64_t)h->action_dim + h->action_parts;
    return h->slots == BRIDGE_SLOTS && h->bytes > TEXT_AT + TEXT_BYTES &&
           h->action_at + n * h->action_bytes <= h->bytes && h->obs_at + n * h->obs_bytes <= h->bytes &&
           h->constants_at + 4 * floats <= h->bytes &&
           h->drawn_at + 3 * (int64_t)h->drawn_height * h->drawn_width <= h->bytes;
}

/* Reads the head and maps what it describes. */
static int take_memory(struct bridge *b)
{
    struct bridge_head head;
    const bool first = !b->head.bytes;
    if (pread(b->memory, &head, sizeof head, 0) != sizeof head || !head_is_sound(&head)) {
        reap(b);
        return fail(b, "its Python process answers no sizes");
    }
    if (!first && memcmp(&head, &b->head, sizeof head) != 0) {
        reap(b);
        b->last[0] = '\0';
        return fail(b, "started again it has other sizes of observations or actions than before");
    }
    void *map = mmap(NULL, (size_t)head.bytes, PROT_READ | PROT_WRITE, MAP_SHARED, b->memory, 0);
    if (map == MAP_FAILED) {
        reap(b);
        b->last[0] = '\0';
        return fail(b, "the memory for its observations cannot be had");
    }
    b->map = map;
    if (!first) return 0;
    b->head = head;
    memcpy(b->note, b->map + TEXT_AT, sizeof b->note);
    b->note[sizeof b->note - 1] = '\0';
    return 0;
}

int bridge_start(struct bridge *b)
{
    char skip[16];
    struct bridge_spawned s;
    if (b->pid) return 0;
    b->request = b->spare = b->reply = b->said = b->memory = b->death = -1;
    b->line_bytes = 0;
    b->lines = 0;
    b->last[0] = '\0';
    b->fatal = false;
    snprintf(skip, sizeof skip, "%d", b->order.frame_skip);
    const char *const words[] = {b->order.name, skip, b->order.render ? "1" : "0"};
    if (bridge_spawn(&s, b->order.python, words, 3, b->fault, sizeof b->fault)) return -1;
    b->pid = s.pid;
    children_started(b->pid);
    b->request = s.request;
    b->spare = s.spare;
    b->reply = s.reply;
    b->said = s.said;
    b->memory = s.memory;
    b->death = (int)syscall(SYS_pidfd_open, s.pid, 0);
    fcntl(b->said, F_SETFL, O_NONBLOCK);
    if (wait_answer(b, fmax(STARTS, 2 * b->order.timeout)) || take_memory(b)) return -1;
    b->birth = ++b->births;
    return 0;
}

int bridge_call(struct bridge *b, enum bridge_what what, const uint16_t *slots, int n)
{
    uint16_t message[1 + BRIDGE_SLOTS];
    const size_t bytes = sizeof *message * (size_t)(1 + n);
    if (!b->pid) return -1;
    message[0] = (uint16_t)what;
    memcpy(message + 1, slots, sizeof *slots * (size_t)n);
    while (write(b->request, message, bytes) != (ssize_t)bytes)
        if (errno != EINTR) return fail_dead(b);
    const double limit = what == BRIDGE_MAKE ? fmax(STARTS, 2 * b->order.timeout) : b->order.timeout;
    return wait_answer(b, limit * (n > 1 ? n : 1)); /* they play one after another */
}

void bridge_stop(struct bridge *b)
{
    if (!b->pid) return;
    close(b->request);
    close(b->spare);
    b->request = b->spare = -1; /* which tells it to leave */
    struct pollfd gone = {.fd = b->death, .events = POLLIN};
    if (b->death >= 0) poll(&gone, 1, (int)(LEAVES * 1000));
    reap(b);
    forget(b);
}
