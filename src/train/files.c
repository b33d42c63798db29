/* files.c -- see files.h. A write that fails ends nothing: it is said, once for each cause, in the log, in /events and
 * in RUN/status, as far as those can be written, and is tried again. */
#include "train/files.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/memory.h"
#include "job/ending.h"
#include "job/signals.h"
#include "store/tensorboard.h"
#include "train/events.h"
#include "train/run.h"

static const double LONG = 30;  /* s after which a write that has not come back is news */
static const double RETRY = 10; /* s between two tries at the best weights */
enum { TOLD_MOST = 20 };        /* of one kind of file; then the log of a flapping disk is long enough */
static const char *const WHAT[] = {"a checkpoint", "checkpoint-best.h5", "run.h5", "RUN/status",
                                   "the curves for TensorBoard"};

void files_init(struct files *f, struct run *run)
{
    memset(f, 0, sizeof *f);
    f->run = run;
    mallopt(M_MMAP_THRESHOLD,
            1 << 20); /* a checkpoint's memory goes back to the system; glibc would learn to keep it */
    f->writer = writer_open();
}

static struct writer *writer_of(const struct files *f, int kind)
{
    return kind == FILE_CURVES ? f->curves : f->writer;
}

void files_free(struct files *f)
{
    if (!files_busy(f, FILE_CURVES)) {
        writer_close(&f->curves);
        tensorboard_free(&f->board);
    }                                             /* else its thread may still look at both */
    if (writer_busy(f->writer, -1, NULL)) return; /* hung: its thread may still look at all of it */
    writer_close(&f->writer);
    checkpoint_image_free(&f->best);
    checkpoint_image_free(&f->best_next);
}

/* The words behind the last colon: the same for another checkpoint's name. */
static const char *cause_of(const char *line)
{
    const char *colon = strrchr(line, ':');
    return colon ? colon + 1 + strspn(colon + 1, " ") : line;
}

static void begin_trouble(struct files *f, enum file_kind kind, const char *line)
{
    struct file_trouble *t = &f->troubles[kind];
    const char *cause = cause_of(line);
    const bool said = t->now && !strncmp(t->cause, cause, sizeof t->cause - 1);
    t->now = true;
    snprintf(t->cause, sizeof t->cause, "%s", cause);
    if (said || t->told >= TOLD_MOST) return;
    t->told++;
    run_event(f->run, 0, "write-failed", "%.180s; training goes on", line);
}

static void end_trouble(struct files *f, enum file_kind kind)
{
    struct file_trouble *t = &f->troubles[kind];
    if (!t->now) return;
    t->now = false;
    if (t->told <= TOLD_MOST) run_event(f->run, 0, "write-resumed", "%s can be written again", WHAT[kind]);
}

void files_trouble(const struct files *f, char *text, size_t size)
{
    size_t at = 0;
    *text = 0;
    for (int k = 0; k < FILE_KINDS; k++)
        if (f->troubles[k].now && at < size)
            at += (size_t)snprintf(text + at, size - at, "%s%s cannot be written: %s", at ? "; " : "", WHAT[k],
                                   f->troubles[k].cause);
}

