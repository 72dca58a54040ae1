/* train_dapo - the loss and its gradient against the formulas of SCIENCE 3
 *
 * The oracle writes the loss as the section does, in long double with libm,
 * and takes its gradient by central differences.
 */
#include "../../lib/base/rng.h"
#include "../../lib/train/dapo.h"
#include "t.h"

static const struct dapo_opts plain = {0.2, 0.28, 10, 0};

static long double oracle_token(const struct dapo_opts *o, long double logp,
                                float old, float rollout, double adv)
{
    long double A = adv;
    long double d = fminl(20, fmaxl(-20, logp - (long double)old));
    long double r = expl(d);
    long double clipped = fminl(fmaxl(r, 1 - (long double)o->clip_low),
                                1 + (long double)o->clip_high);
    long double L = fmaxl(-A * r, -A * clipped);

    if (A < 0 && o->dual_clip > 0)
        L = fminl(-(long double)o->dual_clip * A, L);
    if (o->tis > 0)
        L *= fminl(expl((long double)old - (long double)rollout),
                   (long double)o->tis);
    return L;
}

/* A random token; every clip branch comes up often. */
static void token(struct rng *r, float *logp, float *old, float *rollout)
{
    static const double spread[] = {0, 0.05, 0.3, 1, 4, 40};
    double s = spread[rng_below(r, 6)];

    *old = (float)(-3 * rng_double(r));
    *logp = (float)((double)*old + s * rng_normal(r));
    *rollout = (float)((double)*old + 0.2 * rng_normal(r));
}

static int near_a_kink(const struct dapo_opts *o, float logp, float old)
{
    double r = exp((double)logp - (double)old);
    double d = fabs((double)logp - (double)old);

    return fabs(r - 1 + o->clip_low) < 1e-4 ||
           fabs(r - 1 - o->clip_high) < 1e-4 || fabs(r - o->dual_clip) < 1e-3 ||
           fabs(d - 20) < 1e-3;
}

static void loss_and_gradient_match_the_formulas(void)
{
    const struct dapo_opts all[] = {
        plain, {0.2, 0.28, 10, 2}, {0.1, 0.1, 3, 0}, {0.2, 0.28, 0, 0}};
    struct rng r;
    struct dapo_stats sum = {0};

    rng_init(&r, 1, 1);
    for (int i = 0; i < 40000; i++) {
        const struct dapo_opts *o = &all[i % 4];
        struct dapo_stats st = {0};
        double adv = rng_normal(&r), scale = 1.0 / 7;
        float logp, old, rollout, g;
        long double want, h = 1e-6L, slope;

        if (i % 50 == 0)
            adv = 0;
        token(&r, &logp, &old, &rollout);
        dapo_loss(o, 1, &logp, &old, &rollout, adv, scale, &g, &st);
        want = oracle_token(o, logp, old, rollout, adv);
        /* exp is within 2 ulp */
        T_NEAR(st.loss, (double)want, 1e-300, 1e-14);
        T_EQ_INT(st.tokens, 1);
        if (near_a_kink(o, logp, old))
            continue;
        slope = (oracle_token(o, logp + h, old, rollout, adv) -
                 oracle_token(o, logp - h, old, rollout, adv)) /
                (2 * h);
        /* rounded to float; the difference quotient is good to h^2 */
        T_NEAR(g, scale * (double)slope, 1e-11, 1e-6);
        sum.low += st.low;
        sum.high += st.high;
        sum.dual += st.dual;
    }
    T_CHECK(sum.low > 500 && sum.high > 500 && sum.dual > 200);
}

static void each_clip_is_counted_where_it_acts(void)
{
    /* r: inside, below 0.8, above 1.28, above 10 */
    const float old[4] = {0}, logp[4] = {0.1f, -0.5f, 0.5f, 3};
    float g[4];
    struct dapo_stats up = {0}, down = {0};

    dapo_loss(&plain, 4, logp, old, NULL, 1, 1, g, &up);
    T_EQ_INT(up.high, 2);
    T_EQ_INT(up.low, 0);
    T_EQ_INT(up.dual, 0);
    T_CHECK(g[0] < 0 && g[1] < 0 && g[2] == 0 && g[3] == 0);
    dapo_loss(&plain, 4, logp, old, NULL, -1, 1, g, &down);
    T_EQ_INT(down.high, 0);
    T_EQ_INT(down.low, 1);
    T_EQ_INT(down.dual, 1);
    T_CHECK(g[0] > 0 && g[1] == 0 && g[2] > 0 && g[3] == 0);
    T_NEAR(down.neg_d, -3.1, 1e-6, 0);
}

static void equal_policies_give_minus_the_advantage(void)
{
    const float lp[3] = {-1, -2, -3};
    float g[3];
    struct dapo_stats st = {0};

    dapo_loss(&plain, 3, lp, lp, NULL, 0.5, 0.25, g, &st);
    for (int i = 0; i < 3; i++)
        T_CHECK(g[i] == -0.125f);
    T_CHECK(st.loss == -1.5 && st.neg_d == 0 && st.tokens == 3);
}

static void a_nan_reaches_the_gradient(void)
{
    const float bad = NAN, old = -1;
    float g = 0;
    struct dapo_stats st = {0};

    dapo_loss(&plain, 1, &bad, &old, NULL, 1, 1, &g, &st);
    T_CHECK(isnan(g));
}

