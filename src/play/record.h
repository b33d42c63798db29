/* record.h -- `dunlin record`: stored weights play, into a GIF or MP4. No MPI. */
#ifndef DUNLIN_PLAY_RECORD_H
#define DUNLIN_PLAY_RECORD_H

/* argc and argv stand behind the subcommand. Returns the exit status. */
int record_main(int argc, char **argv);

#endif
