/* scale.h -- how many actors would pay here, by the model of measure/scale.h. Local. */
#ifndef DUNLIN_DOCTOR_SCALE_H
#define DUNLIN_DOCTOR_SCALE_H

#include "base/options.h"
#include "doctor/say.h"
#include "measure/idle.h"
#include "setup/setup.h"

struct doctor_setup {
    struct option_set set;
    struct setup setup; /* open where ok */
    bool ok;
};
/* The environment and network that training would open. 0, or -1 after a finding. */
int doctor_open(struct doctor *d, struct doctor_setup *s);
/* How many actors pay. near: costs on rank 0's node (NULL: not measured); far: over the slowest link (NULL: none). */
void doctor_scale(struct doctor *d, struct doctor_setup *s, int actors, const struct idle_costs *near,
                  const struct idle_costs *far, int per_node);

#endif
