/* page_estimates - runs, components of variance, ratios and verdicts as JSON */
#include <math.h>
#include "../stat/vartest.h"
#include "estimate.h"
#include "page_impl.h"

static void member(struct buf *b, const char *name, int has, double v)
{
    buf_printf(b, ",\"%s\":", name);
    page_num(b, has ? v : NAN);
}

/* J, its change from the base and the KL of each run at each task. */
static void points(const struct data *d, struct buf *b)
{
    int first = 1;

    buf_puts(b, "\"points\":[");
    for (int a = 0; a < d->n_arms; a++)
        for (int k = 0; k < d->n_tasks; k++)
            for (size_t i = 0; i < d->n; i++) {
                const struct obs *o = &d->o[i];
                double base, kl;
                int has_base, has_kl;

                if (o->stream != SCORES || o->arm != d->arm[a] ||
                    o->task != d->task[k] || o->replicate ||
                    !(o->has & 1u << S_J))
                    continue;
                has_base = data_base(d, SCORES, o->task, o->seed, S_J, &base);
                has_kl = data_at(d, KLS, o->arm, o->task, o->seed, o->draw,
                                 K_TOKEN, &kl);
                page_comma(b, &first);
                buf_printf(b,
                           "{\"arm\":%d,\"task\":%d,\"seed\":%lld,"
                           "\"draw\":%lld",
                           a, k, (long long)o->seed, (long long)o->draw);
                member(b, "j", 1, o->v[S_J]);
                member(b, "dj", has_base, o->v[S_J] - base);
                member(b, "kl", has_kl, kl);
                buf_puts(b, "}\n");
            }
    buf_puts(b, "]");
}

static void components(const struct data *d, int arm, const char *name,
                       const long *t, int n, struct buf *b, int *first)
{
    struct components c = estimate_components(d, d->arm[arm], t, n);

    if (!n)
        return;
    page_comma(b, first);
    buf_printf(b, "{\"arm\":%d,\"tasks\":", arm);
    page_str(b, name);
    buf_printf(b, ",\"seeds\":%zu,\"draws\":%zu", c.n_seeds, c.n_draws);
    member(b, "total", c.has_total, 1e4 * c.total);
    member(b, "seed", c.has_seed, 1e4 * c.seed);
    member(b, "noise", c.has_noise, 1e4 * c.noise);
    member(b, "sampling", c.has_sampling, 1e4 * c.sampling);
    buf_puts(b, "}\n");
}

static void variance(const struct report *r, struct buf *b)
{
    const struct data *d = r->d;
    int first = 1;

    buf_puts(b, "\"variance\":[");
    for (int a = 0; a < d->n_arms && data_count(d, SCORES); a++) {
        components(d, a, "all on-tasks", d->task, d->n_on, b, &first);
        components(d, a, "off-tasks that count", r->v->off, r->v->n_off, b,
                   &first);
        for (int k = 0; k < d->n_tasks; k++)
            components(d, a, data_task(d, k), &d->task[k], 1, b, &first);
    }
    buf_puts(b, "]");
}

/* Variance over seeds by the reference's, task by task. */
static void ratios(const struct data *d, struct buf *b)
{
    int first = 1;

    buf_puts(b, "\"ratios\":[");
    for (int a = 0; a < d->n_arms; a++)
        for (int k = 0; k < d->n_tasks && a != d->reference; k++) {
            struct series x = data_series(d, SCORES, d->arm[a], d->task[k],
                                          S_J);
            struct series y = data_series(d, SCORES, d->arm[d->reference],
                                          d->task[k], S_J);
            struct vartest_f f = vartest_f(x.v, x.n, y.v, y.n, 0.95);

            if (!f.why) {
                page_comma(b, &first);
                buf_printf(b, "{\"arm\":%d,\"task\":%d", a, k);
                member(b, "ratio", 1, f.ratio);
                member(b, "lo", 1, f.lo);
                member(b, "hi", 1, f.hi);
                buf_puts(b, "}\n");
            }
            series_free(&x);
            series_free(&y);
        }
    buf_puts(b, "]");
}

static void findings(const struct report *r, struct buf *b)
{
    int first = 1;

    buf_puts(b, "\"findings\":[");
    for (int a = 0; a < r->d->n_arms; a++)
        for (int h = 0; h < N_HYPOTHESES && a != r->d->reference; h++) {
            const struct finding *f = verdicts_get(r->v, a, (enum hypothesis)h);

            page_comma(b, &first);
            buf_printf(b, "{\"arm\":%d,\"test\":\"%s\",\"word\":\"%s\"", a,
                       verdict_name((enum hypothesis)h), verdict_word(f->word));
            member(b, "est", f->has_est, f->est);
            member(b, "lo", f->has_lo, f->lo);
            member(b, "hi", f->has_hi, f->hi);
            buf_puts(b, "}\n");
        }
    buf_puts(b, "]");
}

void page_estimates(const struct report *r, struct buf *b)
{
    points(r->d, b);
    buf_puts(b, ",");
    variance(r, b);
    buf_puts(b, ",");
    ratios(r->d, b);
    buf_puts(b, ",");
    findings(r, b);
}
