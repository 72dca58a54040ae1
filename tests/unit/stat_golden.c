/* stat_golden - lib/stat against scipy (tests/golden/stat, with its script)
 *
 * A line is NAME, arguments (numbers or samples in brackets), "=", expected
 * values. Tails agree to 1e-11 relative, which is what scipy's own series
 * are good for far out; tests on samples to 1e-9, since the samples' sums are
 * rounded in another order.
 */
#include "../../lib/stat/describe.h"
#include "../../lib/stat/dist.h"
#include "../../lib/stat/evaluate.h"
#include "../../lib/stat/exchange.h"
#include "../../lib/stat/mcnemar.h"
#include "../../lib/stat/power.h"
#include "../../lib/stat/ttest.h"
#include "../../lib/stat/vartest.h"
#include "t.h"

struct list {
    double v[64];
    size_t n;
};

static struct list arg[4], want;
static double got[64];
static size_t n_got;

#define A arg[0].v[0]
#define B arg[1].v[0]
#define C arg[2].v[0]
#define X arg[0].v, arg[0].n
#define Y arg[1].v, arg[1].n

static void put(double v)
{
    got[n_got++] = v;
}

static void normal(void)
{
    put(dist_normal_sf(A));
    put(dist_normal_cdf(A));
}

static void t(void)
{
    put(dist_t_sf(A, B));
    put(dist_t_cdf(A, B));
}

static void f(void)
{
    put(dist_f_sf(A, B, C));
    put(dist_f_cdf(A, B, C));
}

static void chi2(void)
{
    put(dist_chi2_sf(A, B));
    put(dist_chi2_cdf(A, B));
}

static void normal_isf(void)
{
    put(dist_normal_isf(A));
}

static void t_isf(void)
{
    put(dist_t_isf(A, B));
}

static void chi2_isf(void)
{
    put(dist_chi2_isf(A, B));
}

static void f_isf(void)
{
    put(dist_f_isf(A, B, C));
}

static void describe(void)
{
    put(desc_mean(X));
    put(desc_var(X));
    put(desc_median(X));
    put(desc_quantile(X, 0.1));
    put(desc_iqm(X));
}

static void t_test(const struct ttest r, int df)
{
    put(r.t);
    if (df)
        put(r.df);
    put(r.p);
    put(r.lo);
    put(r.hi);
}

static void one(void)
{
    t_test(ttest_one(X, 0.95), 0);
}

static void paired(void)
{
    t_test(ttest_paired(arg[0].v, arg[1].v, arg[0].n, 0.95), 0);
}

static void welch(void)
{
    t_test(ttest_welch(X, Y, 0.95), 1);
}

static void tost(void)
{
    struct tost r = ttest_tost(X, Y, C);

    put(r.p_lower);
    put(r.p_upper);
}

static void var_f(void)
{
    struct vartest_f r = vartest_f(X, Y, 0.95);

    put(r.ratio);
    put(r.p_greater);
    put(r.lo);
    put(r.hi);
}

static void var_ci(void)
{
    struct vartest_ci r = vartest_chi2(X, 0.95);

    put(r.lo);
    put(r.hi);
}

static void bf(void)
{
    struct vartest_bf r = vartest_brown_forsythe(X, Y);

    put(r.stat);
    put(r.p);
}

static void paired_differences(double *d)
{
    for (size_t i = 0; i < arg[0].n; i++)
        d[i] = arg[0].v[i] - arg[1].v[i];
}

static void exchange(void)
{
    double d[64];
    struct exchange r;

    paired_differences(d);
    r = exchange_test(d, arg[0].n, 1);
    put(r.p_greater);
    put(r.p_less);
}

static void tost_paired(void)
{
    struct tost r = ttest_tost_paired(arg[0].v, arg[1].v, arg[0].n, C);

    put(r.p_lower);
    put(r.p_upper);
}

static void mcnemar_(void)
{
    put(mcnemar((size_t)A, (size_t)B));
}

