/* verdict_records - one experiment after the other, a record a quantity */
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "estimate.h"
#include "verdict.h"
#include "verdict_power.h"
#include "verdict_records.h"

struct out {
    struct filter *f;
    struct rec *rec;
    const char *experiment; /* or NULL */
    int power;
};

static void begin(struct out *to, const char *quantity, const char *arm,
                  const char *task)
{
    rec_clear(to->rec);
    if (to->experiment)
        rec_set_str(to->rec, "experiment", to->experiment,
                    strlen(to->experiment));
    rec_set_str(to->rec, "quantity", quantity, strlen(quantity));
    if (arm)
        rec_set_str(to->rec, "arm", arm, strlen(arm));
    if (task)
        rec_set_str(to->rec, "task", task, strlen(task));
}

static void set_if(struct out *to, const char *field, int has, double v)
{
    if (has)
        rec_set_f64(to->rec, field, v);
}

static int write_finding(struct out *to, const struct verdicts *v,
                         const char *arm, enum hypothesis h, struct err *e)
{
    int i = (int)h;
    const struct finding *f = &v->v[i];
    const char *word = verdict_word(f->word);

    begin(to, verdict_name(h), arm, NULL);
    rec_set_str(to->rec, "word", word, strlen(word));
    rec_set_u64(to->rec, "seeds", f->n);
    if (f->why)
        rec_set_str(to->rec, "why", f->why, strlen(f->why));
    set_if(to, "estimate", f->has_est, f->est);
    set_if(to, "lo", f->has_lo, f->lo);
    set_if(to, "hi", f->has_hi, f->hi);
    set_if(to, "p_supported", !f->why, f->p_for);
    set_if(to, "p_contradicted", !f->why, f->p_against);
    set_if(to, "p_holm", !f->why, f->holm);
    rec_set_f64(to->rec, "alpha", v->alpha);
    rec_set_i64(to->rec, "tests", v->n_tests);
    return filter_write(to->f, to->rec, e);
}

static int write_estimate(struct out *to, const char *quantity, const char *arm,
                          const char *task, size_t seeds, double est,
                          int has_ci, double lo, double hi, struct err *e)
{
    begin(to, quantity, arm, task);
    rec_set_u64(to->rec, "seeds", seeds);
    rec_set_f64(to->rec, "estimate", est);
    set_if(to, "lo", has_ci, lo);
    set_if(to, "hi", has_ci, hi);
    return filter_write(to->f, to->rec, e);
}

/* delta_j, variance, seed_variance, noise_variance over some tasks */
static int write_estimates(struct out *to, const struct data *d, int arm,
                           const char *task, const long *t, int n,
                           struct err *e)
{
    const char *name = data_arm(d, arm);
    struct ttest j = estimate_delta_j(d, d->arm[arm], t, n);
    struct components c = estimate_components(d, d->arm[arm], t, n);
    int r = 0;

    if (n && j.n1)
        r = write_estimate(to, "delta_j", name, task, j.n1, j.est, !j.why, j.lo,
                           j.hi, e);
    if (!r && c.has_total)
        r = write_estimate(to, "variance", name, task, c.n_seeds, c.total,
                           c.has_ci, c.lo, c.hi, e);
    if (!r && c.has_seed)
        r = write_estimate(to, "seed_variance", name, task, c.n_seeds, c.seed,
                           c.has_seed_ci, c.seed_lo, c.seed_hi, e);
    if (!r && c.has_noise)
        r = write_estimate(to, "noise_variance", name, task, c.n_seeds, c.noise,
                           c.has_noise_ci, c.noise_lo, c.noise_hi, e);
    return r;
}

static int write_arm(struct out *to, const struct data *d,
                     const struct verdicts *v, int arm, struct err *e)
{
    struct verdicts at = *v;
    int r = 0;

    at.v = v->v + arm * N_HYPOTHESES;
    for (int h = 0; !r && h < N_HYPOTHESES && arm != d->reference; h++)
        r = write_finding(to, &at, data_arm(d, arm), (enum hypothesis)h, e);
    for (int k = 0; !r && k < d->n_tasks; k++)
        r = write_estimates(to, d, arm, data_task(d, k), &d->task[k], 1, e);
    if (!r)
        r = write_estimates(to, d, arm, "off", v->off, v->n_off, e);
    return r;
}

