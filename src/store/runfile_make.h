/* runfile_make.h -- making run files: a new one, or one with what an old one holds. */
#ifndef DUNLIN_STORE_RUNFILE_MAKE_H
#define DUNLIN_STORE_RUNFILE_MAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/options.h"
#include "store/provenance.h"

struct run_recipe {
    const char *path; /* of the file to make */
    const struct option_set *options;
    const struct provenance *prov;
    int ranks;
    const char *old; /* its rows and its /config, /provenance and /sessions are taken over; NULL: none */
    int64_t frames;  /* rows of old up to here */
    int session;     /* of options and prov, where there is an old file */
    bool in_memory;  /* nothing is written: can the old file be read */
};

enum { RUN_MAKE_OLD_BAD = 1, RUN_MAKE_NEW_BAD = 2 };

/* Makes the file and closes it: 0; RUN_MAKE_OLD_BAD or RUN_MAKE_NEW_BAD after error_set(): the old one is damaged, or
 * anything else went wrong. Local; with an old file to be called in a process of its own (guard.h). */
int run_make(const struct run_recipe *recipe);

#endif
