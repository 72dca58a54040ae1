/* reduce_scatter - the gradients of a round of shards, summed in slices
 *
 * A rank has made at most one shard of the round. Each rank gets of every shard
 * of the round the part that it sums (slices.h), and adds these in the order of
 * the shards to those of the rounds before.
 *
 * Ranks of one host read each other's gradients in place (comm_window). Others
 * send the parts, a piece at a time. On a device all this is only asked for, in
 * a stream beside that of the computation (side_stream.h).
 */
#ifndef ULP_TRAIN_REDUCE_SCATTER_H
#define ULP_TRAIN_REDUCE_SCATTER_H
#include "../../kernels/kernels.h"
#include "slices.h"
#include "timeline.h"

struct reduce_scatter {
    struct kernels *k;      /* borrowed: whose memory it is */
    struct kernels *adder;  /* borrowed: what adds; another one than k where
                               rounds are exchanged beside what k computes */
    const struct slices *s; /* borrowed */
    enum dtype type;        /* of gradients, and of their sum */
    int joined;             /* shards in the sum so far */
    char *sum;              /* device: this rank's slice up to slices_sum_end;
                               NULL when not needed */
    struct comm_window *window; /* NULL: parts are sent */
    size_t piece;               /* values of a part that are sent at a time */
    char *in;                   /* such pieces from each rank */
    struct timeline *timeline;  /* NULL: none */
};

/* Of n values of a part, how many are sent at a time. */
static inline size_t reduce_scatter_piece(size_t n)
{
    size_t most = (size_t)1 << 20;

    return n < most ? n : most;
}

/* Memory of the sum and of pieces, before the first round; once it is there,
 * nothing. */
int reduce_scatter_need(struct reduce_scatter *t, struct err *e) MUST_CHECK;
/* n values of a shard to place `at` of the sum, as the next shard's. */
void reduce_scatter_add(struct reduce_scatter *t, int nth, size_t at,
                        const void *values, size_t n);
/* All ranks call. turn[r]: the place, from 1 on, that rank r's shard has among
 * those of this round, or 0: it has none. This rank's is grads; of a window, value 0 lies at byte `at` of each rank's. Nobody reads
 * grads after this; on a device, once reduce_scatter_wait was called. */
int reduce_scatter_round(struct reduce_scatter *t, const int *turn,
                         const char *grads, size_t at,
                         struct err *e) MUST_CHECK;
/* What k is asked for from now on may write to the gradients of the rounds that
 * reduce_scatter_round was called for, and sees them in the sum. */
void reduce_scatter_wait(struct reduce_scatter *t);
void reduce_scatter_free(struct reduce_scatter *t);

#endif
