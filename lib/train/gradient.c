/* gradient - rounds of shards, and their sum; see gradient.h */
#include "gradient.h"
#include <stdlib.h>
#include "../base/arena.h"
#include "side_stream.h"
#include "reduce_thread.h"
#include "shards.h"

/* The gradients of the shard before may still be on their way. */
static void wait_for_grads(void *ctx)
{
    struct gradient *g = ctx;

    reduce_scatter_wait(&g->reduce);
}

void gradient_open(struct gradient *g, struct model *m, struct kernels *k,
                   const struct arm *a, const struct slices *s)
{
    *g = (struct gradient){
        .m = m,
        .k = k,
        .s = s,
        .arm = *a,
        .reduce = {.k = k, .adder = k, .s = s, .type = a->grads},
    };
    if (!s->side)
        return;
    g->reduce.adder = s->side->k;
    model_before_grads(m, wait_for_grads, g);
}

/* Sequences [from, to) of shard k, in micro-batches. */
static int one_shard(struct gradient *g, const struct pack *p, int from, int to,
                     int k, const struct gradient_work *w, struct err *e)
{
    uint64_t began = timeline_now(g->reduce.timeline);
    int r = 0;

    model_zero_grads(g->m);
    for (int a = from, b; a < to && !r; a = b) {
        b = pack_micro(p, a, to, w->micro_tokens);
        r = w->micro_batch(w->ctx, a, b, e);
    }
    timeline_add(g->reduce.timeline, TIMELINE_COMPUTE, "shard", k, began);
    return r;
}

/* ---- one process ------------------------------------------------------ */

static int alone(struct gradient *g, const struct pack *p, int from,
                 const int *end, const struct gradient_work *w, struct err *e)
{
    int r = 0;

    for (int k = 0; k < g->arm.shards && !r; from = end[k++]) {
        if (from == end[k])
            continue;
        r = one_shard(g, p, from, end[k], k, w, e);
        if (r || g->arm.shards == 1)
            continue;
        r = reduce_scatter_need(&g->reduce, e);
        if (!r) {
            reduce_scatter_add(&g->reduce, g->reduce.joined++, 0,
                               model_grads(g->m), g->s->p->n_values);
            r = g->k->sync(g->k, e);
        }
    }
    return r;
}

/* ---- rounds ---------------------------------------------------------- */

static size_t grads_bytes(const struct gradient *g)
{
    return g->s->p->n_values * dtype_size(g->arm.grads);
}

/* Where the gradients of the rounds lie: in memory that ranks of one host share,
 * else in this rank's own. */
static int need_buffers(struct gradient *g, struct err *e)
{
    int n = gradient_buffers(&g->arm, g->s->n, g->k->sizes.can.own_memory);
    size_t size = grads_bytes(g);
    char *shared = NULL;
    int r;

    if (g->buffer[0] || !n)
        return 0;
    r = comm_window_open(&g->reduce.window, g->s->c, (size_t)n * size, e);
    if (g->reduce.window)
        shared = comm_window_of(g->reduce.window, g->s->rank);
    for (int i = 0; i < n && !r; i++) {
        g->buffer[i] = shared ? shared + (size_t)i * size
                              : g->k->alloc(g->k, size, e);
        r = g->buffer[i] ? 0 : err_prefix(e, "gradients of a shard");
    }
    if (!r && n > 1 && !g->adder)
        r = kernels_open(&g->adder, "cpu", 1, g->k->order, e);
    if (g->adder)
        g->reduce.adder = g->adder;
    return r;
}

static int n_buffers(const struct gradient *g)
{
    return g->buffer[1] ? 2 : 1;
}

/* The shards of a mini-batch, and whose they are. */
struct deal {
    const struct pack *p;
    int from;
    const int *end;
    int *rank_of; /* [shards] */
    int *turn;    /* [ranks]: of a round, as reduce_scatter_round takes it */
};

static void deal_open(struct deal *d, const struct gradient *g,
                      const struct pack *p, int from, const int *end)
{
    size_t shards = (size_t)g->arm.shards;

    *d = (struct deal){.p = p, .from = from, .end = end};
    d->rank_of = xcalloc(shards + (size_t)g->s->n, sizeof *d->rank_of);
    d->turn = d->rank_of + shards;
    shards_deal(d->rank_of, g->arm.shards, g->s->n, p, from, end);
}

static void deal_close(struct deal *d)
{
    free(d->rank_of);
}

