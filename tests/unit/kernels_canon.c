/* canon.h: rounding over every half pattern, elementary functions against
 * libm in double, and stochastic rounding without bias. */
#include "kernels_ref.h"

/* Error in units of the last place of the exact value's fp32 binade. */
static double ulps(float got, double want)
{
    float w = (float)want;
    int e;

    if (isnan(want) || isnan(got))
        return isnan(want) && isnan(got) ? 0 : 1e9;
    if (isinf(w) || isinf(got))
        return w == got ? 0 : 1e9;
    frexp(want, &e);
    return fabs((double)got - want) / ldexp(1, (e < -125 ? -125 : e) - 24);
}

static void functions_within_bounds(void)
{
    double worst[5] = {0};
    uint32_t step = ref_sanitized() ? 90007 : 4001;

    for (uint64_t u = 0; u < (1ull << 32); u += step) {
        float x = canon_float((uint32_t)u);
        double d = x,
               e[5] = {ulps(canon_exp(x), exp(d)), ulps(canon_log(x), log(d)),
                       ulps(canon_sigmoid(x), 1 / (1 + exp(-d))), 0, 0};

        if (fabsf(x) <= 0x1p30f) {
            e[3] = ulps(canon_sin(x), sin(d));
            e[4] = ulps(canon_cos(x), cos(d));
        }
        for (int i = 0; i < 5; i++)
            worst[i] = fmax(worst[i], e[i]);
    }
    /* the bounds that canon.h states */
    T_CHECKF(worst[0] <= 1.1, "exp: %g ulp", worst[0]);
    T_CHECKF(worst[1] <= 1.0, "log: %g ulp", worst[1]);
    T_CHECKF(worst[2] <= 2.5, "sigmoid: %g ulp", worst[2]);
    T_CHECKF(worst[3] <= 1.0, "sin: %g ulp", worst[3]);
    T_CHECKF(worst[4] <= 1.0, "cos: %g ulp", worst[4]);
}

static void special_values(void)
{
    T_CHECK(canon_bits(canon_exp(-INFINITY)) == 0);
    T_CHECK(canon_exp(0.0f) == 1.0f && canon_exp(INFINITY) == INFINITY);
    T_CHECK(canon_exp(88.72f) < INFINITY && canon_exp(88.73f) == INFINITY);
    T_CHECK(canon_exp(-103.0f) > 0 && canon_exp(-104.0f) == 0);
    T_CHECK(isnan(canon_exp(NAN)) && isnan(canon_log(NAN)));
    T_CHECK(canon_log(1.0f) == 0 && canon_log(0.0f) == -INFINITY);
    T_CHECK(canon_log(-0.0f) == -INFINITY && isnan(canon_log(-1.0f)));
    T_CHECK(canon_log(INFINITY) == INFINITY);
    T_CHECK(canon_sigmoid(0.0f) == 0.5f && canon_sigmoid(200.0f) == 1.0f);
    T_CHECK(canon_sigmoid(-INFINITY) == 0 && isnan(canon_sigmoid(NAN)));
    T_CHECK(isnan(canon_sin(INFINITY)) && canon_cos(0.0f) == 1.0f);
    T_CHECK(canon_bits(canon_sin(-0.0f)) == 0x80000000u);
}

/* Nearest-even by search among all values of a half type is what the
 * rounding must give; the midpoints of neighbours are the hard cases. */
static void all_patterns(float (*widen)(uint16_t), uint16_t (*round)(float),
                         uint16_t inf, uint16_t nan, const char *name)
{
    for (uint32_t h = 0; h < 65536; h++) {
        uint16_t a = (uint16_t)h, mag = a & 0x7FFF;
        uint16_t sign = a & 0x8000, b = (uint16_t)(a + 1);
        float x = widen(a), mid;
        double y;

        if (mag > inf) {
            T_CHECKF(isnan(x) && round(x) == nan, "%s: NaN %04x", name, a);
            continue;
        }
        T_CHECKF(round(x) == a, "%s: %04x does not round-trip", name, a);
        if (mag == inf)
            continue;
        /* the value after the largest would be inf: one step more */
        y = (b & 0x7FFF) == inf ? 2.0 * x - widen((uint16_t)(a - 1))
                                : (double)widen(b);
        mid = (float)(((double)x + y) / 2);
        T_CHECKF(round(mid) == (a & 1 ? b : a), "%s: midpoint after %04x", name,
                 a);
        T_CHECKF(round(nextafterf(mid, 0)) == a, "%s: below mid %04x", name, a);
        T_CHECKF(round(nextafterf(mid, sign ? -INFINITY : INFINITY)) == b,
                 "%s: above mid %04x", name, a);
    }
}

