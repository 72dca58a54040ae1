/* sparsity - counts of unchanged values, and the overlap of two updates */
#include "sparsity.h"
#include <math.h>

void sparsity_of(struct sparsity *s, const uint64_t count[CMP_N], uint64_t n)
{
    s->n = n;
    s->non_finite = count[CMP_NON_FINITE];
    s->unchanged = count[CMP_UNCHANGED];
    s->unchanged_f32 = count[CMP_UNCHANGED_RAW];
    s->unchanged_abs = count[CMP_UNCHANGED_ABS];
    s->n_both = count[CMP_BOTH];
    s->changed_a = count[CMP_CHANGED_B];
    s->changed_b = count[CMP_CHANGED_C];
    s->changed_both = count[CMP_CHANGED_BOTH];
}

void sparsity_sum(struct sparsity *to, const struct sparsity *s)
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

double sparsity_jaccard(const struct sparsity *s)
{
    uint64_t any = s->changed_a + s->changed_b - s->changed_both;

    return any ? (double)s->changed_both / (double)any : (double)NAN;
}

double sparsity_chance(const struct sparsity *s)
{
    double p = (double)s->changed_a / (double)s->n_both;
    double q = (double)s->changed_b / (double)s->n_both;

    return p * q / (p + q - p * q);
}
