/* remote - memory that other ranks read by messages, while this one computes
 * (one-sided reads)
 *
 * A rank that reads names memory and bytes; a thread of the owner sends them. So
 * ranks read when they need it, and as often, whatever the owner does. For
 * engines with channels. Internal to lib/comm.
 */
#ifndef ULP_COMM_REMOTE_H
#define ULP_COMM_REMOTE_H
#include "comm.h"

/* Zeroed memory at *p, exposed under the number that is returned, or -1: there is
 * none, or no thread. It stays until c is closed, since others may ask for it as
 * long as they are there. All ranks call it in one order, and meet before they
 * ask. */
int remote_expose(struct comm *c, size_t bytes, char **p);
/* n bytes from `at` on of what rank r has exposed as number `which`. One thread at a
 * time; any other function of c may run beside. */
int remote_read(struct comm *c, int which, int r, size_t at, size_t n, void *to,
                struct err *e) MUST_CHECK;
/* Waits until nothing is on its way from here: all that was asked for has arrived
 * then, and its memory may be written to. */
void remote_settle(struct comm *c);

#endif
