/* spread - slices of compute weights to every rank; see spread.h */
#include "spread.h"
#include <stdlib.h>
#include "../base/arena.h"

/* flat: device, all values in the compute type, of which this rank's slice is
 * there. */
static int gather(const struct adamw *a, char *flat, struct err *e)
{
    const struct slices *s = &a->s;
    struct kernels *k = a->k;
    size_t size = dtype_size(a->arm.compute), all = a->p->n_values * size;
    size_t n_ranks = (size_t)s->n;
    size_t *n = xcalloc(2 * n_ranks, sizeof *n), *at = n + n_ranks;
    int staged = k->sizes.can.own_memory, r = 0;
    char *host = flat;

    for (int i = 0; i < s->n; i++) {
        at[i] = s->cut[i] * size;
        n[i] = s->cut[i + 1] * size - at[i];
    }
    if (staged) {
        host = k->host_alloc(k, all, e);
        r = host ? 0 : -e->code;
        if (!r)
            k->fetch(k, host + at[s->rank], flat + at[s->rank], n[s->rank]);
    }
    if (!r)
        r = k->sync(k, e);
    if (!r)
        r = comm_allgatherv(s->c, host, n, at, e);
    if (!r && staged) {
        k->send(k, flat, host, all);
        r = k->sync(k, e);
    }
    if (staged && host)
        k->host_free(k, host);
    free(n);
    return r;
}

int spread_weights(struct model *m, const struct adamw *a, struct err *e)
{
    struct kernels *k = a->k;
    enum dtype t = a->arm.compute;
    size_t size = dtype_size(t), first = slices_first(&a->s);
    char *own = NULL, *flat;
    int r;

    if (a->s.n == 1)
        return model_set(m, a->master, a->arm.master, e);
    flat = model_spare(m, a->p->n_values * size);
    if (!flat)
        flat = own = k->alloc(k, a->p->n_values * size, e);
    if (!flat)
        return err_prefix(e, "weights of all ranks");
    k->cast(k, flat + first * size, t, a->master, a->arm.master,
            slices_values(&a->s));
    r = gather(a, flat, e);
    if (!r)
        r = model_set(m, flat, t, e);
    if (own)
        k->free(k, own);
    return r;
}
