/* micro - which rows neighbours share, and how many sequences a micro-batch
 * takes
 *
 * Rows that neighbours share are counted once, but attention's copies of them
 * stay under four times the limit. One sequence is always taken.
 */
#ifndef ULP_MODEL_MICRO_H
#define ULP_MODEL_MICRO_H
#include <stddef.h>
#include <stdint.h>

#define MICRO_TOKENS 4096 /* where nothing else is asked for */

/* The rows that a sequence can share with the one before it: those of the
 * tokens with which both begin, if both are scored from the same position on. A
 * last token has no row. a, b: the two, of na and nb tokens. */
static inline int32_t common_rows(const int32_t *a, size_t na, int32_t first_a,
                                  const int32_t *b, size_t nb, int32_t first_b)
{
    size_t most = (na < nb ? na : nb), n = 0;

    if (first_a != first_b || (size_t)first_a >= most)
        return 0;
    while (n < most - 1 && a[n] == b[n])
        n++;
    return (int32_t)n;
}

struct micro_batch {
    size_t max_tokens;
    size_t rows, attn_rows; /* so far: rows, shared ones once; attention rows,
                          which are a copy of a shared row for each sequence */
    size_t tokens; /* all of them, which struct seqs counts in 31 bits */
    int n;
};

/* The next sequence, of n tokens, which shares rows with those before and after
 * it. 0: it is full. */
static inline int micro_batch_take(struct micro_batch *b, size_t n,
                                   int32_t before, int32_t after)
{
    size_t most = b->max_tokens < (1u << 28) ? 4 * b->max_tokens : 1u << 30;
    size_t rows = n - (b->n ? (size_t)before : 0);
    size_t attn_rows = n > (size_t)after + 1 ? n : 0;

    if (b->n && (b->rows + rows > b->max_tokens ||
                 b->attn_rows + attn_rows > most || b->tokens + n > 1u << 30))
        return 0;
    b->rows += rows;
    b->attn_rows += attn_rows;
    b->tokens += n;
    b->n++;
    return 1;
}

#endif
