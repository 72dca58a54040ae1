/* compare - two checkpoints to a stream of sparsity records */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../model/safetensors.h"
#include "compare.h"
#include "fields.h"
#include "names.h"
#include "sparsity.h"

struct tally {
    struct sparsity s;
    int fp32; /* the checkpoint's values are fp32 */
};

/* Values that go to a device at once; that are digested and compared while they
 * are in the processor's cache. */
enum { PIECE = 1 << 24, CACHED = 1 << 20 };

enum { SIDES = 3 };

struct compare {
    const struct compare_opts *o;
    void *piece[SIDES]; /* device, PIECE fp32 values of each; NULL on the cpu */
    uint64_t *count;    /* device, [CMP_N] */
    struct st_file *base, *ckpt, *against;
    struct st_sum *sum[SIDES]; /* of these */
    struct tally *tensor;      /* [st_count(ckpt)] */
    struct tally kind[KIND_OTHER + 1], all, *layer;
    int n_layers;
    struct rec_writer *w; /* of compare_write */
    struct rec *rec;
};

/* ---- records -------------------------------------------------------- */

static int put(struct compare *x, const struct scope *scope,
               const struct tally *t, struct err *e)
{
    const struct sparsity *s = &t->s;
    uint64_t finite = s->n - s->non_finite;
    struct rec *rec = x->rec;

    fields_begin(rec, scope);
    rec_set_u64(rec, "n", s->n);
    rec_set_u64(rec, "unchanged", s->unchanged);
    rec_set_u64(rec, "non_finite", s->non_finite);
    fields_share(rec, "sparsity", s->unchanged, finite);
    if (t->fp32) {
        rec_set_u64(rec, "unchanged_f32", s->unchanged_f32);
        rec_set_u64(rec, "unchanged_abs1e-5", s->unchanged_abs);
        fields_share(rec, "sparsity_f32", s->unchanged_f32, finite);
        fields_share(rec, "sparsity_abs1e-5", s->unchanged_abs, finite);
    }
    if (x->against)
        fields_jaccard(rec, s);
    return rec_write(x->w, rec, e);
}

static int put_totals(struct compare *x, struct err *e)
{
    struct scope total = {"total", NULL, NULL, -1};
    int r = 0;

    for (int k = 0; k <= KIND_OTHER && !r; k++) {
        struct scope s = {"kind", NULL, tensor_kind_name(k), -1};

        if (x->kind[k].s.n)
            r = put(x, &s, &x->kind[k], e);
    }
    for (int i = 0; i < x->n_layers && !r; i++) {
        struct scope s = {"layer", NULL, NULL, i};

        if (x->layer[i].s.n)
            r = put(x, &s, &x->layer[i], e);
    }
    return r ? r : put(x, &total, &x->all, e);
}

/* ---- comparing ------------------------------------------------------ */

static void add(struct tally *to, const struct tally *t)
{
    sparsity_sum(&to->s, &t->s);
    to->fp32 |= t->fp32;
}

static void add_layer(struct compare *x, int layer, const struct tally *t)
{
    if (layer < 0)
        return;
    if (layer >= x->n_layers) {
        x->layer = xrealloc(x->layer, (size_t)layer + 1, sizeof *x->layer);
        memset(x->layer + x->n_layers, 0,
               (size_t)(layer + 1 - x->n_layers) * sizeof *x->layer);
        x->n_layers = layer + 1;
    }
    add(&x->layer[layer], t);
}

/* n values, where the device can read them: on the cpu where they are. */
static const void *bring(struct compare *x, int side, const void *from,
                         size_t bytes)
{
    struct kernels *k = x->o->k;

    if (!from || !x->piece[side])
        return from;
    k->upload(k, x->piece[side], from, bytes);
    return x->piece[side];
}

/* Values of a side's tensor, those that are there and at most `most`. So many as
 * *n are read in the end: those that come are decoded ahead. */
static const void *piece_of(struct compare *x, int side,
                            const struct st_tensor *t, size_t at, size_t most,
                            size_t *n)
{
    if (!t->delta)
        *n = *n < most ? *n : most;
    return st_sum_piece(x->sum[side], t, at, n);
}

/* side: before; after; after another update or NULL */
static int count(struct compare *x, struct sparsity *s,
                 const struct st_tensor *const side[SIDES], struct err *e)
{
    struct kernels *k = x->o->k;
    size_t most = x->piece[0] ? PIECE : CACHED, all = side[1]->n, n;
    uint64_t counts[CMP_N];

    k->zero(k, x->count, sizeof counts);
    for (size_t at = 0; at < all; at += n) {
        const void *v[SIDES] = {NULL};
        enum dtype t[SIDES];

        n = all - at < most ? all - at : most;
        for (int i = 0; i < SIDES; i++) {
            size_t some = all - at;

            t[i] = side[i] ? side[i]->type : DT_F32;
            if (side[i])
                v[i] = piece_of(x, i, side[i], at, most, &some);
            n = side[i] && some < n ? some : n;
        }
        for (int i = 0; i < SIDES; i++)
            v[i] = bring(x, i, v[i], n * dtype_size(t[i]));
        k->compare(k, x->count, v[0], t[0], v[1], t[1], v[2], t[2], n,
                   x->o->eta, SPARSITY_ABS);
    }
    k->download(k, counts, x->count, sizeof counts);
    sparsity_of(s, counts, all);
    return k->sync(k, e);
}

