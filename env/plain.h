/* plain.h -- save and load of a state that is plain bytes. What is loaded may come from a stranger's file, so the
 * environment looks at it first: bool valid(const struct TYPE *saved, const struct TYPE *own), where own is the
 * instance as it is. Where an episode has ended, its state is a valid one, too. */
#ifndef DUNLIN_ENV_PLAIN_H
#define DUNLIN_ENV_PLAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Defines plain_save() and plain_load() for struct type, by valid(). */
#define ENV_PLAIN(type, valid)                                                                                         \
    static size_t plain_save(const void *state, void *bytes)                                                           \
    {                                                                                                                  \
        memcpy(bytes, state, sizeof(struct type));                                                                     \
        return sizeof(struct type);                                                                                    \
    }                                                                                                                  \
    static int plain_load(void *state, const void *bytes, size_t n)                                                    \
    {                                                                                                                  \
        struct type saved;                                                                                             \
        if (n != sizeof saved) return -1;                                                                              \
        memcpy(&saved, bytes, n);                                                                                      \
        if (!valid(&saved, state)) return -1;                                                                          \
        memcpy(state, &saved, n);                                                                                      \
        return 0;                                                                                                      \
    }

#endif
