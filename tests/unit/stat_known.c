/* stat_known - closed forms, edges, and experiments whose truth is known */
#include "../../lib/base/rng.h"
#include "../../lib/stat/describe.h"
#include "../../lib/stat/dist.h"
#include "../../lib/stat/evaluate.h"
#include "../../lib/stat/exchange.h"
#include "../../lib/stat/meansquares.h"
#include "../../lib/stat/power.h"
#include "../../lib/stat/ttest.h"
#include "../../lib/stat/vartest.h"
#include "t.h"

static void normals(struct rng *g, double *x, size_t n, double mean, double sd)
{
    for (size_t i = 0; i < n; i++)
        x[i] = mean + sd * rng_normal(g);
}

static void an_interval_and_its_test_agree(void)
{
    double x[] = {0.31, 0.36, 0.35, 0.29, 0.33};
    double y[] = {0.30, 0.32, 0.34, 0.31, 0.30};
    struct ttest w = ttest_welch(x, 5, y, 5, 0.95);
    struct tost a = ttest_tost(x, 5, y, 5, 0.02);
    /* with the margin at the far end of the 90% interval, TOST's p is 5% */
    double m = fmax(fabs(a.diff.lo), fabs(a.diff.hi));

    T_NEAR((w.lo + w.hi) / 2, w.est, 1e-15, 0);
    T_CHECK((w.p < 0.05) == (w.lo > 0 || w.hi < 0));
    T_NEAR(ttest_tost(x, 5, y, 5, m).p, 0.05, 1e-12, 0);
    T_NEAR(w.p_greater + w.p_less, 1, 1e-15, 0);
}

static void degenerate_means_say_why(void)
{
    double c[] = {0.5, 0.5, 0.5}, d[] = {0.25, 0.25, 0.25};
    struct ttest r = ttest_welch(c, 3, d, 3, 0.95);

    T_EQ_STR(r.why, "zero variance in both arms");
    T_NEAR(r.est, 0.25, 0, 0);
    T_CHECK(r.p == 0 && r.lo == 0 && r.t == 0);
    T_EQ_STR(ttest_welch(c, 0, d, 3, 0.95).why, "no values in an arm");
    T_EQ_STR(ttest_welch(c, 1, d, 3, 0.95).why, "only one value in an arm");
    T_EQ_STR(ttest_one(c, 0, 0.95).why, "no values");
    T_EQ_STR(ttest_one(c, 1, 0.95).why, "only one value");
    T_EQ_STR(ttest_one(c, 3, 0.95).why, "zero variance");
    T_EQ_STR(ttest_paired(c, d, 3, 0.95).why, "zero variance");
    T_EQ_STR(ttest_tost(c, 3, d, 3, 0.02).why, "zero variance in both arms");
    d[0] = 0.3; /* one arm with variance is enough */
    T_CHECK(!ttest_welch(c, 3, d, 3, 0.95).why);
}

static void degenerate_variances_say_why(void)
{
    double c[] = {0.1, 0.1, 0.1}, d[] = {0.1, 0.2, 0.4};
    double e[] = {0.1, 0.2}, f[] = {0.5, 0.9};

    T_EQ_STR(vartest_f(d, 3, c, 3, 0.95).why, "zero variance in one arm");
    T_EQ_STR(vartest_f(c, 3, c, 3, 0.95).why, "zero variance in both arms");
    T_EQ_STR(vartest_f(c, 1, d, 3, 0.95).why,
             "fewer than two values in an arm");
    T_CHECK(vartest_f(d, 3, c, 3, 0.95).var_x > 0);
    T_EQ_STR(vartest_chi2(c, 3, 0.95).why, "zero variance");
    T_EQ_STR(vartest_brown_forsythe(c, 3, c, 3).why,
             "zero variance in both arms");
    T_EQ_STR(vartest_brown_forsythe(e, 2, f, 2).why,
             "no spread of the deviations within the arms");
}

