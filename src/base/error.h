/* error.h -- the caller's failures: a function that can fail by the user's doing returns -1 (or NULL) and leaves one
 * line here, as errno does; who can speak to the user prints it. Our own bugs are asserts, the
 * world's are check.h's. */
#ifndef DUNLIN_BASE_ERROR_H
#define DUNLIN_BASE_ERROR_H

/* Keeps one line (cut at 1,023 bytes) for error_text(). Always returns -1, so that `return
 * error_set(...)` reads well. */
int error_set(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* The last line kept; valid until the next error_set(). */
const char *error_text(void);

#endif
