/* gather - matrices that come before a pass needs them, and go after
 *
 * Layer i has place i mod 2, embedding and head have one more; a tied embedding
 * stays there. A thread with a backend of its own brings the layer after the one
 * that computes, in place or by messages. On a device with memory of its own there
 * is no such thread.
 */
#include <pthread.h>
#include <stdlib.h>
#include "../base/clock.h"
#include "../base/larger.h"
#include "../base/arena.h"
#include "impl.h"

enum { OUTSIDE = 2, PLACES };

struct gather {
    struct model *m;
    struct model_store from;
    char *rows[2][N_ROLES]; /* memory of the matrices of a place, where they */
    char *outside;          /* are views of it */
    struct k_weight *w[2][N_ROLES];
    char *room; /* a matrix in several pieces is put together here */
    char *in;   /* host: a piece that was read, on its way to the device */
    int here[PLACES]; /* units, once they have arrived */
    /* the thread's: */
    struct kernels *k; /* NULL: there is none */
    pthread_t thread;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t moved;
    int on_its_way, quit, failed;
    struct err err;
};

static int place_of(const struct model *m, int unit)
{
    return unit == UNIT_EMBED || unit == unit_head(m) ? OUTSIDE : unit % 2;
}

/* ---- memory ---------------------------------------------------------- */

static struct k_weight *hold(struct model *m, const struct fused *f,
                             char **rows, struct err *e)
{
    struct kernels *k = m->k;

    if (!k->weight_view)
        return k->weight_new(
            k, m->t, f->N, f->K,
            model_uses(f->role, m->c.tied, m->flags & MODEL_TRAIN), e);
    *rows = k->alloc(k, f->n * dtype_size(m->t), e);
    return *rows ? k->weight_view(k, m->t, f->N, f->K, *rows, e) : NULL;
}

static void drop(struct model *m, struct k_weight **w, char **rows)
{
    if (*w)
        m->k->weight_free(m->k, *w);
    m->k->free(m->k, *rows);
    *w = NULL;
    *rows = NULL;
}

static int hold_layers(struct gather *g, struct err *e)
{
    struct model *m = g->m;

    for (int i = 0; i < m->p.n_fused; i++) {
        const struct fused *f = &m->weight[i].f;
        int place = f->layer % 2;

        if (!f->K || f->layer < 0)
            continue;
        if (!g->w[place][f->role])
            g->w[place][f->role] = hold(m, f, &g->rows[place][f->role], e);
        if (!g->w[place][f->role])
            return -e->code;
        m->weight[i].w = g->w[place][f->role];
    }
    return 0;
}

/* Of embedding and head one is there at a time. */
static int hold_outside(struct gather *g, int unit, struct err *e)
{
    struct model *m = g->m;
    struct weight *embed = of_model(m, ROLE_EMBED);
    struct weight *head = of_model(m, ROLE_HEAD);
    struct weight *want = unit == UNIT_EMBED ? embed : head;
    struct weight *other = unit == UNIT_EMBED ? head : embed;

    if (other != want && other->w)
        drop(m, &other->w, &g->outside);
    if (!want->w)
        want->w = hold(m, &want->f, &g->outside, e);
    return want->w ? 0 : err_prefix(e, "weights outside the layers");
}

size_t model_store_scattered(const struct model_store *from,
                             const struct params *p)
{
    size_t most = 0;

    for (int i = 0; i < p->n_fused; i++) {
        size_t n = p->fused[i].n;

        const void *whole = from->at(from->ctx, p->fused[i].offset, &n);

        if (p->fused[i].K && (!whole || n < p->fused[i].n))
            most = larger(most, p->fused[i].n);
    }
    return most;
}

/* ---- a unit ---------------------------------------------------------- */

/* n values that have to be read, or fewer, to a place of the device. */
static int read(struct gather *g, struct kernels *k, char *to, size_t first,
                size_t *n, struct err *e)
{
    int r;

    if (!g->in)
        return g->from.read(g->from.ctx, first, *n, to, e);
    if (*n > MODEL_STORE_PIECE)
        *n = MODEL_STORE_PIECE;
    r = g->from.read(g->from.ctx, first, *n, g->in, e);
    if (!r)
        k->upload(k, to, g->in, *n * dtype_size(g->m->t));
    return r;
}

