/* sparsity - the rule, counts, and the overlap of two updates */
#include <math.h>
#include <string.h>
#include "../../kernels/canon.h"
#include "sparsity.h"

static float value(const void *p, enum dtype t, size_t i)
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

static int unchanged(float a, float b, double eta)
{
    double x = fabs((double)a), y = fabs((double)b);

    return fabs((double)a - (double)b) <= eta * (x > y ? x : y);
}

int sparsity_same(float a, float b, double eta)
{
    float x = canon_widen_bf16(canon_round_bf16(a));
    float y = canon_widen_bf16(canon_round_bf16(b));

    if (!(x - x == 0) || !(y - y == 0))
        return SAME_NON_FINITE;
    return unchanged(x, y, eta);
}

void sparsity_add(struct sparsity *s, const void *a, enum dtype ta,
                  const void *b, enum dtype tb, const void *c, enum dtype tc,
                  size_t n, double eta)
{
    for (size_t i = 0; i < n; i++) {
        float x = value(a, ta, i), y = value(b, tb, i);
        int ab = sparsity_same(x, y, eta), ac;

        s->n++;
        s->non_finite += ab == SAME_NON_FINITE;
        s->unchanged += ab == SAME_UNCHANGED;
        if (ab != SAME_NON_FINITE) {
            s->unchanged_f32 += (uint64_t)unchanged(x, y, eta);
            s->unchanged_abs += fabs((double)x - (double)y) <= SPARSITY_ABS;
        }
        if (!c)
            continue;
        ac = sparsity_same(x, value(c, tc, i), eta);
        if (ab == SAME_NON_FINITE || ac == SAME_NON_FINITE)
            continue;
        s->n_both++;
        s->changed_a += ab == SAME_CHANGED;
        s->changed_b += ac == SAME_CHANGED;
        s->changed_both += ab == SAME_CHANGED && ac == SAME_CHANGED;
    }
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
