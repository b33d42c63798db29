/* events.c -- see events.h. */
#include "train/events.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/log.h"
#include "train/run.h"

void run_event(struct run *run, int rank, const char *kind, const char *fmt, ...)
{
    struct run_event e = {.seconds = run_seconds(run), .frames = run->turn.frames, .rank = rank};
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(e.text, sizeof e.text, fmt, ap);
    va_end(ap);
    snprintf(e.kind, sizeof e.kind, "%s", kind);
    runfile_event(run->runfile, &e);
    log_root("  rank %d on %s: %s: %s", rank, run->hosts[rank], kind, e.text);
}
