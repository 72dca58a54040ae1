/* runs - whose updates are compared: an arm, a seed and a noise draw each
 *
 * Two runs that differ in one of the three are a pair over it: two seeds of an
 * arm, two arms of a seed, two draws of both. Runs that all differ in the same
 * one are a group over it.
 */
#ifndef ULP_COMPARE_RUNS_H
#define ULP_COMPARE_RUNS_H
#include "../record/rec.h"

/* In what two runs may differ. */
enum run_key { RUN_ARM, RUN_SEED, RUN_DRAW, N_RUN_KEYS };

struct run {
    char *arm; /* own */
    int64_t seed, draw;
};

struct runs { /* n is 0: they were not named */
    struct run *v;
    int n;
};

/* text: words ARM/SEED/DRAW, n of them, no two alike. */
int runs_parse(struct runs *x, const char *text, int n,
               struct err *e) MUST_CHECK;
void runs_free(struct runs *x);

/* "arm", "seed", "draw" */
const char *runs_key_name(enum run_key k);
/* The key in which runs a and b alone differ, or -1. */
int runs_over(const struct runs *x, int a, int b);

/* arm, seed and draw of run i, but not key `but` (-1: all three). */
void runs_set(const struct runs *x, int i, int but, struct rec *rec);
/* arm_a and arm_b, or those of another key. */
void runs_set_pair(const struct runs *x, int a, int b, enum run_key k,
                   struct rec *rec);

#endif
