/* verdict - the family of tests, its adjustment, and the words */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../stat/describe.h"
#include "../stat/power.h"
#include "verdict.h"

const char *verdict_word(enum word w)
{
    static const char *const words[] = {"not tested",    "between looks",
                                        "too few seeds", "not shown",
                                        "supported",     "contradicted"};

    return words[w];
}

const char *verdict_name(enum hypothesis h)
{
    static const char *const names[] = {"H1", "H2", "H2-noise", "H3"};

    return names[h];
}

const struct finding *verdicts_get(const struct verdicts *v, int arm,
                                   enum hypothesis h)
{
    return &v->v[arm * N_HYPOTHESES + (int)h];
}

/* Mean over the seeds (of the base: over its evaluation streams). */
static double mean_of(const struct data *d, long arm, long task, int field,
                      double missing)
{
    double v;

    return arm >= 0 && data_one(d, SCORES, arm, task, field, &v) ? v : missing;
}

/* Judged on the base and the reference alone, so that an arm's own results
 * cannot choose its tasks. */
static const char *why_left_out(const struct data *d, long task, double chance)
{
    long ref = d->arm[d->reference], model[2] = {d->base, ref};
    struct series j = data_series(d, SCORES, ref, task, S_J);
    int floor_ = 0, ceiling = 0, constant = j.n > 1 && desc_constant(j.v, j.n);

    series_free(&j);
    for (int i = 0; i < 2; i++) {
        double mean = mean_of(d, model[i], task, S_J, -1);
        double se = mean_of(d, model[i], task, S_SE, 0);

        floor_ += mean >= 0 && mean <= chance + 2 * se;
        ceiling += mean >= 1 - 2 * se;
    }
    return floor_ == 2    ? "base and reference at chance level"
           : ceiling == 2 ? "base and reference at the ceiling"
           : constant     ? "no variance in the reference"
                          : NULL;
}

static void choose_tasks(struct verdicts *v, const struct data *d,
                         const struct setting *s)
{
    v->off = xcalloc((size_t)d->n_tasks + 1, sizeof *v->off);
    v->left_out = xcalloc((size_t)d->n_tasks + 1, sizeof *v->left_out);
    for (int k = d->n_on; k < d->n_tasks; k++) {
        long t = names_find(&s->tasks, data_task(d, k));

        v->left_out[k] = why_left_out(d, d->task[k],
                                      t < 0 ? 0 : s->task[t].chance);
        if (!v->left_out[k])
            v->off[v->n_off++] = d->task[k];
    }
}

static void adjust(struct verdicts *v, int n)
{
    double *p = xcalloc((size_t)n + 1, sizeof *p);
    double *holm = xcalloc((size_t)n + 1, sizeof *holm);

    for (int i = 0; i < n; i++) {
        struct finding *f = &v->v[i];

        f->p = f->why ? -1 : fmin(f->p_for, f->p_against);
        p[i] = f->p;
        v->n_tests += !f->why;
    }
    power_holm(p, (size_t)n, holm);
    for (int i = 0; i < n; i++)
        v->v[i].holm = holm[i];
    free(p);
    free(holm);
}

static enum word word_of(const struct verdicts *v, const struct finding *f,
                         int n_left)
{
    if (f->why)
        return f->word;
    if (v->between_looks)
        return BETWEEN_LOOKS;
    if (f->holm < v->alpha)
        return f->p_for <= f->p_against ? SUPPORTED : CONTRADICTED;
    return f->p_least * n_left >= v->alpha ? TOO_FEW_SEEDS : NOT_SHOWN;
}

static void say(struct verdicts *v, int n)
{
    int n_left = 0; /* tests that Holm's method did not reject */

    for (int i = 0; i < n; i++)
        n_left += v->v[i].holm >= v->alpha;
    for (int i = 0; i < n; i++)
        v->v[i].word = word_of(v, &v->v[i], n_left);
}

static void set_level(struct verdicts *v, const struct data *d,
                      const struct setting *s)
{
    long ref = d->arm[d->reference];
    size_t n = 0;

    v->alpha = 0.05;
    v->between_looks = s->partial;
    if (!s->n_looks)
        return;
    for (int k = 0; k < d->n_tasks; k++) {
        struct series j = data_series(d, SCORES, ref, d->task[k], S_J);

        n = j.n > n ? j.n : n;
        series_free(&j);
    }
    v->alpha /= (double)s->n_looks;
    v->between_looks = 1;
    for (size_t i = 0; i < s->n_looks && !s->partial; i++)
        v->between_looks &= (size_t)s->look[i] != n;
}

void verdicts_make(struct verdicts *v, const struct data *d,
                   const struct setting *s)
{
    memset(v, 0, sizeof *v);
    v->v = xcalloc((size_t)(d->n_arms + 1) * N_HYPOTHESES, sizeof *v->v);
    set_level(v, d, s);
    choose_tasks(v, d, s);
    for (int a = 0; a < d->n_arms; a++) {
        struct finding *f = &v->v[a * N_HYPOTHESES];

        if (a == d->reference) {
            for (int h = 0; h < N_HYPOTHESES; h++)
                f[h].why = "the reference";
            continue;
        }
        f[H1] = verdict_h1(d, a, s->margin);
        f[H2] = verdict_h2(d, a, v->off, v->n_off, v->alpha);
        f[H2_NOISE] = verdict_h2_noise(d, a, v->off, v->n_off);
        f[H3] = verdict_h3(d, a);
    }
    adjust(v, d->n_arms * N_HYPOTHESES);
    say(v, d->n_arms * N_HYPOTHESES);
}

void verdicts_free(struct verdicts *v)
{
    free(v->v);
    free(v->off);
    free(v->left_out);
    memset(v, 0, sizeof *v);
}
