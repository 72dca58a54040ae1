/* publish - pieces of the weights, each looked at while it is in the cache; see
 * publish.h */
#include "publish.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../base/hash.h"
#include "../generate/changes.h"
#include "../model/finite.h"
#include "moved.h"

/* Runs of a piece that adamw_compute_weights gives, at most. */
enum { RUNS = 16, NEAR = 1 << 16 /* values */ };

struct run {
    struct delta_coder *coder;
    struct buf out;
    uint64_t changed, visible;
};

struct publisher {
    struct publish_opts o;
    enum dtype t; /* of the weights */
    struct publish_stats last;
    uint8_t *own; /* a copy of the weights published before, or NULL */
    int sent;     /* weights were, or would have been */
    char policy[33];
    struct pool *pool;
    struct run run[RUNS];
    /* of publish_weights: */
    int64_t after_step;
    const uint8_t *was; /* the weights before; NULL: as they are now */
    struct hash128 *digest;
    const uint8_t *piece;
    size_t at, n; /* values before the piece, and in it */
    size_t good;  /* the first of these that is not finite, or n */
};

void publish_open(struct publisher **out, const struct publish_opts *o)
{
    struct publisher *x = xcalloc(1, sizeof *x);

    x->o = *o;
    x->t = arm_sampler(&o->a->arm).compute;
    x->last.n = o->a->p->n_values;
    x->last.all = x->last.n * dtype_size(x->t);
    /* only runs are many tasks */
    x->pool = pool_open(o->whole ? 1 : o->threads);
    if (!o->whole && !o->given)
        x->own = xmalloc(x->last.all);
    *out = x;
}

void publish_close(struct publisher **x)
{
    if (!*x)
        return;
    for (int i = 0; i < RUNS; i++) {
        delta_coder_close(&(*x)->run[i].coder);
        buf_free(&(*x)->run[i].out);
    }
    pool_close(&(*x)->pool);
    free((*x)->own);
    free(*x);
    *x = NULL;
}

const struct publish_stats *publish_last(const struct publisher *x)
{
    return &x->last;
}

/* Weight `at` is not finite, and the file's weights were: rounding to a type of
 * the arm did it, or training. */
static int not_finite(const struct publisher *x, size_t at, float v,
                      struct err *e)
{
    const struct adamw *a = x->o.a;
    const struct param *q = a->p->v;
    char where[40] = "";

    while (at - q->offset >= q->n)
        q++;
    if (x->after_step >= 0)
        snprintf(where, sizeof where, " after step %lld",
                 (long long)x->after_step);
    return err_set(e, ERR_DATA,
                   "%s: tensor %s: value %zu is %s%s%s in the "
                   "types of the arm (master=%s, compute=%s), expected a "
                   "finite number",
                   x->o.model, q->name, at - q->offset, v < 0 ? "-" : "",
                   v == v ? "inf" : "nan", where, dtype_name(a->arm.master),
                   dtype_name(x->t));
}

static void digest_piece(struct publisher *x)
{
    size_t size = dtype_size(x->t);

    x->good = x->n;
    for (size_t i = 0; i < x->n && x->good == x->n; i += FINITE_PIECE) {
        const uint8_t *p = x->piece + i * size;
        size_t m = x->n - i < FINITE_PIECE ? x->n - i : FINITE_PIECE;
        size_t good = finite_until(p, x->t, m);

        if (good < m)
            x->good = i + good;
        hash128_update(x->digest, p, m * size);
    }
}

/* All weights go as they are: those of a process that has sent none, as its
 * sampler may have others. */
static int is_whole(const struct publisher *x)
{
    return x->o.whole || !x->sent;
}

/* What is sent, or would be by the process that this one goes on for, is coded. */
static int is_coded(const struct publisher *x)
{
    return !x->o.whole && (x->sent || x->o.begun);
}

