/* tensorboard.c -- see tensorboard.h. */
#include "store/tensorboard.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "store/scalars.h"
#include "store/writer.h"

#define BEFORE_TIME "events.out.tfevents."
#define BEFORE_PROCESS ".dunlin."
static const double PATIENCE = 10; /* s, at the start */
enum { WAITING_MOST = 16 << 20 };  /* bytes, of a disk that stays full; later rows are lost */

struct tensorboard {
    char path[PATH_MAX];
    struct message waiting, going;
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Steps over a text, and over digits behind it; NULL where they are not there. */
static const char *step(const char *at, const char *text)
{
    const size_t n = strlen(text);
    if (!at || strncmp(at, text, n)) return NULL;
    const size_t digits = strspn(at + n, "0123456789");
    return digits ? at + n + digits : NULL;
}

bool tensorboard_is_file(const char *name)
{
    const char *end = step(step(name, BEFORE_TIME), BEFORE_PROCESS);
    return end && !*end;
}

static int look_at(void *arg)
{
    const char *const dir = arg;
    char above[PATH_MAX];
    struct stat st;
    if (!stat(dir, &st))
        return S_ISDIR(st.st_mode) && !access(dir, W_OK)
                   ? 0
                   : error_set("--tensorboard %.200s: is no folder that can be written to; give another", dir);
    snprintf(above, sizeof above, "%s/", dir);
    for (size_t n = strlen(above); n && above[n - 1] == '/';) above[--n] = '\0';
    char *slash = strrchr(above, '/');
    if (slash) slash[1] = '\0';
    if (!access(slash ? above : ".", W_OK)) return 0;
    return error_set("--tensorboard %.200s: cannot be made there: %s; give another folder", dir, strerror(errno));
}

static int make_folder(void *dir)
{
    if (!mkdir(dir, 0777) || errno == EEXIST) return 0;
    return error_set("--tensorboard %.200s: cannot be made: %s", (const char *)dir, strerror(errno));
}

/* Work on a folder by a thread of its own: where the file system does not answer, both are left as they are. 0, or -1
 * after error_set(). */
static int within(int (*work)(void *dir), const char *dir)
{
    const double until = clock_seconds() + PATIENCE;
    struct writer *w = writer_open();
    char *const own = strcpy(memory_new(strlen(dir) + 1, 1), dir);
    writer_give(w, 0, work, own);
    enum writer_state state;
    while ((state = writer_take(w, 0)) == WRITER_BUSY) {
        if (clock_seconds() >= until)
            return error_set("--tensorboard %.200s: no answer from its file system for %.0f s; give another folder, or "
                             "go without: --tensorboard \"\"",
                             dir, PATIENCE);
        clock_sleep(0.001);
    }
    writer_close(&w);
    free(own);
    return state == WRITER_FAILED ? -1 : 0;
}

int tensorboard_check(const char *dir)
{
    return within(look_at, dir);
}

static int name(char path[PATH_MAX], const char *dir, double time)
{
    const int n = snprintf(path, PATH_MAX, "%s/" BEFORE_TIME "%010lld" BEFORE_PROCESS "%ld", dir, (long long)time,
                           (long)getpid());
    return n < PATH_MAX ? 0 : error_set("--tensorboard %.200s...: the name is too long", dir);
}

struct tensorboard *tensorboard_open(const char *dir, int64_t frames)
{
    const double time = now();
    struct tensorboard *c = memory_new(1, sizeof *c);
    if (!within(make_folder, dir) && !name(c->path, dir, time)) {
        scalars_begin(&c->waiting, time, frames);
        return c;
    }
    free(c);
    return NULL;
}

void tensorboard_free(struct tensorboard **c)
{
    if (!*c) return;
    message_free(&(*c)->waiting);
    message_free(&(*c)->going);
    free(*c);
    *c = NULL;
}

void tensorboard_train(struct tensorboard *c, const struct run_train *row)
{
    if (c && c->waiting.size < WAITING_MOST) scalars_train(&c->waiting, now(), row);
}

void tensorboard_eval(struct tensorboard *c, const struct run_eval *row)
{
    if (c && c->waiting.size < WAITING_MOST) scalars_eval(&c->waiting, now(), row);
}

bool tensorboard_gather(struct tensorboard *c)
{
    if (!c) return false;
    if (!c->going.size) {
        message_free(&c->going);
        c->going = c->waiting;
        c->waiting = (struct message){0};
    }
    return c->going.size > 0;
}

/* All of it or nothing: half a record would end the file for its readers. */
static int append(int fd, const struct message *m)
{
    const off_t end = lseek(fd, 0, SEEK_END);
    for (size_t done = 0; done < m->size;) {
        const ssize_t n = write(fd, m->bytes + done, m->size - done);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) {
            const int why = errno;
            if (ftruncate(fd, end)) return why;
            return why;
        }
        done += (size_t)n;
    }
    return 0;
}

int tensorboard_write(struct tensorboard *c)
{
    if (!c || !c->going.size) return 0;
    const int fd = open(c->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0666);
    int why = fd < 0 ? errno : append(fd, &c->going);
    if (fd >= 0 && close(fd) && !why) why = errno;
    if (why) return error_set("%s: cannot write: %s", c->path, strerror(why));
    c->going.size = 0;
    return 0;
}