/* Sign patterns counted one by one, another way than exchange_test. */
static double count_patterns(const double *d, size_t n, int greater)
{
    double observed = 0;
    int hits = 0;

    for (size_t i = 0; i < n; i++)
        observed += d[i];
    for (unsigned m = 0; m < 1u << n; m++) {
        double s = 0;

        for (size_t i = 0; i < n; i++)
            s += m >> i & 1 ? -d[i] : d[i];
        hits += greater ? s >= observed - 1e-12 : s <= observed + 1e-12;
    }
    return (double)hits / (double)(1u << n);
}

static void exchange_counts_all_sign_patterns(void)
{
    double d[14], same[5] = {1, 1, 1, 1, 1};
    struct rng g;

    rng_init(&g, 3, 0);
    for (size_t n = 1; n <= 14; n++) {
        struct exchange x;

        normals(&g, d, n, 0.2, 1);
        x = exchange_test(d, n, 1);
        T_CHECK(x.exact);
        T_NEAR(x.p_greater, count_patterns(d, n, 1), 1e-15, 0);
        T_NEAR(x.p_less, count_patterns(d, n, 0), 1e-15, 0);
    }
    /* equal differences: only the pattern itself is as large */
    T_NEAR(exchange_test(same, 5, 1).p_greater, exchange_least_p(5), 0, 0);
    T_NEAR(exchange_test(same, 5, 1).p_less, 1, 0, 0);
    T_EQ_STR(exchange_test(d, 0, 1).why, "no pairs");
    same[0] = same[1] = 0;
    T_EQ_STR(exchange_test(same, 2, 1).why, "no difference in any pair");
}

static void random_patterns_are_close_to_all_of_them(void)
{
    double d[21];
    struct exchange all, some;
    struct rng g;

    rng_init(&g, 4, 0);
    normals(&g, d, 20, 0.3, 1);
    d[20] = 1e-9; /* one pair more, which decides nothing */
    all = exchange_test(d, 20, 9);
    some = exchange_test(d, 21, 9);
    T_CHECK(all.exact && !some.exact);
    T_NEAR(some.p_greater, all.p_greater, 5 * sqrt(0.25 / EXCHANGE_DRAWS), 0);
    T_CHECK(some.p_greater == exchange_test(d, 21, 9).p_greater);
    T_NEAR(exchange_least_p(21), 1 / (EXCHANGE_DRAWS + 1.0), 0, 0);
}

static void paired_equivalence_is_that_of_the_differences(void)
{
    double x[] = {0.31, 0.36, 0.35, 0.29, 0.33};
    double y[] = {0.30, 0.36, 0.34, 0.30, 0.32};
    struct tost a = ttest_tost_paired(x, y, 5, 0.02);
    struct ttest p = ttest_paired(x, y, 5, 0.90);
    double m = fmax(fabs(a.diff.lo), fabs(a.diff.hi));

    T_NEAR(a.diff.est, p.est, 0, 0);
    T_NEAR(a.diff.hi, p.hi, 0, 0);
    T_NEAR(ttest_tost_paired(x, y, 5, m).p, 0.05, 1e-12, 0);
    T_EQ_STR(ttest_tost_paired(x, y, 1, 0.02).why, "only one value");
}

static void variance_ratio_20_is_found_with_20_seeds(void)
{
    double x[20 * 6], y[20 * 6];
    struct rng g;

    rng_init(&g, 5, 0);
    normals(&g, x, 120, 0.3, sqrt(20) * 0.01);
    normals(&g, y, 120, 0.3, 0.01);
    T_CHECK(vartest_f(x, 20, y, 20, 0.95).p_greater < 1e-4);
    T_CHECK(vartest_brown_forsythe(x, 20, y, 20).p_greater < 1e-3);
    T_CHECK(vartest_f(y, 20, x, 20, 0.95).p_greater > 0.999);
}

/* Under equal variances the one-sided tests reject 5% of the time, and under
 * equal means TOST with the margin at its own power rejects as computed. */
