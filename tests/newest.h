/* newest.h -- which checkpoint of a folder a resume would look at first, and whether a file is as it was written. */
#ifndef DUNLIN_TESTS_NEWEST_H
#define DUNLIN_TESTS_NEWEST_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/checkpoint.h"
#include "store/seal.h"

/* The newest that can be opened: 0 and its path, 1: none, -1. */
static inline int newest(const char *of, char *path, size_t size)
{
    int64_t frames = INT64_MAX;
    struct checkpoint_file *f;
    const int rc = checkpoint_open_before(of, &frames, NULL, &f);
    if (rc) return rc;
    snprintf(path, size, "%s", checkpoint_path(f));
    checkpoint_close(&f);
    return 0;
}

/* Its seal is. */
static inline bool verified(const char *path)
{
    size_t n;
    unsigned char *bytes = seal_read(path, &n);
    free(bytes);
    return bytes;
}

#endif
