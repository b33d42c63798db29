/* folder.h -- is the folder that runs would go to good for them. */
#ifndef DUNLIN_DOCTOR_FOLDER_H
#define DUNLIN_DOCTOR_FOLDER_H

#include "doctor/say.h"

/* dir: where runs would go, "" for runs/; checkpoints: bytes of all that a run has. Leaves nothing behind. Local. */
void doctor_folder(struct doctor *d, const char *dir, double checkpoints);

#endif
