/* slices - which of all values each rank owns
 *
 * The flat layout is cut into one slice a rank, in the order of ranks. An owner
 * holds master weights, moments and the summed gradient of its slice. Nothing
 * that is computed depends on the cuts: updates go value by value, and the
 * norm's blocks, whose sums are what ranks exchange, are those of all values.
 *
 * A block of the norm is summed by the rank in whose slice it begins. So a rank
 * sums gradients up to the end of its last block, beyond its slice.
 */
#ifndef ULP_TRAIN_SLICES_H
#define ULP_TRAIN_SLICES_H
#include "../arch/params.h"
#include "../base/dtype.h"
#include "../comm/comm.h"

struct slices {
    struct comm *c;           /* borrowed; NULL: this process alone */
    struct side_stream *side; /* borrowed; NULL: memory is the host's, or the
                               process is alone */
    const struct params *p;   /* borrowed */
    enum dtype grads;         /* decides which values a block has */
    int rank, n;
    size_t *cut; /* [n + 1]: slice r is values [cut[r], cut[r + 1]) */
};

/* The slices of the ranks of c; NULL: one rank. slices_close frees them. */
void slices_open(struct slices *s, struct comm *c, const struct params *p,
                 enum dtype grads);
/* Those of rank `rank` of n, of no group: to plan with. */
void slices_plan(struct slices *s, int rank, int n, const struct params *p,
                 enum dtype grads);
void slices_close(struct slices *s); /* accepts a zeroed one */

/* This rank's slice: its first value, the one after its last, and how many. */
static inline size_t slices_first(const struct slices *s)
{
    return s->cut[s->rank];
}
static inline size_t slices_end(const struct slices *s)
{
    return s->cut[s->rank + 1];
}
static inline size_t slices_values(const struct slices *s)
{
    return slices_end(s) - slices_first(s);
}
/* Rank r sums gradients of the values from cut[r] to here. */
size_t slices_sum_end(const struct slices *s, int r);
/* So many. */
static inline size_t slices_sum(const struct slices *s, int r)
{
    return slices_sum_end(s, r) - s->cut[r];
}

/* What of values [first, first + n) is in rank r's slice: *from and the number
 * of them. */
size_t slices_part(const struct slices *s, int r, size_t first, size_t n,
                   size_t *from);

/* Values whose norm is taken by itself, in blocks from their first one: all, or
 * under bf16 gradients those of a tensor (NUMERICS.md, "Optimizer"). */
struct stretch {
    size_t first, n;
};
int slices_stretches(const struct slices *s);
struct stretch slices_stretch(const struct slices *s, int i);
/* The blocks of a stretch that begin in rank r's slice: *from and the number of
 * them. */
size_t slices_blocks(const struct slices *s, int r, struct stretch t,
                     size_t *from);

#endif
