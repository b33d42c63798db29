/* process.c -- see process.h; proc(5) says what the fields of /proc/PID/stat are. */
#include "job/process.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* "PID (NAME) STATE ...", NAME of any characters; the 22nd field is the start time. False where there is no such
 * process. */
static bool look(pid_t pid, char name[32], char *state, uint64_t *birth)
{
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *f = fopen(path, "re");
    const size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;
    if (f) fclose(f);
    text[n] = '\0';
    char *open = strchr(text, '('), *close = strrchr(text, ')');
    if (!open || !close || close < open) return false;
    snprintf(name, 32, "%.*s", (int)(close - open - 1), open + 1);
    unsigned long long ticks = 0;
    if (sscanf(close + 1, " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu", state,
               &ticks) != 2)
        return false;
    *birth = ticks;
    return true;
}

uint64_t process_birth(pid_t pid)
{
    char own[32], name[32], state;
    uint64_t mine, birth;
    const bool ours = look(getpid(), own, &state, &mine) && look(pid, name, &state, &birth) && !strcmp(own, name);
    return ours ? birth : 0;
}

bool process_is(pid_t pid, uint64_t birth)
{
    char name[32], state = 'Z';
    uint64_t now = 0;
    return look(pid, name, &state, &now) && now == birth && state != 'Z' && state != 'X';
}
