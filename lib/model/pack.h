/* pack - sequences end to end, and views of a run of them
 *
 * A mini-batch or a micro-batch is a view of consecutive sequences: a struct
 * seqs of its own starts over the same tokens.
 */
#ifndef ULP_MODEL_PACK_H
#define ULP_MODEL_PACK_H
#include "model.h"

struct pack {
    int n, cap;
    size_t n_tokens, cap_tokens;
    size_t *start;   /* [n + 1] */
    int32_t *tokens; /* [n_tokens] */
    int32_t *first;  /* [n]: log-probabilities are wanted from here on */
    uint64_t *id;    /* [n] */
    int32_t *shared; /* [n + 1]: rows (struct seqs) */
    int32_t *view_start;
};

void pack_clear(struct pack *p); /* keeps the memory */
void pack_free(struct pack *p);
void pack_add(struct pack *p, const int32_t *tokens, int n, int first,
              uint64_t id);
/* The sequence added last shares what rows it can with the one before it. */
void pack_share(struct pack *p);
/* < 0, 0, > 0: token by token; sequences in this order share most. */
int pack_order(const int32_t *a, int na, const int32_t *b, int nb);
/* Sequences [a, b), at least one. Lent until the next view or change. */
struct seqs pack_view(struct pack *p, int a, int b);
/* The end of the micro-batch (struct micro_batch) that begins at a, not beyond
 * end. */
int pack_micro(const struct pack *p, int a, int end, size_t max_tokens);

#endif
