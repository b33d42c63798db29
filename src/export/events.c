/* events.c -- run.h5's curves as TensorBoard's event files: records of a length, its checksum, an Event message and its
 * checksum. A scalar's step is the frames, its time the run's start and its seconds. */
#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/error.h"
#include "export/export.h"
#include "store/runfile.h"
#include "store/seal.h"

enum { EVENT_TIME = 1, EVENT_STEP = 2, EVENT_VERSION = 3, EVENT_SUMMARY = 5 };
enum { SUMMARY_VALUE = 1, VALUE_TAG = 1, VALUE_SIMPLE = 2 };

struct events {
    struct message file;
    double start; /* Unix time */
};

/* CRC-32C, a bit at a time, masked as records have it. */
static uint32_t checksum(const unsigned char *bytes, size_t n)
{
    uint32_t crc = ~UINT32_C(0);
    for (size_t i = 0; i < n; i++) {
        crc ^= bytes[i];
        for (int b = 0; b < 8; b++) crc = crc >> 1 ^ (crc & 1 ? UINT32_C(0x82f63b78) : 0);
    }
    crc = ~crc;
    return (crc >> 15 | crc << 17) + UINT32_C(0xa282ead8);
}

static void little(struct message *m, uint64_t value, int n)
{
    unsigned char bytes[8];
    for (int b = 0; b < n; b++) bytes[b] = (unsigned char)(value >> (8 * b));
    message_bytes(m, bytes, (size_t)n);
}

/* Frees the event. */
static void put_record(struct events *e, struct message *event)
{
    const size_t at = e->file.size;
    little(&e->file, event->size, 8);
    little(&e->file, checksum(e->file.bytes + at, 8), 4);
    message_bytes(&e->file, event->bytes, event->size);
    little(&e->file, checksum(event->bytes, event->size), 4);
    message_free(event);
}

static void put_scalar(struct message *summary, const char *tag, double x)
{
    struct message value = {0};
    if (!isfinite(x)) return; /* not known yet */
    message_text(&value, VALUE_TAG, tag);
    message_float(&value, VALUE_SIMPLE, (float)x);
    message_part(summary, SUMMARY_VALUE, &value);
}

static void put_event(struct events *e, double seconds, int64_t frames, struct message *summary)
{
    struct message event = {0};
    if (!summary->size) return;
    message_double(&event, EVENT_TIME, e->start + seconds);
    message_int(&event, EVENT_STEP, (uint64_t)frames);
    message_part(&event, EVENT_SUMMARY, summary);
    put_record(e, &event);
}

/* All columns that are curves over frames. */
#define COLUMN(row, field)                                                                                             \
    {                                                                                                                  \
#field, offsetof(struct row, field), _Generic(((struct row *)0)->field, int64_t : 1, double : 0)               \
    }
struct column {
    const char *name;
    size_t offset;
    int whole;
};

static void put_columns(struct message *summary, const char *group, const struct column *c, size_t n, const char *row)
{
    for (size_t i = 0; i < n; i++) {
        char tag[64];
        int64_t whole;
        double real;
        memcpy(&whole, row + c[i].offset, 8);
        memcpy(&real, row + c[i].offset, 8);
        snprintf(tag, sizeof tag, "%s/%s", group, c[i].name);
        put_scalar(summary, tag, c[i].whole ? (double)whole : real);
    }
}

static int take_train(void *arg, const void *rows, int64_t n, int64_t total)
{
    static const struct column columns[] = {
        COLUMN(run_train, return_mean), COLUMN(run_train, return_max),   COLUMN(run_train, episodes),
        COLUMN(run_train, policy_loss), COLUMN(run_train, value_loss),   COLUMN(run_train, entropy),
        COLUMN(run_train, grad_norm),   COLUMN(run_train, lr),           COLUMN(run_train, lag_mean),
        COLUMN(run_train, lag_max),     COLUMN(run_train, frames_per_s), COLUMN(run_train, updates_per_s),
        COLUMN(run_train, updates),     COLUMN(run_train, dropped)};
    (void)total;
    for (int64_t r = 0; r < n; r++) {
        const struct run_train *row = (const struct run_train *)rows + r;
        struct message summary = {0};
        put_columns(&summary, "train", columns, sizeof columns / sizeof columns[0], (const char *)row);
        put_event(arg, row->seconds, row->frames, &summary);
    }
    return 0;
}

static int take_eval(void *arg, const void *rows, int64_t n, int64_t total)
{
    static const struct column columns[] = {COLUMN(run_eval, mean), COLUMN(run_eval, median), COLUMN(run_eval, std),
                                            COLUMN(run_eval, min), COLUMN(run_eval, max)};
    (void)total;
    for (int64_t r = 0; r < n; r++) {
        const struct run_eval *row = (const struct run_eval *)rows + r;
        struct message summary = {0};
        put_columns(&summary, "eval", columns, sizeof columns / sizeof columns[0], (const char *)row);
        put_event(arg, row->seconds, row->frames, &summary);
    }
    return 0;
}

/* When the run began, as its provenance says it; 0 where that cannot be read. */
static double started(const char *path)
{
    struct tm tm = {0};
    char *info = runfile_info(path);
    const char *at = info ? strstr(info, "\nstarted ") : NULL;
    int n = 0;
    if (at)
        n = sscanf(at + 9, "%d-%d-%d%*1[T ]%d:%d:%d", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour, &tm.tm_min,
                   &tm.tm_sec);
    free(info);
    if (n != 6) return 0;
    tm.tm_year -= 1900;
    tm.tm_mon--;
    return (double)timegm(&tm);
}

int export_events(const char *run, const char *dir)
{
    char path[OPTION_TEXT + 16], name[96];
    struct message version = {0};
    struct events e = {0};
    snprintf(path, sizeof path, "%s/run.h5", run);
    e.start = started(path);
    message_double(&version, EVENT_TIME, e.start);
    message_text(&version, EVENT_VERSION, "brain.Event:2");
    put_record(&e, &version);
    int rc =
        runfile_each(path, RUN_TABLE_TRAIN, take_train, &e) < 0 || runfile_each(path, RUN_TABLE_EVAL, take_eval, &e) < 0
            ? -1
            : 0;
    if (!rc && mkdir(dir, 0777) && errno != EEXIST)
        rc = error_set("%s: cannot make the folder: %s", dir, strerror(errno));
    snprintf(name, sizeof name, "events.out.tfevents.%010lld.dunlin", (long long)e.start);
    const struct file_part part = {e.file.bytes, e.file.size};
    if (!rc) rc = file_replace(dir, name, &part, 1, 0);
    message_free(&e.file);
    return rc;
}
