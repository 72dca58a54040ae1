/* compute_weights - slices of compute weights to every rank; see compute_weights.h */
#include "compute_weights.h"
#include <stdlib.h>
#include "../base/arena.h"
#include "side_stream.h"
#include "timeline.h"

/* ---- each rank's slice, read where it lies ----------------------------- */

/* Who owns value `first`; *n: how many follow it in that slice, at most as many
 * as *n was. */
static int owner(const struct slices *s, size_t first, size_t *n)
{
    int r = 0;

    while (first >= s->cut[r + 1])
        r++;
    if (*n > s->cut[r + 1] - first)
        *n = s->cut[r + 1] - first;
    return r;
}

static size_t in_slice(const struct adamw *a, int r, size_t first)
{
    return (first - a->s.cut[r]) * dtype_size(a->arm.compute);
}

static const void *at(void *ctx, size_t first, size_t *n)
{
    const struct adamw *a = ctx;
    int r = owner(&a->s, first, n);
    const char *slice = comm_window_of(a->compute, r);

    if (!slice)
        return NULL;
    if (r != a->s.rank)
        comm_window_traffic(a->compute, 0, *n * dtype_size(a->arm.compute));
    return slice + in_slice(a, r, first);
}

static int read(void *ctx, size_t first, size_t n, void *to, struct err *e)
{
    const struct adamw *a = ctx;
    int r = owner(&a->s, first, &n);

    return comm_window_read(a->compute, r, in_slice(a, r, first),
                            n * dtype_size(a->arm.compute), to, e);
}

static void came(void *ctx, int layer, int waited, uint64_t began)
{
    const struct adamw *a = ctx;
    const char *what = layer < 0 ? "embedding or head" : "layer";

    timeline_add(a->timeline, waited ? TIMELINE_COMPUTE : TIMELINE_WEIGHTS,
                 waited ? "wait for weights" : what, layer, began);
}

/* The same, of slices without values: in place, or those of others by messages. */
static const void *cut_at(void *ctx, size_t first, size_t *n)
{
    static const char in_place;

    (void)owner(ctx, first, n);
    return &in_place;
}

static const void *cut_apart(void *ctx, size_t first, size_t *n)
{
    const struct slices *s = ctx;

    return owner(s, first, n) == s->rank ? s : NULL;
}

size_t compute_weights_scattered(const struct slices *s, int apart)
{
    struct slices own = *s;
    struct model_store store = {.at = apart ? cut_apart : cut_at, .ctx = &own};

    return model_store_scattered(&store, s->p);
}

int compute_weights_open(struct model *m, struct adamw *a, struct err *e)
{
    if (a->compute)
        return model_gather(m,
                            &(struct model_store){
                                .at = at, .read = read, .came = came, .ctx = a},
                            e);
    /* a slice is no model */
    return model_attach(m, a->s.n > 1 ? NULL : a->master, a->arm.master, e);
}

/* This rank's slice from the device to where it is read. */
static int lay_own(const struct adamw *a, struct err *e)
{
    struct kernels *k = a->k;
    enum dtype t = a->arm.compute;
    size_t size = dtype_size(t), n = slices_values(&a->s);
    size_t some = adamw_piece(n);
    char *own = comm_window_of(a->compute, a->s.rank), *piece;

    if (!k->sizes.can.own_memory) {
        k->cast(k, own, t, a->master, a->arm.master, n);
        return k->sync(k, e);
    }
    piece = k->alloc(k, some * size, e);
    if (!piece)
        return err_prefix(e, "weights of a rank");
    for (size_t i = 0; i < n; i += some) {
        some = n - i < some ? n - i : some;
        k->cast(k, piece, t,
                (const char *)a->master + i * dtype_size(a->arm.master),
                a->arm.master, some);
        k->download(k, own + i * size, piece, some * size);
    }
    k->free(k, piece);
    return k->sync(k, e);
}

static int lay(struct model *m, const struct adamw *a, struct err *e)
{
    int r = 0;

    comm_window_settle(a->compute);
    if (a->master != comm_window_of(a->compute, a->s.rank))
        r = lay_own(a, e);
    if (!r)
        r = comm_barrier(a->s.c, e);
    return r ? r : model_gather_anew(m, e);
}

/* ---- all weights on every rank ---------------------------------------- */

/* flat: device, all values in the compute type, of which this rank's slice is
 * there. */
static int gather(const struct adamw *a, char *flat, struct err *e)
{
    const struct slices *s = &a->s;
    struct kernels *k = a->k;
    size_t size = dtype_size(a->arm.compute);
    size_t n_ranks = (size_t)s->n;
    size_t *n = xcalloc(2 * n_ranks, sizeof *n), *at = n + n_ranks;
    struct side_stream *x = s->side;
    int r;

    for (int i = 0; i < s->n; i++) {
        at[i] = s->cut[i] * size;
        n[i] = s->cut[i + 1] * size - at[i];
    }
    if (x)
        x->k->after(x->k, k);
    r = x ? 0 : k->sync(k, e);
    if (!r)
        r = comm_allgatherv(x ? x->c : s->c, flat, n, at, e);
    if (x)
        k->after(k, x->k);
    free(n);
    return r;
}

/* The same where flat is this rank's part of `spare`. Nobody reads before all
 * have written, nor writes gradients there before all have read. */
static int read_others(const struct adamw *a, char *flat,
                       const struct comm_window *spare, struct err *e)
{
    const struct slices *s = &a->s;
    struct kernels *k = a->k;
    size_t size = dtype_size(a->arm.compute), own = slices_values(s) * size;
    int r = k->sync(k, e);

    if (!r)
        r = comm_barrier(s->c, e);
    for (int i = 0; i < s->n && !r; i++) {
        size_t at = s->cut[i] * size, n = s->cut[i + 1] * size - at;

        if (i != s->rank)
            k->copy(k, flat + at, comm_window_of(spare, i) + at, n);
    }
    if (!r)
        r = k->sync(k, e);
    comm_window_traffic(spare, own * (size_t)(s->n - 1),
                        s->p->n_values * size - own);
    return r ? r : comm_barrier(s->c, e);
}

int compute_weights_update(struct model *m, const struct adamw *a,
                           const struct comm_window *spare, struct err *e)
{
    struct kernels *k = a->k;
    enum dtype t = a->arm.compute;
    size_t size = dtype_size(t), all = a->p->n_values * size;
    int in_place = comm_window_bytes(spare) >= all;
    char *own = NULL, *flat;
    int r;

    if (a->compute)
        return lay(m, a, e);
    if (a->s.n == 1)
        return model_set(m, a->master, a->arm.master, e);
    flat = in_place ? comm_window_of(spare, a->s.rank) : model_spare(m, all);
    if (!flat)
        flat = own = k->alloc(k, all, e);
    if (!flat)
        return err_prefix(e, "weights of all ranks");
    k->cast(k, flat + slices_first(&a->s) * size, t, a->master, a->arm.master,
            slices_values(&a->s));
    r = in_place ? read_others(a, flat, spare, e) : gather(a, flat, e);
    if (!r)
        r = model_set(m, flat, t, e);
    if (own)
        k->free(k, own);
    return r;
}
