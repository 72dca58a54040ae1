/* sweep - the points of the grid, and the best of each arm */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../stat/describe.h"
#include "sweep.h"

/* "ARM LR" of a point's name */
static int read_point(struct sweep *w, struct sweep_point *p, struct err *e)
{
    char key[300], arm[256], end;
    const char *name = data_arm(w->d, p->arm);
    long i;

    snprintf(key, sizeof key, "point %.256s", name);
    i = names_find(&w->s->keys, key);
    if (i < 0)
        return err_set(e, ERR_DATA, "no \"%s\" in the setting", key);
    if (sscanf(w->s->value[i], "%255s %lf %c", arm, &p->lr, &end) != 2 ||
        !(p->lr > 0))
        return err_set(e, ERR_DATA,
                       "%s: found \"%s\", expected an arm and a "
                       "learning rate",
                       key, w->s->value[i]);
    p->of = names_add(&w->arms, arm);
    return 0;
}

static int check_twice(const struct sweep *w, struct err *e)
{
    for (int i = 0; i < w->n; i++)
        if (sweep_find(w, w->p[i].of, w->p[i].lr) != i)
            return err_set(e, ERR_DATA, "arm %s has lr %g twice",
                           sweep_arm(w, i), w->p[i].lr);
    if (w->arms.n < 2)
        return err_set(e, ERR_DATA,
                       "found one arm, expected a reference and "
                       "another");
    return 0;
}

int sweep_open(struct sweep *w, const struct data *d, const struct setting *s,
               struct err *e)
{
    int r = 0;

    *w = (struct sweep){.d = d, .s = s, .n = d->n_arms};
    w->p = xcalloc((size_t)w->n + 1, sizeof *w->p);
    for (int i = 0; i < w->n && !r; i++) {
        w->p[i].arm = i;
        r = read_point(w, &w->p[i], e);
    }
    return r ? r : check_twice(w, e);
}

void sweep_free(struct sweep *w)
{
    names_free(&w->arms);
    free(w->p);
    memset(w, 0, sizeof *w);
}

const char *sweep_arm(const struct sweep *w, int point)
{
    return w->arms.v[w->p[point].of];
}

int sweep_find(const struct sweep *w, size_t of, double lr)
{
    for (int i = 0; i < w->n; i++)
        if (w->p[i].of == of && !(w->p[i].lr < lr) && !(w->p[i].lr > lr))
            return i;
    return -1;
}

int sweep_best(const struct sweep *w, size_t of)
{
    const struct data *d = w->d;
    double most = 0;
    int best = -1;

    for (int i = 0; i < w->n; i++) {
        struct series j = {0};
        double mean;

        if (w->p[i].of != of)
            continue;
        j = data_mean(d, SCORES, d->arm[w->p[i].arm], d->task, d->n_on, S_J);
        mean = j.n ? desc_mean(j.v, j.n) : -1;
        if (j.n && (best < 0 || mean > most ||
                    (!(mean < most) && w->p[i].lr < w->p[best].lr))) {
            best = i;
            most = mean;
        }
        series_free(&j);
    }
    return best;
}

int sweep_at_edge(const struct sweep *w, int point)
{
    int below = 0, above = 0;

    for (int i = 0; i < w->n; i++)
        if (w->p[i].of == w->p[point].of) {
            below += w->p[i].lr < w->p[point].lr;
            above += w->p[i].lr > w->p[point].lr;
        }
    return !below || !above;
}