/* The gradients of this rank's shard of round i, and who has one. */
static int make_round(struct gradient *g, int i, const struct deal *d,
                      const struct gradient_work *w, struct err *e)
{
    const struct slices *s = g->s;
    int n = 0, r = 0;

    for (int q = 0; q < s->n; q++)
        d->turn[q] = 0;
    for (int k = i * s->n; k < (i + 1) * s->n && k < g->arm.shards; k++) {
        int q = d->rank_of[k], begin = k ? d->end[k - 1] : d->from;

        if (begin == d->end[k])
            continue;
        d->turn[q] = ++n;
        if (q != s->rank)
            continue;
        if (g->buffer[0])
            model_lend_grads(g->m, g->buffer[i % n_buffers(g)]);
        r = one_shard(g, d->p, begin, d->end[k], k, w, e);
    }
    return r;
}

/* Waits until n rounds are done. */
static int await(struct gradient *g, struct reduce_thread *c, int n,
                 struct err *e)
{
    uint64_t began = timeline_now(g->reduce.timeline);
    int r;

    if (!c || n < 1)
        return 0;
    r = reduce_thread_wait(c, n, e);
    timeline_add(g->reduce.timeline, TIMELINE_COMPUTE, "wait for exchange", -1,
                 began);
    return r;
}

/* The buffer of a round is that of the second round before: it is free when that
 * one is done. */
static int rounds(struct gradient *g, struct reduce_thread *c, int n,
                  const struct deal *d, const struct gradient_work *w,
                  struct err *e)
{
    int r = 0;

    for (int i = 0; i < n && !r; i++) {
        size_t at = (size_t)(i % n_buffers(g)) * grads_bytes(g);
        const char *grads;

        r = await(g, c, i - 1, e);
        if (!r)
            r = make_round(g, i, d, w, e);
        if (r)
            return r;
        grads = d->turn[g->s->rank] ? model_grads(g->m) : NULL;
        r = g->s->side ? 0 : g->k->sync(g->k, e);
        if (!r && c)
            reduce_thread_post(c, d->turn, grads, at);
        else if (!r)
            r = reduce_scatter_round(&g->reduce, d->turn, grads, at, e);
    }
    if (r)
        return r;
    reduce_scatter_wait(&g->reduce); /* for the sum */
    return await(g, c, n, e);
}

static int in_rounds(struct gradient *g, const struct pack *p, int from,
                     const int *end, const struct gradient_work *w,
                     struct err *e)
{
    int n = (g->arm.shards + g->s->n - 1) / g->s->n;
    struct reduce_thread *c = NULL;
    struct deal d;
    int r = need_buffers(g, e);

    deal_open(&d, g, p, from, end);
    if (!r)
        r = reduce_scatter_need(&g->reduce, e);
    if (!r && g->buffer[1])
        c = reduce_thread_open(&g->reduce, n);
    if (!r)
        r = rounds(g, c, n, &d, w, e);
    reduce_thread_close(&c);
    deal_close(&d);
    return r;
}

int gradient_make(struct gradient *g, const struct pack *p, int from,
                  const int *end, const struct gradient_work *w, struct err *e)
{
    g->reduce.joined = 0;
    return (g->s->n > 1 ? in_rounds : alone)(g, p, from, end, w, e);
}

int gradient_collect(const struct gradient *g, const struct pack *p, int from,
                     const int *end, float *v, struct err *e)
{
    struct deal d;
    int r = 0;

    deal_open(&d, g, p, from, end);
    for (int k = 0; k < g->arm.shards && !r; from = end[k++]) {
        size_t at = p->start[from], n = p->start[end[k]] - at;

        r = comm_pass(g->s->c, d.rank_of[k], 0, v + at, n * sizeof *v, e);
    }
    deal_close(&d);
    return r;
}

void *gradient_get(struct gradient *g)
{
    return g->reduce.sum ? g->reduce.sum : model_grads(g->m);
}

const struct comm_window *gradient_window(const struct gradient *g)
{
    return g->reduce.window;
}

size_t gradient_shared(const struct gradient *g)
{
    return comm_window_bytes(g->reduce.window);
}

void gradient_trim(struct gradient *g)
{
    if (g->buffer[0])
        model_lend_grads(g->m, NULL);
    for (int i = 0; i < 2; i++) {
        if (g->buffer[i] && !g->reduce.window)
            g->k->free(g->k, g->buffer[i]);
        g->buffer[i] = NULL;
    }
    if (g->k)
        reduce_scatter_free(&g->reduce);
    comm_window_close(&g->reduce.window);
}

void gradient_close(struct gradient *g)
{
    gradient_trim(g);
    kernels_close(&g->adder);
}
