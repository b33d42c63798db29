/* say.c -- see say.h. */
#include "doctor/say.h"

#include <stdarg.h>

#include "base/text.h"

void doctor_say(struct doctor *d, enum doctor_level level, const char *name, const char *mend, const char *what, ...)
{
    static const char *const levels[] = {"ok", "warn", "fail"};
    char text[1024], shown[2048];
    va_list args;
    va_start(args, what);
    vsnprintf(text, sizeof text, what, args);
    va_end(args);
    for (char *c = text; *c; c++)
        if (*c == '\n' || *c == ';') *c = *c == ';' ? ',' : ' '; /* "; mend:" stands once */
    d->count[level]++;
    fprintf(d->out, "%s %s: %s", levels[level], name, text_shown(text, shown, sizeof shown));
    if (level != DOCTOR_OK) fprintf(d->out, "; mend: %s", text_shown(mend, shown, sizeof shown));
    fputc('\n', d->out);
    fflush(d->out);
}

int doctor_verdict(struct doctor *d)
{
    const int fail = d->count[DOCTOR_FAIL], warn = d->count[DOCTOR_WARN];
    if (fail)
        doctor_say(d, DOCTOR_FAIL, "verdict", "the lines above that begin with fail", "%d of %d findings would fail",
                   fail, fail + warn + d->count[DOCTOR_OK]);
    else
        doctor_say(d, DOCTOR_OK, "verdict", NULL, "nothing would fail, %d warning%s", warn, warn == 1 ? "" : "s");
    return fail ? 1 : 0;
}