static void tests_hold_their_level(void)
{
    enum { N = 2000, EVERY = 8, M = N / EVERY };
    int f_ = 0, exchange = 0, welch = 0, tost = 0;
    double x[5], y[5], d[5];
    struct rng g;

    rng_init(&g, 6, 0);
    for (int i = 0; i < N; i++) {
        normals(&g, x, 5, 0, 1);
        normals(&g, y, 5, 0, 1);
        double r = desc_var(x, 5) / desc_var(y, 5);
        f_ += r > 6.388232908695868;
        if (i % EVERY)
            continue;
        for (int k = 0; k < 5; k++)
            d[k] = x[k] - y[k];
        exchange += exchange_test(d, 5, 1).p_greater <= 0.0625;
        welch += ttest_welch(x, 5, y, 5, 0.95).p < 0.05;
        tost += ttest_tost(x, 5, y, 5, 2).p < 0.05;
    }
    /* 4 standard errors of a proportion of 5% in N or M trials; for TOST, of
     * one near 70% */
    T_NEAR((double)f_ / N, 0.05, 0.02, 0);
    T_NEAR((double)exchange / M, 0.0625, 0.062, 0);
    T_NEAR((double)welch / M, 0.045, 0.055, 0);
    T_NEAR((double)tost / M, power_tost(2, sqrt(0.4), 8, 0.05), 0.12, 0);
}

/* The search by halves finds what trying one number after the other does. */
static void least_pairs_are_the_first_with_the_power(void)
{
    enum { MOST = 100 };

    for (double sd = 0.1; sd < 6; sd *= 1.5) {
        size_t n = 2;

        while (n <= MOST &&
               power_tost(1, sd / sqrt((double)n), (double)n - 1, 0.05) < 0.8)
            n++;
        T_EQ_INT(power_tost_pairs(1, sd, 0.05, 0.8, MOST), n > MOST ? 0 : n);
    }
    T_EQ_INT(power_tost_pairs(1, 0, 0.05, 0.8, MOST), 2);
}

static void holm_leaves_out_what_was_not_computed(void)
{
    double p[] = {0.01, -1, 0.04}, a[3];

    power_holm(p, 3, a);
    T_NEAR(a[0], 0.02, 1e-15, 0);
    T_NEAR(a[1], -1, 0, 0);
    T_NEAR(a[2], 0.04, 1e-15, 0);
}

static void accuracy_and_its_errors_are_the_closed_forms(void)
{
    int64_t c[] = {4, 0, 2}, k[] = {4, 4, 4};
    struct eval_score s = eval_score(c, k, 3);
    double vq, noise = (0.5 * 0.5) / 3 / 3;

    T_NEAR(s.j, 0.5, 1e-15, 0);
    /* Var_q/n + mean p(1-p)/(nK), both estimated without bias */
    vq = 0.25 - noise;
    T_NEAR(s.se, sqrt(vq / 3 + noise / 3), 1e-15, 0);
    T_NEAR(s.var_eval, 0.25 / 3 / 9, 1e-15, 0);
    k[1] = 1;
    T_EQ_STR(eval_score(c, k, 3).var_eval_why, "one sample of a question");
    T_EQ_STR(eval_score(c, k, 1).se_why, "one question");
    T_EQ_STR(eval_score(c, k, 0).se_why, "no questions");
}

/* Over many simulated evaluations the estimated variances match the actual. */
static void sampling_noise_is_estimated_without_bias(void)
{
    enum { N = 4000, Q = 12, K = 3 };
    double p[Q], j[N], fixed = 0;
    int64_t c[Q], k[Q];
    struct rng g;

    rng_init(&g, 7, 0);
    for (int q = 0; q < Q; q++) {
        p[q] = rng_double(&g);
        k[q] = K;
    }
    for (int i = 0; i < N; i++) {
        for (int q = 0; q < Q; q++) {
            c[q] = 0;
            for (int s = 0; s < K; s++)
                c[q] += rng_double(&g) < p[q];
        }
        struct eval_score s = eval_score(c, k, Q);
        j[i] = s.j;
        fixed += s.var_eval / N;
    }
    /* a variance of 4000 values is known to 2.3%: 5 of those */
    T_NEAR(desc_var(j, N), fixed, 0, 0.12);
}

