/* info_json.h -- what `dunlin info` says, as JSON. Local. */
#ifndef DUNLIN_VIEW_INFO_JSON_H
#define DUNLIN_VIEW_INFO_JSON_H

#include "store/checkpoint.h"

/* Of an open checkpoint, and of its run where run_h5 is not NULL. To stdout: 0, or -1 after error_set(), before
 * anything is written. */
int info_json(struct checkpoint_file *f, const char *run_h5);

#endif
