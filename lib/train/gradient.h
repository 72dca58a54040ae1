/* gradient - that of a mini-batch: the sum of its shards' (NUMERICS.md,
 * "Shards")
 *
 * The model holds the gradient of the running shard, whole. With one shard in
 * one process that is all. Else each is added, when it is complete, to a second
 * buffer of the same type.
 *
 * Shard k is made in round k / R of R ranks, by the rank that shards_deal says.
 * After a round comes a reduce-scatter: each rank gets that of its slice (slices.h) of
 * every shard of the round, and adds these in the order of the shards (reduce_scatter.h),
 * while the next round is computed: on a device, until its first backward pass.
 * So the sum, which only has a rank's own slice, has the same bits for every R.
 */
#ifndef ULP_TRAIN_GRADIENT_H
#define ULP_TRAIN_GRADIENT_H
#include "../model/pack.h"
#include "reduce_scatter.h"

struct gradient {
    struct model *m;        /* borrowed */
    struct kernels *k;      /* borrowed */
    const struct slices *s; /* borrowed */
    struct arm arm;
    struct reduce_scatter reduce; /* and the sum */
    char *buffer[2];       /* gradients of the shards of even and odd rounds;
                              NULL: in the model's own memory */
    struct kernels *adder; /* of the thread in which rounds are reduced */
};

/* Sequences [a, b) forward and backward: one micro-batch. */
struct gradient_work {
    int (*micro_batch)(void *ctx, int a, int b, struct err *e);
    void *ctx;
    size_t micro_tokens;
};

/* 1: shards are added in a buffer of their own. */
static inline int gradient_has_sum(const struct arm *a, int ranks)
{
    return ranks > 1 || a->shards > 1;
}

/* How many buffers of its own a rank of several has for the gradients of its
 * shards. Two: one round is reduced while the next is computed. None on a device
 * with memory of its own. */
static inline int gradient_buffers(const struct arm *a, int ranks,
                                   int own_memory)
{
    return ranks == 1 || own_memory ? 0 : a->shards > ranks ? 2 : 1;
}

/* m, k and s are borrowed, and so is g by m. All ranks of s call each function
 * below. */
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
/* Where the ranks' gradients lie, if all read them in place; else NULL. Lent until
 * the next gradient, or gradient_trim. */
const struct comm_window *gradient_window(const struct gradient *g);
/* Bytes of gradients that are not k's, but shared between ranks. */
size_t gradient_shared(const struct gradient *g);
/* Gives memory back, as model_trim does, and before it. */
void gradient_trim(struct gradient *g);
void gradient_close(struct gradient *g); /* accepts a zeroed one */

#endif
