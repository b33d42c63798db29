/* hosts.c -- see hosts.h. */
#include "doctor/hosts.h"

#include <stdio.h>

void list_ranks(const struct doctor_plan *p, const struct doctor_facts *host, char *text, size_t size)
{
    size_t at = 0;
    snprintf(text, size, "%s", p->alone ? "this process" : "ranks");
    for (int r = 0, to; !p->alone && r < p->n && (at = strlen(text)) + 16 < size; r = to + 1) {
        to = r;
        if (!same_host(&p->facts[r], host)) continue;
        while (to + 1 < p->n && same_host(&p->facts[to + 1], host)) to++;
        snprintf(text + at, size - at, to > r ? "%s%d-%d" : "%s%d", text[at - 1] == 's' ? " " : ",", p->facts[r].rank,
                 p->facts[to].rank);
    }
}