static void holm(void)
{
    power_holm(X, got);
    n_got = arg[0].n;
}

static void pass(void)
{
    put(eval_pass_at((int64_t)A, (int64_t)B, (int64_t)C));
}

static void tost_power(void)
{
    put(power_tost(A, B, C, 0.05));
}

static const struct row {
    const char *name;
    void (*fn)(void);
    double abs_, rel;
} rows[] = {
    {"normal", normal, 0, 1e-11},
    {"t", t, 0, 1e-11},
    {"f", f, 0, 1e-11},
    {"chi2", chi2, 0, 1e-11},
    {"normal_isf", normal_isf, 1e-15, 1e-12},
    {"t_isf", t_isf, 1e-15, 1e-10},
    {"chi2_isf", chi2_isf, 0, 1e-10},
    {"f_isf", f_isf, 0, 1e-10},
    {"describe", describe, 1e-15, 1e-12},
    {"one", one, 1e-14, 1e-9},
    {"paired", paired, 1e-14, 1e-9},
    {"welch", welch, 1e-14, 1e-9},
    {"tost", tost, 1e-14, 1e-9},
    {"var_f", var_f, 0, 1e-9},
    {"var_ci", var_ci, 0, 1e-9},
    {"bf", bf, 1e-14, 1e-9},
    {"exchange", exchange, 1e-15, 1e-12},
    {"mcnemar", mcnemar_, 1e-15, 1e-10},
    {"tost_paired", tost_paired, 0, 1e-9},
    {"holm", holm, 1e-15, 1e-12},
    {"pass", pass, 1e-15, 1e-12},
    /* simulated with 4e6 draws: standard error below 2.5e-4 */
    {"tost_power", tost_power, 1e-3, 0},
};

/* "0.5" or "[ 1 2 ]" */
static void read_list(char **s, struct list *l)
{
    char *word = strtok_r(*s, " \n", s);

    l->n = 0;
    if (*word != '[') {
        l->v[l->n++] = strtod(word, NULL);
        return;
    }
    while (*(word = strtok_r(*s, " \n", s)) != ']')
        l->v[l->n++] = strtod(word, NULL);
}

static void check_line(char *line, const struct row *r)
{
    char *at = strchr(line, ' ') + 1;
    int n = 0;

    while (*at && *at != '=')
        read_list(&at, &arg[n++]);
    at += 2;
    want.n = 0;
    while (*at && *at != '\n') {
        struct list l;

        read_list(&at, &l);
        for (size_t i = 0; i < l.n; i++)
            want.v[want.n++] = l.v[i];
    }
    n_got = 0;
    r->fn();
    T_EQ_INT(n_got, want.n);
    for (size_t i = 0; i < n_got; i++)
        T_CHECKF(fabs(got[i] - want.v[i]) <= r->abs_ + r->rel * fabs(want.v[i]),
                 "%s value %zu is %.17g, scipy says %.17g: %.60s...", r->name,
                 i, got[i], want.v[i], line);
}

static void check_row(const struct row *r)
{
    FILE *in = fopen("tests/golden/stat/golden.txt", "r");
    char line[4096], copy[4096];
    size_t n = strlen(r->name), seen = 0;

    T_CHECK(in);
    while (in && fgets(line, sizeof line, in)) {
        memcpy(copy, line, sizeof copy);
        if (!strncmp(line, r->name, n) && line[n] == ' ') {
            check_line(copy, r);
            seen++;
        }
    }
    T_CHECKF(seen > 0, "no golden line for %s", r->name);
    if (in)
        fclose(in);
}

int main(void)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char name[64];

        t_failed = 0;
        check_row(&rows[i]);
        snprintf(name, sizeof name, "%s_agrees_with_scipy", rows[i].name);
        printf(t_failed ? "not ok %s: %s\n" : "ok %s\n", name, t_why);
        t_any_failed |= t_failed > 0;
    }
    T_DONE();
}