static int count_tensor(struct compare *x, size_t i, struct err *e)
{
    const struct st_tensor *side[SIDES] = {NULL, st_at(x->ckpt, i), NULL};
    int r = tensor_partner(x->base, x->o->base, side[1], &side[0], e);

    if (!r && x->against)
        r = tensor_partner(x->against, x->o->against, side[1], &side[2], e);
    x->tensor[i].fp32 = side[1]->type == DT_F32;
    return r ? r : count(x, &x->tensor[i].s, side, e);
}

static int put_tensor(struct compare *x, size_t i, struct err *e)
{
    const char *name = st_at(x->ckpt, i)->name;
    const struct tally *t = &x->tensor[i];
    struct scope scope = {"tensor", name, NULL, -1};
    int kind = tensor_kind(name, &scope.layer);

    add(&x->all, t);
    add(&x->kind[kind], t);
    add_layer(x, scope.layer, t);
    scope.kind = tensor_kind_name(kind);
    return put(x, &scope, t, e);
}

/* Digests and counts are made in one reading, so that a record can be written
 * only when all were counted. */
static int count_all(struct compare *x, struct err *e)
{
    struct st_file *const f[SIDES] = {x->base, x->ckpt, x->against};
    int r = 0;

    for (int i = 0; i < SIDES; i++)
        x->sum[i] = f[i] ? st_sum_open(f[i]) : NULL;
    x->tensor = xcalloc(st_count(x->ckpt), sizeof *x->tensor);
    for (size_t i = 0; !r && i < st_count(x->ckpt); i++)
        r = count_tensor(x, i, e);
    return r;
}

static int header(struct compare *x, struct err *e)
{
    static const char *const name[SIDES] = {"base", "checkpoint", "against"};
    struct st_file *const f[SIDES] = {x->base, x->ckpt, x->against};
    char digest[33], text[32];
    int r = 0;

    snprintf(text, sizeof text, "%.17g", x->o->eta);
    rec_made_by(x->w, "eta", text);
    for (int i = 0; i < SIDES && !r; i++) {
        if (!f[i])
            continue;
        st_sum_close(&x->sum[i], digest);
        rec_made_by(x->w, name[i], digest);
        r = st_check(f[i], e);
    }
    return r ? r : rec_header(x->w, "sparsity", "sparsity", NULL, e);
}

/* Tensors that do not go together may be due to damage, which is named then. */
static int damage(struct compare *x, int r, struct err *e)
{
    struct st_file **f[] = {&x->base, &x->ckpt, &x->against};

    for (int i = 0; i < SIDES; i++)
        r = st_close(f[i], r, e);
    return r;
}

int compare_write(struct compare *x, struct rec_writer *w, struct err *e)
{
    int r = count_all(x, e);

    if (r)
        return damage(x, r, e);
    x->w = w;
    r = header(x, e);
    for (size_t i = 0; !r && i < st_count(x->ckpt); i++)
        r = put_tensor(x, i, e);
    return r ? r : put_totals(x, e);
}

/* ---- opening -------------------------------------------------------- */

/* On a device, room for a piece of each file. */
static int open_device(struct compare *x, struct err *e)
{
    struct kernels *k = x->o->k;
    int sides = x->against ? 3 : 2;

    x->count = k->alloc(k, CMP_N * sizeof *x->count, e);
    for (int i = 0; x->count && k->sizes.can.own_memory && i < sides; i++) {
        x->piece[i] = k->alloc(k, PIECE * sizeof(float), e);
        if (!x->piece[i])
            return -ERR_IO;
    }
    return x->count ? 0 : -ERR_IO;
}

int compare_open(struct compare **out, const struct compare_opts *o,
                 struct err *e)
{
    struct compare *x = xcalloc(1, sizeof *x);
    int r = st_open(&x->base, o->base, e);

    x->o = o;
    x->rec = rec_new();
    if (!r)
        r = st_open(&x->ckpt, o->ckpt, e);
    if (!r && o->against)
        r = st_open(&x->against, o->against, e);
    if (!r)
        r = tensor_all(x->base, x->ckpt, x->o->ckpt, e);
    if (r)
        r = damage(x, r, e);
    if (!r)
        r = open_device(x, e);
    if (r)
        compare_close(&x);
    *out = x;
    return r;
}

void compare_close(struct compare **x)
{
    if (!*x)
        return;
    for (int i = 0; i < 3; i++)
        if ((*x)->piece[i])
            (*x)->o->k->free((*x)->o->k, (*x)->piece[i]);
    if ((*x)->count)
        (*x)->o->k->free((*x)->o->k, (*x)->count);
    for (int i = 0; i < SIDES; i++)
        st_sum_close(&(*x)->sum[i], NULL);
    (void)!st_close(&(*x)->base, 0, NULL);
    (void)!st_close(&(*x)->ckpt, 0, NULL);
    (void)!st_close(&(*x)->against, 0, NULL);
    rec_free(&(*x)->rec);
    free((*x)->tensor);
    free((*x)->layer);
    free(*x);
    *x = NULL;
}
