/* train_sparsity - the unchanged rule at its edges (SCIENCE 6) */
#include <math.h>
#include "../../kernels/canon.h"
#include "../../lib/base/rng.h"
#include "../../lib/compare/sparsity.h"
#include "t.h"

enum { SAME_NON_FINITE = -1, SAME_CHANGED = 0, SAME_UNCHANGED = 1 };

static struct kernels *k; /* of the running test */

static void add(struct sparsity *s, const void *a, enum dtype ta, const void *b,
                enum dtype tb, const void *c, enum dtype tc, size_t n,
                double eta)
{
    uint64_t count[CMP_N] = {0};

    k->compare(k, count, a, ta, b, tb, c, tc, n, eta, SPARSITY_ABS);
    sparsity_of(s, count, n);
}

static int same_at(float a, float b, double eta)
{
    struct sparsity s;

    add(&s, &a, DT_F32, &b, DT_F32, NULL, DT_F32, 1, eta);
    return s.non_finite  ? SAME_NON_FINITE
           : s.unchanged ? SAME_UNCHANGED
                         : SAME_CHANGED;
}

static int same(float a, float b)
{
    return same_at(a, b, SPARSITY_ETA);
}

static void zeros_are_unchanged(void)
{
    T_EQ_INT(same(0, 0), SAME_UNCHANGED);
    T_EQ_INT(same(0.0f, -0.0f), SAME_UNCHANGED);
    T_EQ_INT(same(0, 1e-30f), SAME_CHANGED);
    T_EQ_INT(same(1, -1), SAME_CHANGED);
}

static void a_bf16_step_is_a_change_and_less_is_none(void)
{
    T_EQ_INT(same(1, 1.0078125f), SAME_CHANGED);    /* one ulp of bf16 */
    T_EQ_INT(same(1, 1.00390625f), SAME_UNCHANGED); /* half, to even */
    T_EQ_INT(same(1, 1.004f), SAME_CHANGED);        /* just over half */
    /* the smallest relative step of bf16: (2 - 2^-7) to 2 */
    T_EQ_INT(same(1.9921875f, 2), SAME_CHANGED);
}

static void eta_is_met_exactly(void)
{
    /* |4 - 3| = 1 = 0.25 * 4 */
    T_EQ_INT(same_at(3, 4, 0.25), SAME_UNCHANGED);
    T_EQ_INT(same_at(4, 3, 0.25), SAME_UNCHANGED);
    T_EQ_INT(same_at(3, 4, 0.2499), SAME_CHANGED);
    T_EQ_INT(same_at(-3, -4, 0.25), SAME_UNCHANGED);
}

static void nan_and_inf_are_counted_apart(void)
{
    const float a[5] = {NAN, 1, INFINITY, INFINITY, 1};
    const float b[5] = {NAN, NAN, INFINITY, 1, 1};
    struct sparsity s = {0};

    add(&s, a, DT_F32, b, DT_F32, NULL, DT_F32, 5, SPARSITY_ETA);
    T_EQ_INT(s.n, 5);
    T_EQ_INT(s.non_finite, 4);
    T_EQ_INT(s.unchanged, 1);
    T_EQ_INT(same(3.4e38f, 1), SAME_NON_FINITE); /* Inf in bf16 */
}

static void fp32_columns_see_what_bf16_does_not(void)
{
    const float a[4] = {1, 1, 1e-6f, 0.5f};
    const float b[4] = {1.0005f, 1.003f, 2e-6f, 0.5f};
    struct sparsity s = {0};

    add(&s, a, DT_F32, b, DT_F32, NULL, DT_F32, 4, SPARSITY_ETA);
    T_EQ_INT(s.unchanged, 3);     /* all but 1e-6 */
    T_EQ_INT(s.unchanged_f32, 2); /* 1.0005, 0.5 */
    T_EQ_INT(s.unchanged_abs, 2); /* 1e-6, 0.5 */
}

static void types_mix(void)
{
    const float a[3] = {1, -2, 0.5f};
    const uint16_t b[3] = {0x3F80, 0xC000, 0x3F01}; /* bf16 */
    const uint16_t h[3] = {0x3C00, 0xC000, 0x3800}; /* fp16 */
    struct sparsity s = {0};

    add(&s, a, DT_F32, b, DT_BF16, h, DT_F16, 3, SPARSITY_ETA);
    T_EQ_INT(s.unchanged, 2);
    T_EQ_INT(s.changed_a, 1);
    T_EQ_INT(s.changed_b, 0);
    T_EQ_INT(s.n_both, 3);
}

