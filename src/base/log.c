/* log.c -- one write per line, so that lines of several ranks do not mix. */
#include "base/log.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/number.h"
#include "base/text.h"

static const char COLUMNS[] = "DUNLIN_COLUMNS";
enum { LEAST = 40 };

static int log_of_rank = -1;

void log_set_rank(int rank)
{
    log_of_rank = rank;
}

int log_columns(void)
{
    struct winsize size = {0};
    const char *told = getenv(COLUMNS);
    const int columns = isatty(STDERR_FILENO)
                            ? ioctl(STDERR_FILENO, TIOCGWINSZ, &size) || !size.ws_col ? TEXT_WIDTH : size.ws_col
                        : told ? number_whole(told)
                               : 0;
    return columns <= 0 ? 0 : columns < LEAST ? LEAST : columns;
}

void log_share_columns(void)
{
    char text[16];
    snprintf(text, sizeof text, "%d", log_columns());
    setenv(COLUMNS, text, 1);
}

/* Breaks the line for the terminal; its length. */
static size_t fit(char *line, size_t n, size_t size)
{
    const int columns = log_columns();
    char *text = NULL;
    size_t length = 0;
    FILE *out = columns && n > (size_t)columns ? open_memstream(&text, &length) : NULL;
    if (!out) return n;
    line[n] = '\0';
    text_wrapped(out, line, (int)strspn(line, " ") + 4, columns);
    if (fclose(out) || length >= size) length = 0;
    if (length) memcpy(line, text, n = length - 1); /* it ends the line, too */
    free(text);
    return n;
}

__attribute__((format(printf, 2, 0))) static void write_line(const char *head, const char *fmt, va_list ap)
{
    char given[2048], line[4096];
    size_t n = (size_t)snprintf(given, sizeof given, "%s", head);
    if (vsnprintf(given + n, sizeof given - n, fmt, ap) < 0) given[n] = '\0';
    n = fit(line, strlen(text_shown(given, line, sizeof line - 1)), sizeof line);
    line[n++] = '\n';
    /* a reader that hangs (a terminal on hold, a log on a hung disk) must not hold up the training: the line is lost
     * then */
    struct pollfd reader = {.fd = STDERR_FILENO, .events = POLLOUT};
    if (poll(&reader, 1, 50) == 0) return;
    if (write(STDERR_FILENO, line, n) < 0) return; /* nobody is left to tell */
}

void log_root(const char *fmt, ...)
{
    if (log_of_rank > 0) return;
    va_list ap;
    va_start(ap, fmt);
    write_line("", fmt, ap);
    va_end(ap);
}

void log_rank(const char *fmt, ...)
{
    char head[48] = "dunlin: ";
    if (log_of_rank >= 0) snprintf(head, sizeof head, "dunlin: rank %d: ", log_of_rank);
    va_list ap;
    va_start(ap, fmt);
    write_line(head, fmt, ap);
    va_end(ap);
}

void log_error(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    write_line("dunlin: ", fmt, ap);
    va_end(ap);
}
