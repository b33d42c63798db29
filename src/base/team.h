/* team.h -- threads that share one piece of work now and then, and sleep in between. */
#ifndef DUNLIN_BASE_TEAM_H
#define DUNLIN_BASE_TEAM_H

struct team;

/* `threads` of them, the caller's own among them; 1: no others. They take no signals. NULL after error_set() where the
 * system does not give as many. Owner: team_free(). */
struct team *team_new(int threads);
void team_free(struct team **team); /* NULL inside is fine */
int team_threads(const struct team *team);

/* Calls part(arg, i) for every i of 0 .. parts - 1, each once, by whichever thread is free, the caller's included;
 * returns when all are done, and what they wrote is seen. They round and flush as the caller does. One caller at a
 * time. */
void team_run(struct team *team, int parts, void (*part)(void *arg, int i), void *arg);

#endif