static void advantages_are_normalised_by_the_group(void)
{
    const double r[4] = {1, -1, -1, -1.5}, one = 3;
    double a[4], mean = -0.625, var = 0;

    for (int i = 0; i < 4; i++)
        var += (r[i] - mean) * (r[i] - mean) / 3;
    dapo_advantages(a, r, 4, 1);
    for (int i = 0; i < 4; i++)
        T_NEAR(a[i], (r[i] - mean) / (sqrt(var) + 1e-6), 0, 1e-15);
    dapo_advantages(a, r, 4, 0);
    for (int i = 0; i < 4; i++)
        T_NEAR(a[i], r[i] - mean, 0, 1e-15);
    dapo_advantages(a, &one, 1, 1);
    T_CHECK(a[0] == 0);
}

/* All n advantages are +0, divided by the spread or not. */
static int all_zero(const double *reward, int n)
{
    static double a[1024];

    for (int by_std = 0; by_std < 2; by_std++) {
        dapo_advantages(a, reward, n, by_std);
        for (int i = 0; i < n; i++)
            if (a[i] != 0 || signbit(a[i]))
                return 0;
    }
    return 1;
}

static void equal_rewards_have_no_advantage(void)
{
    static const int sizes[] = {1, 2, 3, 7, 8, 31, 32, 33, 1023, 1024};
    static double v[1024];
    struct rng r;

    rng_init(&r, 3, 3);
    for (int i = 0; i < 20000; i++) {
        int n = i % 10 == 9 ? sizes[rng_below(&r, 10)]
                            : 1 + (int)rng_below(&r, 16);
        double x = ldexp(2 * rng_double(&r) - 1, (int)rng_below(&r, 200) - 100);

        if (i % 3 == 0) /* a decimal of few digits */
            x = ((double)rng_below(&r, 2001) - 1000) /
                pow(10, (double)rng_below(&r, 4));
        for (int k = 0; k < n; k++)
            v[k] = x;
        T_CHECKF(all_zero(v, n), "%d times %.17g", n, x);
    }
}

/* What a sum or a product of few terms gives in another order: up to two units
 * in the last place to either side. */
static void rewards_equal_up_to_rounding_have_no_advantage(void)
{
    const double a[] = {0.3, 0.1 + 0.2, 0.3};
    const double b[] = {-1.1, -1 - 0.1, -1.1, 0.4 - 1.5};
    static double v[1024];
    struct rng r;

    T_CHECK(a[1] != a[0] && all_zero(a, 3));
    T_CHECK(all_zero(b, 4));
    rng_init(&r, 4, 4);
    for (int i = 0; i < 5000; i++) {
        int n = i % 50 == 0 ? 1024 : 2 + (int)rng_below(&r, 32);
        double x = ldexp(2 * rng_double(&r) - 1, (int)rng_below(&r, 200) - 100);

        for (int k = 0; k < n; k++) {
            v[k] = x;
            for (unsigned j = rng_below(&r, 3); j; j--)
                v[k] = nextafter(v[k],
                                 k % 2 ? (double)INFINITY : -(double)INFINITY);
        }
        T_CHECKF(all_zero(v, n), "%d values about %.17g", n, x);
    }
}

static void a_small_difference_is_kept(void)
{
    static const double scale[] = {1, 1e6, 1e-9, 1e-100, 1e20};
    double v[1024], a[1024];

    for (int s = 0; s < 5; s++)
        for (int n = 2; n <= 1024; n *= 2) {
            /* ten units in the last place, or so */
            double d = scale[s] * 2.5e-15;
            int k = n / 3;

            for (int i = 0; i < n; i++)
                v[i] = scale[s];
            v[k] = scale[s] + d;
            dapo_advantages(a, v, n, 0);
            /* the mean is rounded n times, to units of 2^-53 */
            T_NEAR(a[k] - a[k ? 0 : 1], d, 1e-15 * scale[s], 0);
            T_CHECKF(a[k] > 0, "%d at scale %g: %g", n, scale[s], a[k]);
        }
    v[0] = 1e6;
    v[1] = 1e6 + 1e-9;
    dapo_advantages(a, v, 2, 1);
    T_CHECK(a[0] < 0 && a[1] > 0);
}

static void exp_is_within_two_ulp(void)
{
    struct rng r;

    rng_init(&r, 2, 2);
    for (int i = 0; i < 100000; i++) {
        double x = 1400 * rng_double(&r) - 700;
        long double want = expl((long double)x);

        /* 2 ulp = 2 * 2^-52 */
        T_CHECKF(fabsl((long double)dapo_exp(x) - want) <= 4.5e-16L * want,
                 "exp(%.17g) = %.17g", x, dapo_exp(x));
    }
    T_CHECK(dapo_exp(0) == 1 && isnan(dapo_exp(NAN)));
    T_CHECK(isinf(dapo_exp(1e4)) && dapo_exp(-1e4) == 0);
}

int main(void)
{
    T_RUN(loss_and_gradient_match_the_formulas);
    T_RUN(each_clip_is_counted_where_it_acts);
    T_RUN(equal_policies_give_minus_the_advantage);
    T_RUN(a_nan_reaches_the_gradient);
    T_RUN(advantages_are_normalised_by_the_group);
    T_RUN(equal_rewards_have_no_advantage);
    T_RUN(rewards_equal_up_to_rounding_have_no_advantage);
    T_RUN(a_small_difference_is_kept);
    T_RUN(exp_is_within_two_ulp);
    T_DONE();
}
