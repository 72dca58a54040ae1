/* gradient - that of a mini-batch: the sum of its shards' (NUMERICS.md,
 * "Shards")
 *
 * The model holds the gradient of the running shard, whole. With one shard in
 * one process that is all. Else each is added, when it is complete, to a second
 * buffer of the same type.
 *
 * Shard k is made by rank k mod R in round k / R of R ranks. After a round the
 * parts travel: each rank gets that of its slice (slices.h) of every shard of
 * the round, and adds these in the order of the shards. So the sum, which only
 * has a rank's own slice, has the same bits for every R.
 */
#ifndef ULP_TRAIN_GRADIENT_H
#define ULP_TRAIN_GRADIENT_H
#include "../model/pack.h"
#include "slices.h"

struct gradient {
    struct model *m;        /* borrowed */
    struct kernels *k;      /* borrowed */
    const struct slices *s; /* borrowed */
    struct arm arm;
    int joined;   /* shards in the sum so far */
    char *sum;    /* device, of type arm.grads: this rank's slice up to
                   slices_sum_end; NULL when not needed */
    size_t piece; /* values of a part that travel at a time */
    char *in;     /* host: such pieces from each rank */
    char *out;    /* host: to each rank, where the device has other memory, */
    char *staged; /* and device: one of those from another rank */
};

/* Sequences [a, b) forward and backward: one micro-batch. */
struct gradient_work {
    int (*micro_batch)(void *ctx, int a, int b, struct err *e);
    void *ctx;
    size_t micro_tokens;
};

/* Of n values of a part, how many travel at a time. */
static inline size_t gradient_piece(size_t n)
{
    size_t most = (size_t)1 << 20;

    return n < most ? n : most;
}

/* 1: shards are added in a buffer of their own. */
static inline int gradient_has_sum(const struct arm *a, int ranks)
{
    return ranks > 1 || a->shards > 1;
}

/* m, k and s are borrowed. All ranks of s call each function below. */
void gradient_open(struct gradient *g, struct model *m, struct kernels *k,
                   const struct arm *a, const struct slices *s);
/* Of the sequences of p from `from` on, whose shards end at end[0 ..
 * arm.shards - 1]. w is called for this rank's shards alone. */
int gradient_make(struct gradient *g, const struct pack *p, int from,
                  const int *end, const struct gradient_work *w,
                  struct err *e) MUST_CHECK;
/* v: one value a token of p, of those sequences; each rank has those of its
 * shards, and rank 0 gets all. */
int gradient_collect(const struct gradient *g, const struct pack *p, int from,
                     const int *end, float *v, struct err *e) MUST_CHECK;
/* Device memory, of type arm.grads: as adamw_update takes it; lent until the next
 * gradient. */
void *gradient_get(struct gradient *g);
/* Gives memory back, as model_trim does. */
void gradient_trim(struct gradient *g);

#endif
