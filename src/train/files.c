/* clerk.c -- what rank 0 writes while it trains goes through a thread (store/writer.h), so that a slow, full or hung
 * file system costs no update and no sign of life. A write that fails ends nothing: it is said, once for each cause, in
 * the log, in /events and in RUN/status, as far as those can be written, and is tried again. */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "train/master.h"

static const double LONG = 30;  /* s after which a write that has not come back is news */
static const double RETRY = 10; /* s between two tries at the best weights */
enum { TOLD_MOST = 20 };        /* of one kind of file; then the log of a flapping disk is long enough */
static const char *const WHAT[] = {"a checkpoint", "checkpoint-best.h5", "run.h5", "RUN/status"};

void clerk_init(struct master *m)
{
    mallopt(M_MMAP_THRESHOLD,
            1 << 20); /* a checkpoint's memory goes back to the system; glibc would learn to keep it */
    m->writer = writer_open();
}

void clerk_free(struct master *m)
{
    if (writer_busy(m->writer, -1, NULL)) return; /* hung: its thread may still look at all of it */
    writer_close(&m->writer);
    checkpoint_image_free(&m->best);
    checkpoint_image_free(&m->best_next);
}

/* The words behind the last colon: the same for another checkpoint's name. */
static const char *cause_of(const char *line)
{
    const char *colon = strrchr(line, ':');
    return colon ? colon + 1 + strspn(colon + 1, " ") : line;
}

static void begin_trouble(struct master *m, enum clerk_file file, const char *line)
{
    struct trouble *t = &m->troubles[file];
    const char *cause = cause_of(line);
    const bool said = t->now && !strncmp(t->cause, cause, sizeof t->cause - 1);
    t->now = true;
    snprintf(t->cause, sizeof t->cause, "%s", cause);
    if (said || t->told >= TOLD_MOST) return;
    t->told++;
    progress_event(m, 0, "write-failed", "%.180s; training goes on", line);
}

static void end_trouble(struct master *m, enum clerk_file file)
{
    struct trouble *t = &m->troubles[file];
    if (!t->now) return;
    t->now = false;
    if (t->told <= TOLD_MOST) progress_event(m, 0, "write-resumed", "%s can be written again", WHAT[file]);
}

void clerk_trouble(const struct master *m, char *text, size_t size)
{
    size_t at = 0;
    *text = 0;
    for (int f = 0; f < CLERK_FILES; f++)
        if (m->troubles[f].now && at < size)
            at += (size_t)snprintf(text + at, size - at, "%s%s cannot be written: %s", at ? "; " : "", WHAT[f],
                                   m->troubles[f].cause);
}

bool clerk_busy(const struct master *m, enum clerk_file file)
{
    return writer_busy(m->writer, (int)file, NULL);
}

static char *copy(const char *text)
{
    return strcpy(memory_new(strlen(text) + 1, 1), text);
}

struct status_job {
    char *bytes, *dir;
    size_t n;
    bool to_disk;
};

static int put_status(void *arg)
{
    struct status_job *job = arg;
    const int rc = status_put(job->dir, job->bytes, job->n, job->to_disk);
    free(job->bytes);
    free(job->dir);
    free(job);
    return rc;
}

void clerk_status(struct master *m, const struct status *s)
{
    if (s->state != RUN_RUNNING) clerk_wait(m, CLERK_STATUS, CLERK_PATIENCE);
    struct status_job *job = clerk_busy(m, CLERK_STATUS) ? NULL : malloc(sizeof *job);
    if (!job) return; /* the next one is as good */
    *job = (struct status_job){.dir = copy(m->dir), .to_disk = s->state != RUN_RUNNING};
    if (status_text(s, &job->bytes, &job->n)) {
        free(job->dir);
        free(job);
        return;
    }
    writer_give(m->writer, CLERK_STATUS, put_status, job);
}

static int put_log(void *arg)
{
    return runfile_write(arg);
}

