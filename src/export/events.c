/* events.c -- run.h5's curves as TensorBoard's event files. A scalar's time is the run's start and its seconds. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/error.h"
#include "export/export.h"
#include "store/runfile.h"
#include "store/scalars.h"
#include "store/seal.h"

struct events {
    struct message file;
    double start; /* Unix time */
};

static int take_train(void *arg, const void *rows, int64_t n, int64_t total)
{
    struct events *e = arg;
    const struct run_train *row = rows;
    (void)total;
    for (int64_t r = 0; r < n; r++, row++) scalars_train(&e->file, e->start + row->seconds, row);
    return 0;
}

static int take_eval(void *arg, const void *rows, int64_t n, int64_t total)
{
    struct events *e = arg;
    const struct run_eval *row = rows;
    (void)total;
    for (int64_t r = 0; r < n; r++, row++) scalars_eval(&e->file, e->start + row->seconds, row);
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
    char path[PATH_MAX], name[96];
    struct events e = {0};
    snprintf(path, sizeof path, "%s/run.h5", run);
    e.start = started(path);
    scalars_begin(&e.file, e.start, 0);
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
