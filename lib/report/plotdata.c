/* plotdata - columns of numbers for the gnuplot scripts, and params.gp
 *
 * Blocks for arms are divided by two blank lines (gnuplot's index), in the
 * order of params.gp's `arms`; an empty block would shift the others, so that
 * it has a line of NaN.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../base/file.h"
#include "../stat/describe.h"
#include "../stat/ttest.h"
#include "cells.h"
#include "sections.h"

static void divide(const struct report *r, struct buf *b, int arm)
{
    buf_printf(b, "%s# %s\n", arm ? "\n\n" : "", data_arm(r->d, arm));
}

static void fill(struct buf *b, size_t began)
{
    if (b->n == began)
        buf_puts(b, "NaN NaN NaN NaN\n");
}

/* step mean min max n */
static void reward(const struct report *r, struct buf *b)
{
    const struct data *d = r->d;

    buf_puts(b, "# step  mean reward  least and greatest seed  seeds\n");
    for (int a = 0; a < d->n_arms; a++) {
        int64_t step = -1, next;
        size_t began;

        divide(r, b, a);
        began = b->n;
        for (;; step = next) {
            double v[1024];
            size_t n = 0;

            next = INT64_MAX;
            for (size_t i = 0; i < d->n; i++) {
                const struct obs *o = &d->o[i];

                if (o->stream == METRICS && o->arm == d->arm[a] &&
                    o->step > step && o->step < next && o->has & 1u)
                    next = o->step;
            }
            if (next == INT64_MAX)
                break;
            for (size_t i = 0; i < d->n && n < 1024; i++) {
                const struct obs *o = &d->o[i];

                if (o->stream == METRICS && o->arm == d->arm[a] &&
                    !o->replicate && o->step == next && o->has & 1u)
                    v[n++] = o->v[M_REWARD];
            }
            if (n)
                buf_printf(b, "%lld %.6g %.6g %.6g %zu\n", (long long)next,
                           desc_mean(v, n), desc_min(v, n), desc_max(v, n), n);
        }
        fill(b, began);
    }
}

/* Two files: seeds (x, value) and means (x, mean, lo, hi); x = task + the
 * arm's place beside it. from_base: changes of J from the base under the same
 * evaluation stream. */
static void by_task(const struct report *r, enum stream st, int field,
                    int from_base, struct buf *dots, struct buf *means)
{
    const struct data *d = r->d;
    double width = 0.7 / d->n_arms;

    for (int a = 0; a < d->n_arms; a++) {
        size_t began[2];

        divide(r, dots, a);
        divide(r, means, a);
        began[0] = dots->n;
        began[1] = means->n;
        for (int k = 0; k < d->n_tasks; k++) {
            struct series s = from_base
                                  ? data_delta(d, d->arm[a], &d->task[k], 1)
                                  : data_series(d, st, d->arm[a], d->task[k],
                                                field);
            double x = k + width * (a - (d->n_arms - 1) / 2.0);
            struct ttest ci;

            for (size_t i = 0; i < s.n; i++) {
                double at =
                    x +
                    width * 0.5 *
                        ((s.n > 1 ? (double)i / (double)(s.n - 1) : 0.5) - 0.5);

                buf_printf(dots, "%.4f %.6g\n", at, s.v[i]);
            }
            ci = ttest_one(s.v, s.n, 0.95);
            if (s.n)
                buf_printf(means, "%.4f %.6g %.6g %.6g\n", x, ci.est,
                           ci.why ? ci.est : ci.lo, ci.why ? ci.est : ci.hi);
            series_free(&s);
        }
        fill(dots, began[0]);
        fill(means, began[1]);
    }
}

/* Those above 0; returns how many. */
static int floors(const struct report *r, struct buf *b)
{
    int n = 0;

    for (int a = 0; a < r->d->n_arms; a++) {
        size_t began;

        divide(r, b, a);
        began = b->n;
        for (int k = 0; k < r->d->n_tasks; k++) {
            double v;

            if (data_one(r->d, KLS, data_floor(r->d, a), r->d->task[k], K_TOKEN,
                         &v) &&
                v > 0) {
                buf_printf(b, "%d %.6g\n", k, v);
                n++;
            }
        }
        fill(b, began);
    }
    return n;
}

static int sparsity_line(const struct report *r, struct buf *b, int a,
                         enum scope scope, long which, const char *label)
{
    struct series s = data_weights(r->d, SPARSITIES, r->d->arm[a], scope, which,
                                   P_BF16);
    int found = s.n > 0;

