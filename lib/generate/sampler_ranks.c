/* sampler_ranks - the sampler on several ranks
 *
 * Rank 0 reads prompts and hands them out by a work queue (lib/comm/work_queue.h), an item a
 * prompt with all its samples; it sets the fields of the records and writes
 * them in order. Between rounds it says what comes next: another round, new
 * weights, or the end.
 */
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../comm/work_queue.h"
#include "receive.h"
#include "sampler_impl.h"

enum order { ORDER_ROUND = 1, ORDER_WEIGHTS, ORDER_END };

struct order_msg {
    int32_t what;
    int64_t step;            /* ORDER_ROUND */
    struct sync_msg weights; /* ORDER_WEIGHTS: as the trainer began them */
};

/* An item: this and the tokens. */
struct item_head {
    uint64_t id_hash;
    int32_t n_prompt, samples, max_new, unused;
    char name[sizeof((struct prompt *)0)->name];
};

/* A result: this, the tokens, their log-probabilities. */
struct result_head {
    int32_t n, stopped;
};

/* A prompt that this rank has. */
struct task {
    uint64_t number;
    int issued, done;
    struct buf bytes;
    struct item_head head;
};

struct worker {
    struct sampler *s;
    struct work_queue *queue;
    struct task *open; /* has samples to issue */
    int in_flight;     /* samples issued and not given */
    struct buf result;
};

/* ---- rank 0: prompts in, samples out ---- */

static int source_ready(void *ctx)
{
    struct sampler *s = ctx;

    return filter_ready(s->f);
}

static int source_ended(void *ctx)
{
    struct sampler *s = ctx;

    return !s->allowed || s->ended;
}

static int source_next(void *ctx, struct buf *item, int *n_results,
                       struct err *e)
{
    struct sampler *s = ctx;
    struct item_head h = {0};
    const struct prompt *p;
    int r = sampler_open_prompt(s, e);

    if (r <= 0)
        return r;
    p = s->open;
    s->open = NULL;
    h.id_hash = p->id_hash;
    h.n_prompt = (int32_t)p->tokens.n;
    h.samples = p->how->samples;
    h.max_new = p->how->max_new;
    memcpy(h.name, p->name, sizeof h.name);
    buf_put(item, &h, sizeof h);
    buf_put(item, p->tokens.v, p->tokens.n * sizeof *p->tokens.v);
    *n_results = h.samples;
    return 1;
}

static int source_take(void *ctx, int i, const void *p, size_t n, struct err *e)
{
    struct sampler *s = ctx;
    struct result_head h;
    struct gen_res res = {.sample = i};
    const char *at = p;

    memcpy(&h, at, sizeof h);
    if (h.n < 0 || n != sizeof h + (size_t)h.n * 8)
        return err_set(e, ERR_DATA, "a sample of %zu bytes came from a rank",
                       n);
    res.n = h.n;
    res.stopped = h.stopped;
    res.tokens = (const int32_t *)(const void *)(at + sizeof h);
    res.logp = (const float *)(const void *)(at + sizeof h + 4 * (size_t)h.n);
    return sampler_write(s, &res, e);
}

/* ---- all ranks: what gen asks for ---- */

static int open_task(struct worker *w, struct err *e)
{
    struct task *t = xcalloc(1, sizeof *t);
    int r = work_queue_get(w->queue, !w->in_flight, &t->number, &t->bytes, e);

    if (r <= 0) {
        buf_free(&t->bytes);
        free(t);
        return r;
    }
    memcpy(&t->head, t->bytes.p, sizeof t->head);
    w->open = t;
    return 1;
}

static int next(void *ctx, struct gen_req *q, struct err *e)
{
    struct worker *w = ctx;
    struct task *t;
    int r = w->open ? 1 : open_task(w, e);

    if (r <= 0)
        return r;
    t = w->open;
    *q = (struct gen_req){
        .prompt = (const int32_t *)(const void *)(t->bytes.p + sizeof t->head),
        .n_prompt = t->head.n_prompt,
        .id_hash = t->head.id_hash,
        .sample = t->issued++,
        .max_new = t->head.max_new,
        .name = t->head.name,
        .user = t};
    w->in_flight++;
    if (t->issued == t->head.samples)
        w->open = NULL;
    return 1;
}

