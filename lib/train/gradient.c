/* gradient - rounds of shards, and their sum; see gradient.h */
#include "gradient.h"
#include <stdlib.h>
#include "../base/arena.h"
#include "../base/larger.h"

void gradient_open(struct gradient *g, struct model *m, struct kernels *k,
                   const struct arm *a, const struct slices *s)
{
    *g = (struct gradient){.m = m, .k = k, .s = s, .arm = *a};
}

/* Sequences [from, to), in micro-batches. */
static int one_shard(struct gradient *g, const struct pack *p, int from, int to,
                     const struct gradient_work *w, struct err *e)
{
    int r = 0;

    model_zero_grads(g->m);
    for (int a = from, b; a < to && !r; a = b) {
        b = pack_micro(p, a, to, w->micro_tokens);
        r = w->micro_batch(w->ctx, a, b, e);
    }
    return r;
}

/* ---- the sum --------------------------------------------------------- */

static int need_sum(struct gradient *g, struct err *e)
{
    size_t size = dtype_size(g->arm.grads), n = slices_sum(g->s, g->s->rank);

    if (!g->sum)
        g->sum = g->k->alloc(g->k, n * size, e);
    return g->sum ? 0 : err_prefix(e, "the sum of the shards' gradients");
}

/* n values of a shard to place `at` of the sum; nth: so many shards are there
 * already. */
static void add(struct gradient *g, int nth, size_t at, const void *values,
                size_t n)
{
    enum dtype t = g->arm.grads;
    char *to = g->sum + at * dtype_size(t);

    if (nth)
        g->k->add(g->k, t, to, to, values, n);
    else
        g->k->copy(g->k, to, values, n * dtype_size(t));
}

/* ---- between ranks --------------------------------------------------- */

/* Who has a shard in this round, and what is sent and received now. */
struct round {
    int *has; /* [ranks] */
    size_t *n_send, *at_send, *n_recv, *at_recv;
    size_t longest; /* values of the longest sum */
};

static void round_open(struct round *x, const struct slices *s)
{
    size_t n = (size_t)s->n;

    x->has = xcalloc(n, sizeof *x->has);
    x->n_send = xcalloc(4 * n, sizeof *x->n_send);
    x->at_send = x->n_send + n;
    x->n_recv = x->at_send + n;
    x->at_recv = x->n_recv + n;
    x->longest = 0;
    for (int r = 0; r < s->n; r++)
        x->longest = larger(x->longest, slices_sum(s, r));
}

static void round_close(struct round *x)
{
    free(x->has);
    free(x->n_send);
}

static int need_pieces(struct gradient *g, size_t longest, struct err *e)
{
    size_t size = dtype_size(g->arm.grads);
    size_t all = (size_t)g->s->n * size;

    if (g->in)
        return 0;
    g->piece = gradient_piece(longest);
    g->in = g->k->host_alloc(g->k, all * g->piece, e);
    if (g->in && g->k->sizes.can.own_memory) {
        g->out = g->k->host_alloc(g->k, all * g->piece, e);
        g->staged = g->out ? g->k->alloc(g->k, g->piece * size, e) : NULL;
        return g->staged ? 0 : -e->code;
    }
    return g->in ? 0 : -e->code;
}

static size_t piece_of(const struct gradient *g, size_t all, size_t from)
{
    return from >= all ? 0 : all - from < g->piece ? all - from : g->piece;
}

