/* staged - see staged.h
 *
 * Every part is cut into the same pieces on both sides. All parts' first pieces
 * travel, then all parts' second ones, and so on, so that messages to one rank
 * keep their order.
 */
#include "staged.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"

struct staged {
    struct comm *c;
    struct comm_device v;
    int room;  /* parts that there is memory for */
    char **at; /* [room]: of the host, a piece each; NULL: not yet */
    struct comm_part *now; /* [room] */
};

static void need(struct staged *s, int n)
{
    if (n <= s->room)
        return;
    s->at = xrealloc(s->at, (size_t)n, sizeof *s->at);
    s->now = xrealloc(s->now, (size_t)n, sizeof *s->now);
    memset(s->at + s->room, 0, (size_t)(n - s->room) * sizeof *s->at);
    s->room = n;
}

static size_t piece_of(const struct comm_part *q, size_t from)
{
    size_t left = q->n > from ? q->n - from : 0;

    return left < COMM_DEVICE_PIECE ? left : COMM_DEVICE_PIECE;
}

static int failed(const struct err *e, char *why, size_t n_why)
{
    snprintf(why, n_why, "%s", e->msg);
    return -1;
}

/* Bytes from `from` on of every part. */
static int pieces(struct staged *s, const struct comm_part *q, int n,
                  size_t from, int *lost, char *why, size_t n_why)
{
    const struct comm_device *v = &s->v;
    struct err e = {0};
    int k = 0;

    for (int i = 0; i < n; i++) {
        size_t bytes = piece_of(&q[i], from);

        if (!bytes)
            continue;
        if (!s->at[i])
            s->at[i] = v->host_alloc(v->ctx, COMM_DEVICE_PIECE, &e);
        if (!s->at[i])
            return failed(&e, why, n_why);
        if (q[i].sending)
            v->fetch(v->ctx, s->at[i], q[i].p + from, bytes);
        s->now[k++] = (struct comm_part){.peer = q[i].peer,
                                         .sending = q[i].sending,
                                         .p = s->at[i],
                                         .n = bytes};
    }
    if (v->sync(v->ctx, &e))
        return failed(&e, why, n_why);
    if (comm_exchange(s->c, s->now, k, lost, why, n_why))
        return -1;
    for (int i = 0; i < n; i++)
        if (!q[i].sending && piece_of(&q[i], from))
            v->send(v->ctx, q[i].p + from, s->at[i], piece_of(&q[i], from));
    return v->sync(v->ctx, &e) ? failed(&e, why, n_why) : 0;
}

static int exchange(void *ctx, const struct comm_part *q, int n, int *lost,
                    char *why, size_t n_why)
{
    struct staged *s = ctx;
    size_t longest = 0;
    int r = 0;

    *lost = -1;
    need(s, n);
    for (int i = 0; i < n; i++)
        longest = q[i].n > longest ? q[i].n : longest;
    for (size_t from = 0; from < longest && !r; from += COMM_DEVICE_PIECE)
        r = pieces(s, q, n, from, lost, why, n_why);
    return r;
}

static void copy(void *ctx, void *to, const void *from, size_t n)
{
    const struct staged *s = ctx;

    s->v.copy(s->v.ctx, to, from, n);
}

static void close_staged(void *ctx)
{
    struct staged *s = ctx;

    for (int i = 0; i < s->room; i++)
        if (s->at[i])
            s->v.host_free(s->v.ctx, s->at[i]);
    free(s->at);
    free(s->now);
    free(s);
}

void staged_open(struct comm_engine *x, struct comm *c,
                 const struct comm_device *v)
{
    struct staged *s = xcalloc(1, sizeof *s);

    s->c = c;
    s->v = *v;
    *x = (struct comm_engine){.rank = comm_rank(c),
                              .size = comm_size(c),
                              .ctx = s,
                              .exchange = exchange,
                              .close = close_staged,
                              .copy = copy};
}
