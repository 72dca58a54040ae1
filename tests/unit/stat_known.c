/* stat_known - closed forms, edges, and experiments whose truth is known */
#include "../../lib/base/rng.h"
#include "../../lib/stat/boot.h"
#include "../../lib/stat/describe.h"
#include "../../lib/stat/dist.h"
#include "../../lib/stat/evaluate.h"
#include "../../lib/stat/power.h"
#include "../../lib/stat/ttest.h"
#include "../../lib/stat/vartest.h"
#include "t.h"

static void normals(struct rng *g, double *x, size_t n, double mean, double sd)
{
    for (size_t i = 0; i < n; i++)
        x[i] = mean + sd * rng_normal(g);
}

static void power_of_the_f_test_is_the_table_of_science_7(void)
{
    static const struct { size_t n; double ratio; } row[] = {
        { 5, 15.9 }, { 8, 7.4 }, { 10, 5.7 }, { 15, 3.9 }, { 20, 3.2 },
    };

    for (size_t i = 0; i < 5; i++) {
        double r = power_f_ratio(row[i].n, row[i].n, 0.05, 0.8);

        T_NEAR(r, row[i].ratio, 0.05, 0); /* the table has one decimal */
        T_NEAR(power_f(r, row[i].n, row[i].n, 0.05), 0.8, 1e-9, 0);
    }
    T_NEAR(power_f(1, 5, 5, 0.05), 0.05, 1e-12, 0);
}

static void an_interval_and_its_test_agree(void)
{
    double x[] = { 0.31, 0.36, 0.35, 0.29, 0.33 };
    double y[] = { 0.30, 0.32, 0.34, 0.31, 0.30 };
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
    double c[] = { 0.5, 0.5, 0.5 }, d[] = { 0.25, 0.25, 0.25 };
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
    double c[] = { 0.1, 0.1, 0.1 }, d[] = { 0.1, 0.2, 0.4 };
    double e[] = { 0.1, 0.2 }, f[] = { 0.5, 0.9 };

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
    T_EQ_STR(vartest_permutation(c, 3, c, 3, 1).why,
             "zero variance in both arms");
    T_CHECK(!vartest_permutation(c, 3, d, 3, 1).why);
    T_EQ_STR(vartest_pitman_morgan(c, d, 3).why, "zero variance in one arm");
    T_EQ_STR(vartest_pitman_morgan(d, d, 3).why,
             "sums or differences of the pairs do not vary");
    T_EQ_STR(vartest_pitman_morgan(e, f, 2).why, "fewer than three pairs");
}

static void degenerate_bootstraps_say_why(void)
{
    double c[] = { 0.1, 0.1, 0.1 }, d[] = { 0.1, 0.2, 0.4 };

    T_EQ_STR(boot_log_var_ratio(d, 3, c, 3, 1, 0.95, 1).why,
             "every task has zero variance in an arm");
    T_EQ_STR(boot_log_var_ratio(d, 3, c, 3, 0, 0.95, 1).why, "no tasks");
    T_EQ_STR(boot_iqm(d, 1, 1, 0.95, 1).why, "only one seed");
    T_EQ_STR(boot_iqm(d, 0, 1, 0.95, 1).why, "no values");
    T_NEAR(boot_iqm(c, 3, 1, 0.95, 1).hi, 0.1, 1e-16, 0);
    T_NEAR(boot_improvement(c, 3, c, 3, 1, 0.95, 1).est, 0.5, 0, 0);
    T_NEAR(boot_improvement(d + 1, 2, c, 3, 1, 0.95, 1).lo, 1, 0, 0);
}

static void exact_permutation_counts_all_252_splits(void)
{
    /* x has all the spread: only the split that moves nothing, and those that
     * trade a zero for a zero, are as extreme. */
    double x[] = { -2, -1, 0, 1, 2 }, y[] = { 0, 0, 0, 0, 0 };
    struct vartest_perm r = vartest_permutation(x, 5, y, 5, 1);

    T_EQ_INT(r.n_splits, 252);
    T_CHECK(r.exact);
    T_NEAR(r.p_greater, 6.0 / 252, 1e-15, 0); /* 4 fixed, 1 of 6 zeros */
    T_NEAR(r.p_less, 1, 1e-15, 0);
}

