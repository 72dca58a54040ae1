/* micro - how many sequences a micro-batch takes
 *
 * A prompt that neighbours share is counted once, but attention's copies of it
 * stay under four times the limit. One sequence is always taken.
 */
#ifndef ULP_MODEL_MICRO_H
#define ULP_MODEL_MICRO_H
#include "model.h"

struct micro_batch {
    size_t max_tokens;
    size_t rows, wide; /* so far: tokens to compute, and with copies */
    int n;
};

/* The next sequence, of n tokens; shared = SHARED_* of it. 0: it is full. */
static inline int micro_batch_take(struct micro_batch *b, size_t n,
                                   int32_t first, uint8_t shared)
{
    size_t most = b->max_tokens < (1u << 28) ? 4 * b->max_tokens : 1u << 30;
    size_t again = b->n && shared & SHARED_BEFORE ? (size_t)first - 1 : 0;

    if (b->n && (b->rows + n - again > b->max_tokens || b->wide + n > most))
        return 0;
    b->rows += n - again;
    b->wide += n;
    b->n++;
    return 1;
}

#endif
