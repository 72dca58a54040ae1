/* receive - weights and changes from the FIFO; runs decoded by threads */
#include "receive.h"
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../base/hash.h"

/* All weights go from rank to rank in pieces, while more of them come. */
#define PIECE ((size_t)16 << 20)

/* ---- what came, on every rank ----------------------------------------- */

struct source {
    struct receiver *v;
    struct sync *s; /* NULL: rank 0 has it */
};

static int get_weights(void *ctx, void *dst, size_t n, struct err *e)
{
    const struct source *x = ctx;
    int r = 0;

    for (char *at = dst, *end = at + n; at < end && !r;) {
        size_t m = (size_t)(end - at) < PIECE ? (size_t)(end - at) : PIECE;

        r = x->s ? sync_get_weights(x->s, at, m, e) : 0;
        if (!r)
            r = comm_bcast(x->v->comm, 0, at, m, e);
        at += m;
    }
    return r;
}

/* The next n runs. */
static int get_runs(const struct source *x, size_t n, struct err *e)
{
    struct receiver *v = x->v;
    size_t all = 0;
    int r;

    v->runs.n = 0;
    for (size_t i = 0; x->s && i < n; i++) {
        const void *p;
        size_t size;

        r = sync_get_changes(x->s, &p, &size, e);
        if (r)
            return r;
        buf_put(&v->runs, p, size);
        v->n_run[i] = size;
    }
    r = comm_bcast(v->comm, 0, v->n_run, n * sizeof *v->n_run, e);
    if (r)
        return r;
    for (size_t i = 0; i < n; i++)
        all += (size_t)v->n_run[i];
    if (!x->s)
        (void)buf_room(&v->runs, all);
    v->runs.n = all;
    return comm_bcast(v->comm, 0, v->runs.p, all, e);
}

static int get_policy(const struct source *x, struct err *e)
{
    int r = x->s ? sync_check_weights(x->s, x->v->policy, e) : 0;

    return r ? r
             : comm_bcast(x->v->comm, 0, x->v->policy, sizeof x->v->policy, e);
}

/* ---- kept ------------------------------------------------------------- */

static int next_kept(void *ctx, void *dst, size_t n, struct err *e)
{
    const uint8_t **at = ctx;

    (void)e;
    memcpy(dst, *at, n);
    *at += n;
    return 0;
}

static int set_kept(const struct receiver *v, struct engine *x, struct err *e)
{
    const uint8_t *at = v->kept;
    const struct model_reader in = {next_kept, &at};

    return model_set_reader(x->m, &in, v->t, e);
}

/* ---- changes --------------------------------------------------------- */

struct batch {
    struct receiver *v;
    size_t first, n;         /* values from the start; in all */
    size_t at[RECEIVE_RUNS]; /* of a run, in v->runs */
    int bad[RECEIVE_RUNS];
};

static size_t run_length(const struct batch *b, size_t i, size_t *at)
{
    *at = b->first + i * CHANGES_RUN;
    return b->n - *at < CHANGES_RUN ? b->n - *at : CHANGES_RUN;
}

static void apply(void *ctx, long i, int worker)
{
    struct batch *b = ctx;
    struct receiver *v = b->v;
    size_t at, n = run_length(b, (size_t)i, &at), width = dtype_size(v->t);

    (void)worker;
    b->bad[i] = changes_apply(v->coder[i], v->runs.p + b->at[i],
                              (size_t)v->n_run[i], v->kept + at * width, n,
                              (int)width);
}

/* The next runs, at most RECEIVE_RUNS. */
static int take_runs(struct batch *b, const struct source *src,
                     const char *fifo, struct err *e)
{
    struct receiver *v = b->v;
    size_t left = (b->n - b->first + CHANGES_RUN - 1) / CHANGES_RUN;
    size_t runs = left < RECEIVE_RUNS ? left : RECEIVE_RUNS, at = 0;
    int r = get_runs(src, runs, e);

    if (r)
        return r;
    for (size_t i = 0; i < runs; i++) {
        b->at[i] = at;
        at += (size_t)v->n_run[i];
        if (!v->coder[i])
            v->coder[i] = delta_coder_open();
    }
    pool_for(v->pool, (long)runs, apply, b);
    for (size_t i = 0; i < runs; i++)
        if (b->bad[i])
            return err_set(e, ERR_DATA, "%s: damaged changes of weights", fifo);
    b->first += runs * CHANGES_RUN;
    return 0;
}

static int take_changes(const struct source *src, const char *fifo,
                        const struct sync_msg *msg, struct err *e)
{
    struct receiver *v = src->v;
    struct batch b = {.v = v, .n = msg->n_bytes / dtype_size(msg->t)};
    int r = 0;

    if (!v->kept || msg->t != v->t || strcmp(msg->from, v->policy))
        return err_set(e, ERR_DATA,
                       "%s: changes to the weights of the digest %s, the "
                       "sampler has %s: it was not there when the trainer "
                       "sent them",
                       fifo, msg->from, v->kept ? v->policy : "none from it");
    if (!v->pool)
        v->pool = pool_open(v->threads);
    while (b.first < b.n && !r)
        r = take_runs(&b, src, fifo, e);
    return r;
}

/* ---- all weights ------------------------------------------------------ */

static int take_all(struct source *src, struct engine *x,
                    const struct sync_msg *msg, struct err *e)
{
    const struct model_reader in = {get_weights, src};
    struct receiver *v = src->v;

    if (!msg->keep)
        return model_set_reader(x->m, &in, msg->t, e);
    if (!v->kept || dtype_size(v->t) != dtype_size(msg->t)) {
        free(v->kept);
        v->kept = xmalloc(msg->n_bytes);
    }
    v->t = msg->t;
    return get_weights(src, v->kept, msg->n_bytes, e);
}

/* The model's digest is over its compute weights: those that were sent, where
 * it has their type. */
static int check_policy(const struct receiver *v, const struct engine *x,
                        const char *fifo, const struct sync_msg *msg,
                        struct err *e)
{
    char digest[33];

    if (msg->t == arm_sampler(&x->arm).compute)
        memcpy(digest, x->digest, sizeof digest);
    else if (v->kept)
        hash_hex128(v->kept, msg->n_bytes, digest);
    else
        return 0;
    return strcmp(digest, v->policy)
               ? err_set(e, ERR_DATA,
                         "%s: the weights have the digest %s, the trainer's "
                         "have %s",
                         fifo, digest, v->policy)
               : 0;
}

int receive_weights(struct receiver *v, struct engine *x, struct sync *s,
                    const char *fifo, const struct sync_msg *msg, struct err *e)
{
    size_t want = model_params(x->m)->n_values * dtype_size(msg->t);
    struct source src = {v, s};
    int r;

    if (msg->n_bytes != want)
        return err_set(e, ERR_DATA,
                       "%s: %zu bytes of weights, the model has "
                       "%zu",
                       fifo, msg->n_bytes, want);
    r = msg->type == SYNC_CHANGES ? take_changes(&src, fifo, msg, e)
                                  : take_all(&src, x, msg, e);
    if (!r)
        r = get_policy(&src, e);
    if (!r && (msg->keep || msg->type == SYNC_CHANGES))
        r = set_kept(v, x, e);
    if (!r)
        r = model_digest(x->m, x->digest, e);
    return r ? r : check_policy(v, x, fifo, msg, e);
}

void receive_close(struct receiver *v)
{
    for (int i = 0; i < RECEIVE_RUNS; i++)
        delta_coder_close(&v->coder[i]);
    buf_free(&v->runs);
    pool_close(&v->pool);
    free(v->kept);
    memset(v, 0, sizeof *v);
}
