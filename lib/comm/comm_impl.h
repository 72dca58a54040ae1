/* comm_impl - making a comm of an engine. Internal to lib/comm. */
#ifndef ULP_COMM_IMPL_H
#define ULP_COMM_IMPL_H
#include <stdatomic.h>
#include <stdint.h>
#include "comm.h"
#include "engine.h"

struct comm {
    struct comm_engine x;
    struct comm_part *parts; /* [2 size] of the call that runs */
    _Atomic unsigned long long sent, received;
    int shared[COMM_WINDOWS]; /* windows that are open */
    struct comm *host;        /* of a device's: the group over host memory */
    _Atomic int lost, left;
    /* tests: every message waits a random time of at most this first */
    long delay_us;
    uint64_t draws;
    /* what answers reads of memory (remote.h), and its end before that of c */
    struct remote *remote;
    void (*end)(struct comm *c);
    /* A thread failed that no function joins: reports the error and ends the
     * process. NULL: only the thread ends. */
    void (*fatal)(const struct err *e);
};

/* x is copied; the comm closes it. */
struct comm *comm_of(const struct comm_engine *x);
/* The same of memory that is not the host's; of the same ranks as `host`, which
 * is borrowed, and counts its bytes. */
struct comm *comm_beside(const struct comm_engine *x, struct comm *host);
/* As the engine's function, of c's engine. */
int comm_exchange(struct comm *c, const struct comm_part *q, int n, int *lost,
                  char *why, size_t n_why) MUST_CHECK;
/* What an engine's function that failed has said, as the error that is returned. */
int comm_failed(struct comm *c, int lost, const char *why, struct err *e);
/* Before a message, where tests ask for it. draws: the state of a thread. */
void comm_delay(const struct comm *c, uint64_t *draws);
/* The rank that a failed call found to have gone, or -1. */
int comm_lost(const struct comm *c);

#endif
