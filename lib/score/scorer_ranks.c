/* scorer_ranks - the scorer on several ranks
 *
 * Rank 0 reads records and hands their tokens out by a work queue (lib/comm/work_queue.h), an
 * item a record; it sets the values on the records and writes them in order.
 */
#include <stdlib.h>
#include <string.h>
#include "../comm/work_queue.h"
#include "scorer_impl.h"

/* A record at rank 0 from its reading until it was written. */
struct wait {
    struct wait *next;
    struct rec *rec;
    size_t n_tokens, n_response;
};

struct ranked {
    struct work_queue *queue;
    struct wait *first, **last; /* rank 0's */
    int ended;
    uint64_t *number;   /* [batch]: of the items that were gathered */
    struct buf *values; /* [batch]: their values, one kind after the other */
};

/* An item: this and the tokens. */
struct item_head {
    int32_t n_prompt, n_response;
};

/* ---- rank 0 ---- */

static int source_ready(void *ctx)
{
    struct scorer *s = ctx;

    return filter_ready(s->f);
}

static int source_ended(void *ctx)
{
    struct scorer *s = ctx;

    return s->ranked->ended;
}

static int source_next(void *ctx, struct buf *item, int *n_results,
                       struct err *e)
{
    struct scorer *s = ctx;
    struct rec_i32s p, q;
    struct item_head h;
    struct wait *w;
    struct rec *rec;
    int r;

    while ((r = filter_read(s->f, &rec, e)) > 0 &&
           scorer_tokens(s, rec, &p, &q, e)) {
        r = filter_skip(s->f, e);
        if (r)
            return r;
    }
    s->ranked->ended = !r;
    if (r <= 0)
        return r;
    w = xcalloc(1, sizeof *w);
    w->rec = rec_copy(rec);
    w->n_response = q.n;
    w->n_tokens = p.n + q.n;
    *s->ranked->last = w;
    s->ranked->last = &w->next;
    h = (struct item_head){(int32_t)p.n, (int32_t)q.n};
    buf_put(item, &h, sizeof h);
    buf_put(item, p.v, p.n * sizeof *p.v);
    buf_put(item, q.v, q.n * sizeof *q.v);
    *n_results = 1;
    return 1;
}

static void drop_first(struct ranked *x)
{
    struct wait *w = x->first;

    x->first = w->next;
    if (!x->first)
        x->last = &x->first;
    rec_free(&w->rec);
    free(w);
}

static int source_take(void *ctx, int i, const void *p, size_t n, struct err *e)
{
    struct scorer *s = ctx;
    struct wait *w = s->ranked->first;
    const float *v = p;
    int r = 0, kinds = 0;

    (void)i;
    for (int what = SCORE_OWN; what <= SCORE_KL; what++)
        kinds += scorer_has(s, (enum score)what);
    if (n != (size_t)kinds * w->n_response * sizeof *v)
        return err_set(e, ERR_DATA, "scores of %zu bytes came from a rank", n);
    for (int what = SCORE_OWN; !r && what <= SCORE_KL; what++) {
        if (!scorer_has(s, (enum score)what))
            continue;
        r = scorer_set(s, w->rec, (enum score)what, v, w->n_response, e);
        v += w->n_response;
    }
    if (!r)
        r = filter_write(s->f, w->rec, e);
    progress_add(s->progress, w->n_tokens);
    drop_first(s->ranked);
    return r;
}

/* ---- all ranks ---- */

static int put(struct scorer *s, int i, enum score what, const float *v,
               size_t n, struct err *e)
{
    (void)what;
    (void)e;
    buf_put(&s->ranked->values[i], v, n * sizeof *v);
    return 0;
}

static int flush(struct scorer *s, struct err *e)
{
    struct ranked *x = s->ranked;
    int n = s->g.n, r = n ? scorer_pass(s, e) : 0;

    for (int i = 0; i < n; i++) {
        if (!r)
            r = work_queue_put(x->queue, x->number[i], 0, x->values[i].p,
                               x->values[i].n, e);
        x->values[i].n = 0;
    }
    scorer_clear(&s->g);
    return r;
}

/* A batch ends when it is full, or when nothing is there for now. */
static int work(struct scorer *s, struct err *e)
{
    struct ranked *x = s->ranked;
    struct buf item = {0};
    int r;

    for (;;) {
        int full = s->g.n == s->o->batch;
        struct item_head h;
        const int32_t *tokens;
        uint64_t number;

        r = full ? 0 : work_queue_get(x->queue, !s->g.n, &number, &item, e);
        if (r < 0 || (!r && !s->g.n))
            break;
        if (!r) {
            r = flush(s, e);
            if (r)
                break;
            continue;
        }
        memcpy(&h, item.p, sizeof h);
        x->number[s->g.n] = number;
        tokens = (const int32_t *)(const void *)(item.p + sizeof h);
        scorer_gather(&s->g, tokens, tokens + h.n_prompt, h.n_prompt,
                      h.n_response);
    }
    buf_free(&item);
    return r;
}

/* Every rank has the weights of rank 0. */
static int same_weights(const struct scorer *s, struct err *e)
{
    char mine[2][33] = {{0}}, first[2][33];
    int r;

    memcpy(mine[0], s->x->digest, sizeof mine[0]);
    if (s->against)
        memcpy(mine[1], s->against->digest, sizeof mine[1]);
    memcpy(first, mine, sizeof first);
    r = comm_bcast(s->o->comm, 0, first, sizeof first, e);
    if (!r && memcmp(first, mine, sizeof first))
        r = err_set(e, ERR_DATA,
                    "its weights are not those of rank 0: the models must be "
                    "the same on every host");
    return r;
}

int scorer_on_ranks(struct scorer *s, struct err *e)
{
    const struct work_queue_source source = {s, source_ready, source_ended,
                                             source_next, source_take};
    size_t batch = (size_t)s->o->batch;
    struct ranked *x = s->ranked = xcalloc(1, sizeof *x);
    int r;

    s->put = put;
    x->last = &x->first;
    x->number = xcalloc(batch, sizeof *x->number);
    x->values = xcalloc(batch, sizeof *x->values);
    r = same_weights(s, e);
    if (!r)
        r = work_queue_open(&x->queue, s->o->comm, &source, s->o->batch,
                            2 * s->o->batch * comm_size(s->o->comm), e);
    if (!r)
        r = work(s, e);
    if (!r)
        r = work_queue_leave(x->queue, e);
    if (r)
        work_queue_fail(x->queue, e);
    work_queue_close(&x->queue);
    for (size_t i = 0; i < batch; i++)
        buf_free(&x->values[i]);
    free(x->values);
    free(x->number);
    free(x);
    s->ranked = NULL;
    return r;
}
