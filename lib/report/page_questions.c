/* page_questions - what each question was answered, by the base and each arm:
 * shares of right samples, and the answers to some of them side by side
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../base/file.h"
#include "page_impl.h"
#include "page_transcripts.h"

/* Share of right samples of each question, mean over the runs of a model;
 * NaN: not asked. */
static double *shares(const struct data *d, long arm, long task)
{
    size_t n = d->questions.n;
    double *sum = xcalloc(n + 1, sizeof *sum);
    uint32_t *runs = xcalloc(n + 1, sizeof *runs);

    for (size_t i = 0; i < d->n; i++) {
        const struct obs *o = &d->o[i];

        if (o->stream != SCORES || o->arm != arm || o->task != task ||
            o->replicate)
            continue;
        for (size_t k = 0; k < o->n_q; k++) {
            sum[o->q[k].id] += (double)o->q[k].correct / o->q[k].samples;
            runs[o->q[k].id]++;
        }
    }
    for (size_t i = 0; i < n; i++)
        sum[i] = runs[i] ? sum[i] / runs[i] : NAN;
    free(runs);
    return sum;
}

static void list(const double *p, const struct asked *q, size_t n,
                 struct buf *b)
{
    buf_puts(b, "[");
    for (size_t i = 0; i < n; i++) {
        buf_puts(b, i ? "," : "");
        if (isfinite(p[q[i].id]))
            buf_printf(b, "%.3g", p[q[i].id]);
        else
            buf_puts(b, "null");
    }
    buf_puts(b, "]");
}

/* Then math500/9 before math500/10. */
static int by_flip(const void *a, const void *b, void *ctx)
{
    const struct data *d = ctx;
    const struct asked *x = a, *y = b;
    const char *s = d->questions.v[x->id], *t = d->questions.v[y->id];

    if (x->flip != y->flip)
        return x->flip > y->flip ? -1 : 1;
    return strverscmp(s, t);
}

/* The questions of a task, those that changed most first; malloc'd. */
static struct asked *asked_of(const struct data *d, double *const *p,
                              int models, size_t *n)
{
    struct asked *q = xcalloc(d->questions.n + 1, sizeof *q);

    *n = 0;
    for (size_t i = 0; i < d->questions.n; i++) {
        double flip = 0;
        int any = 0;

        for (int m = 0; m < models; m++) {
            double change = fabs(p[m][i] - p[0][i]);

            any |= isfinite(p[m][i]);
            if (isfinite(change) && change > flip)
                flip = change;
        }
        if (any)
            q[(*n)++] = (struct asked){(long)i, flip};
    }
    qsort_r(q, *n, sizeof *q, by_flip, (void *)d);
    return q;
}

static int task(const struct page *page, const struct report *r, int k,
                struct buf *b, struct err *e)
{
    const struct data *d = r->d;
    int models = d->n_arms + 1, x;
    double **p = xcalloc((size_t)models, sizeof *p);
    struct asked *q;
    size_t n;

    for (int m = 0; m < models; m++)
        p[m] = shares(d, m ? d->arm[m - 1] : d->base, d->task[k]);
    q = asked_of(d, p, models, &n);
    buf_printf(b, "{\"task\":%d,\"ids\":[", k);
    for (size_t i = 0; i < n; i++) {
        buf_puts(b, i ? "," : "");
        page_str(b, d->questions.v[q[i].id]);
    }
    buf_puts(b, "],\"p\":[");
    for (int m = 0; m < models; m++) {
        buf_puts(b, m ? "," : "");
        list(p[m], q, n, b);
    }
    buf_puts(b, "],\"texts\":[");
    x = page_transcripts(page, r, k, q, n, b, e);
    buf_puts(b, "]}\n");
    for (int m = 0; m < models; m++)
        free(p[m]);
    free(p);
    free(q);
    return x;
}

int page_questions(const struct page *p, const struct report *r, struct buf *b,
                   struct err *e)
{
    int x = 0;

    buf_puts(b, "[");
    for (int k = 0, first = 1; !x && k < r->d->n_tasks; k++) {
        page_comma(b, &first);
        x = task(p, r, k, b, e);
    }
    buf_puts(b, "]");
    return x;
}
