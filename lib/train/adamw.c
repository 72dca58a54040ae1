/* adamw - the optimizer's state and update; see adamw.h */
#include "adamw.h"
#include <math.h>
#include <stdlib.h>
#include "../base/arena.h"
#include "../base/larger.h"
#include "side_stream.h"
#include "clip.h"

#define SCALE_INIT 65536.0
#define SCALE_MAX 16777216.0 /* 2^24: products with fp32 stay finite */
#define SCALE_EVERY 2000

enum { KEPT = 1 << 18 }; /* values kept at a time: some cache holds them */

/* Of m, v and comp, where each lives. */
static void *moment_alloc(struct adamw *a, enum dtype t, struct err *e)
{
    size_t bytes = slices_values(&a->s) * dtype_size(t);

    return a->o.offload ? a->k->host_alloc(a->k, bytes, e)
                        : a->k->alloc(a->k, bytes, e);
}

/* Compute weights are the master weights, in the host's memory. */
static int master_is_compute(const struct adamw *a)
{
    return adamw_shares_master(&a->arm, a->k->sizes.can.own_memory);
}

static int open_compute(struct adamw *a, struct err *e)
{
    size_t most = 0, bytes;
    int r;

    for (int i = 0; i < a->s.n; i++)
        most = larger(most, a->s.cut[i + 1] - a->s.cut[i]);
    bytes = most * dtype_size(a->arm.compute);
    r = comm_window_open_remote(&a->compute, a->s.c, bytes, e);
    if (r || a->compute)
        return r;
    return err_memory(e,
                      "out of memory that all ranks read: %zu MiB asked for "
                      "(--shard-weights)",
                      bytes >> 20);
}

static void *master_alloc(struct adamw *a, struct err *e)
{
    if (a->o.shard_weights && a->s.n > 1 && open_compute(a, e))
        return NULL;
    if (a->compute && master_is_compute(a))
        return comm_window_of(a->compute, a->s.rank);
    return a->k->alloc(a->k, slices_values(&a->s) * dtype_size(a->arm.master),
                       e);
}

static void moment_free(struct adamw *a, void *p)
{
    if (p && a->o.offload)
        a->k->host_free(a->k, p);
    else if (p)
        a->k->free(a->k, p);
}

size_t adamw_piece_bytes(const struct arm *a, size_t n)
{
    return adamw_piece(n) *
           (2 * dtype_size(a->adam) + (a->kahan ? dtype_size(DT_BF16) : 0));
}

int adamw_open_ranks(struct adamw **out, struct comm *c, struct kernels *k,
                     const struct params *p, const struct arm *arm,
                     const struct adamw_opts *o, struct err *e)
{
    struct adamw *a = xcalloc(1, sizeof *a);

    *out = a;
    a->k = k;
    a->p = p;
    a->arm = *arm;
    a->o = *o;
    slices_open(&a->s, c, p, arm->grads);
    if (side_stream_open(&a->s.side, c, k, e)) {
        int r = -e->code;

        adamw_close(out);
        return r;
    }
    a->loss_scale = arm->loss_scaling ? SCALE_INIT : 1;
    a->master = master_alloc(a, e);
    a->m = a->master ? moment_alloc(a, arm->adam, e) : NULL;
    a->v = a->m ? moment_alloc(a, arm->adam, e) : NULL;
    if (a->v && arm->kahan)
        a->comp = moment_alloc(a, DT_BF16, e);
    if (a->v && (a->comp || !arm->kahan))
        a->changed = k->alloc(k, sizeof *a->changed, e);
    if (a->changed && o->offload)
        a->piece = k->alloc(k, adamw_piece_bytes(arm, slices_values(&a->s)), e);
    if (a->changed && (a->piece || !o->offload))
        return 0;
    adamw_close(out);
    return -ERR_IO;
}

