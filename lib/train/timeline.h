/* timeline - what each rank of a run did when, as a trace that Perfetto and
 * chrome://tracing read
 *
 * A rank has three rows: what it computes, what a thread beside it exchanges, and
 * what another one reads of weights.
 * The ranks' clocks are set together when they open it.
 */
#ifndef ULP_TRAIN_TIMELINE_H
#define ULP_TRAIN_TIMELINE_H
#include <stdint.h>
#include "../comm/comm.h"

struct timeline;
/* The rows, as a trace shows them. */
enum timeline_row {
    TIMELINE_COMPUTE,
    TIMELINE_EXCHANGE,
    TIMELINE_WEIGHTS,
    TIMELINE_ROWS
};

/* All ranks of c call. */
int timeline_open(struct timeline **t, struct comm *c,
                  struct err *e) MUST_CHECK;
/* Nanoseconds of this host's clock. NULL, here and below: nothing is done, and
 * the time is 0. */
uint64_t timeline_now(const struct timeline *t);
/* A span from `began` to now; what: "shard", with n >= 0 behind it, or -1;
 * copied. From any thread. */
void timeline_add(struct timeline *t, enum timeline_row row, const char *what,
                  int n, uint64_t began);
/* All ranks call: rank 0 writes the spans of all to path. */
int timeline_write(struct timeline *t, const char *path,
                   struct err *e) MUST_CHECK;
void timeline_close(struct timeline **t);

#endif