static void look_at_run(struct publisher *x, size_t i)
{
    size_t size = dtype_size(x->t), first = i * CHANGES_RUN;
    size_t n = x->n - first < CHANGES_RUN ? x->n - first : CHANGES_RUN;
    size_t at = (x->at + first) * size;
    const uint8_t *now = x->piece + first * size;
    const uint8_t *was = x->was ? x->was + at : now;
    struct run *r = &x->run[i];

    if (x->after_step < 0) {
        memcpy(x->own + at, now, n * size);
        return;
    }
    if (!is_coded(x)) {
        r->changed = moved_bits(was, now, x->t, n);
    } else {
        if (!r->coder)
            r->coder = delta_coder_open();
        r->changed = changes_encode(r->coder, &r->out, was, now, n, (int)size);
    }
    r->visible = r->changed ? moved_visibly(was, now, x->t, n) : 0;
    if (r->changed && x->own)
        memcpy(x->own + at, now, n * size);
}

static void task(void *ctx, long i, int worker)
{
    (void)worker;
    if (i == 0)
        digest_piece(ctx);
    else
        look_at_run(ctx, (size_t)i - 1);
}

static int send_runs(struct publisher *x, size_t runs, struct err *e)
{
    size_t coded = 0;
    int r = 0;

    for (size_t i = 0; i < runs; i++) {
        coded += is_coded(x) ? x->run[i].out.n : 0;
        x->last.changed += x->run[i].changed;
        x->last.visible += x->run[i].visible;
    }
    if (is_whole(x)) {
        size_t bytes = x->n * dtype_size(x->t);

        x->last.bytes += is_coded(x) ? coded : bytes;
        return x->o.sync ? sync_put_weights(x->o.sync, x->piece, bytes, e) : 0;
    }
    for (size_t i = 0; i < runs && !r; i++) {
        x->last.bytes += x->run[i].out.n;
        if (x->o.sync)
            r = sync_put_changes(x->o.sync, x->run[i].out.p, x->run[i].out.n,
                                 e);
    }
    return r;
}

static int pass_piece(struct publisher *x, const void *p, size_t n,
                      struct err *e)
{
    size_t runs = 0;
    int r = 0;

    x->piece = p;
    x->n = n;
    if (!x->o.whole && (x->own || x->after_step >= 0))
        runs = (x->n + CHANGES_RUN - 1) / CHANGES_RUN;
    pool_for(x->pool, 1 + (long)runs, task, x);
    if (x->good < x->n)
        return not_finite(x, x->at + x->good, finite_value(p, x->t, x->good),
                          e);
    if (x->after_step >= 0)
        r = send_runs(x, runs, e);
    x->at += x->n;
    return r;
}

/* The pieces: of all that is sent whole what a cache holds, so that the sampler
 * has the first while the next is digested. */
static int pass_on(void *ctx, const void *p, size_t n_bytes, struct err *e)
{
    struct publisher *x = ctx;
    size_t size = dtype_size(x->t), n = n_bytes / size;
    size_t most = x->o.whole ? (size_t)NEAR : (size_t)RUNS * CHANGES_RUN;
    int r = 0;

    for (size_t i = 0; i < n && !r; i += most)
        r = pass_piece(x, (const char *)p + i * size,
                       n - i < most ? n - i : most, e);
    return r;
}

static int begin(const struct publisher *x, struct err *e)
{
    return is_whole(x)
               ? sync_begin_weights(x->o.sync, x->t, x->last.all, !x->o.whole,
                                    e)
               : sync_begin_changes(x->o.sync, x->t, x->last.all, x->policy, e);
}

int publish_weights(struct publisher *x, int64_t after_step, const void *before,
                    char policy[33], struct err *e)
{
    int send = after_step >= 0 && x->o.sync, r = send ? begin(x, e) : 0;

    x->after_step = after_step;
    x->was = x->own ? x->own : before;
    x->at = 0;
    x->digest = hash128_open();
    x->last.bytes = x->last.changed = x->last.visible = 0;
    x->last.compared = !x->o.whole;
    if (!r)
        r = adamw_compute_weights(x->o.a, x->t, pass_on, x, e);
    hash128_hex(x->digest, x->policy);
    hash128_close(&x->digest);
    memcpy(policy, x->policy, sizeof x->policy);
    if (!r && send)
        r = sync_end_weights(x->o.sync, x->policy, e);
    x->sent |= after_step >= 0;
    return r;
}