    if (found)
        buf_printf(b, "%s %.6g %.6g %.6g\n", label, desc_mean(s.v, s.n),
                   desc_min(s.v, s.n), desc_max(s.v, s.n));
    series_free(&s);
    return found;
}

/* Does sparsity tell of the kind? */
static int has_kind(const struct data *d, long kind)
{
    for (size_t i = 0; i < d->n; i++)
        if (d->o[i].stream == SPARSITIES && d->o[i].scope == SCOPE_KIND &&
            d->o[i].kind == kind)
            return 1;
    return 0;
}

static void sparsity(const struct report *r, struct buf *layers,
                     struct buf *kinds)
{
    const struct data *d = r->d;
    long n_layers = data_layers(d, SPARSITIES);

    for (int a = 0; a < d->n_arms; a++) {
        size_t began[2];

        divide(r, layers, a);
        divide(r, kinds, a);
        began[0] = layers->n;
        began[1] = kinds->n;
        for (long i = 0; i < n_layers; i++)
            (void)sparsity_line(r, layers, a, SCOPE_LAYER, i,
                                num("%.0f", (double)i));
        for (size_t i = 0, at = 0; i < d->kinds.n; i++)
            if (has_kind(d, (long)i))
                (void)sparsity_line(r, kinds, a, SCOPE_KIND, (long)i,
                                    num("%.0f", (double)at++));
        fill(layers, began[0]);
        fill(kinds, began[1]);
    }
}

/* A word list that gnuplot's word() reads; underscores stay as they are
 * because the terminals run without enhanced text. */
static void params(const struct report *r, int n_floors, struct buf *b)
{
    const struct data *d = r->d;

    buf_puts(b, "arms = \"");
    for (int a = 0; a < d->n_arms; a++)
        buf_printf(b, "%s%s", a ? " " : "", data_arm(d, a));
    buf_printf(b, "\"\nn_arms = %d\ntasks = \"", d->n_arms);
    for (int k = 0; k < d->n_tasks; k++)
        buf_printf(b, "%s%s", k ? " " : "", data_task(d, k));
    buf_printf(b, "\"\nn_tasks = %d\nn_on = %d\n", d->n_tasks, d->n_on);
    buf_puts(b, "kinds = \"");
    for (size_t i = 0; i < d->kinds.n; i++)
        if (has_kind(d, (long)i))
            buf_printf(b, "%s ", d->kinds.v[i]);
    buf_printf(b, "\"\nhas_floor = %d\n", n_floors > 0);
    buf_printf(b,
               "has_scores = %d\nhas_kl = %d\nhas_sparsity = %d\n"
               "has_metrics = %d\n",
               data_count(d, SCORES) > 0, data_count(d, KLS) > 0,
               data_count(d, SPARSITIES) > 0, data_count(d, METRICS) > 0);
}

static int put(const char *dir, const char *name, struct buf *b, struct err *e)
{
    char path[4096];
    int r;

    snprintf(path, sizeof path, "%s/plots/%s", dir, name);
    r = file_put(path, b->p, b->n, e);
    buf_free(b);
    return r;
}

int plotdata_write(const struct report *r, const char *dir, struct err *e)
{
    enum {
        REWARD,
        J_DOTS,
        J_MEANS,
        KL_DOTS,
        KL_MEANS,
        KL_FLOOR,
        LAYERS,
        KINDS,
        PARAMS,
        N_FILES
    };
    static const char *const name[N_FILES] = {"reward.dat",
                                              "delta_j_seeds.dat",
                                              "delta_j.dat",
                                              "kl_seeds.dat",
                                              "kl.dat",
                                              "kl_floor.dat",
                                              "sparsity_layers.dat",
                                              "sparsity_kinds.dat",
                                              "params.gp"};
    struct buf b[N_FILES] = {0};
    int x = 0, n_floors;

    reward(r, &b[REWARD]);
    by_task(r, SCORES, S_J, 1, &b[J_DOTS], &b[J_MEANS]);
    by_task(r, KLS, K_TOKEN, 0, &b[KL_DOTS], &b[KL_MEANS]);
    n_floors = floors(r, &b[KL_FLOOR]);
    sparsity(r, &b[LAYERS], &b[KINDS]);
    params(r, n_floors, &b[PARAMS]);
    for (int i = 0; i < N_FILES; i++)
        if (x)
            buf_free(&b[i]);
        else
            x = put(dir, name[i], &b[i], e);
    return x;
}
