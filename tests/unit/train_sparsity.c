/* train_sparsity - the unchanged rule at its edges (SCIENCE 6) */
#include <math.h>
#include "../../lib/train/sparsity.h"
#include "t.h"

static int same(float a, float b)
{
    return sparsity_same(a, b, SPARSITY_ETA);
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
    T_EQ_INT(same(1, 1.0078125f), SAME_CHANGED);   /* one ulp of bf16 */
    T_EQ_INT(same(1, 1.00390625f), SAME_UNCHANGED); /* half, to even */
    T_EQ_INT(same(1, 1.004f), SAME_CHANGED);       /* just over half */
    /* the smallest relative step of bf16: (2 - 2^-7) to 2 */
    T_EQ_INT(same(1.9921875f, 2), SAME_CHANGED);
}

static void eta_is_met_exactly(void)
{
    /* |4 - 3| = 1 = 0.25 * 4 */
    T_EQ_INT(sparsity_same(3, 4, 0.25), SAME_UNCHANGED);
    T_EQ_INT(sparsity_same(4, 3, 0.25), SAME_UNCHANGED);
    T_EQ_INT(sparsity_same(3, 4, 0.2499), SAME_CHANGED);
    T_EQ_INT(sparsity_same(-3, -4, 0.25), SAME_UNCHANGED);
}

static void nan_and_inf_are_counted_apart(void)
{
    const float a[5] = { NAN, 1, INFINITY, INFINITY, 1 };
    const float b[5] = { NAN, NAN, INFINITY, 1, 1 };
    struct sparsity s = { 0 };

    sparsity_add(&s, a, DT_F32, b, DT_F32, NULL, DT_F32, 5, SPARSITY_ETA);
    T_EQ_INT(s.n, 5);
    T_EQ_INT(s.non_finite, 4);
    T_EQ_INT(s.unchanged, 1);
    T_EQ_INT(same(3.4e38f, 1), SAME_NON_FINITE); /* Inf in bf16 */
}

static void fp32_columns_see_what_bf16_does_not(void)
{
    const float a[4] = { 1, 1, 1e-6f, 0.5f };
    const float b[4] = { 1.0005f, 1.003f, 2e-6f, 0.5f };
    struct sparsity s = { 0 };

    sparsity_add(&s, a, DT_F32, b, DT_F32, NULL, DT_F32, 4, SPARSITY_ETA);
    T_EQ_INT(s.unchanged, 3);     /* all but 1e-6 */
    T_EQ_INT(s.unchanged_f32, 2); /* 1.0005, 0.5 */
    T_EQ_INT(s.unchanged_abs, 2); /* 1e-6, 0.5 */
}

static void types_mix(void)
{
    const float a[3] = { 1, -2, 0.5f };
    const uint16_t b[3] = { 0x3F80, 0xC000, 0x3F01 }; /* bf16 */
    const uint16_t h[3] = { 0x3C00, 0xC000, 0x3800 }; /* fp16 */
    struct sparsity s = { 0 };

    sparsity_add(&s, a, DT_F32, b, DT_BF16, h, DT_F16, 3, SPARSITY_ETA);
    T_EQ_INT(s.unchanged, 2);
    T_EQ_INT(s.changed_a, 1);
    T_EQ_INT(s.changed_b, 0);
    T_EQ_INT(s.n_both, 3);
}

static void overlap_stands_beside_its_chance(void)
{
    const float a[8] = { 1, 1, 1, 1, 1, 1, 1, 1 };
    const float b[8] = { 2, 2, 2, 2, 1, 1, 1, NAN };
    const float c[8] = { 1, 1, 2, 2, 2, 1, 1, 2 };
    struct sparsity s = { 0 }, none = { 0 };
    double p = 4.0 / 7, q = 3.0 / 7;

    sparsity_add(&s, a, DT_F32, b, DT_F32, c, DT_F32, 8, SPARSITY_ETA);
    T_NEAR(sparsity_jaccard(&s), 2.0 / 5, 0, 1e-15);
    T_NEAR(sparsity_chance(&s), p * q / (p + q - p * q), 0, 1e-15);
    sparsity_add(&none, a, DT_F32, a, DT_F32, a, DT_F32, 8, SPARSITY_ETA);
    T_CHECK(isnan(sparsity_jaccard(&none)));
}

int main(void)
{
    T_RUN(zeros_are_unchanged);
    T_RUN(a_bf16_step_is_a_change_and_less_is_none);
    T_RUN(eta_is_met_exactly);
    T_RUN(nan_and_inf_are_counted_apart);
    T_RUN(fp32_columns_see_what_bf16_does_not);
    T_RUN(types_mix);
    T_RUN(overlap_stands_beside_its_chance);
    T_DONE();
}
