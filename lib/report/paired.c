/* paired - shares of right samples, question by question */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "paired.h"

/* Share of right samples of each question, summed over the runs counted. */
struct tally {
    double *share;  /* [questions] */
    uint32_t *runs; /* [questions] */
    int several;    /* a question has more than one sample */
};

static void count(const struct obs *o, struct tally *t)
{
    for (size_t i = 0; i < o->n_q; i++) {
        const struct question *q = &o->q[i];

        t->share[q->id] += (double)q->correct / (double)q->samples;
        t->runs[q->id]++;
        t->several |= q->samples > 1;
    }
}

struct pairs paired_questions(const struct data *d, int arm, long task)
{
    size_t all = d->questions.n;
    struct tally x = {xcalloc(all + 1, 8), xcalloc(all + 1, 4), 0};
    struct tally y = {xcalloc(all + 1, 8), xcalloc(all + 1, 4), 0};
    struct pairs p = {.v = xcalloc(all + 1, sizeof *p.v)};
    size_t runs = 0;

    for (size_t i = 0; i < d->n; i++) {
        const struct obs *a = &d->o[i], *b;

        if (a->stream != SCORES || a->arm != d->arm[arm] || a->task != task ||
            a->replicate || !a->q)
            continue;
        b = data_find(d, SCORES, d->arm[d->reference], task, a->seed, a->draw);
        if (!b || !b->q)
            continue;
        count(a, &x);
        count(b, &y);
        runs++;
    }
    for (size_t i = 0; i < all; i++) {
        struct both q;

        if (!x.runs[i] || x.runs[i] != y.runs[i])
            continue;
        q.id = (long)i;
        q.arm = x.share[i] / x.runs[i];
        q.ref = y.share[i] / y.runs[i];
        q.diff = q.arm - q.ref;
        p.v[p.n++] = q;
    }
    p.one = runs == 1 && !x.several && !y.several;
    free(x.share);
    free(x.runs);
    free(y.share);
    free(y.runs);
    return p;
}

static const double tied = 1e-12; /* differences that rounding makes */

int paired_sign(const struct both *q)
{
    return (q->diff > tied) - (q->diff < -tied);
}

int paired_by_size(const void *x, const void *y, void *d)
{
    const struct names *names = &((const struct data *)d)->questions;
    const struct both *a = x, *b = y;
    double p = fabs(a->diff), q = fabs(b->diff);

    return fabs(p - q) > tied ? (p < q) - (p > q)
                              : strverscmp(names->v[a->id], names->v[b->id]);
}
