/* order - the training order of prompts: shuffled anew each epoch
 *
 * Which prompt stands at a position is a function of (seed, position, number
 * of prompts) alone, so that a run resumes anywhere.
 */
#ifndef ULP_TASKS_ORDER_H
#define ULP_TASKS_ORDER_H
#include <stdint.h>

struct order {
    uint64_t seed;
    uint32_t n;    /* prompts, at least 1 */
    int64_t epoch; /* whose permutation is in perm; -1 at first */
    uint32_t *perm;
};

/* o owns memory for n numbers until order_free. */
void order_init(struct order *o, uint64_t seed, uint32_t n);
void order_free(struct order *o);
/* The prompt at a position >= 0; *epoch (may be NULL) = position / n. */
uint32_t order_at(struct order *o, int64_t position, int64_t *epoch);

#endif
