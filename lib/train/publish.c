/* publish - pieces of the weights, each looked at while it is in the cache; see
 * publish.h */
#include "publish.h"
#include <stdio.h>
#include "../base/hash.h"
#include "../model/finite.h"

/* Where a piece of the compute weights goes. */
struct outlet {
    const struct publish *o;
    enum dtype t; /* of the weights that pass */
    struct hash128 *digest;
    size_t at; /* values so far */
};

/* Weight `at` is not finite, and the file's weights were: rounding to a type of
 * the arm did it, or training. */
static int not_finite(const struct outlet *to, size_t at, float v,
                      struct err *e)
{
    const struct publish *o = to->o;
    const struct param *q = o->a->p->v;
    char where[40] = "";

    while (at - q->offset >= q->n)
        q++;
    if (o->after_step >= 0)
        snprintf(where, sizeof where, " after step %lld",
                 (long long)o->after_step);
    return err_set(e, ERR_DATA,
                   "%s: tensor %s: value %zu is %s%s%s in the "
                   "types of the arm (master=%s, compute=%s), expected a "
                   "finite number",
                   o->model, q->name, at - q->offset, v < 0 ? "-" : "",
                   v == v ? "inf" : "nan", where, dtype_name(o->a->arm.master),
                   dtype_name(to->t));
}

static int pass_on(void *ctx, const void *p, size_t n_bytes, struct err *e)
{
    struct outlet *to = ctx;
    size_t size = dtype_size(to->t), n = n_bytes / size;

    for (size_t i = 0; i < n; i += FINITE_PIECE) {
        const char *piece = (const char *)p + i * size;
        size_t m = n - i < FINITE_PIECE ? n - i : FINITE_PIECE;
        size_t good = finite_until(piece, to->t, m);

        if (good < m)
            return not_finite(to, to->at + i + good,
                              finite_value(piece, to->t, good), e);
        hash128_update(to->digest, piece, m * size);
    }
    to->at += n;
    return to->o->sync ? sync_put_weights(to->o->sync, p, n_bytes, e) : 0;
}

int publish_weights(const struct publish *o, char policy[33], struct err *e)
{
    enum dtype t = arm_sampler(&o->a->arm).compute;
    size_t bytes = o->a->p->n_values * dtype_size(t);
    struct outlet to = {o, t, hash128_open(), 0};
    int r = o->sync ? sync_begin_weights(o->sync, t, bytes, e) : 0;

    if (!r)
        r = adamw_compute_weights(o->a, t, pass_on, &to, e);
    if (!r && o->sync)
        r = sync_end_weights(o->sync, e);
    hash128_hex(to.digest, policy);
    hash128_close(&to.digest);
    return r;
}