static void random_permutation_is_close_to_the_exact_one(void)
{
    double x[12], y[12];
    struct rng g;
    struct vartest_perm r, again;

    rng_init(&g, 3, 0);
    normals(&g, x, 12, 0, 1.5);
    normals(&g, y, 12, 0, 1);
    r = vartest_permutation(x, 12, y, 12, 9); /* C(24,12) = 2.7 million */
    again = vartest_permutation(x, 12, y, 12, 9);
    T_CHECK(!r.exact);
    T_EQ_INT(r.n_splits, VARTEST_DRAWS);
    T_CHECK(r.p_greater == again.p_greater);
    /* another seed: both are within 5 standard errors of the same p */
    T_NEAR(r.p_greater, vartest_permutation(x, 12, y, 12, 10).p_greater,
           5 * sqrt(0.5 / VARTEST_DRAWS), 0);
}

static void tasks_of_a_seed_move_together(void)
{
    /* Three copies of one task know no more than one. */
    double x[15], y[15], one;
    struct rng g;

    rng_init(&g, 4, 0);
    normals(&g, x, 5, 0, 3);
    normals(&g, y, 5, 0, 1);
    for (int k = 1; k < 3; k++) {
        memcpy(x + 5 * k, x, 5 * sizeof *x);
        memcpy(y + 5 * k, y, 5 * sizeof *y);
    }
    one = vartest_permutation(x, 5, y, 5, 1).p_greater;
    T_NEAR(vartest_permutation_tasks(x, 5, y, 5, 3, 1).p_greater, one, 0, 0);
    T_NEAR(boot_log_var_ratio(x, 5, y, 5, 3, 0.9, 1).hi,
           boot_log_var_ratio(x, 5, y, 5, 1, 0.9, 1).hi, 1e-12, 0);
}

static void variance_ratio_20_is_found_with_20_seeds(void)
{
    double x[20 * 6], y[20 * 6];
    struct rng g;
    struct boot b;

    rng_init(&g, 5, 0);
    normals(&g, x, 120, 0.3, sqrt(20) * 0.01);
    normals(&g, y, 120, 0.3, 0.01);
    b = boot_log_var_ratio(x, 20, y, 20, 6, 0.95, 1);
    T_EQ_INT(b.n_tasks, 6);
    T_CHECK(b.lo > 0 && b.lo < log(20) + 0.4 && b.hi > log(20) - 0.4);
    T_CHECK(vartest_f(x, 20, y, 20, 0.95).p_greater < 1e-4);
    T_CHECK(vartest_permutation(x, 20, y, 20, 1).p_greater < 1e-3);
    T_CHECK(vartest_permutation_tasks(x, 20, y, 20, 6, 1).p_greater < 1e-3);
    T_CHECK(vartest_brown_forsythe(x, 20, y, 20).p_greater < 1e-3);
    T_CHECK(vartest_pitman_morgan(x, y, 20).p_greater < 1e-4);
    T_CHECK(vartest_f(y, 20, x, 20, 0.95).p_greater > 0.999);
}

/* Under equal variances the one-sided tests reject 5% of the time, and under
 * equal means TOST with the margin at its own power rejects as computed. */
static void tests_hold_their_level(void)
{
    enum { N = 2000, EVERY = 8, M = N / EVERY };
    int f_ = 0, perm = 0, welch = 0, tost = 0;
    double x[5], y[5];
    struct rng g;

    rng_init(&g, 6, 0);
    for (int i = 0; i < N; i++) {
        normals(&g, x, 5, 0, 1);
        normals(&g, y, 5, 0, 1);
        double r = desc_var(x, 5) / desc_var(y, 5);
        f_ += r > 6.388232908695868;
        if (i % EVERY)
            continue;
        perm += vartest_permutation(x, 5, y, 5, 1).p_greater <= 0.05;
        welch += ttest_welch(x, 5, y, 5, 0.95).p < 0.05;
        tost += ttest_tost(x, 5, y, 5, 2).p < 0.05;
    }
    /* 4 standard errors of a proportion of 5% in N or M trials; for TOST, of
     * one near 70% */
    T_NEAR((double)f_ / N, 0.05, 0.02, 0);
    T_NEAR((double)perm / M, 0.05, 0.055, 0);
    T_NEAR((double)welch / M, 0.045, 0.055, 0);
    T_NEAR((double)tost / M, power_tost(2, sqrt(0.4), 8, 0.05), 0.12, 0);
}

