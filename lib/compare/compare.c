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

/* Values that go to a device at once. */
enum { PIECE = 1 << 24 };

struct compare {
    const struct compare_opts *o;
    void *piece[3];  /* device, PIECE fp32 values of each; NULL on the cpu */
    uint64_t *count; /* device, [CMP_N] */
    struct st_file *base, *ckpt, *against;
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

/* Values at .. of tensor t, where the device can read them: on the cpu where
 * they are mapped. NULL without a tensor. */
static const void *bring(struct compare *x, int side, const struct st_tensor *t,
                         size_t at, size_t n)
{
    struct kernels *k = x->o->k;
    size_t z = t ? dtype_size(t->type) : 0;
    const char *from = t ? (const char *)t->data + at * z : NULL;

    if (!t || !x->piece[side])
        return from;
    k->upload(k, x->piece[side], from, n * z);
    return x->piece[side];
}

/* b before, t after, c after another update or NULL */
static int count(struct compare *x, struct sparsity *s,
                 const struct st_tensor *b, const struct st_tensor *t,
                 const struct st_tensor *c, struct err *e)
{
    struct kernels *k = x->o->k;
    size_t most = x->piece[0] ? PIECE : t->n;
    uint64_t counts[CMP_N];

    k->zero(k, x->count, sizeof counts);
    for (size_t at = 0; at < t->n; at += most) {
        size_t n = t->n - at < most ? t->n - at : most;

        k->compare(k, x->count, bring(x, 0, b, at, n), b->type,
                   bring(x, 1, t, at, n), t->type, bring(x, 2, c, at, n),
                   c ? c->type : DT_F32, n, x->o->eta, SPARSITY_ABS);
    }
    k->download(k, counts, x->count, sizeof counts);
    sparsity_of(s, counts, t->n);
    return k->sync(k, e);
}

static int one_tensor(struct compare *x, const struct st_tensor *t,
                      struct err *e)
{
    const struct st_tensor *b, *c = NULL;
    struct tally tally = {.fp32 = t->type == DT_F32};
    struct scope scope = {"tensor", t->name, NULL, -1};
    int kind = tensor_kind(t->name, &scope.layer);
    int r = tensor_partner(x->base, x->o->base, t, &b, e);

    if (!r && x->against)
        r = tensor_partner(x->against, x->o->against, t, &c, e);
    if (!r)
        r = count(x, &tally.s, b, t, c, e);
    if (r)
        return r;
    add(&x->all, &tally);
    add(&x->kind[kind], &tally);
    add_layer(x, scope.layer, &tally);
    scope.kind = tensor_kind_name(kind);
    return put(x, &scope, &tally, e);
}

static int header(const struct compare *x, struct err *e)
{
    char digest[33], text[32];
    int r;

    snprintf(text, sizeof text, "%.17g", x->o->eta);
    rec_made_by(x->w, "eta", text);
    st_digest(x->base, digest);
    rec_made_by(x->w, "base", digest);
    st_digest(x->ckpt, digest);
    rec_made_by(x->w, "checkpoint", digest);
    if (x->against) {
        st_digest(x->against, digest);
        rec_made_by(x->w, "against", digest);
    }
    r = st_check(x->base, e);
    if (!r)
        r = st_check(x->ckpt, e);
    if (!r && x->against)
        r = st_check(x->against, e);
    return r ? r : rec_header(x->w, "sparsity", "sparsity", NULL, e);
}

int compare_write(struct compare *x, struct rec_writer *w, struct err *e)
{
    int r;

    x->w = w;
    r = header(x, e);
    for (size_t i = 0; !r && i < st_count(x->ckpt); i++)
        r = one_tensor(x, st_at(x->ckpt, i), e);
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

/* Tensors that do not go together may be due to damage, which is named then. */
static int damage(struct compare *x, int r, struct err *e)
{
    struct st_file **f[] = {&x->base, &x->ckpt, &x->against};

    for (int i = 0; i < 3; i++)
        r = st_close(f[i], r, e);
    return r;
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
    (void)!st_close(&(*x)->base, 0, NULL);
    (void)!st_close(&(*x)->ckpt, 0, NULL);
    (void)!st_close(&(*x)->against, 0, NULL);
    rec_free(&(*x)->rec);
    free((*x)->layer);
    free(*x);
    *x = NULL;
}