bool files_busy(const struct files *f, enum file_kind kind)
{
    return writer_busy(writer_of(f, (int)kind), (int)kind, NULL);
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

void files_status(struct files *f, const struct status *s)
{
    if (s->state != RUN_RUNNING) files_wait(f, FILE_STATUS);
    struct status_job *job = files_busy(f, FILE_STATUS) ? NULL : malloc(sizeof *job);
    if (!job) return; /* the next one is as good */
    *job = (struct status_job){.dir = copy(f->run->dir), .to_disk = s->state != RUN_RUNNING};
    if (status_text(s, &job->bytes, &job->n)) {
        free(job->dir);
        free(job);
        return;
    }
    writer_give(f->writer, FILE_STATUS, put_status, job);
}

static int put_log(void *arg)
{
    return runfile_write(arg);
}

static int put_log_to_disk(void *arg)
{
    return runfile_write(arg) || runfile_sync(arg) ? -1 : 0;
}

static void give_log(struct files *f, bool to_disk)
{
    f->log_to_disk |= to_disk;
    if (f->run->state != RUN_RUNNING) files_wait(f, FILE_LOG);
    if (files_busy(f, FILE_LOG)) return; /* the rows wait */
    if (runfile_gather(f->run->runfile)) {
        begin_trouble(f, FILE_LOG, error_text());
        return;
    }
    writer_give(f->writer, FILE_LOG, f->log_to_disk ? put_log_to_disk : put_log, f->run->runfile);
    f->log_to_disk = false;
}

static int put_curves(void *arg)
{
    return tensorboard_write(arg);
}

void files_log(struct files *f, bool to_disk)
{
    struct tensorboard *const board = runfile_curves(f->run->runfile);
    give_log(f, to_disk);
    if (files_busy(f, FILE_CURVES) || !tensorboard_gather(board)) return;
    if (!f->curves) f->curves = writer_open();
    writer_give(f->curves, FILE_CURVES, put_curves, board);
}

/* Many short episodes: not all at once at the log interval. */
static void log_turn(struct files *f)
{
    struct runfile *log = f->run->runfile;
    if (files_busy(f, FILE_LOG) || !runfile_many_wait(log)) return;
    if (runfile_gather_many(log))
        begin_trouble(f, FILE_LOG, error_text());
    else
        writer_give(f->writer, FILE_LOG, put_log, log);
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
    if (!rc) checkpoint_prune(job->dir, checkpoint_image_name(job->image), job->keep);
    checkpoint_image_free(&job->image);
    free(job->dir);
    free(job);
    return rc;
}

void files_checkpoint(struct files *f, struct checkpoint_image *image)
{
    if (!image) {
        begin_trouble(f, FILE_CHECKPOINT, error_text());
        f->checkpoint = WRITER_FAILED;
        return;
    }
    struct checkpoint_job *job = memory_new(1, sizeof *job);
    *job = (struct checkpoint_job){image, copy(f->run->dir), (int)f->run->options->checkpoint_keep};
    writer_give(f->writer, FILE_CHECKPOINT, put_checkpoint, job);
}

static int put_best(void *arg)
{
    return checkpoint_image_write(arg);
}

void files_best(struct files *f, struct checkpoint_image *image)
{
    if (!image) {
        begin_trouble(f, FILE_BEST, error_text());
        return;
    }
    checkpoint_image_free(&f->best_next);
    f->best_next = image;
    f->best_again = 0;
}

/* The newest best weights that have not reached the disk are kept until they do. */
static void best_turn(struct files *f, enum writer_state state)
{
    if (state == WRITER_FAILED && !f->best_next) {
        f->best_next = f->best;
        f->best = NULL;
        f->best_again = clock_seconds() + RETRY;
    }
    if (!f->best_next || clock_seconds() < f->best_again || files_busy(f, FILE_BEST)) return;
    checkpoint_image_free(&f->best);
    f->best = f->best_next;
    f->best_next = NULL;
    writer_give(f->writer, FILE_BEST, put_best, f->best);
}

/* A write that does not come back is trouble too. */
static void look_at(struct files *f, enum file_kind kind)
{
    char line[128];
    double seconds = 0;
    struct writer *const w = writer_of(f, (int)kind);
    if (f->troubles[kind].now || !writer_busy(w, (int)kind, &seconds) || seconds < LONG) return;
    snprintf(line, sizeof line, "%s cannot be written: no answer from the file system for %.0f s", WHAT[kind], LONG);
    begin_trouble(f, kind, line);
}

void files_turn(struct files *f)
{
    for (int k = 0; k < FILE_KINDS; k++) {
        const enum writer_state state = writer_take(writer_of(f, k), k);
        if (state == WRITER_FAILED)
            begin_trouble(f, (enum file_kind)k, error_text());
        else if (state == WRITER_DONE)
            end_trouble(f, (enum file_kind)k);
        else
            look_at(f, (enum file_kind)k);
        if (k == FILE_CHECKPOINT && (state == WRITER_DONE || state == WRITER_FAILED)) {
            f->checkpoint = state;
            malloc_trim(0); /* what waited in small pieces while the disk was slow */
        }
        if (k == FILE_BEST) best_turn(f, state);
    }
    log_turn(f);
}

enum writer_state files_take_checkpoint(struct files *f)
{
    const enum writer_state state = f->checkpoint;
    f->checkpoint = WRITER_FREE;
    return state;
}

int files_wait(struct files *f, int kind)
{
    const double until = clock_seconds() + ENDING_DISK;
    for (;;) {
        files_turn(f);
        if (!writer_busy(writer_of(f, kind), kind, NULL)) return 0;
        if (f->hung || clock_seconds() >= until)
            return f->hung = true, error_set("%s: no answer from its file system for %.0f s", f->run->dir, ENDING_DISK);
        share_idle(f->run->share, 0.002); /* a sign of life, and what remote ranks move */
    }
}

int files_finish(struct files *f, struct runfile **runfile)
{
    f->best_again = 0;
    const int rc = files_wait(f, -1);
    f->board = runfile_curves_take(*runfile);
    return rc ? -1 : runfile_close(runfile); /* else it stays as a killed run's: whole, and salvaged by a resume */
}

/* What the last try left, and what came behind it. */
static int put_last_curves(void *board)
{
    for (int i = 0; i < 2; i++)
        if (tensorboard_gather(board) && tensorboard_write(board)) return -1;
    return 0;
}

void files_finish_curves(struct files *f)
{
    const double from = clock_seconds();
    double most;
    bool last = false;
    if (!f->board) return;
    if (!f->curves) f->curves = writer_open();
    do {
        const enum writer_state state = writer_take(f->curves, FILE_CURVES);
        if (state != WRITER_BUSY && last) {
            if (state == WRITER_FAILED && !f->troubles[FILE_CURVES].now) log_error("%s", error_text());
            return;
        }
        if (state != WRITER_BUSY) {
            writer_give(f->curves, FILE_CURVES, put_last_curves, f->board);
            last = true;
        }
        share_idle(f->run->share, 0.002);
        most = signals_hurry() ? ENDING_CURVES_HURRY : ENDING_CURVES;
    } while (clock_seconds() - from < most);
    if (!f->troubles[FILE_CURVES].now)
        log_error("the last curves for TensorBoard are not written: no answer from their file system for %g s", most);
}