static void tost_needs_fewer_seeds_for_a_wider_margin(void)
{
    size_t n = power_tost_n(0.02, 0.02, 0.05, 0.8);

    T_CHECK(n > 10 && n < 30); /* about 2 (z.05 + z.10)^2 = 17 */
    T_CHECK(power_tost(0.02, 0.02 * sqrt(2.0 / (double)n), 2.0 * (double)n - 2,
                       0.05) >= 0.8);
    T_CHECK(power_tost(0.02, 0.02 * sqrt(2.0 / (double)(n - 1)),
                       2.0 * (double)n - 4, 0.05) < 0.8);
    T_CHECK(power_tost_n(0.04, 0.02, 0.05, 0.8) < n);
    T_EQ_INT(power_tost_n(0.0001, 0.5, 0.05, 0.8), 0);
    T_NEAR(power_tost(0.02, 0, 8, 0.05), 1, 0, 0);
}

static void holm_leaves_out_what_was_not_computed(void)
{
    double p[] = { 0.01, -1, 0.04 }, a[3];

    power_holm(p, 3, a);
    T_NEAR(a[0], 0.02, 1e-15, 0);
    T_NEAR(a[1], -1, 0, 0);
    T_NEAR(a[2], 0.04, 1e-15, 0);
}

static void accuracy_and_its_errors_are_the_closed_forms(void)
{
    int64_t c[] = { 4, 0, 2 }, k[] = { 4, 4, 4 };
    struct eval_score s = eval_score(c, k, 3);
    double vq, noise = (0.5 * 0.5) / 3 / 3;

    T_NEAR(s.j, 0.5, 1e-15, 0);
    /* Var_q/n + mean p(1-p)/(nK), both estimated without bias */
    vq = 0.25 - noise;
    T_NEAR(s.se, sqrt(vq / 3 + noise / 3), 1e-15, 0);
    T_NEAR(s.var_eval, 0.25 / 3 / 9, 1e-15, 0);
    T_NEAR(eval_var_seed(0.01, 0.004), 0.006, 1e-15, 0);
    T_NEAR(eval_var_seed(0.01, 0.04), 0, 0, 0);
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
    double s[] = { 1, 2, 4, 5 }, w[] = { 1, 1, 1, 1 };
    double big[] = { 3, 6, 12, 15 }, three[] = { 3, 3, 3, 3 };
    struct eval_ratio r = eval_ratio(s, w, 4), t = eval_ratio(big, three, 4);

    T_NEAR(r.est, 3, 1e-15, 0);
    T_NEAR(r.se, desc_sd(s, 4) / 2, 1e-15, 0);
    T_NEAR(t.se, r.se, 1e-15, 0); /* more tokens of the same are no news */
    T_EQ_STR(eval_ratio(s, w, 1).se_why, "one question");
    T_EQ_STR(eval_ratio(s, w, 0).why, "nothing to average");
}

static void order_of_values_changes_no_bit(void)
{
    double x[] = { 0.1, 0.7, 0.3, 0.25, 1e-9 };
    double y[] = { 0.3, 1e-9, 0.25, 0.1, 0.7 };

    T_CHECK(desc_mean(x, 5) == desc_mean(y, 5));
    T_CHECK(desc_var(x, 5) == desc_var(y, 5));
    T_CHECK(desc_iqm(x, 5) == desc_iqm(y, 5));
}

static void quantiles_meet_their_tails(void)
{
    static const double q[] = { 1e-9, 0.01, 0.3, 0.7, 0.999 };

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
    T_RUN(power_of_the_f_test_is_the_table_of_science_7);
    T_RUN(an_interval_and_its_test_agree);
    T_RUN(degenerate_means_say_why);
    T_RUN(degenerate_variances_say_why);
    T_RUN(degenerate_bootstraps_say_why);
    T_RUN(exact_permutation_counts_all_252_splits);
    T_RUN(random_permutation_is_close_to_the_exact_one);
    T_RUN(tasks_of_a_seed_move_together);
    T_RUN(variance_ratio_20_is_found_with_20_seeds);
    T_RUN(tests_hold_their_level);
    T_RUN(tost_needs_fewer_seeds_for_a_wider_margin);
    T_RUN(holm_leaves_out_what_was_not_computed);
    T_RUN(accuracy_and_its_errors_are_the_closed_forms);
    T_RUN(sampling_noise_is_estimated_without_bias);
    T_RUN(a_clustered_mean_of_equal_clusters_is_the_plain_one);
    T_RUN(order_of_values_changes_no_bit);
    T_RUN(quantiles_meet_their_tails);
    T_DONE();
}