/* n values from `first` on, to a place of the device. */
static int copy(struct gather *g, struct kernels *k, char *to, size_t first,
                size_t n, struct err *e)
{
    size_t size = dtype_size(g->m->t);
    int r = 0;

    for (size_t at = 0, some; at < n && !r; at += some) {
        const void *p;

        some = n - at;
        p = g->from.at(g->from.ctx, first + at, &some);
        if (p)
            k->upload(k, to + at * size, p, some * size);
        else
            r = read(g, k, to + at * size, first + at, &some, e);
    }
    return r;
}

static int bring_matrix(struct gather *g, struct kernels *k,
                        const struct weight *w, char *rows, struct err *e)
{
    size_t n = w->f.n;
    const void *p;
    int r = 0;

    if (rows) /* what w is a view of */
        return copy(g, k, rows, w->f.offset, n, e);
    p = g->from.at(g->from.ctx, w->f.offset, &n);
    if (!p || n < w->f.n) {
        r = copy(g, k, g->room, w->f.offset, w->f.n, e);
        p = g->room;
    }
    if (!r)
        k->weight_set(k, w->w, p, g->m->t);
    return r;
}

static uint64_t now(void)
{
    return (uint64_t)clock_ns(CLOCK_MONOTONIC);
}

static void tell(const struct gather *g, int unit, int waited, uint64_t began)
{
    if (g->from.came)
        g->from.came(g->from.ctx, place_of(g->m, unit) == OUTSIDE ? -1 : unit,
                     waited, began);
}

static int bring(struct gather *g, struct kernels *k, int unit, struct err *e)
{
    const struct model *m = g->m;
    int outside = place_of(m, unit) == OUTSIDE, r = 0;
    uint64_t began = now();

    if (outside)
        r = bring_matrix(
            g, k, of_model(m, unit == UNIT_EMBED ? ROLE_EMBED : ROLE_HEAD),
            g->outside, e);
    for (enum role i = 0; i < N_ROLES && !outside && !r; i++) {
        const struct weight *w = of_layer(m, unit, i);

        if (role_in_layer(i) && w && w->f.K)
            r = bring_matrix(g, k, w, g->rows[unit % 2][i], e);
    }
    tell(g, unit, 0, began);
    return r;
}

/* ---- the thread ------------------------------------------------------ */

static void *work(void *ctx)
{
    struct gather *g = ctx;

    pthread_mutex_lock(&g->lock);
    while (!g->quit) {
        int unit = g->on_its_way, r;
        struct err e = {0};

        if (unit == UNIT_NONE) {
            pthread_cond_wait(&g->moved, &g->lock);
            continue;
        }
        pthread_mutex_unlock(&g->lock);
        r = bring(g, g->k, unit, &e);
        if (!r)
            r = g->k->sync(g->k, &e);
        pthread_mutex_lock(&g->lock);
        g->failed = r;
        g->err = e;
        g->on_its_way = UNIT_NONE;
        pthread_cond_broadcast(&g->moved);
    }
    pthread_mutex_unlock(&g->lock);
    return NULL;
}

static int open_thread(struct gather *g, struct err *e)
{
    int r = kernels_open(&g->k, "cpu", 1, g->m->k->order, e);

    if (r)
        return r;
    if (pthread_create(&g->thread, NULL, work, g))
        kernels_close(&g->k); /* the pass's own thread does it */
    return 0;
}

/* Waits for what is on its way. */
static int arrived(struct gather *g, struct err *e)
{
    uint64_t began = now();
    int unit, r;

    if (!g->k)
        return 0;
    pthread_mutex_lock(&g->lock);
    unit = g->on_its_way;
    while (g->on_its_way != UNIT_NONE)
        pthread_cond_wait(&g->moved, &g->lock);
    r = g->failed;
    if (r)
        *e = g->err;
    pthread_mutex_unlock(&g->lock);
    if (unit != UNIT_NONE)
        tell(g, unit, 1, began);
    return r;
}