static void halves_round_to_nearest_even(void)
{
    all_patterns(canon_widen_bf16, canon_round_bf16, 0x7F80, 0x7FC0, "bf16");
    all_patterns(canon_widen_f16, canon_round_f16, 0x7C00, 0x7E00, "fp16");
    T_CHECK(canon_widen_f16(1) == 0x1p-24f && canon_widen_f16(0x7BFF) == 65504);
    T_CHECK(canon_round_f16(1e30f) == 0x7C00);
    T_CHECK(canon_round_f16(-1e-30f) == 0x8000);
}

/* The library's own loops may use instructions: the same bits. */
static void casts_are_canon(void)
{
    enum { N = 70000 };
    float *x = malloc(N * 4), *back = malloc(N * 4);
    uint16_t *h = malloc(N * 2);

    for (uint32_t i = 0; i < N; i++)
        x[i] = canon_float(i * 61357u + (i << 16));
    for (int isa = 0; isa < REF_N_ISAS; isa++) {
        struct kernels *k = ref_open(ref_isas[isa], 1, 0);

        if (!k)
            continue;
        for (int t = 1; t < 3; t++) {
            k->cast(k, h, (enum dtype)t, x, DT_F32, N);
            k->cast(k, back, DT_F32, h, (enum dtype)t, N);
            for (int i = 0; i < N; i++) {
                uint16_t want = t == DT_BF16 ? canon_round_bf16(x[i])
                                             : canon_round_f16(x[i]);
                float w = t == DT_BF16 ? canon_widen_bf16(want)
                                       : canon_widen_f16(want);

                T_CHECKF(h[i] == want, "%s: %a gives %04x, expected %04x",
                         ref_isas[isa], (double)x[i], h[i], want);
                T_CHECK(isnan(w) ? isnan(back[i])
                                 : canon_bits(w) == canon_bits(back[i]));
            }
        }
        kernels_close(&k);
    }
    free(x), free(back), free(h);
}

/* With n draws the mean of the rounded values errs by gap/(2 sqrt n) at one
 * sigma: 5 sigma is the bound; only the two neighbours may come out. */
static void stochastic_rounding_has_no_bias(void)
{
    static const float v[] = {1.001f, -3.7f, 1e-3f,  65000.3f, 6e-5f,
                              3e-7f,  1e-8f, -2e-6f, 0.33333f};
    enum { N = 20000 };

    for (size_t i = 0; i < sizeof v / sizeof *v; i++)
        for (int f16 = 0; f16 < 2; f16++) {
            double sum = 0, lo = INFINITY, hi = -INFINITY, gap;

            for (uint32_t q = 0; q < N / 4; q++) {
                uint32_t w[4];

                canon_rounding_words(5, 1, (uint32_t)i, q, w);
                for (int j = 0; j < 4; j++) {
                    double r = f16 ? canon_widen_f16(
                                         canon_stochastic_f16(v[i], w[j]))
                                   : canon_widen_bf16(
                                         canon_stochastic_bf16(v[i], w[j]));

                    sum += r;
                    lo = fmin(lo, r);
                    hi = fmax(hi, r);
                }
            }
            gap = hi - lo;
            T_CHECKF(lo <= (double)v[i] && (double)v[i] <= hi,
                     "%g not between %g and %g", (double)v[i], lo, hi);
            T_CHECKF(gap <= fmax(fabs(v[i]) * (f16 ? 0x1p-10 : 0x1p-7),
                                 f16 ? 0x1p-24 : 0),
                     "%g: gap %g", (double)v[i], gap);
            T_NEAR(sum / N, (double)v[i], 5 * gap / 2 / sqrt(N), 0);
        }
    T_CHECK(canon_stochastic_bf16(1.0f, ~0u) == 0x3F80);
    T_CHECK(canon_stochastic_f16(1.0f, ~0u) == 0x3C00);
    T_CHECK(canon_stochastic_bf16(INFINITY, ~0u) == 0x7F80);
    T_CHECK(canon_stochastic_f16(-INFINITY, ~0u) == 0xFC00);
    T_CHECK(canon_stochastic_bf16(NAN, ~0u) == 0x7FC0);
}

static void permutations_permute(void)
{
    int32_t a[100], b[100];
    char seen[100] = {0};

    canon_perm(3, 1, 2, 50, 60, a, 100);
    canon_perm(3, 2, 2, 50, 60, b, 100);
    for (int i = 0; i < 100; i++)
        seen[a[i]] = 1;
    for (int i = 0; i < 100; i++)
        T_CHECK(seen[i]);
    T_CHECK(memcmp(a, b, sizeof a) != 0);
}

int main(void)
{
    T_RUN(functions_within_bounds);
    T_RUN(special_values);
    T_RUN(halves_round_to_nearest_even);
    T_RUN(casts_are_canon);
    T_RUN(stochastic_rounding_has_no_bias);
    T_RUN(permutations_permute);
    T_DONE();
}
