/* numbers - every number of the records that the report reads, as it stands
 *
 * data.h has the numbers that tests need; this has all of them, for curves,
 * maps and exports: the fields that are an integer, a float or a bool, dotted
 * where they stand in a map ("kl_token.exact"). Fields that say where a number
 * belongs (arm, seed, draw, replicate, step, layer) are its place instead.
 */
#ifndef ULP_REPORT_NUMBERS_H
#define ULP_REPORT_NUMBERS_H
#include <stdint.h>
#include "../record/rec.h"
#include "names.h"

/* One record. Numbers of names, -1: it lacks the field. */
struct place {
    long kind; /* scores, kl_scores, sparsity, metrics, or what its stream's
                  header says */
    long run, arm, task, scope, part, tensor;   /* part: the record's `kind` */
    int64_t seed, draw, replicate, step, layer; /* -1: none; draw and
                                                   replicate 0 by default */
    size_t first, n; /* its numbers: numbers.v[first .. first + n) */
};

struct number {
    size_t field; /* in numbers.fields */
    double v;
};

struct numbers {
    struct place *at;
    size_t n_at, cap_at;
    struct number *v;
    size_t n_v, cap_v;
    struct names fields, words; /* words: kinds, runs, arms, tasks, ... */
};

/* The numbers of a record of `in`, which may be NULL. */
int numbers_add(struct numbers *n, const struct rec_reader *in, struct rec *rec,
                struct err *e) MUST_CHECK;
/* Places in ascending order of kind, arm, seed, draw, replicate, step, task,
 * scope, part, layer; words are compared as text. */
void numbers_sort(struct numbers *n);
void numbers_free(struct numbers *n);
/* The text of a number of words, "" for -1. */
const char *numbers_word(const struct numbers *n, long word);

#endif