/* Values [from, from + piece) of every rank's part travel, and are added. */
static int one_piece(struct gradient *g, struct round *x, const char *grads,
                     size_t from, struct err *e)
{
    const struct slices *s = g->s;
    struct kernels *k = g->k;
    size_t size = dtype_size(g->arm.grads);
    size_t own = piece_of(g, slices_sum(s, s->rank), from);
    int nth = g->joined, r;

    for (int q = 0; q < s->n; q++) {
        size_t n = piece_of(g, slices_sum(s, q), from);
        int other = q != s->rank;

        x->n_send[q] = other && x->has[s->rank] ? n * size : 0;
        x->at_send[q] = (s->cut[q] + from) * size;
        x->n_recv[q] = other && x->has[q] ? own * size : 0;
        x->at_recv[q] = (size_t)q * g->piece * size;
        if (g->out && x->n_send[q]) {
            k->fetch(k, g->out + x->at_recv[q], grads + x->at_send[q],
                     x->n_send[q]);
            x->at_send[q] = x->at_recv[q];
        }
    }
    r = k->sync(k, e);
    if (!r)
        r = comm_alltoallv(s->c, g->out ? g->out : grads, x->n_send, x->at_send,
                           g->in, x->n_recv, x->at_recv, e);
    for (int q = 0; q < s->n && !r; q++) {
        const char *values = g->in + x->at_recv[q];

        if (!x->has[q] || !own)
            continue;
        if (q == s->rank)
            values = grads + (s->cut[q] + from) * size;
        else if (g->staged)
            k->send(k, g->staged, values, own * size);
        add(g, nth++, from, q == s->rank || !g->staged ? values : g->staged,
            own);
    }
    return r ? r : k->sync(k, e);
}

static int travel(struct gradient *g, struct round *x, struct err *e)
{
    const char *grads = x->has[g->s->rank] ? model_grads(g->m) : NULL;
    int r = need_pieces(g, x->longest, e);

    for (size_t from = 0; from < x->longest && !r; from += g->piece)
        r = one_piece(g, x, grads, from, e);
    for (int q = 0; q < g->s->n; q++)
        g->joined += x->has[q];
    return r;
}

/* ---- all shards ------------------------------------------------------ */

static int alone(struct gradient *g, const struct pack *p, int from,
                 const int *end, const struct gradient_work *w, struct err *e)
{
    int r = 0;

    for (int k = 0; k < g->arm.shards && !r; from = end[k++]) {
        if (from == end[k])
            continue;
        r = one_shard(g, p, from, end[k], w, e);
        if (r || g->arm.shards == 1)
            continue;
        r = need_sum(g, e);
        if (!r) {
            add(g, g->joined++, 0, model_grads(g->m), g->s->p->n_values);
            r = g->k->sync(g->k, e);
        }
    }
    return r;
}

static int in_rounds(struct gradient *g, const struct pack *p, int from,
                     const int *end, const struct gradient_work *w,
                     struct err *e)
{
    struct round x;
    int r = need_sum(g, e);

    round_open(&x, g->s);
    for (int k = 0; k < g->arm.shards && !r; k += g->s->n) {
        for (int q = 0; q < g->s->n; q++) {
            int i = k + q, begin = i ? end[i - 1] : from;

            x.has[q] = i < g->arm.shards && begin < end[i];
            if (q == g->s->rank && x.has[q] && !r)
                r = one_shard(g, p, begin, end[i], w, e);
        }
        if (!r)
            r = travel(g, &x, e);
    }
    round_close(&x);
    return r;
}

int gradient_make(struct gradient *g, const struct pack *p, int from,
                  const int *end, const struct gradient_work *w, struct err *e)
{
    g->joined = 0;
    return (g->s->n > 1 ? in_rounds : alone)(g, p, from, end, w, e);
}

int gradient_collect(const struct gradient *g, const struct pack *p, int from,
                     const int *end, float *v, struct err *e)
{
    int r = 0;

    for (int k = 0; k < g->arm.shards && !r; from = end[k++]) {
        size_t at = p->start[from], n = p->start[end[k]] - at;

        r = comm_pass(g->s->c, k % g->s->n, 0, v + at, n * sizeof *v, e);
    }
    return r;
}

void *gradient_get(struct gradient *g)
{
    return g->sum ? g->sum : model_grads(g->m);
}

void gradient_trim(struct gradient *g)
{
    struct kernels *k = g->k;

    if (g->sum)
        k->free(k, g->sum);
    if (g->in)
        k->host_free(k, g->in);
    if (g->out)
        k->host_free(k, g->out);
    if (g->staged)
        k->free(k, g->staged);
    g->sum = g->in = g->out = g->staged = NULL;
}
