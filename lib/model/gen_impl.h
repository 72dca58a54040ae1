/* gen_impl - what gen.c and gen_enter.c share
 *
 * Internal to lib/model.
 */
#ifndef ULP_MODEL_GEN_IMPL_H
#define ULP_MODEL_GEN_IMPL_H
#include "gen.h"
#include "impl.h"

/* A request on its way, in the list in order of requests. */
struct seq {
    struct gen_req q;
    struct seq *next;
    int slot, row; /* row: of this step's pass, whose hidden state it uses */
    int n, stopped, finished;
    int32_t *tokens; /* [max_new] */
    float *logp;
};

/* A cache that holds a whole prompt after this step: its own slot's, computed
 * there (src = dst), or a copy. */
struct fork {
    int src, dst, len;
    int64_t number;
};

struct gen {
    struct model *m;
    const struct gen_opts *o;
    const struct gen_io *io;

    struct seq **slot;  /* [batch] who runs there, or NULL */
    int64_t *holds;     /* [batch] number of the prompt in its cache, or 0 */
    int running;
    struct seq *first, **last, *spare;

    int32_t *prompt;    /* the last request's, copied */
    int n_prompt, cap_prompt;
    int64_t number;     /* of that prompt, from 1 */
    int leader_row;     /* its last row in this step, or -1 */
    int leader_slot;

    struct gen_req pending; /* waits for a longer cache */
    int has_pending;

    /* rows of this step: [tokens | slot | pos], cap each */
    int32_t *rows;
    int n_rows, cap_rows;
    struct fork *fork;  /* [batch], after the pass */
    int n_forks;
    /* [batch]: rows that reach the head, and what comes of them */
    int32_t *head_row, *token;
    float *u, *logp;
    struct seq **who;
};

/* A row of this step: a token at a position of a slot's sequence. */
void gen_add_row(struct gen *g, int32_t token, int slot, int pos);
/* Requests into free slots, with the rows that their prompts need, as long as
 * there are both. */
int gen_admit(struct gen *g, struct err *e) MUST_CHECK;
/* Puts the request's name before the message in *e. */
int gen_name(const struct gen_req *q, struct err *e);

#endif
