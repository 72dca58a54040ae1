/* distance - two sums of squares over three checkpoints */
#include "distance.h"
#include <math.h>
#include "names.h"

/* Values that are summed before the sum is added to the others: rounding then
 * stays far below what is printed. */
enum { BLOCK = 1 << 16 };

static void add(double sum[2], const struct st_tensor *base,
                const struct st_tensor *ckpt, const struct st_tensor *other)
{
    for (size_t at = 0; at < ckpt->n; at += BLOCK) {
        size_t end = at + BLOCK < ckpt->n ? at + BLOCK : ckpt->n;
        double apart = 0, update = 0;

        for (size_t i = at; i < end; i++) {
            double x = tensor_value(ckpt, i), y = tensor_value(other, i) - x;

            x -= tensor_value(base, i);
            apart += y * y;
            update += x * x;
        }
        sum[0] += apart;
        sum[1] += update;
    }
}

static int sums(struct distance *d, struct st_file *const f[3],
                const char *const name[3], struct err *e)
{
    double sum[2] = {0, 0};

    for (size_t i = 0; i < st_count(f[1]); i++) {
        const struct st_tensor *t = st_at(f[1], i), *base, *other;
        int r = tensor_partner(f[0], name[0], t, &base, e);

        if (!r)
            r = tensor_partner(f[2], name[2], t, &other, e);
        if (r)
            return r;
        add(sum, base, t, other);
        d->n += t->n;
        if (!isfinite(sum[0] + sum[1]))
            return err_set(e, ERR_DATA,
                           "%s: a weight is not finite, in one "
                           "of the three",
                           t->name);
    }
    d->apart = sqrt(sum[0]);
    d->update = sqrt(sum[1]);
    return 0;
}

int distance_of(struct distance *d, const char *base, const char *ckpt,
                const char *other, struct err *e)
{
    const char *name[3] = {base, ckpt, other};
    struct st_file *f[3] = {NULL, NULL, NULL};
    int r = 0;

    *d = (struct distance){0, 0, 0};
    for (int i = 0; i < 3 && !r; i++)
        r = st_open(&f[i], name[i], e);
    for (int i = 1; i < 3 && !r; i++)
        r = tensor_all(f[0], f[i], name[i], e);
    if (!r)
        r = sums(d, f, name, e);
    for (int i = 0; i < 3; i++)
        r = st_close(&f[i], r, e);
    return r;
}