void adamw_close(struct adamw **out)
{
    struct adamw *a = *out;

    if (!a)
        return;
    if (a->master && !(a->compute && master_is_compute(a)))
        a->k->free(a->k, a->master);
    comm_window_close(&a->compute);
    if (a->changed)
        a->k->free(a->k, a->changed);
    if (a->piece)
        a->k->free(a->k, a->piece);
    moment_free(a, a->m);
    moment_free(a, a->v);
    moment_free(a, a->comp);
    side_stream_close(&a->s.side);
    slices_close(&a->s);
    free(a);
    *out = NULL;
}

/* beta^n by squaring: no libm, so the same bits on every machine. */
static double power(double beta, uint64_t n)
{
    double r = 1;

    for (; n; n >>= 1) {
        if (n & 1)
            r *= beta;
        beta *= beta;
    }
    return r;
}

/* Value `offset` of all, in what a holds of them. */
static void *at(const struct adamw *a, void *base, enum dtype t, size_t offset)
{
    return base ? (char *)base + (offset - slices_first(&a->s)) * dtype_size(t)
                : NULL;
}

static const void *at_const(const struct adamw *a, const void *base,
                            enum dtype t, size_t offset)
{
    return (const char *)base + (offset - slices_first(&a->s)) * dtype_size(t);
}

static void skip(struct adamw *a)
{
    a->skipped++;
    a->good = 0;
    if (a->arm.loss_scaling && a->loss_scale > 1)
        a->loss_scale /= 2;
}

static void *element(void *base, enum dtype t, size_t i)
{
    return base ? (char *)base + i * dtype_size(t) : NULL;
}

/* Values first .. first + n - 1 of a tensor, with their state on the device. */
static void update(struct adamw *a, struct k_adamw h, const struct param *q,
                   size_t first, size_t n, const void *g, void *m, void *v,
                   void *comp)
{
    struct kernels *k = a->k;
    size_t some = a->before ? KEPT : n, size = dtype_size(a->before_t);

    for (size_t i = 0; i < n; i += some) {
        size_t from = q->offset + first + i;
        size_t some_n = n - i < some ? n - i : some;
        void *w = at(a, a->master, a->arm.master, from);

        h.first = first + i;
        if (a->before)
            k->cast(k, a->kept, a->before_t, w, a->arm.master, some_n);
        k->adamw(k, &h, w, a->arm.master, element(comp, DT_BF16, i),
                 element(m, a->arm.adam, i), element(v, a->arm.adam, i),
                 a->arm.adam, at_const(a, g, a->arm.grads, from), a->arm.grads,
                 some_n, a->changed);
        if (a->before) /* no wider than the gradients: those up to here are read */
            k->copy(k, a->before + from * size, a->kept, some_n * size);
    }
}

/* The same where the state comes to the device, and goes back, a piece at a
 * time. */
static void update_pieces(struct adamw *a, const struct k_adamw h,
                          const struct param *q, size_t first, size_t end,
                          const void *g)
{
    struct kernels *k = a->k;
    size_t most = adamw_piece(slices_values(&a->s));
    size_t size = dtype_size(a->arm.adam), half = dtype_size(DT_BF16);
    char *m = a->piece, *v = m + most * size;
    char *comp = a->comp ? v + most * size : NULL;

    for (size_t i = first; i < end; i += most) {
        size_t n = end - i < most ? end - i : most;
        char *from_m = at(a, a->m, a->arm.adam, q->offset + i);
        char *from_v = at(a, a->v, a->arm.adam, q->offset + i);
        char *from_c = at(a, a->comp, DT_BF16, q->offset + i);

        k->send(k, m, from_m, n * size);
        k->send(k, v, from_v, n * size);
        if (comp)
            k->send(k, comp, from_c, n * half);
        update(a, h, q, i, n, g, m, v, comp);
        k->fetch(k, from_m, m, n * size);
        k->fetch(k, from_v, v, n * size);
        if (comp)
            k->fetch(k, from_c, comp, n * half);
    }
}

/* The settings of this update that all tensors share. */
static void settings(const struct adamw *a, double lr, double coef,
                     struct k_adamw *h)
{
    const struct adamw_opts *o = &a->o;

