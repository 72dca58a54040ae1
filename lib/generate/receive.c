/* receive - weights and changes from the FIFO; runs decoded by threads */
#include "receive.h"
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../base/hash.h"

static int next_weights(void *ctx, void *dst, size_t n, struct err *e)
{
    return sync_get_weights(ctx, dst, n, e);
}

static int set(const struct receiver *v, struct engine *x,
               const struct model_reader *in, enum dtype t, struct err *e)
{
    return v->set ? v->set(v->set_ctx, in, t, e)
                  : model_set_reader(x->m, in, t, e);
}

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

    return set(v, x, &in, v->t, e);
}

/* ---- changes --------------------------------------------------------- */

struct batch {
    struct receiver *v;
    size_t first, n; /* values from the start; in all */
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
    b->bad[i] = changes_apply(v->coder[i], v->run[i].p, v->run[i].n,
                              v->kept + at * width, n, (int)width);
}

/* The next runs, at most RECEIVE_RUNS. */
static int take_runs(struct batch *b, struct sync *s, const char *fifo,
                     struct err *e)
{
    struct receiver *v = b->v;
    size_t left = (b->n - b->first + CHANGES_RUN - 1) / CHANGES_RUN;
    size_t runs = left < RECEIVE_RUNS ? left : RECEIVE_RUNS;

    for (size_t i = 0; i < runs; i++) {
        const void *p;
        size_t n;
        int r = sync_get_changes(s, &p, &n, e);

        if (r)
            return r;
        v->run[i].n = 0;
        buf_put(&v->run[i], p, n);
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

static int take_changes(struct receiver *v, struct sync *s, const char *fifo,
                        const struct sync_msg *msg, struct err *e)
{
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
        r = take_runs(&b, s, fifo, e);
    return r;
}

/* ---- all weights ------------------------------------------------------ */

static int take_all(struct receiver *v, struct engine *x, struct sync *s,
                    const struct sync_msg *msg, struct err *e)
{
    const struct model_reader in = {next_weights, s};

    if (!msg->keep)
        return set(v, x, &in, msg->t, e);
    if (!v->kept || dtype_size(v->t) != dtype_size(msg->t)) {
        free(v->kept);
        v->kept = xmalloc(msg->n_bytes);
    }
    v->t = msg->t;
    return sync_get_weights(s, v->kept, msg->n_bytes, e);
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
    int r;

    if (msg->n_bytes != want)
        return err_set(e, ERR_DATA,
                       "%s: %zu bytes of weights, the model has "
                       "%zu",
                       fifo, msg->n_bytes, want);
    r = msg->type == SYNC_CHANGES ? take_changes(v, s, fifo, msg, e)
                                  : take_all(v, x, s, msg, e);
    if (!r)
        r = sync_check_weights(s, v->policy, e);
    if (!r && (msg->keep || msg->type == SYNC_CHANGES))
        r = set_kept(v, x, e);
    if (!r)
        r = model_digest(x->m, x->digest, e);
    return r ? r : check_policy(v, x, fifo, msg, e);
}

void receive_close(struct receiver *v)
{
    for (int i = 0; i < RECEIVE_RUNS; i++) {
        buf_free(&v->run[i]);
        delta_coder_close(&v->coder[i]);
    }
    pool_close(&v->pool);
    free(v->kept);
    memset(v, 0, sizeof *v);
}
