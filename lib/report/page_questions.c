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
            buf_printf(b, "%.6g", p[q[i].id]);
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

/* The largest distance of a model's share from that of model `from`. */
static double farthest(double *const *p, int models, int from, size_t question)
{
    double most = 0;

    for (int m = 0; m < models; m++) {
        double change = fabs(p[m][question] - p[from][question]);

        if (isfinite(change) && change > most)
            most = change;
    }
    return most;
}

static int is_asked(double *const *p, int models, size_t question)
{
    for (int m = 0; m < models; m++)
        if (isfinite(p[m][question]))
            return 1;
    return 0;
}

/* The questions of a task; malloc'd. In turn the one that moved most from the
 * reference to another arm, and the one that changed most from the base. */
static struct asked *asked_of(const struct data *d, double *const *p,
                              int models, size_t *n)
{
    struct asked *q = xcalloc(2 * d->questions.n + 1, sizeof *q), *from_base;
    struct asked *both = xcalloc(2 * d->questions.n + 1, sizeof *both);
    char *taken = xcalloc(d->questions.n + 1, 1);
    size_t all = 0;

    for (size_t i = 0; i < d->questions.n; i++)
        if (is_asked(p, models, i))
            all++;
    from_base = q + all;
    for (size_t i = 0, k = 0; i < d->questions.n; i++)
        if (is_asked(p, models, i)) {
            double of_arms = farthest(p + 1, models - 1, d->reference, i);

            q[k] = (struct asked){(long)i, of_arms};
            from_base[k++] = (struct asked){(long)i, farthest(p, models, 0, i)};
        }
    qsort_r(q, all, sizeof *q, by_flip, (void *)d);
    qsort_r(from_base, all, sizeof *q, by_flip, (void *)d);
    *n = 0;
    for (size_t i = 0; i < 2 * all; i++) {
        const struct asked *next = (i % 2 ? from_base : q) + i / 2;

        if (!taken[next->id])
            both[(*n)++] = *next;
        taken[next->id] = 1;
    }
    free(taken);
    free(q);
    return both;
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
