/* bridge_spawn.c -- see bridge_spawn.h. posix_spawn, not fork: a fork would copy the page tables of an MPI process,
 * whose network may hold some of its memory. */
#include "bridge_spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/memory.h"
#include "bridge_py.h"

extern char **environ;

/* Descriptors in the child, as bridge.py names them; ours lie above them, so that none is written over on the way. */
enum { PROGRAM = 3, REQUEST, REPLY, MEMORY, ABOVE = 16, HEAD_BYTES = 4096, WORDS_MOST = 8 };

/* An import of mpi4py would join this job, or start one. */
static const char *const dropped[] = {"OMPI_", "PMIX_", "PMI_", "PRTE_", "SLURM_", "MPI_", "HYDRA_", "I_MPI_"};

/* What is set anew (bare: only where it is not set): threads of a library would take the cores of other actors. */
static const struct {
    const char *name, *value;
    bool bare;
} set[] = {
    {"OMP_NUM_THREADS", "1", false},           {"OPENBLAS_NUM_THREADS", "1", false}, {"MKL_NUM_THREADS", "1", false},
    {"NUMEXPR_NUM_THREADS", "1", false},       {"PYTHONFAULTHANDLER", "1", false},   {"SDL_VIDEODRIVER", "dummy", true},
    {"PYGAME_HIDE_SUPPORT_PROMPT", "1", true}, {"MUJOCO_GL", "egl", true},
};
enum { DROPPED = sizeof dropped / sizeof dropped[0], SET = sizeof set / sizeof set[0] };

static bool is_named(const char *pair, const char *name)
{
    const size_t n = strlen(name);
    return !strncmp(pair, name, n) && pair[n] == '=';
}

static bool goes_on(const char *pair)
{
    for (int i = 0; i < DROPPED; i++)
        if (!strncmp(pair, dropped[i], strlen(dropped[i]))) return false;
    for (int i = 0; i < SET; i++)
        if (!set[i].bare && is_named(pair, set[i].name)) return false;
    return true;
}

/* Owner: free() of the block, which holds all. */
static char **environment(void)
{
    enum { PAIR = 64 };
    size_t n = 0;
    while (environ[n]) n++;
    char **env = memory_new(1, (n + SET + 1) * sizeof *env + SET * PAIR);
    char *text = (char *)(env + n + SET + 1);
    size_t at = 0;
    for (size_t i = 0; i < n; i++)
        if (goes_on(environ[i])) env[at++] = environ[i];
    for (int i = 0; i < SET; i++, text += PAIR) {
        if (set[i].bare && getenv(set[i].name)) continue;
        snprintf(text, PAIR, "%s=%s", set[i].name, set[i].value);
        env[at++] = text;
    }
    return env;
}

/* fd elsewhere, above those that the child gets. */
static int lifted(int fd)
{
    const int up = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, ABOVE);
    if (fd >= 0) close(fd);
    return up;
}

static int lifted_pipe(int ends[2])
{
    if (pipe2(ends, O_CLOEXEC)) return -1;
    ends[0] = lifted(ends[0]);
    ends[1] = lifted(ends[1]);
    return ends[0] < 0 || ends[1] < 0 ? -1 : 0;
}

static int memory_file(const char *name, const void *bytes, size_t n)
{
    const int fd = lifted(memfd_create(name, MFD_CLOEXEC));
    if (fd >= 0 && (bytes ? pwrite(fd, bytes, n, 0) != (ssize_t)n : ftruncate(fd, (off_t)n) != 0)) {
        close(fd);
        return -1;
    }
    return fd;
}

/* The child's six descriptors and all that the parent keeps. */
struct ends {
    int program, memory, request[2], reply[2], said[2];
};

static int open_ends(struct ends *e)
{
    *e = (struct ends){-1, -1, {-1, -1}, {-1, -1}, {-1, -1}};
    e->program = memory_file("dunlin-bridge.py", bridge_py, sizeof bridge_py);
    e->memory = memory_file("dunlin-bridge", NULL, HEAD_BYTES);
    if (e->program < 0 || e->memory < 0) return -1;
    return lifted_pipe(e->request) || lifted_pipe(e->reply) || lifted_pipe(e->said) ? -1 : 0;
}

static void close_all(const int *fds, int n)
{
    for (int i = 0; i < n; i++)
        if (fds[i] >= 0) close(fds[i]);
}

static int spawn(pid_t *pid, const struct ends *e, char *const *argv)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attr);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, e->said[1], STDOUT_FILENO); /* users print; stdout is ours */
    posix_spawn_file_actions_adddup2(&files, e->said[1], STDERR_FILENO);
    posix_spawn_file_actions_adddup2(&files, e->program, PROGRAM);
    posix_spawn_file_actions_adddup2(&files, e->request[0], REQUEST);
    posix_spawn_file_actions_adddup2(&files, e->reply[1], REPLY);
    posix_spawn_file_actions_adddup2(&files, e->memory, MEMORY);
    /* a group of its own: ^C is the trainer's to hear, and what it starts itself can be ended with it */
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    posix_spawnattr_setpgroup(&attr, 0);
    posix_spawnattr_setsigdefault(&attr, &all);
    posix_spawnattr_setsigmask(&attr, &none);
    char **env = environment();
    const int rc = posix_spawnp(pid, argv[0], &files, &attr, argv, env);
    free(env);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attr);
    return rc;
}

int bridge_spawn(struct bridge_spawned *s, const char *python, const char *const *words, int n, char *err,
                 size_t err_size)
{
    char parent[16];
    /* -u: what it prints before a crash is seen */
    const char *argv[WORDS_MOST + 7] = {
        python, "-u", "-c",
        "import sys; sys.path[:] = [p for p in sys.path if p]; " /* built in; nothing of this folder is imported */
        "exec(compile(open(3, encoding='utf-8').read(), 'dunlin/bridge.py', 'exec'))",
        parent};
    struct ends e;
    snprintf(parent, sizeof parent, "%d", (int)getpid());
    for (int i = 0; i < n && i < WORDS_MOST; i++) argv[5 + i] = words[i];
    const int opened = open_ends(&e);
    const int rc = opened ? errno : spawn(&s->pid, &e, (char *const *)argv);
    close_all((int[]){e.program, e.reply[1], e.said[1]}, 3);
    *s = (struct bridge_spawned){s->pid, e.request[1], e.reply[0], e.said[0], e.request[0], e.memory};
    if (!rc) return 0;
    close_all((int[]){s->request, s->reply, s->said, s->spare, s->memory}, 5);
    if (rc == ENOENT || rc == EACCES)
        snprintf(err, err_size, "\"%s\" cannot be run as Python (%s): --python PATH names one with gymnasium", python,
                 strerror(rc));
    else
        snprintf(err, err_size, "no process can be started for it: %s", strerror(rc));
    return -1;
}
