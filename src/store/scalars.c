/* scalars.c -- see scalars.h. */
#include "store/scalars.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum { EVENT_TIME = 1, EVENT_STEP = 2, EVENT_VERSION = 3, EVENT_SUMMARY = 5, EVENT_SESSION = 7 };
enum { SESSION_STATUS = 1, SESSION_START = 1 };
enum { SUMMARY_VALUE = 1, VALUE_TAG = 1, VALUE_SIMPLE = 2 };

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
static void put_record(struct message *file, struct message *event)
{
    const size_t at = file->size;
    little(file, event->size, 8);
    little(file, checksum(file->bytes + at, 8), 4);
    message_bytes(file, event->bytes, event->size);
    little(file, checksum(event->bytes, event->size), 4);
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

static void put_event(struct message *file, double time, int64_t frames, struct message *summary)
{
    struct message event = {0};
    if (!summary->size) return;
    message_double(&event, EVENT_TIME, time);
    message_int(&event, EVENT_STEP, (uint64_t)frames);
    message_part(&event, EVENT_SUMMARY, summary);
    put_record(file, &event);
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

void scalars_train(struct message *file, double time, const struct run_train *row)
{
    static const struct column columns[] = {
        COLUMN(run_train, return_mean), COLUMN(run_train, return_max),   COLUMN(run_train, episodes),
        COLUMN(run_train, policy_loss), COLUMN(run_train, value_loss),   COLUMN(run_train, entropy),
        COLUMN(run_train, grad_norm),   COLUMN(run_train, lr),           COLUMN(run_train, lag_mean),
        COLUMN(run_train, lag_max),     COLUMN(run_train, frames_per_s), COLUMN(run_train, updates_per_s),
        COLUMN(run_train, updates),     COLUMN(run_train, dropped)};
    struct message summary = {0};
    put_columns(&summary, "train", columns, sizeof columns / sizeof columns[0], (const char *)row);
    put_event(file, time, row->frames, &summary);
}

void scalars_eval(struct message *file, double time, const struct run_eval *row)
{
    static const struct column columns[] = {COLUMN(run_eval, mean), COLUMN(run_eval, median), COLUMN(run_eval, std),
                                            COLUMN(run_eval, min), COLUMN(run_eval, max)};
    struct message summary = {0};
    put_columns(&summary, "eval", columns, sizeof columns / sizeof columns[0], (const char *)row);
    put_event(file, time, row->frames, &summary);
}

void scalars_begin(struct message *file, double time, int64_t frames)
{
    struct message version = {0}, start = {0}, event = {0};
    message_double(&version, EVENT_TIME, time);
    message_text(&version, EVENT_VERSION, "brain.Event:2");
    put_record(file, &version);
    if (frames <= 0) return;
    message_int(&start, SESSION_STATUS, SESSION_START);
    message_double(&event, EVENT_TIME, time);
    message_int(&event, EVENT_STEP, (uint64_t)frames + 1);
    message_part(&event, EVENT_SESSION, &start);
    put_record(file, &event);
}
