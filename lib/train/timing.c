/* timing - of this rank, and the most of any; see timing.h */
#include "timing.h"
#include <stdlib.h>
#include "../base/arena.h"

void timing_begin(struct timing *t, const struct comm *c)
{
    struct comm_traffic now;

    comm_traffic(c, &now);
    *t = (struct timing){
        .ranks = comm_size(c), .sent = now.sent, .received = now.received};
}

static uint64_t most(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

int timing_end(struct timing *t, struct comm *c, struct err *e)
{
    enum { PEAK, SENT, RECEIVED, N };
    struct comm_traffic now;
    uint64_t mine[N], *all;
    int r;

    comm_traffic(c, &now);
    mine[PEAK] = t->memory.peak;
    mine[SENT] = now.sent - t->sent;
    mine[RECEIVED] = now.received - t->received;
    all = xcalloc((size_t)t->ranks, sizeof mine);
    r = comm_gather(c, 0, mine, sizeof mine, all, e);
    t->peak = t->sent = t->received = 0;
    for (int i = 0; i < t->ranks && !r && !comm_rank(c); i++) {
        const uint64_t *v = all + (size_t)i * N;

        t->peak = most(t->peak, v[PEAK]);
        t->sent = most(t->sent, v[SENT]);
        t->received = most(t->received, v[RECEIVED]);
    }
    free(all);
    return r;
}

void timing_set(struct rec *r, const struct timing *t)
{
    rec_set_f64(r, "collect_s", t->collect);
    rec_set_f64(r, "train_s", t->train);
    rec_set_f64(r, "train_cpu_s", t->train_cpu);
    rec_set_u64(r, "memory", t->memory.now);
    rec_set_u64(r, "memory_peak", t->memory.peak);
    if (t->ranks == 1)
        return;
    rec_set_u64(r, "rank_memory_peak", t->peak);
    rec_set_u64(r, "rank_sent", t->sent);
    rec_set_u64(r, "rank_received", t->received);
}