static int write_power(struct out *to, const struct data *d,
                       const struct setting *s, const struct verdicts *v,
                       struct err *e)
{
    struct spread w = spread_of(v, d);
    size_t n = verdicts_get(v, d->n_arms > 1 ? !d->reference : 0, H2)->n;
    const struct {
        const char *name;
        double power;
    } row[] = {
        {"power_h1_at_0",
         d->n_arms > 1 ? power_h1(v, d, !d->reference, s->margin, n) : -1},
        {"power_h2_at_4", power_h2(v, &w, 4, n)},
        {"power_noise_at_half", power_noise(v, &w, 0.5, 1, n, w.n_draws)},
    };
    int r = 0;

    for (size_t i = 0; !r && i < sizeof row / sizeof *row; i++)
        if (row[i].power >= 0)
            r = write_estimate(to, row[i].name, NULL, NULL, n, row[i].power, 0,
                               0, 0, e);
    spread_free(&w);
    return r;
}

static int write_left_out(struct out *to, const struct data *d,
                          const struct verdicts *v, struct err *e)
{
    int r = 0;

    for (int k = 0; !r && k < d->n_tasks; k++) {
        if (!v->left_out[k])
            continue;
        begin(to, "left_out", NULL, data_task(d, k));
        rec_set_str(to->rec, "why", v->left_out[k], strlen(v->left_out[k]));
        r = filter_write(to->f, to->rec, e);
    }
    return r;
}

static int finish(struct out *to, struct data *d, const struct setting *s,
                  struct err *e)
{
    struct verdicts v;
    int r = data_sort(d, s, e);

    if (r)
        return r;
    verdicts_make(&v, d, s);
    for (int a = 0; !r && a < d->n_arms; a++)
        r = write_arm(to, d, &v, a, e);
    if (!r && to->power)
        r = write_power(to, d, s, &v, e);
    if (!r)
        r = write_left_out(to, d, &v, e);
    verdicts_free(&v);
    return r;
}

/* The experiment's name as text, malloc'd, or NULL. */
static int name_of(struct rec *rec, char **name, struct err *e)
{
    struct rec_str s;
    int64_t i;
    int r = rec_get_i64(rec, "experiment", &i, NULL);
    char number[32];

    *name = NULL;
    if (r > 0) {
        snprintf(number, sizeof number, "%lld", (long long)i);
        *name = xstrdup(number);
        return 0;
    }
    r = rec_get_str(rec, "experiment", &s, e);
    if (r > 0)
        *name = xstrdup(s.s);
    return r < 0 ? r : 0;
}

static int same(const char *a, const char *b)
{
    return a && b ? !strcmp(a, b) : a == b;
}

int stage_verdicts(struct filter *f, const struct report_opts *o, int power,
                   char **inputs, int n_inputs, struct err *e)
{
    struct out to = {f, rec_new(), NULL, power};
    struct setting s = {0};
    struct data d = {0};
    struct rec *rec;
    char *current = NULL, *name;
    int r = setting_read(&s, o, e);

    if (!r)
        r = filter_open(f, "stats", "verdicts", inputs, n_inputs, e);
    while (!r && (r = filter_read(f, &rec, e)) > 0) {
        r = name_of(rec, &name, e);
        if (!r && d.n && !same(current, name)) {
            to.experiment = current;
            r = finish(&to, &d, &s, e);
            data_free(&d);
            memset(&d, 0, sizeof d);
        }
        free(current);
        current = name;
        if (!r)
            r = data_add(&d, rec, e);
    }
    to.experiment = current;
    if (!r && d.n)
        r = finish(&to, &d, &s, e);
    free(current);
    data_free(&d);
    setting_free(&s);
    rec_free(&to.rec);
    return r ? r : filter_close(f, e);
}
