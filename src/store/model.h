/* model.h -- struct model (nn/model.h) in a checkpoint: the group /model. Local. */
#ifndef DUNLIN_STORE_MODEL_H
#define DUNLIN_STORE_MODEL_H

#include "nn/model.h"
#include "store/h5.h"

/* Attributes planes, height, width (of a picture) or floats, numbers; stack, heads ("q" or "policy"), outputs, free,
 * policy; datasets obs_centre, obs_scale, action_low, action_high, choices where there are such. 0, or -1 after
 * error_set(). */
int model_put(hid_t file, const struct model *model, const char *path);

/* Reads it back; its numbers are a stranger's, each within bounds that a network here may have. 0; 1 where there is
 * none, as in checkpoints of earlier versions; -1 after error_set(). What it points to is malloc'd. Owner:
 * model_free(), also after a failure. */
int model_get(hid_t file, struct model *model, const char *path);
void model_free(struct model *model);

#endif
