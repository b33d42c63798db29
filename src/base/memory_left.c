/* memory_left.c -- see memory_left.h. */
#include "base/memory_left.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/process.h"

/* The number that a small file holds; 0 where there is none, or "max". */
static double read_bytes(const char *path)
{
    double bytes = 0;
    FILE *f = fopen(path, "r");
    if (!f) return 0;
    if (fscanf(f, "%lf", &bytes) != 1) bytes = 0;
    fclose(f);
    return bytes;
}

/* The number behind a word that begins a line of a file; -1 where there is none. */
static double read_line(const char *path, const char *word)
{
    char line[256];
    double value = -1;
    const size_t n = strlen(word);
    FILE *f = fopen(path, "r");
    while (f && value < 0 && fgets(line, sizeof line, f))
        if (!strncmp(line, word, n) && sscanf(line + n, " %lf", &value) != 1) value = -1;
    if (f) fclose(f);
    return value;
}

/* What one control group has left; what it keeps of files goes where memory is asked for. */
static void look_at_group(const char *folder, const char *limit, const char *used, const char *files,
                          struct memory_room *room)
{
    char path[3][512];
    const char *const names[3] = {limit, used, "memory.stat"};
    for (int i = 0; i < 3; i++) snprintf(path[i], sizeof path[i], "%.400s/%s", folder, names[i]);
    const double most = read_bytes(path[0]);
    if (most <= 0) return;
    const double left = most - read_bytes(path[1]) + fmax(0, read_line(path[2], files));
    if (left < room->bytes) *room = (struct memory_room){fmax(0, left), "of this process's control group"};
}

/* This process's group and those around it, as far as they can be seen; a container shows its own as the root. */
static void look_at_groups(const char *root, const char *group, const char *limit, const char *used, const char *files,
                           struct memory_room *room)
{
    char folder[400];
    snprintf(folder, sizeof folder, "%s%.300s", root, group);
    for (char *end = folder + strlen(folder); end >= folder + strlen(root); end = strrchr(folder, '/')) {
        *end = '\0';
        look_at_group(folder, limit, used, files, room);
    }
}

double memory_of_machine(void)
{
    /* version 2 and version 1 */
    static const char *const groups[] = {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"};
    const long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    double bytes = pages > 0 && page > 0 ? (double)pages * (double)page : 0;
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
        const double limit = read_bytes(groups[i]);
        if (limit > 0 && limit < bytes) bytes = limit;
    }
    return bytes;
}

struct memory_room memory_of_node(void)
{
    char line[400], group[300];
    struct memory_room room = {INFINITY, "of this machine"};
    const double kb = read_line("/proc/meminfo", "MemAvailable:");
    if (kb >= 0) room = (struct memory_room){1024 * kb, "of this machine (MemAvailable)"};
    FILE *f = fopen("/proc/self/cgroup", "r");
    while (f && fgets(line, sizeof line, f)) {
        if (sscanf(line, "0::%299s", group) == 1)
            look_at_groups("/sys/fs/cgroup", group, "memory.max", "memory.current", "inactive_file", &room);
        else if (strstr(line, ":memory:") && sscanf(strstr(line, ":memory:"), ":memory:%299s", group) == 1)
            look_at_groups("/sys/fs/cgroup/memory", group, "memory.limit_in_bytes", "memory.usage_in_bytes",
                           "total_inactive_file", &room);
    }
    if (f) fclose(f);
    return room;
}

struct memory_room memory_of_process(void)
{
    static const struct {
        int resource;
        const char *taken, *of;
    } limits[] = {{RLIMIT_AS, "VmSize:", "that this process may still take (ulimit -v)"},
                  {RLIMIT_DATA, "VmData:", "that this process may still take (ulimit -d)"}};
    struct memory_room room = {INFINITY, "that this process may take"};
    struct rlimit r;
    for (int i = 0; i < 2; i++) {
        if (getrlimit((__rlimit_resource_t)limits[i].resource, &r) || r.rlim_cur == RLIM_INFINITY) continue;
        const double left = (double)r.rlim_cur - 1024 * fmax(0, read_line("/proc/self/status", limits[i].taken));
        if (left < room.bytes) room = (struct memory_room){fmax(0, left), limits[i].of};
    }
    return room;
}

double memory_taken(bool children)
{
    char path[64];
    int n;
    if (!children) return 1024 * fmax(0, read_line("/proc/self/status", "VmRSS:"));
    pid_t *pids = process_children(getpid(), &n);
    double kb = 0;
    for (int i = 0; i < n; i++) {
        snprintf(path, sizeof path, "/proc/%d/status", (int)pids[i]);
        kb += fmax(0, read_line(path, "VmRSS:"));
    }
    free(pids);
    return 1024 * kb;
}
