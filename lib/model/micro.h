/* micro - which neighbours share a prompt, and how many sequences a micro-batch
 * takes
 *
 * A prompt that neighbours share is counted once, but attention's copies of it
 * stay under four times the limit. One sequence is always taken.
 */
#ifndef ULP_MODEL_MICRO_H
#define ULP_MODEL_MICRO_H
#include <string.h>
#include "model.h"

/* Have the sequences at a and b, i - 1 and i of a batch, the same prompt? */
static inline int same_prompt(const int32_t *first, int i, const int32_t *a,
                              const int32_t *b)
{
    return first[i - 1] == first[i] &&
           !memcmp(a, b, (size_t)first[i] * sizeof *a);
}

/* Marks them, if they have. */
static inline void share_prompt(uint8_t *shared, const int32_t *first, int i,
                                const int32_t *a, const int32_t *b)
{
    if (!same_prompt(first, i, a, b))
        return;
    shared[i - 1] |= SHARED_AFTER;
    shared[i] |= SHARED_BEFORE;
}

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
