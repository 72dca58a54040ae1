/* adamw - the optimizer's state and update; see adamw.h */
#include "adamw.h"
#include <math.h>
#include <stdlib.h>
#include "../../kernels/canon.h"
#include "../base/arena.h"

#define SCALE_INIT 65536.0
#define SCALE_MAX 16777216.0 /* 2^24: products with fp32 stay finite */
#define SCALE_EVERY 2000

/* Of m, v and comp, where each lives. */
static void *moment_alloc(struct adamw *a, enum dtype t, struct err *e)
{
    size_t bytes = a->p->n_values * dtype_size(t);

    return a->o.offload ? a->k->host_alloc(a->k, bytes, e)
                        : a->k->alloc(a->k, bytes, e);
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

int adamw_open(struct adamw **out, struct kernels *k, const struct params *p,
               const struct arm *arm, const struct adamw_opts *o, struct err *e)
{
    struct adamw *a = xcalloc(1, sizeof *a);

    *out = a;
    a->k = k;
    a->p = p;
    a->arm = *arm;
    a->o = *o;
    a->loss_scale = arm->loss_scaling ? SCALE_INIT : 1;
    a->master = k->alloc(k, p->n_values * dtype_size(arm->master), e);
    a->m = a->master ? moment_alloc(a, arm->adam, e) : NULL;
    a->v = a->m ? moment_alloc(a, arm->adam, e) : NULL;
    if (a->v && arm->kahan)
        a->comp = moment_alloc(a, DT_BF16, e);
    if (a->v && (a->comp || !arm->kahan))
        a->changed = k->alloc(k, sizeof *a->changed, e);
    if (a->changed && o->offload)
        a->piece = k->alloc(k, adamw_piece_bytes(arm, p->n_values), e);
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
    if (a->master)
        a->k->free(a->k, a->master);
    if (a->changed)
        a->k->free(a->k, a->changed);
    if (a->piece)
        a->k->free(a->k, a->piece);
    moment_free(a, a->m);
    moment_free(a, a->v);
    moment_free(a, a->comp);
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

static void *at(void *base, enum dtype t, size_t offset)
{
    return base ? (char *)base + offset * dtype_size(t) : NULL;
}

static const void *at_const(const void *base, enum dtype t, size_t offset)
{
    return (const char *)base + offset * dtype_size(t);
}

static void skip(struct adamw *a)
{
    a->skipped++;
    a->good = 0;
    if (a->arm.loss_scaling && a->loss_scale > 1)
        a->loss_scale /= 2;
}

/* Values first .. first + n - 1 of a tensor, with their state on the device. */
static void update(struct adamw *a, const struct k_adamw *h,
                   const struct param *q, size_t first, size_t n, const void *g,
                   void *m, void *v, void *comp)
{
    a->k->adamw(a->k, h, at(a->master, a->arm.master, q->offset + first),
                a->arm.master, comp, m, v, a->arm.adam,
                at_const(g, a->arm.grads, q->offset + first), a->arm.grads, n,
                a->changed);
}

/* A tensor whose state comes to the device, and goes back, a piece at a
 * time. */
static void update_pieces(struct adamw *a, struct k_adamw h,
                          const struct param *q, const void *g)
{
    struct kernels *k = a->k;
    size_t most = adamw_piece(a->p->n_values);
    size_t size = dtype_size(a->arm.adam), half = dtype_size(DT_BF16);
    char *m = a->piece, *v = m + most * size;
    char *comp = a->comp ? v + most * size : NULL;

    for (size_t i = 0; i < q->n; i += most) {
        size_t n = q->n - i < most ? q->n - i : most;
        char *from_m = at(a->m, a->arm.adam, q->offset + i);
        char *from_v = at(a->v, a->arm.adam, q->offset + i);
        char *from_c = at(a->comp, DT_BF16, q->offset + i);

        h.first = i;
        k->send(k, m, from_m, n * size);
        k->send(k, v, from_v, n * size);
        if (comp)
            k->send(k, comp, from_c, n * half);
        update(a, &h, q, i, n, g, m, v, comp);
        k->fetch(k, from_m, m, n * size);
        k->fetch(k, from_v, v, n * size);
        if (comp)
            k->fetch(k, from_c, comp, n * half);
    }
}

static double round_bf16(double x)
{
    return (double)canon_widen_bf16(canon_round_bf16((float)x));
}

/* The norm of all gradients, and what they are multiplied by. */
static double clip(const struct adamw *a, const void *g, double *norm)
{
    double max = a->o.grad_clip, coef;

    *norm = sqrt(a->k->sumsq(a->k, g, a->arm.grads, a->p->n_values)) /
            a->loss_scale;
    coef = max / (*norm + 1e-6);
    return max > 0 && coef < 1 ? coef : 1;
}

/* The same of bf16 gradients, as torch.nn.utils.clip_grad_norm_ has it: a norm
 * of each tensor, the norm of those, 1 over it and the product are bf16. */
static double clip_bf16(const struct adamw *a, const void *g, double *norm)
{
    double max = a->o.grad_clip, sum = 0, coef;

    for (int i = 0; i < a->p->n; i++) {
        const struct param *q = &a->p->v[i];
        double n = round_bf16(
            sqrt(a->k->sumsq(a->k, at_const(g, a->arm.grads, q->offset),
                             a->arm.grads, q->n)) /
            a->loss_scale);

        sum += n * n;
    }
    *norm = round_bf16(sqrt(sum));
    coef = round_bf16(max * round_bf16(1 / round_bf16(*norm + 1e-6)));
    return max > 0 && coef < 1 ? coef : 1;
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

int adamw_update(struct adamw *a, const void *g, double lr,
                 struct adamw_result *r, struct err *e)
{
    const struct params *p = a->p;
    struct k_adamw h = {0};
    double coef;

    r->changed = 0;
    coef = a->arm.grads == DT_BF16 ? clip_bf16(a, g, &r->norm)
                                   : clip(a, g, &r->norm);
    r->skipped = !isfinite(r->norm);
    if (r->skipped) {
        skip(a);
        return a->k->sync(a->k, e);
    }
    a->updates++;
    settings(a, lr, coef, &h);
    a->k->zero(a->k, a->changed, sizeof *a->changed);
    for (int i = 0; i < p->n; i++) {
        const struct param *q = &p->v[i];

        settings_of(a, lr, i, &h);
        if (a->o.offload)
            update_pieces(a, h, q, g);
        else
            update(a, &h, q, 0, q->n, g, at(a->m, a->arm.adam, q->offset),
                   at(a->v, a->arm.adam, q->offset),
                   at(a->comp, DT_BF16, q->offset));
    }
    a->k->download(a->k, &r->changed, a->changed, sizeof r->changed);
    if (a->arm.loss_scaling && ++a->good >= SCALE_EVERY) {
        a->good = 0;
        if (a->loss_scale < SCALE_MAX)
            a->loss_scale *= 2;
    }
    return a->k->sync(a->k, e);
}

int adamw_set_master(struct adamw *a, const float *flat, struct err *e)
{
    struct kernels *k = a->k;
    size_t all = a->p->n_values, some = adamw_piece(all);
    float *piece = k->alloc(k, some * sizeof *piece, e);

    if (!piece)
        return -ERR_IO;
    for (size_t i = 0; i < all; i += some) {
        size_t n = all - i < some ? all - i : some;

        k->upload(k, piece, flat + i, n * sizeof *piece);
        k->cast(k, at(a->master, a->arm.master, i), a->arm.master, piece,
                DT_F32, n);
    }
    k->free(k, piece);
    return k->sync(k, e);
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
    char *piece = as_is ? NULL : k->alloc(k, some * size, e);
    char *host = piece || as_is ? xmalloc(some * size) : NULL;

    if (!host)
        return -ERR_IO;
    for (size_t i = 0; i < all && !r; i += some) {
        size_t n = all - i < some ? all - i : some;
        const char *src = at(a->master, a->arm.master, i);

        if (piece)
            k->cast(k, piece, t, src, a->arm.master, n);
        k->download(k, host, piece ? piece : src, n * size);
        r = k->sync(k, e);
        if (!r)
            r = take(ctx, host, n * size, e);
    }
    k->free(k, piece);
    free(host);
    return r;
}