static int begin(struct gather *g, int unit, struct err *e)
{
    int place = place_of(g->m, unit);
    int r = place == OUTSIDE ? hold_outside(g, unit, e) : 0;

    if (r)
        return r;
    g->here[place] = unit;
    if (!g->k)
        return bring(g, g->m->k, unit, e);
    pthread_mutex_lock(&g->lock);
    g->on_its_way = unit;
    pthread_cond_broadcast(&g->moved);
    pthread_mutex_unlock(&g->lock);
    return 0;
}

/* A tied head is the embedding. */
static int same_as(const struct model *m, int unit)
{
    return m->c.tied && unit == unit_head(m) ? UNIT_EMBED : unit;
}

int model_need(struct model *m, int unit, int next, struct err *e)
{
    struct gather *g = m->gather;
    int r;

    if (!g)
        return 0;
    unit = same_as(m, unit);
    next = same_as(m, next);
    r = arrived(g, e);
    if (!r && g->here[place_of(m, unit)] != unit) {
        r = begin(g, unit, e);
        if (!r)
            r = arrived(g, e);
    }
    if (r || !g->k || next == UNIT_NONE || g->here[place_of(m, next)] == next)
        return r;
    return begin(g, next, e);
}

/* ---- the store ------------------------------------------------------- */

int model_gather(struct model *m, const struct model_store *from, struct err *e)
{
    struct gather *g = xcalloc(1, sizeof *g);
    size_t room = model_store_scattered(from, &m->p) * dtype_size(m->t);
    int r;

    m->gather = g;
    g->m = m;
    g->from = *from;
    g->on_its_way = UNIT_NONE;
    pthread_mutex_init(&g->lock, NULL);
    pthread_cond_init(&g->moved, NULL);
    for (int i = 0; i < PLACES; i++)
        g->here[i] = UNIT_NONE;
    r = hold_layers(g, e);
    if (!r)
        r = hold_outside(g, UNIT_EMBED, e);
    if (!r && room && !m->k->weight_view) {
        g->room = m->k->alloc(m->k, room, e);
        r = g->room ? 0 : -e->code;
    }
    if (!m->k->sizes.can.own_memory)
        return r ? r : open_thread(g, e);
    if (room)
        g->in = xmalloc(MODEL_STORE_PIECE * dtype_size(m->t));
    return r;
}

int model_gather_anew(struct model *m, struct err *e)
{
    struct gather *g = m->gather;
    int r = arrived(g, e);

    for (int i = 0; i < PLACES; i++)
        g->here[i] = UNIT_NONE;
    for (int i = 0; i < m->p.n_fused && !r; i++)
        if (!m->weight[i].f.K)
            r = copy(g, m->k, m->weight[i].vec, m->weight[i].f.offset,
                     m->weight[i].f.n, e);
    m->digest_known = 0;
    m->master = NULL;
    return r ? r : m->k->sync(m->k, e);
}

void model_gather_close(struct model *m)
{
    struct gather *g = m->gather;
    struct weight *embed = of_model(m, ROLE_EMBED);
    struct weight *head = of_model(m, ROLE_HEAD);

    if (!g)
        return;
    if (g->k) {
        pthread_mutex_lock(&g->lock);
        g->quit = 1;
        pthread_cond_broadcast(&g->moved);
        pthread_mutex_unlock(&g->lock);
        pthread_join(g->thread, NULL);
        kernels_close(&g->k);
    }
    drop(m, embed->w ? &embed->w : &head->w, &g->outside);
    for (int i = 0; i < 2; i++)
        for (int r = 0; r < N_ROLES; r++)
            drop(m, &g->w[i][r], &g->rows[i][r]);
    for (int i = 0; i < m->p.n_fused; i++)
        m->weight[i].w = NULL;
    m->k->free(m->k, g->room);
    free(g->in);
    pthread_mutex_destroy(&g->lock);
    pthread_cond_destroy(&g->moved);
    free(g);
    m->gather = NULL;
}