static void overlap_stands_beside_its_chance(void)
{
    const float a[8] = {1, 1, 1, 1, 1, 1, 1, 1};
    const float b[8] = {2, 2, 2, 2, 1, 1, 1, NAN};
    const float c[8] = {1, 1, 2, 2, 2, 1, 1, 2};
    struct sparsity s = {0}, none = {0};
    double p = 4.0 / 7, q = 3.0 / 7;

    add(&s, a, DT_F32, b, DT_F32, c, DT_F32, 8, SPARSITY_ETA);
    T_NEAR(sparsity_jaccard(&s), 2.0 / 5, 0, 1e-15);
    T_NEAR(sparsity_chance(&s), p * q / (p + q - p * q), 0, 1e-15);
    add(&none, a, DT_F32, a, DT_F32, a, DT_F32, 8, SPARSITY_ETA);
    T_CHECK(isnan(sparsity_jaccard(&none)));
}

/* As SCIENCE 6 has it, a value at a time. */
static void rule(struct sparsity *s, float a, float b, double eta)
{
    float x = canon_widen_bf16(canon_round_bf16(a));
    float y = canon_widen_bf16(canon_round_bf16(b));
    double most = fmax(fabs((double)x), fabs((double)y));
    double raw = fmax(fabs((double)a), fabs((double)b));

    s->n++;
    if (!isfinite(x) || !isfinite(y)) {
        s->non_finite++;
        return;
    }
    s->unchanged += fabs((double)x - (double)y) <= eta * most;
    s->unchanged_f32 += fabs((double)a - (double)b) <= eta * raw;
    s->unchanged_abs += fabs((double)a - (double)b) <= SPARSITY_ABS;
}

/* Pairs near every threshold, at tolerances on both sides of exactness. */
static void many_values_follow_the_rule(void)
{
    enum { N = 20000 };
    static const double eta[] = {0,    1e-3, 0x1.fffffp-10, 0x1p-9, 0x1p-8,
                                 0.01, 1};
    static float a[N], b[N];
    struct rng r;

    rng_init(&r, 5, 0);
    for (int i = 0; i < N; i++) {
        uint32_t bits = (uint32_t)(rng_double(&r) * 4294967296.0), to;
        double step = pow(2, -4 - 22 * rng_double(&r));

        memcpy(&a[i], &bits, 4);
        b[i] = (float)((double)a[i] * (1 + step));
        if (i % 7 == 0) { /* the bf16 value beside it */
            to = (bits & 0xFFFF0000u) + (i % 2 ? 0x10000u : 0x8000u);
            memcpy(&b[i], &to, 4);
        }
        if (i % 11 == 0)
            b[i] = a[i];
        if (i % 13 == 0)
            a[i] = (float)(1e-5 * step), b[i] = 0;
    }
    for (size_t i = 0; i < sizeof eta / sizeof *eta; i++) {
        struct sparsity want = {0}, got;

        for (int v = 0; v < N; v++)
            rule(&want, a[v], b[v], eta[i]);
        add(&got, a, DT_F32, b, DT_F32, NULL, DT_F32, N, eta[i]);
        T_CHECKF(!memcmp(&want, &got, sizeof got), "eta %g", eta[i]);
    }
}

static void (*body)(void);

static void on_each_instruction_set(void)
{
    static const char *const isa[] = {"x86-64", "x86-64-v3", "x86-64-v4", ""};
    struct k_order o = {ORDER_CANONICAL, 0};
    struct err e;

    for (int i = 0; i < 4; i++) {
        setenv("ULP_ISA", isa[i], 1);
        if (kernels_open(&k, "cpu", 2, o, &e))
            continue;
        body();
        kernels_close(&k);
    }
}

#define RUN(fn) (body = fn, t_run(#fn, on_each_instruction_set))

int main(void)
{
    RUN(zeros_are_unchanged);
    RUN(a_bf16_step_is_a_change_and_less_is_none);
    RUN(eta_is_met_exactly);
    RUN(nan_and_inf_are_counted_apart);
    RUN(fp32_columns_see_what_bf16_does_not);
    RUN(types_mix);
    RUN(overlap_stands_beside_its_chance);
    RUN(many_values_follow_the_rule);
    T_DONE();
}