static void a_clustered_mean_of_equal_clusters_is_the_plain_one(void)
{
    double s[] = {1, 2, 4, 5}, w[] = {1, 1, 1, 1};
    double big[] = {3, 6, 12, 15}, three[] = {3, 3, 3, 3};
    struct eval_ratio r = eval_ratio(s, w, 4), t = eval_ratio(big, three, 4);

    T_NEAR(r.est, 3, 1e-15, 0);
    T_NEAR(r.se, desc_sd(s, 4) / 2, 1e-15, 0);
    T_NEAR(t.se, r.se, 1e-15, 0); /* more tokens of the same are no news */
    T_EQ_STR(eval_ratio(s, w, 1).se_why, "one question");
    T_EQ_STR(eval_ratio(s, w, 0).why, "nothing to average");
}

/* A mean square of df degrees whose expectation is 1. */
static double mean_square(struct rng *g, int df)
{
    double s = 0;

    for (int i = 0; i < df; i++) {
        double z = rng_normal(g);

        s += z * z;
    }
    return s / df;
}

/* Two added, two subtracted, at three sizes of the component. */
static void intervals_of_components_cover(void)
{
    enum { N = 1500 };
    const double truth[] = {0, 0.5, 4};
    struct rng g;

    rng_init(&g, 11, 0);
    for (int i = 0; i < 3; i++) {
        double top = truth[i] + 1 + 0.5 / 3;
        int covered = 0;

        for (int k = 0; k < N; k++) {
            struct mean_square m[] = {{1, top * mean_square(&g, 9), 9},
                                      {-1, mean_square(&g, 9), 9},
                                      {-1.0 / 3, 1.5 * mean_square(&g, 20), 20},
                                      {1.0 / 3, mean_square(&g, 20), 20}};
            struct component c = component_of(m, 4, 0.95);

            covered += c.lo <= truth[i] && truth[i] <= c.hi;
        }
        /* 2 points, and two errors of N */
        T_NEAR((double)covered / N, 0.95, 0.02 + 0.011, 0);
    }
}

/* One mean square alone has the chi-square interval of its variance. */
static void a_component_of_one_mean_square_is_chi_square(void)
{
    double x[] = {0.31, 0.36, 0.35, 0.29, 0.33};
    struct mean_square m = {1, desc_var(x, 5), 4};
    struct component c = component_of(&m, 1, 0.95);
    struct vartest_ci v = vartest_chi2(x, 5, 0.95);

    T_NEAR(c.lo, v.lo, 0, 1e-12);
    T_NEAR(c.hi, v.hi, 0, 1e-12);
    m.value = 0;
    T_EQ_STR(component_of(&m, 1, 0.95).why, "zero variance");
}

enum { ROWS = 20, COLUMNS = 7 };

/* Normal values whose columns correlate by rho, less the columns' means. */
static void draw_rows(struct rng *g, double rho, double x[ROWS * COLUMNS])
{
    for (int i = 0; i < ROWS; i++) {
        double all = rng_normal(g);

        for (int k = 0; k < COLUMNS; k++)
            x[i * COLUMNS + k] = sqrt(rho) * all +
                                 sqrt(1 - rho) * rng_normal(g);
    }
    for (int k = 0; k < COLUMNS; k++) {
        double sum = 0;

        for (int i = 0; i < ROWS; i++)
            sum += x[i * COLUMNS + k] / ROWS;
        for (int i = 0; i < ROWS; i++)
            x[i * COLUMNS + k] -= sum;
    }
}