    h->kind = (enum k_step)a->arm.step;
    h->lr = (float)lr;
    h->beta1 = (float)o->beta1;
    h->beta2 = (float)o->beta2;
    h->eps = (float)o->eps;
    /* of the betas as the kernel has them: 1 - 0.999f is not 0.001f */
    h->bias1 = (float)(1 - power((double)h->beta1, a->updates));
    h->bias2 = (float)(1 - power((double)h->beta2, a->updates));
    h->grad_scale = (float)(coef / a->loss_scale);
    h->stochastic = a->arm.stochastic;
    h->seed = o->seed;
    h->step = (uint32_t)a->updates;
    h->torch.b1 = (float)(1 - o->beta1);
    h->torch.b2 = (float)(1 - o->beta2);
    h->torch.root2 = (float)sqrt(1 - power(o->beta2, a->updates));
    h->torch.rate = (float)(lr / (1 - power(o->beta1, a->updates)));
}

/* And those of a tensor. torch decays every tensor of a group, which is all
 * that a model gives it. */
static void settings_of(const struct adamw *a, double lr, int i,
                        struct k_adamw *h)
{
    const struct param *q = &a->p->v[i];
    int lanes = a->o.lanes, torch = h->kind != STEP_ULP;
    double decay = q->decay || torch ? a->o.weight_decay : 0;
    size_t whole = lanes > 0 ? q->n - q->n % (size_t)lanes : q->n;

    h->tensor = (uint32_t)i;
    h->weight_decay = (float)decay;
    h->torch.keep = (float)(1 - lr * decay);
    h->torch.fused_m = lanes < 0 ? 0 : SIZE_MAX;
    h->torch.fused_v = lanes < 0                            ? 0
                       : lanes > 0 && h->kind == STEP_FUSED ? whole
                                                            : SIZE_MAX;
}

/* What of tensor i this rank has. */
static void update_tensor(struct adamw *a, struct k_adamw h, double lr, int i,
                          const void *g)
{
    const struct param *q = &a->p->v[i];
    size_t from, n = slices_part(&a->s, a->s.rank, q->offset, q->n, &from);
    size_t first = from - q->offset;

    if (!n)
        return;
    settings_of(a, lr, i, &h);
    if (a->o.offload)
        update_pieces(a, h, q, first, first + n, g);
    else
        update(a, h, q, first, n, g, at(a, a->m, a->arm.adam, from),
               at(a, a->v, a->arm.adam, from), at(a, a->comp, DT_BF16, from));
}

/* Of all ranks together. */
static int add_changed(struct adamw *a, uint64_t *changed, struct err *e)
{
    size_t n_ranks = (size_t)a->s.n;
    size_t *n = xcalloc(2 * n_ranks, sizeof *n), *place = n + n_ranks;
    uint64_t *of = xcalloc(n_ranks, sizeof *of);
    int r;

    a->k->download(a->k, &of[a->s.rank], a->changed, sizeof *of);
    r = a->k->sync(a->k, e);
    for (size_t i = 0; i < n_ranks; i++) {
        n[i] = sizeof *of;
        place[i] = i * sizeof *of;
    }
    if (!r)
        r = comm_allgatherv(a->s.c, of, n, place, e);
    *changed = 0;
    for (size_t i = 0; i < n_ranks; i++)
        *changed += of[i];
    free(of);
    free(n);
    return r;
}

int adamw_update(struct adamw *a, const void *g, double lr,
                 struct adamw_result *res, struct err *e)
{
    struct clip x = {.max = a->o.grad_clip, .loss_scale = a->loss_scale};
    struct k_adamw h = {0};
    int r = clip_norm(&x, a->k, &a->s, g, e);

