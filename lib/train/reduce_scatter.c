/* reduce_scatter - parts of gradients between ranks, and their sum; see reduce_scatter.h */
#include "reduce_scatter.h"
#include <stdlib.h>
#include "../base/arena.h"
#include "../base/larger.h"
#include "side_stream.h"

static size_t value_size(const struct reduce_scatter *t)
{
    return dtype_size(t->type);
}

static size_t longest_sum(const struct slices *s)
{
    size_t n = 0;

    for (int r = 0; r < s->n; r++)
        n = larger(n, slices_sum(s, r));
    return n;
}

static int need_pieces(struct reduce_scatter *t, struct err *e)
{
    struct kernels *k = t->k;
    size_t all = (size_t)t->s->n * value_size(t);

    if (t->in)
        return 0;
    t->piece = reduce_scatter_piece(longest_sum(t->s));
    t->in = t->s->side ? k->alloc(k, all * t->piece, e)
                       : k->host_alloc(k, all * t->piece, e);
    return t->in ? 0 : err_prefix(e, "gradients from other ranks");
}

int reduce_scatter_need(struct reduce_scatter *t, struct err *e)
{
    size_t n = slices_sum(t->s, t->s->rank);

    if (!t->sum)
        t->sum = t->k->alloc(t->k, n * value_size(t), e);
    if (!t->sum)
        return err_prefix(e, "the sum of the shards' gradients");
    return t->s->n == 1 || t->window ? 0 : need_pieces(t, e);
}

void reduce_scatter_add(struct reduce_scatter *t, int nth, size_t at,
                        const void *values, size_t n)
{
    char *to = t->sum + at * value_size(t);

    if (nth)
        t->adder->add(t->adder, t->type, to, to, values, n);
    else
        t->adder->copy(t->adder, to, values, n * value_size(t));
}

/* The rank that has made shard i of a round, from 1 on; -1: there is none. */
static int whose(const struct reduce_scatter *t, const int *turn, int i)
{
    for (int q = 0; q < t->s->n; q++)
        if (turn[q] == i)
            return q;
    return -1;
}

/* ---- in place -------------------------------------------------------- */

/* Nobody reads before all have written, nor writes before all have read. */
static int meet(struct reduce_scatter *t, const char *what, struct err *e)
{
    uint64_t began = timeline_now(t->timeline);
    int r = comm_barrier(t->s->c, e);

    timeline_add(t->timeline, TIMELINE_EXCHANGE, what, -1, began);
    return r;
}

static void count(const struct reduce_scatter *t, const int *turn)
{
    const struct slices *s = t->s;
    size_t sent = 0, received = 0, size = value_size(t);

    for (int q = 0; q < s->n; q++) {
        if (q == s->rank)
            continue;
        sent += turn[s->rank] ? slices_sum(s, q) * size : 0;
        received += turn[q] ? slices_sum(s, s->rank) * size : 0;
    }
    comm_window_traffic(t->window, sent, received);
}

static int read_parts(struct reduce_scatter *t, const int *turn, size_t at,
                      struct err *e)
{
    const struct slices *s = t->s;
    size_t own = slices_sum(s, s->rank), first = slices_first(s);
    int nth = t->joined, r = meet(t, "wait: shards of all", e);
    uint64_t began = timeline_now(t->timeline);

    for (int i = 1, q; !r && (q = whose(t, turn, i)) >= 0; i++)
        reduce_scatter_add(
            t, nth++, 0,
            comm_window_of(t->window, q) + at + first * value_size(t), own);
    if (!r)
        r = t->adder->sync(t->adder, e);
    timeline_add(t->timeline, TIMELINE_EXCHANGE, "read and add", -1, began);
    count(t, turn);
    return r ? r : meet(t, "wait: read by all", e);
}

/* ---- sent ------------------------------------------------------------ */

/* What is sent and received now. */
struct parts {
    size_t *n_send, *at_send, *n_recv, *at_recv; /* [ranks] */
};

static void parts_open(struct parts *x, const struct slices *s)
{
    size_t n = (size_t)s->n;

    x->n_send = xcalloc(4 * n, sizeof *x->n_send);
    x->at_send = x->n_send + n;
    x->n_recv = x->at_send + n;
    x->at_recv = x->n_recv + n;
}

static size_t piece_of(const struct reduce_scatter *t, size_t all, size_t from)
{
    return from >= all ? 0 : all - from < t->piece ? all - from : t->piece;
}

/* Values [from, from + piece) of every rank's part. */
static int exchange(struct reduce_scatter *t, struct parts *x, const int *turn,
                    const char *grads, size_t from, struct err *e)
{
    const struct slices *s = t->s;
    size_t size = value_size(t);
    size_t own = piece_of(t, slices_sum(s, s->rank), from);

    for (int q = 0; q < s->n; q++) {
        size_t n = piece_of(t, slices_sum(s, q), from);
        int other = q != s->rank;

        x->n_send[q] = other && turn[s->rank] ? n * size : 0;
        x->at_send[q] = (s->cut[q] + from) * size;
        x->n_recv[q] = other && turn[q] ? own * size : 0;
        x->at_recv[q] = (size_t)q * t->piece * size;
    }
    return comm_alltoallv(s->side ? s->side->c : s->c, grads, x->n_send,
                          x->at_send, t->in, x->n_recv, x->at_recv, e);
}

static int one_piece(struct reduce_scatter *t, struct parts *x, const int *turn,
                     const char *grads, size_t from, struct err *e)
{
    const struct slices *s = t->s;
    size_t size = value_size(t);
    size_t own = piece_of(t, slices_sum(s, s->rank), from);
    int nth = t->joined, r = exchange(t, x, turn, grads, from, e);

    for (int i = 1, q; own && !r && (q = whose(t, turn, i)) >= 0; i++) {
        const char *values = t->in + x->at_recv[q];

        if (q == s->rank)
            values = grads + (s->cut[q] + from) * size;
        reduce_scatter_add(t, nth++, from, values, own);
    }
    return r || s->side ? r : t->adder->sync(t->adder, e);
}

static int send_parts(struct reduce_scatter *t, const int *turn,
                      const char *grads, struct err *e)
{
    uint64_t began = timeline_now(t->timeline);
    size_t longest = longest_sum(t->s);
    struct parts x;
    int r = 0;

    parts_open(&x, t->s);
    if (t->s->side)
        t->adder->after(t->adder, t->k);
    for (size_t from = 0; from < longest && !r; from += t->piece)
        r = one_piece(t, &x, turn, grads, from, e);
    free(x.n_send);
    timeline_add(t->timeline, TIMELINE_EXCHANGE, "send, receive and add", -1,
                 began);
    return r;
}

int reduce_scatter_round(struct reduce_scatter *t, const int *turn,
                         const char *grads, size_t at, struct err *e)
{
    int r = t->window ? read_parts(t, turn, at, e)
                      : send_parts(t, turn, grads, e);

    for (int q = 0; q < t->s->n; q++)
        t->joined += turn[q] > 0;
    return r;
}

void reduce_scatter_wait(struct reduce_scatter *t)
{
    if (t->s->side)
        t->k->after(t->k, t->adder);
}

void reduce_scatter_free(struct reduce_scatter *t)
{
    struct kernels *k = t->k;

    if (t->sum)
        k->free(k, t->sum);
    if (t->in && t->s->side)
        k->free(k, t->in);
    else if (t->in)
        k->host_free(k, t->in);
    t->sum = t->in = NULL;
}
