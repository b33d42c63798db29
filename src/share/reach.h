/* reach.h -- private to src/share: the two paths of an actor to the window it uses. Offsets are into that window;
 * one-sided where it is out of reach, else local. */
#ifndef DUNLIN_SHARE_REACH_H
#define DUNLIN_SHARE_REACH_H

#include "share/layout.h"

void reach_read(struct share *s, size_t at, void *to, size_t bytes);          /* there after the next settle or look */
void reach_write(struct share *s, size_t at, const void *from, size_t bytes); /* the same; from must stay until then */
/* A gradient to the mailbox at `at`, as much of it as is there; returns its bytes. */
size_t reach_write_gradient(struct share *s, size_t at, const float *grad, uint32_t factors);
void reach_settle(struct share *s);              /* all before comes before all after, there as here */
uint64_t reach_load(struct share *s, size_t at); /* one word; settles first */
/* One word; call reach_settle() first if it completes others. */
void reach_store(struct share *s, size_t at, uint64_t value);
void reach_look(struct share *s); /* settles; then board and reply, the current word first */

#endif