    if (r)
        return r;
    *res = (struct adamw_result){x.norm, !isfinite(x.norm), 0};
    if (res->skipped) {
        skip(a);
        return 0;
    }
    a->updates++;
    comm_window_settle(a->compute); /* the norm is of passes that are done */
    settings(a, lr, x.coef, &h);
    a->k->zero(a->k, a->changed, sizeof *a->changed);
    for (int i = 0; i < a->p->n; i++)
        update_tensor(a, h, lr, i, g);
    if (a->arm.loss_scaling && ++a->good >= SCALE_EVERY) {
        a->good = 0;
        if (a->loss_scale < SCALE_MAX)
            a->loss_scale *= 2;
    }
    return add_changed(a, &res->changed, e);
}

int adamw_can_keep(const struct arm *a, enum dtype t, int ranks, int own_memory)
{
    return ranks < 2 && !own_memory && dtype_size(t) <= dtype_size(a->grads);
}

int adamw_update_keeping(struct adamw *a, void *g, enum dtype t, double lr,
                         struct adamw_result *res, struct err *e)
{
    int r;

    a->kept = a->k->alloc(a->k, KEPT * dtype_size(t), e);
    if (!a->kept)
        return -ERR_IO;
    a->before = g;
    a->before_t = t;
    r = adamw_update(a, g, lr, res, e);
    a->before = NULL;
    a->k->free(a->k, a->kept);
    a->kept = NULL;
    return r;
}

int adamw_set_master(struct adamw *a, const float *flat, struct err *e)
{
    struct kernels *k = a->k;
    size_t first = slices_first(&a->s), end = slices_end(&a->s);
    size_t some = adamw_piece(end - first);
    float *piece = k->alloc(k, some * sizeof *piece, e);

    if (!piece)
        return -ERR_IO;
    for (size_t i = first; i < end; i += some) {
        size_t n = end - i < some ? end - i : some;

        k->upload(k, piece, flat + i, n * sizeof *piece);
        k->cast(k, at(a, a->master, a->arm.master, i), a->arm.master, piece,
                DT_F32, n);
    }
    k->free(k, piece);
    return k->sync(k, e);
}

/* Values [first, first + n), from where they are to rank 0's host. */
static int give(const struct adamw *a, size_t first, size_t n, enum dtype t,
                char *piece, char *host, struct err *e)
{
    struct kernels *k = a->k;
    size_t size = dtype_size(t);
    int x = 0;

    for (int r = 0; r < a->s.n && !x; r++) {
        size_t from, m = slices_part(&a->s, r, first, n, &from);
        char *to = host + (from - first) * size;

        if (!m || (a->s.rank && r != a->s.rank))
            continue;
        if (r == a->s.rank) {
            const char *src = at(a, a->master, a->arm.master, from);

            if (piece)
                k->cast(k, piece, t, src, a->arm.master, m);
            k->download(k, to, piece ? piece : src, m * size);
            x = k->sync(k, e);
        }
        if (!x)
            x = comm_pass(a->s.c, r, 0, to, m * size, e);
    }
    return x;
}

int adamw_compute_weights(const struct adamw *a, enum dtype t,
                          int (*take)(void *ctx, const void *p, size_t n_bytes,
                                      struct err *e),
                          void *ctx, struct err *e)
{
    struct kernels *k = a->k;
    size_t size = dtype_size(t), all = a->p->n_values;
    size_t some = adamw_piece(all);
    int as_is = t == a->arm.master, r = 0;
    char *piece, *host;

    if (as_is && a->s.n == 1 && !k->sizes.can.own_memory) {
        r = k->sync(k, e);
        return r ? r : take(ctx, a->master, all * size, e);
    }
    piece = as_is ? NULL : k->alloc(k, some * size, e);
    host = piece || as_is ? xmalloc(some * size) : NULL;
    if (!host)
        return -ERR_IO;
    for (size_t i = 0; i < all && !r; i += some) {
        size_t n = all - i < some ? all - i : some;

        r = give(a, i, n, t, piece, host, e);
        if (!r && !a->s.rank)
            r = take(ctx, host, n * size, e);
    }
    k->free(k, piece);
    free(host);
    return r;
}
