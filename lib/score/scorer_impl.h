/* scorer_impl - what the files of the scorer share. Internal to lib/score. */
#ifndef ULP_SCORE_SCORER_IMPL_H
#define ULP_SCORE_SCORER_IMPL_H
#include "../base/progress.h"
#include "../model/pack.h"
#include "scorer.h"

/* Responses gathered for one pass, with their tokens end to end; and what is
 * scored: the same in ascending order of tokens, so that responses which begin
 * alike follow each other. */
struct gathered {
    struct text {
        const struct gathered *g;
        size_t at; /* in tokens */
        int n, n_prompt, i;
    } * text;   /* [batch], in that order once they are packed */
    int *place; /* [batch] where response i is in the pack */
    int n;
    int32_t *tokens;
    size_t n_tokens, cap;
    struct pack pack;
    float *logp; /* [cap], of the pack's tokens */
};

/* The values of a response: log-probabilities by the model, by that of
 * --against, and the divergence. */
enum score { SCORE_OWN, SCORE_AGAINST, SCORE_KL };

struct scorer {
    const struct scorer_opts *o;
    struct engine *x, *against;
    struct filter *f;
    struct scorer_check *check;
    struct gathered g;
    struct progress *progress;
    /* Takes n values of the i-th response that was gathered. */
    int (*put)(struct scorer *s, int i, enum score what, const float *v,
               size_t n, struct err *e);
    struct rec **rec; /* [batch]: our copies of what was gathered; or NULL */
    struct ranked *ranked; /* what scorer_ranks.c needs besides; or NULL */
};

/* ---- scorer_batch.c: one pass ---- */

/* Adds a response: its tokens are copied. */
void scorer_gather(struct gathered *g, const int32_t *prompt,
                   const int32_t *response, int n_prompt, int n_response);
/* Which values there are. */
int scorer_has(const struct scorer *s, enum score what);
/* Scores what was gathered: put gets every value. */
int scorer_pass(struct scorer *s, struct err *e) MUST_CHECK;
void scorer_clear(struct gathered *g);

/* ---- scorer_record.c: records ---- */

/* The tokens of a record that can be scored. */
int scorer_tokens(const struct scorer *s, struct rec *rec, struct rec_i32s *p,
                  struct rec_i32s *q, struct err *e) MUST_CHECK;
/* Sets values on a record, and compares them where that was asked for. */
int scorer_set(struct scorer *s, struct rec *rec, enum score what,
               const float *v, size_t n, struct err *e) MUST_CHECK;

/* ---- scorer_ranks.c: several ranks ---- */

/* All ranks call: scores the records that rank 0 reads on all of them, and
 * writes them in their order. */
int scorer_on_ranks(struct scorer *s, struct err *e) MUST_CHECK;

#endif
