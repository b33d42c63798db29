/* process.c -- see process.h; proc(5) says what the fields of /proc/PID/stat are. */
#include "base/process.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"

/* Up to size - 1 bytes of /proc/PID/file, ended by a zero; how many. */
static size_t read_file(pid_t pid, const char *file, char *text, size_t size)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file);
    FILE *f = fopen(path, "re");
    const size_t n = f ? fread(text, 1, size - 1, f) : 0;
    if (f) fclose(f);
    text[n] = '\0';
    return n;
}

/* "PID (NAME) STATE PARENT ...", NAME of any characters; the 22nd field is the start time. */
bool process_look(pid_t pid, struct process *p)
{
    char text[1024];
    read_file(pid, "stat", text, sizeof text);
    char *open = strchr(text, '('), *close = strrchr(text, ')');
    if (!open || !close || close < open) return false;
    snprintf(p->name, sizeof p->name, "%.*s", (int)(close - open - 1), open + 1);
    int parent = 0;
    unsigned long long ticks = 0;
    if (sscanf(close + 1, " %c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu", &p->state,
               &parent, &ticks) != 3)
        return false;
    p->parent = parent;
    p->birth = ticks;
    return true;
}

uint64_t process_birth(pid_t pid)
{
    struct process own, other;
    const bool ours = process_look(getpid(), &own) && process_look(pid, &other) && !strcmp(own.name, other.name);
    return ours ? other.birth : 0;
}

bool process_is(pid_t pid, uint64_t birth)
{
    struct process now;
    return process_look(pid, &now) && now.birth == birth && now.state != 'Z' && now.state != 'X';
}

static uint64_t mix(uint64_t hash, const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) hash = (hash ^ (unsigned char)text[i]) * UINT64_C(1099511628211); /* FNV-1a */
    return hash;
}

/* 0 where it is not told. Another namespace has numbers of its own; another machine, or a virtual one's copy, too. */
static uint64_t place(void)
{
    char boot[64] = "", numbers[64] = "", host[256] = "", own[16] = "";
    FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");
    const bool told = f && fgets(boot, sizeof boot, f);
    if (f) fclose(f);
    const ssize_t n = readlink("/proc/self/ns/pid", numbers, sizeof numbers);
    const ssize_t m = readlink("/proc/self", own, sizeof own - 1); /* by a /proc of these numbers */
    if (!told || n <= 0 || m <= 0 || atoi(own) != getpid() || gethostname(host, sizeof host - 1)) return 0;
    const uint64_t hash =
        mix(mix(mix(UINT64_C(14695981039346656037), boot, strlen(boot)), numbers, (size_t)n), host, strlen(host));
    return hash ? hash : 1;
}

struct process_id process_self(void)
{
    struct process own;
    struct process_id self = {.place = place()};
    if (!self.place || !process_look(getpid(), &own)) return self;
    self.pid = getpid();
    self.birth = own.birth;
    return self;
}

bool process_seen(const struct process_id *id)
{
    return id->pid > 0 && id->place == place() && process_is((pid_t)id->pid, id->birth);
}

bool process_gone(const struct process_id *id)
{
    struct process now;
    if (id->pid <= 0) return false;
    if (kill((pid_t)id->pid, 0) && errno == ESRCH) return true;
    /* who has no descriptor left to look with must not take the living for dead */
    return process_look((pid_t)id->pid, &now) && (now.birth != id->birth || now.state == 'Z' || now.state == 'X');
}

bool process_ended(const struct process_id *id)
{
    struct process p; /* its program may have been built anew since */
    if (id->pid <= 0 || !id->place || id->place != place()) return false;
    return !process_look((pid_t)id->pid, &p) || p.birth != id->birth || p.state == 'Z';
}

/* All processes that are `wanted`, the living or those that have ended and are not waited for. */
static pid_t *collect(bool dead, bool (*wanted)(pid_t pid, const struct process *p, const void *arg), const void *arg,
                      int *n)
{
    DIR *proc = opendir("/proc");
    pid_t *pids = NULL;
    int room = 0;
    *n = 0;
    for (struct dirent *e; proc && (e = readdir(proc));) {
        struct process p;
        const pid_t pid = atoi(e->d_name);
        if (pid <= 0 || !process_look(pid, &p) || (p.state == 'Z') != dead || !wanted(pid, &p, arg)) continue;
        if (*n == room) {
            pid_t *more = realloc(pids, (size_t)(room = 2 * room + 16) * sizeof *more);
            if (!more) break;
            pids = more;
        }
        pids[(*n)++] = pid;
    }
    if (proc) closedir(proc);
    return pids;
}

static bool is_child(pid_t pid, const struct process *p, const void *parent)
{
    (void)pid;
    return p->parent == *(const pid_t *)parent;
}

pid_t *process_children(pid_t parent, int *n)
{
    return collect(false, is_child, &parent, n);
}

pid_t *process_dead_children(pid_t parent, int *n)
{
    return collect(true, is_child, &parent, n);
}

pid_t *process_descendants(pid_t of, int *n)
{
    pid_t *found = process_children(of, n);
    for (int i = 0; i < *n; i++) {
        int more;
        pid_t *children = process_children(found[i], &more);
        pid_t *grown = more ? realloc(found, (size_t)(*n + more) * sizeof *grown) : NULL;
        if (grown) {
            found = grown;
            memcpy(found + *n, children, (size_t)more * sizeof *children);
            *n += more;
        }
        free(children);
    }
    return found;
}

bool process_variable(pid_t pid, const char *key, char *value, size_t size)
{
    enum { ENVIRONMENT = 1 << 18 };
    const size_t length = strlen(key);
    char *words = memory_new(ENVIRONMENT, 1);
    const size_t n = read_file(pid, "environ", words, ENVIRONMENT);
    bool found = false;
    for (const char *word = words; word < words + n && !found; word += strlen(word) + 1) {
        found = !strncmp(word, key, length) && word[length] == '=';
        if (found) snprintf(value, size, "%s", word + length + 1);
    }
    free(words);
    return found;
}

static bool has_variable(pid_t pid, const struct process *p, const void *arg)
{
    const char *const *word = arg;
    char value[256];
    (void)p;
    return process_variable(pid, word[0], value, sizeof value) && !strcmp(value, word[1]);
}

pid_t *process_all_with(const char *key, const char *value, int *n)
{
    const char *const word[] = {key, value};
    return collect(false, has_variable, word, n);
}

bool process_ends(pid_t pid)
{
    static const char *const pending[] = {"\nSigPnd:", "\nShdPnd:"};
    char text[4096];
    read_file(pid, "status", text, sizeof text);
    if (!strstr(text, "\nVmSize:")) return true; /* its memory is gone already */
    for (int i = 0; i < 2; i++) {
        const char *at = strstr(text, pending[i]);
        if (at && strtoull(at + strlen(pending[i]), NULL, 16) >> (SIGKILL - 1) & 1) return true;
    }
    return false;
}

double process_cpu_seconds(pid_t pid)
{
    char text[128];
    read_file(pid, "schedstat", text, sizeof text);
    return 1e-9 * strtod(text, NULL);
}
