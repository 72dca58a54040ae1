/* judge - records of responses, judged: what reward does
 *
 *     while (filter_read(&f, &rec, &e) > 0) {
 *         if (judge_add(j, rec, &e) > 0) write rec
 *         while (judge_full(j)) write judge_next(j)
 *     }
 *     while (judge_kept(j)) write judge_next(j)
 *
 * A program of a model (verifier "code") is judged while later records are
 * read; these are kept until it is their turn, so that the order stays.
 */
#ifndef ULP_VERIFY_JUDGE_H
#define ULP_VERIFY_JUDGE_H
#include "../record/filter.h"
#include "verify.h"

struct judge_opts {
    struct verify_opts v;
    const char *extract; /* rules, dapo, boxed, whole; sets v.extract */
    double right, wrong; /* the reward of an answer, without the penalty */
    /* SCIENCE 3, lengths in tokens; buffer 0: no penalty */
    int max_len, buffer;
    double factor;
    int workers; /* model-written programs at once; 0: one a processor */
    /* files of judged responses: programs that are there do not run again */
    const char *const *known;
    int n_known;
};

struct judge;

/* Verifiers of code are opened by the first record that needs them. */
int judge_open(struct judge **j, const struct judge_opts *o,
               struct err *e) MUST_CHECK;
void judge_close(struct judge **j);
/* What determines the bytes, into f's header. */
void judge_made_by(const struct judge *j, struct filter *f);

/* 1: the fields of a verdict are set in rec (lib/record/SCHEMA.md); 0: a copy
 * is kept; negative: error. Not when judge_full. */
int judge_add(struct judge *j, struct rec *rec, struct err *e) MUST_CHECK;
int judge_kept(const struct judge *j);
/* Records are kept, and no further one can be taken without a wait. */
int judge_full(struct judge *j);
/* The oldest that is kept, its verdict waited for; lent until the next call. */
struct rec *judge_next(struct judge *j);
/* With v.explain: how the record given out last was judged, as text. */
const char *judge_explained(struct judge *j);

/* Why programs are not judged, or NULL. */
const char *judge_no_sandbox(const struct judge *j);
/* A verifier that does not work must not pass for a model that is wrong: an
 * error when the sandbox broke, or no record could be judged. */
int judge_check(struct judge *j, struct err *e) MUST_CHECK;

#endif