static int done(void *ctx, const struct gen_res *res, struct err *e)
{
    struct worker *w = ctx;
    struct task *t = res->user;
    struct result_head h = {res->n, res->stopped};
    int r;

    w->result.n = 0;
    buf_put(&w->result, &h, sizeof h);
    buf_put(&w->result, res->tokens, (size_t)res->n * sizeof *res->tokens);
    buf_put(&w->result, res->logp, (size_t)res->n * sizeof *res->logp);
    r = work_queue_put(w->queue, t->number, res->sample, w->result.p,
                       w->result.n, e);
    w->in_flight--;
    if (++t->done == t->head.samples) {
        buf_free(&t->bytes);
        free(t);
    }
    return r;
}

static int work(struct sampler *s, struct err *e)
{
    const struct work_queue_source source = {s, source_ready, source_ended,
                                             source_next, source_take};
    int batch = s->o->batch, ranks = comm_size(s->o->comm);
    struct worker w = {.s = s};
    struct gen_io io = {next, done, &w, 1, NULL};
    int r = work_queue_open(&w.queue, s->o->comm, &source, 1,
                            (batch / s->o->all.samples + 1) * ranks, e);

    if (!r)
        r = gen_run(s->x->m, &s->g, &io, e);
    if (!r && s->o->fifo)
        sampler_release(s);
    if (!r)
        r = work_queue_leave(w.queue, e);
    if (r)
        work_queue_fail(w.queue, e);
    work_queue_close(&w.queue);
    buf_free(&w.result);
    return r;
}

/* ---- what comes next ---- */

static int say(struct sampler *s, struct order_msg m, struct err *e)
{
    return comm_bcast(s->o->comm, 0, &m, sizeof m, e);
}

static int hear(struct sampler *s, struct order_msg *m, struct err *e)
{
    return comm_bcast(s->o->comm, 0, m, sizeof *m, e);
}

int sampler_round(struct sampler *s, struct err *e)
{
    int r = say(s, (struct order_msg){.what = ORDER_ROUND, .step = s->step}, e);

    return r ? r : work(s, e);
}

int sampler_end_ranks(struct sampler *s, struct err *e)
{
    return say(s, (struct order_msg){.what = ORDER_END}, e);
}

int sampler_say_weights(struct sampler *s, const struct sync_msg *msg,
                        struct err *e)
{
    return say(s, (struct order_msg){.what = ORDER_WEIGHTS, .weights = *msg},
               e);
}

static int serve_round(struct sampler *s, int64_t step, struct err *e)
{
    int r;

    s->step = step;
    s->g.seed = sampler_seed(s->o->seed, s->step);
    r = model_unpark(s->x->m, e);
    return r ? r : work(s, e);
}

int sampler_serve(struct sampler *s, struct err *e)
{
    struct receiver weights = {.threads = s->o->threads, .comm = s->o->comm};
    struct order_msg m = {0};
    int r = 0;

    while (!r && !(r = hear(s, &m, e)) && m.what != ORDER_END)
        r = m.what == ORDER_WEIGHTS ? receive_weights(&weights, s->x, NULL,
                                                      s->o->fifo, &m.weights, e)
                                    : serve_round(s, m.step, e);
    receive_close(&weights);
    return r;
}

int sampler_same_weights(struct sampler *s, struct err *e)
{
    char first[sizeof s->x->digest];
    int r;

    memcpy(first, s->x->digest, sizeof first);
    r = comm_bcast(s->o->comm, 0, first, sizeof first, e);
    if (!r && memcmp(first, s->x->digest, sizeof first))
        r = err_set(e, ERR_DATA,
                    "its weights are %s, those of rank 0 are %s: the model "
                    "must be the same on every host",
                    s->x->digest, first);
    return r;
}