static void columns_alike_have_the_degrees_of_one(void)
{
    double x[ROWS * COLUMNS];
    struct rng g;

    rng_init(&g, 12, 0);
    draw_rows(&g, 1, x);
    T_NEAR(mean_square_df(x, ROWS, COLUMNS, ROWS - 1), ROWS - 1, 1e-9, 0);
    T_NEAR(mean_square_df(x, ROWS * COLUMNS, 1, 19), 19, 0, 0);
    memset(x, 0, sizeof x);
    T_NEAR(mean_square_df(x, ROWS, COLUMNS, ROWS - 1), ROWS - 1, 0, 0);
}

static void intervals_of_mean_variances_cover(void)
{
    enum { N = 1500 };
    const double rho[] = {0, 0.5, 0.9};
    struct rng g;

    rng_init(&g, 13, 0);
    for (int i = 0; i < 3; i++) {
        int covered = 0;

        for (int k = 0; k < N; k++) {
            double x[ROWS * COLUMNS], sum = 0;
            struct mean_square m = {1, 0, 0};
            struct component c;

            draw_rows(&g, rho[i], x);
            for (int j = 0; j < ROWS * COLUMNS; j++)
                sum += x[j] * x[j];
            m.value = sum / (ROWS - 1) / COLUMNS;
            m.df = mean_square_df(x, ROWS, COLUMNS, ROWS - 1);
            c = component_of(&m, 1, 0.95);
            covered += c.lo <= 1 && 1 <= c.hi;
        }
        /* 2 points, and two errors of N */
        T_NEAR((double)covered / N, 0.95, 0.02 + 0.011, 0);
    }
}

static void order_of_values_changes_no_bit(void)
{
    double x[] = {0.1, 0.7, 0.3, 0.25, 1e-9};
    double y[] = {0.3, 1e-9, 0.25, 0.1, 0.7};

    T_CHECK(desc_mean(x, 5) == desc_mean(y, 5));
    T_CHECK(desc_var(x, 5) == desc_var(y, 5));
    T_CHECK(desc_iqm(x, 5) == desc_iqm(y, 5));
}

static void quantiles_meet_their_tails(void)
{
    static const double q[] = {1e-9, 0.01, 0.3, 0.7, 0.999};

    for (size_t i = 0; i < 5; i++) {
        T_NEAR(dist_normal_sf(dist_normal_isf(q[i])), q[i], 0, 1e-12);
        T_NEAR(dist_t_sf(dist_t_isf(q[i], 3.5), 3.5), q[i], 0, 1e-12);
        T_NEAR(dist_f_sf(dist_f_isf(q[i], 4, 9), 4, 9), q[i], 0, 1e-12);
        T_NEAR(dist_chi2_sf(dist_chi2_isf(q[i], 7), 7), q[i], 0, 1e-12);
    }
    T_NEAR(dist_t_cdf(-INFINITY, 4), 0, 0, 0);
    T_NEAR(dist_f_sf(-1, 4, 4), 1, 0, 0);
}

int main(void)
{
    T_RUN(an_interval_and_its_test_agree);
    T_RUN(degenerate_means_say_why);
    T_RUN(degenerate_variances_say_why);
    T_RUN(exchange_counts_all_sign_patterns);
    T_RUN(random_patterns_are_close_to_all_of_them);
    T_RUN(paired_equivalence_is_that_of_the_differences);
    T_RUN(variance_ratio_20_is_found_with_20_seeds);
    T_RUN(tests_hold_their_level);
    T_RUN(least_pairs_are_the_first_with_the_power);
    T_RUN(holm_leaves_out_what_was_not_computed);
    T_RUN(accuracy_and_its_errors_are_the_closed_forms);
    T_RUN(sampling_noise_is_estimated_without_bias);
    T_RUN(a_clustered_mean_of_equal_clusters_is_the_plain_one);
    T_RUN(intervals_of_components_cover);
    T_RUN(a_component_of_one_mean_square_is_chi_square);
    T_RUN(columns_alike_have_the_degrees_of_one);
    T_RUN(intervals_of_mean_variances_cover);
    T_RUN(order_of_values_changes_no_bit);
    T_RUN(quantiles_meet_their_tails);
    T_DONE();
}
