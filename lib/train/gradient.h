/* gradient - that of a mini-batch: the sum of its shards' (NUMERICS.md,
 * "Shards")
 *
 * The model holds the gradient of the running shard. With one shard that is
 * all; with more, each is added to a second buffer of the same type when it is
 * complete.
 */
#ifndef ULP_TRAIN_GRADIENT_H
#define ULP_TRAIN_GRADIENT_H
#include "../model/pack.h"

struct gradient {
    struct model *m;   /* borrowed */
    struct kernels *k; /* borrowed */
    struct arm arm;
    int joined; /* shards in the sum so far */
    char *sum;  /* device, flat, of type arm.grads; NULL when not needed */
};

/* Sequences [a, b) forward and backward: one micro-batch. */
struct gradient_work {
    int (*micro_batch)(void *ctx, int a, int b, struct err *e);
    void *ctx;
    size_t micro_tokens;
};

void gradient_open(struct gradient *g, struct model *m, struct kernels *k,
                   const struct arm *a);
/* Of the sequences of p from `from` on, whose shards end at end[0 ..
 * arm.shards - 1]. */
int gradient_make(struct gradient *g, const struct pack *p, int from,
                  const int *end, const struct gradient_work *w,
                  struct err *e) MUST_CHECK;
/* Device memory, flat, of type arm.grads; lent until the next gradient. */
void *gradient_get(struct gradient *g);
/* Gives memory back, as model_trim does. */
void gradient_trim(struct gradient *g);

#endif
