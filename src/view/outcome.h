/* outcome.h -- how far a run came, and what it scored. Local. */
#ifndef DUNLIN_VIEW_OUTCOME_H
#define DUNLIN_VIEW_OUTCOME_H

#include <stdint.h>

/* Of a run's evaluations, or of the tenths of its finished episodes; NaN: none. */
struct score {
    double last, best;
};

struct outcome {
    int64_t frames;      /* that its tables tell of */
    double seconds;      /* trained, over all starts */
    int64_t episodes;    /* finished */
    struct score eval;   /* mean returns */
    struct score tenths; /* mean returns of the last tenth of the episodes, and of the best */
};

/* Of a run.h5. 0, or -1 after error_set(). */
int outcome_read(struct outcome *o, const char *path);

#endif
