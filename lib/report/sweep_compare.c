/* sweep_compare - some points of a sweep as an experiment of their own */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "sweep.h"

static void push(struct data *d, const struct obs *o, const char *name)
{
    if (d->n == d->cap) {
        d->cap = 2 * d->cap + 64;
        d->o = xrealloc(d->o, d->cap, sizeof *d->o);
    }
    d->o[d->n] = *o;
    d->o[d->n].arm = (long)names_add(&d->arms, name);
    d->o[d->n].q = NULL; /* owned by the records that were read */
    d->o[d->n++].n_q = 0;
}

static int counts(const struct obs *o, long arm)
{
    return o->arm == arm && !o->replicate &&
           (o->stream == SCORES || o->stream == KLS);
}

static void copy(struct comparison *c, const struct data *d, long arm,
                 const char *name)
{
    for (size_t i = 0; i < d->n; i++)
        if (counts(&d->o[i], arm))
            push(&c->d, &d->o[i], name);
}

void comparison_open(struct comparison *c, const struct sweep *w)
{
    *c = (struct comparison){0};
    for (size_t i = 0; i < w->d->tasks.n; i++) /* the same numbers */
        names_add(&c->d.tasks, w->d->tasks.v[i]);
    if (w->d->base >= 0)
        copy(c, w->d, w->d->base, "base");
}

void comparison_add(struct comparison *c, const struct sweep *w, int point)
{
    copy(c, w->d, w->d->arm[w->p[point].arm], sweep_arm(w, point));
}

/* ---- the reference at another KL ------------------------------------- */

/* Mean over on-tasks of log KL of a point at a seed; 0 where there is none. */
static int log_kl(const struct sweep *w, int point, int64_t seed, double *v)
{
    const struct data *d = w->d;
    double kl;

    *v = 0;
    for (int k = 0; k < d->n_on; k++) {
        if (!data_at(d, KLS, d->arm[w->p[point].arm], d->task[k], seed, 0,
                     K_TOKEN, &kl) ||
            !(kl > 0))
            return 0;
        *v += log(kl) / d->n_on;
    }
    return d->n_on > 0;
}

/* The points of the reference around a KL, and how far from the first to the
 * second it is. */
struct bracket {
    int below, above;
    double part;
};

static int find_bracket(struct bracket *b, const struct sweep *w, int64_t seed,
                        double kl)
{
    double low = 0, high = 0, x;

    b->below = b->above = -1;
    for (int i = 0; i < w->n; i++) {
        if (w->p[i].of || !log_kl(w, i, seed, &x))
            continue;
        if (x <= kl && (b->below < 0 || x > low)) {
            b->below = i;
            low = x;
        }
        if (x >= kl && (b->above < 0 || x < high)) {
            b->above = i;
            high = x;
        }
    }
    if (b->below < 0 || b->above < 0)
        return 0;
    b->part = high > low ? (kl - low) / (high - low) : 0;
    return 1;
}

static double mix(double a, double b, double part)
{
    return (1 - part) * a + part * b;
}

/* o between x and y, its sampling variance that of two samplings apart; what is
 * not mixed here is not there. */
static void interpolate(struct obs *o, const struct obs *x, const struct obs *y,
                        double part)
{
    static const int linear[] = {S_J, S_SE, S_EVEN, S_ODD};
    unsigned both = x->has & y->has;

    *o = *x;
    o->has = 0;
    if (o->stream == KLS) {
        o->has = both & 1u << K_TOKEN;
        o->v[K_TOKEN] = exp(mix(log(x->v[K_TOKEN]), log(y->v[K_TOKEN]), part));
        return;
    }
    for (size_t i = 0; i < sizeof linear / sizeof *linear; i++)
        o->v[linear[i]] = mix(x->v[linear[i]], y->v[linear[i]], part);
    o->v[S_VAR_EVAL] = (1 - part) * (1 - part) * x->v[S_VAR_EVAL] +
                       part * part * y->v[S_VAR_EVAL];
    o->has = both & (1u << S_J | 1u << S_SE | 1u << S_EVEN | 1u << S_ODD |
                     1u << S_VAR_EVAL);
}

static void add_between(struct comparison *c, const struct sweep *w,
                        const struct bracket *b, int64_t seed)
{
    const struct data *d = w->d;
    long low = d->arm[w->p[b->below].arm], high = d->arm[w->p[b->above].arm];

    for (size_t i = 0; i < d->n; i++) {
        const struct obs *x = &d->o[i], *y;
        struct obs o;

        if (!counts(x, low) || x->seed != seed || x->draw)
            continue;
        y = data_find(d, x->stream, high, x->task, seed, 0);
        if (!y ||
            (x->stream == KLS && !(x->v[K_TOKEN] > 0 && y->v[K_TOKEN] > 0)))
            continue;
        interpolate(&o, x, y, b->part);
        push(&c->d, &o, w->arms.v[0]);
    }
}

size_t comparison_add_matched(struct comparison *c, const struct sweep *w,
                              int point)
{
    const struct data *d = w->d;
    struct series seeds = data_mean(d, KLS, d->arm[w->p[point].arm], d->task,
                                    d->n_on, K_TOKEN);
    size_t n = 0;

    for (size_t i = 0; i < seeds.n; i++) {
        struct bracket b;
        double kl;

        if (log_kl(w, point, seeds.seed[i], &kl) &&
            find_bracket(&b, w, seeds.seed[i], kl)) {
            add_between(c, w, &b, seeds.seed[i]);
            n++;
        }
    }
    series_free(&seeds);
    return n;
}

/* ---- verdicts -------------------------------------------------------- */

int comparison_end(struct comparison *c, const struct sweep *w, struct err *e)
{
    int r;

    c->s = (struct setting){.reference = w->arms.v[0],
                            .margin = w->s->margin,
                            .tasks = w->s->tasks,
                            .task = w->s->task};
    for (size_t i = 0; i < w->arms.n; i++)
        if (names_find(&c->d.arms, w->arms.v[i]) >= 0)
            names_add(&c->s.arms, w->arms.v[i]);
    r = data_sort(&c->d, &c->s, e);
    if (r)
        return r;
    verdicts_make(&c->v, &c->d, &c->s);
    c->judged = 1;
    return 0;
}

void comparison_free(struct comparison *c)
{
    if (c->judged)
        verdicts_free(&c->v);
    names_free(&c->s.arms);
    data_free(&c->d);
    memset(c, 0, sizeof *c);
}
