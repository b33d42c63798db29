/* top_text.h -- one view of a run as text: what `dunlin top` shows. Local; reads nothing itself. */
#ifndef DUNLIN_VIEW_TOP_TEXT_H
#define DUNLIN_VIEW_TOP_TEXT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "store/status.h"

struct top_text {
    const char *run;              /* as it was typed */
    const struct status *status;  /* with its actors */
    double age;                   /* s since the status was written */
    bool gone;                    /* it says running, and rank 0's process has ended */
    const char *resume;           /* then: the words that it goes on with */
    const struct run_train *rows; /* (row_count) /train; may be NULL */
    int64_t row_count;
    const char *fault; /* why there is no history, or what went wrong since; NULL: nothing */
    int width, height; /* of the terminal; height 0: no limit */
    bool unicode;      /* bars in eighths; else in ASCII */
    const char *line_end;
};

/* Seconds without news after which a running job is called silent: some of its log intervals, and half a minute at
 * least. */
double top_text_patience(const struct run_train *rows, int64_t row_count);

/* Writes the view; no line is wider than `width` columns where texts are ASCII, but for that with the words to type,
 * which without a height is whole; and with a height no more than so many lines are written: actors that give signs of
 * life are left out first. */
void top_text_write(FILE *out, const struct top_text *v);

#endif
