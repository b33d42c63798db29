/* folder.h -- is the folder that runs would go to good for them. */
#ifndef DUNLIN_DOCTOR_FOLDER_H
#define DUNLIN_DOCTOR_FOLDER_H

#include <stddef.h>

#include "doctor/say.h"

/* dir: where runs would go, "" for runs/; params: floats of a network. Leaves nothing behind. Local. */
void doctor_folder(struct doctor *d, const char *dir, size_t params);

#endif
