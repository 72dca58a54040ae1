/* train_factors - the first column of the table of SCIENCE 2 at reduced size
 *
 * 1200 Adam steps at lr 1e-6 from N(0, 0.02) weights, gradients drift + noise;
 * unmoved = the weight, cast to bf16, has the bits it began with. SCIENCE 2:
 * bf16 masters and nearest, about 98%; stochastic rounding, 5-24%; fp32
 * masters, 0-64% by the gradient's signal-to-noise ratio.
 */
#include "../../lib/base/rng.h"
#include "../../lib/train/adamw.h"
#include "t.h"

enum { N = 2048, STEPS = 1200 };

static struct kernels *cpu;

/* The fraction of weights unmoved after STEPS; signal: the drift, in standard
 * deviations of the noise. */
static double unmoved(const char *arm, double signal)
{
    static const struct adamw_opts o = {0.9, 0.999, 1e-8, 0, 0, 3, 0, 0, 0};
    static float start[N], g[N];
    static uint16_t was[N], now[N];
    struct param v = {.name = "w", .rows = N, .n = N};
    struct params p = {.n = 1, .v = &v, .n_values = N};
    struct adamw *a = NULL;
    struct arm parsed;
    struct err e = {0};
    struct rng r;
    int same = 0;

    if (arm_parse(&parsed, arm, &e) ||
        adamw_open(&a, cpu, &p, &parsed, &o, &e)) {
        t_fail(__FILE__, __LINE__, "%s", e.msg);
        return -1;
    }
    rng_init(&r, 5, 0);
    for (int i = 0; i < N; i++)
        start[i] = (float)(0.02 * rng_normal(&r));
    T_EQ_INT(adamw_set_master(a, start, &e), 0);
    cpu->cast(cpu, was, DT_BF16, a->master, parsed.master, N);
    for (int s = 0; s < STEPS; s++) {
        struct adamw_result res;

        for (int i = 0; i < N; i++) {
            uint64_t u = rng_u64(&r), w = rng_u64(&r);
            double x = -1530; /* twelve bytes: as good as normal, sd 256 */

            for (int b = 0; b < 6; b++)
                x += (double)(u >> 8 * b & 255) + (double)(w >> 8 * b & 255);
            g[i] = (float)(x / 256 + signal * (i % 2 ? 1 : -1));
        }
        T_EQ_INT(adamw_update(a, g, 1e-6, &res, &e), 0);
    }
    cpu->cast(cpu, now, DT_BF16, a->master, parsed.master, N);
    for (int i = 0; i < N; i++)
        same += was[i] == now[i];
    adamw_close(&a);
    return (double)same / N;
}

/* P(|N(0, 0.02)| < 2^-e) for the largest e at which a step of about 1e-6
 * reaches half a gap, 2^(-e-9): e = 11 gives 1.9%, e = 10 3.9%. */
static void bf16_to_nearest_moves_about_one_in_fifty(void)
{
    double noise = unmoved("bf16-weights,order=canonical", 0);
    double drift = unmoved("bf16-weights,order=canonical", 1);

    T_CHECKF(noise > 0.96 && noise < 0.985, "noise: %.3f unmoved", noise);
    T_CHECKF(drift > 0.96 && drift < 0.985, "drift: %.3f unmoved", drift);
}

/* The counts below are of 2048 weights: a standard error of at most 0.011. */
static void stochastic_rounding_leaves_5_to_24_percent(void)
{
    double noise = unmoved("bf16-sr", 0), drift = unmoved("bf16-sr", 0.3);

    T_CHECKF(noise > 0.19 && noise < 0.28, "noise: %.3f unmoved", noise);
    T_CHECKF(drift > 0.02 && drift < 0.09, "drift: %.3f unmoved", drift);
}

static void fp32_masters_leave_what_the_signal_leaves(void)
{
    double noise = unmoved("fp32", 0), some = unmoved("fp32", 0.1);
    double drift = unmoved("fp32", 1);

    T_CHECKF(noise > 0.5 && noise < 0.64, "noise: %.3f unmoved", noise);
    T_CHECKF(some > 0.05 && some < 0.15, "some: %.3f unmoved", some);
    T_CHECKF(drift < 0.005, "drift: %.3f unmoved", drift);
    /* the compute type is no part of the master's walk */
    T_CHECK(unmoved("bf16-mixed", 0.1) == some);
}

static void kahan_moves_as_an_fp32_master(void)
{
    double some = unmoved("bf16-kahan", 0.1), drift = unmoved("bf16-kahan", 1);

    T_CHECKF(some > 0.03 && some < 0.15, "some: %.3f unmoved", some);
    T_CHECKF(drift < 0.005, "drift: %.3f unmoved", drift);
}

int main(void)
{
    struct k_order order = {ORDER_CANONICAL, 0};
    struct err e = {0};

    if (kernels_open(&cpu, "cpu", 1, order, &e)) {
        printf("not ok kernels_open: %s\n", e.msg);
        return 1;
    }
    T_RUN(bf16_to_nearest_moves_about_one_in_fifty);
    T_RUN(stochastic_rounding_leaves_5_to_24_percent);
    T_RUN(fp32_masters_leave_what_the_signal_leaves);
    T_RUN(kahan_moves_as_an_fp32_master);
    kernels_close(&cpu);
    T_DONE();
}