void clerk_log(struct master *m)
{
    if (m->state != RUN_RUNNING) clerk_wait(m, CLERK_LOG, CLERK_PATIENCE);
    if (clerk_busy(m, CLERK_LOG)) return; /* the rows wait */
    if (runfile_gather(m->runfile)) {
        begin_trouble(m, CLERK_LOG, error_text());
        return;
    }
    writer_give(m->writer, CLERK_LOG, put_log, m->runfile);
}

struct checkpoint_job {
    struct checkpoint_image *image;
    char *dir;
    int keep;
};

static int put_checkpoint(void *arg)
{
    struct checkpoint_job *job = arg;
    const int rc = checkpoint_image_write(job->image);
    if (!rc) checkpoint_prune(job->dir, job->keep);
    checkpoint_image_free(&job->image);
    free(job->dir);
    free(job);
    return rc;
}

void clerk_checkpoint(struct master *m, struct checkpoint_image *image)
{
    if (!image) {
        begin_trouble(m, CLERK_CHECKPOINT, error_text());
        keeper_written(m, false);
        return;
    }
    struct checkpoint_job *job = memory_new(1, sizeof *job);
    *job = (struct checkpoint_job){image, copy(m->dir), (int)m->options->checkpoint_keep};
    writer_give(m->writer, CLERK_CHECKPOINT, put_checkpoint, job);
}

static int put_best(void *arg)
{
    return checkpoint_image_write(arg);
}

void clerk_best(struct master *m, struct checkpoint_image *image)
{
    if (!image) {
        begin_trouble(m, CLERK_BEST, error_text());
        return;
    }
    checkpoint_image_free(&m->best_next);
    m->best_next = image;
    m->best_again = 0;
}

/* The newest best weights that have not reached the disk are kept until they do. */
static void best_turn(struct master *m, enum writer_state state)
{
    if (state == WRITER_FAILED && !m->best_next) {
        m->best_next = m->best;
        m->best = NULL;
        m->best_again = clock_seconds() + RETRY;
    }
    if (!m->best_next || clock_seconds() < m->best_again || clerk_busy(m, CLERK_BEST)) return;
    checkpoint_image_free(&m->best);
    m->best = m->best_next;
    m->best_next = NULL;
    writer_give(m->writer, CLERK_BEST, put_best, m->best);
}

/* A write that does not come back is trouble too. */
static void look_at(struct master *m, enum clerk_file file)
{
    char line[128];
    double seconds = 0;
    if (m->troubles[file].now || !writer_busy(m->writer, (int)file, &seconds) || seconds < LONG) return;
    snprintf(line, sizeof line, "%s cannot be written: no answer from the file system for %.0f s", WHAT[file], LONG);
    begin_trouble(m, file, line);
}

void clerk_turn(struct master *m)
{
    for (int f = 0; f < CLERK_FILES; f++) {
        const enum writer_state state = writer_take(m->writer, f);
        if (state == WRITER_FAILED)
            begin_trouble(m, (enum clerk_file)f, error_text());
        else if (state == WRITER_DONE)
            end_trouble(m, (enum clerk_file)f);
        else
            look_at(m, (enum clerk_file)f);
        if (f == CLERK_CHECKPOINT && (state == WRITER_DONE || state == WRITER_FAILED)) {
            keeper_written(m, state == WRITER_DONE);
            malloc_trim(0); /* what waited in small pieces while the disk was slow */
        }
        if (f == CLERK_BEST) best_turn(m, state);
    }
}

int clerk_wait(struct master *m, int file, double seconds)
{
    const double until = clock_seconds() + seconds;
    for (;;) {
        clerk_turn(m);
        if (!writer_busy(m->writer, file, NULL)) return 0;
        if (m->hung || clock_seconds() >= until)
            return m->hung = true, error_set("%s: no answer from its file system for %.0f s", m->dir, seconds);
        share_idle(m->share, 0.002); /* a sign of life, and what remote ranks move */
    }
}

int clerk_finish(struct master *m, struct runfile **runfile)
{
    m->best_again = 0;
    if (clerk_wait(m, -1, CLERK_PATIENCE))
        return -1; /* run.h5 stays as a killed run's: whole, and salvaged by a resume */
    return runfile_close(runfile);
}
