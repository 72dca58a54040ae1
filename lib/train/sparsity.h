/* sparsity - which weights an update left as they were (SCIENCE 6)
 *
 * bf16-aware rule (arXiv 2511.08567): cast both values to bf16; unchanged iff
 * |w - w'| <= eta max(|w|, |w'|). With eta < 2^-9 that is equality of the bf16
 * values, +0 and -0 being equal. A value that is NaN or Inf on either side is
 * neither changed nor unchanged: it is counted apart. Header only: bin/sparsity
 * and its test are all that use it.
 */
#ifndef ULP_TRAIN_SPARSITY_H
#define ULP_TRAIN_SPARSITY_H
#include <math.h>
#include <string.h>
#include "../../kernels/canon.h"
#include "../../kernels/kernels.h"

#define SPARSITY_ETA 1e-3
#define SPARSITY_ABS 1e-5

struct sparsity {
    uint64_t n, non_finite;
    uint64_t unchanged;
    uint64_t unchanged_f32; /* the same rule on the values as stored */
    uint64_t unchanged_abs; /* |w - w'| <= SPARSITY_ABS, as stored */
    /* with a second checkpoint, over values finite in all three: */
    uint64_t n_both, changed_a, changed_b, changed_both;
};

enum { SAME_NON_FINITE = -1, SAME_CHANGED = 0, SAME_UNCHANGED = 1 };

static inline float sparsity_value(const void *p, enum dtype t, size_t i)
{
    uint16_t h;
    float f;

    if (t == DT_F32) {
        memcpy(&f, (const char *)p + 4 * i, 4);
        return f;
    }
    memcpy(&h, (const char *)p + 2 * i, 2);
    return t == DT_BF16 ? canon_widen_bf16(h) : canon_widen_f16(h);
}

static inline int sparsity_rule(float a, float b, double eta)
{
    double x = fabs((double)a), y = fabs((double)b);

    return fabs((double)a - (double)b) <= eta * (x > y ? x : y);
}

/* SAME_*, by the bf16-aware rule. A finite value that bf16 cannot hold rounds
 * to Inf there, and is non-finite too. */
static inline int sparsity_same(float a, float b, double eta)
{
    float x = canon_widen_bf16(canon_round_bf16(a));
    float y = canon_widen_bf16(canon_round_bf16(b));

    if (!(x - x == 0) || !(y - y == 0))
        return SAME_NON_FINITE;
    return sparsity_rule(x, y, eta);
}

/* Adds n values of a (before) and b (after) to *s; c is the second
 * checkpoint, or NULL. */
static inline void sparsity_add(struct sparsity *s, const void *a,
                                enum dtype ta, const void *b, enum dtype tb,
                                const void *c, enum dtype tc, size_t n,
                                double eta)
{
    for (size_t i = 0; i < n; i++) {
        float x = sparsity_value(a, ta, i), y = sparsity_value(b, tb, i);
        int ab = sparsity_same(x, y, eta), ac;

        s->n++;
        s->non_finite += ab == SAME_NON_FINITE;
        s->unchanged += ab == SAME_UNCHANGED;
        if (ab != SAME_NON_FINITE) {
            s->unchanged_f32 += (uint64_t)sparsity_rule(x, y, eta);
            s->unchanged_abs += fabs((double)x - (double)y) <= SPARSITY_ABS;
        }
        if (!c)
            continue;
        ac = sparsity_same(x, sparsity_value(c, tc, i), eta);
        if (ab == SAME_NON_FINITE || ac == SAME_NON_FINITE)
            continue;
        s->n_both++;
        s->changed_a += ab == SAME_CHANGED;
        s->changed_b += ac == SAME_CHANGED;
        s->changed_both += ab == SAME_CHANGED && ac == SAME_CHANGED;
    }
}

static inline void sparsity_sum(struct sparsity *to, const struct sparsity *s)
{
    to->n += s->n;
    to->non_finite += s->non_finite;
    to->unchanged += s->unchanged;
    to->unchanged_f32 += s->unchanged_f32;
    to->unchanged_abs += s->unchanged_abs;
    to->n_both += s->n_both;
    to->changed_a += s->changed_a;
    to->changed_b += s->changed_b;
    to->changed_both += s->changed_both;
}

/* Overlap of the two changed masks: |A and B| / |A or B|; NaN when neither
 * changed anything. */
static inline double sparsity_jaccard(const struct sparsity *s)
{
    uint64_t any = s->changed_a + s->changed_b - s->changed_both;

    return any ? (double)s->changed_both / (double)any : (double)NAN;
}

/* Its value for independent masks of the same densities p and q:
 * p q / (p + q - p q). */
static inline double sparsity_chance(const struct sparsity *s)
{
    double p = (double)s->changed_a / (double)s->n_both;
    double q = (double)s->changed_b / (double)s->n_both;

    return p * q / (p + q - p * q);
}

#endif
