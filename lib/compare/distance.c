/* distance - two sums of squares over three checkpoints */
#include "distance.h"
#include <math.h>
#include <stdlib.h>
#include "names.h"

/* Values that are summed before the sum is added to the others: rounding then
 * stays far below what is printed. */
enum { BLOCK = 1 << 16 };

static void add(double sum[2], const struct st_tensor *const t[3],
                const void *const v[3])
{
    size_t n = t[1]->n;

    for (size_t at = 0; at < n; at += BLOCK) {
        size_t end = at + BLOCK < n ? at + BLOCK : n;
        double apart = 0, update = 0;

        for (size_t i = at; i < end; i++) {
            double x = tensor_value(t[1]->type, v[1], i);
            double y = tensor_value(t[2]->type, v[2], i) - x;

            x -= tensor_value(t[0]->type, v[0], i);
            apart += y * y;
            update += x * x;
        }
        sum[0] += apart;
        sum[1] += update;
    }
}

/* t: base, checkpoint, other */
static void add_tensor(double sum[2], const struct st_tensor *const t[3])
{
    const void *v[3];
    void *copy[3];

    for (int i = 0; i < 3; i++)
        v[i] = st_values(t[i], &copy[i]);
    add(sum, t, v);
    for (int i = 0; i < 3; i++)
        free(copy[i]);
}

static int sums(struct distance *d, struct st_file *const f[3],
                const char *const name[3], struct err *e)
{
    double sum[2] = {0, 0};

    for (size_t i = 0; i < st_count(f[1]); i++) {
        const struct st_tensor *t[3] = {NULL, st_at(f[1], i), NULL};
        int r = tensor_partner(f[0], name[0], t[1], &t[0], e);

        if (!r)
            r = tensor_partner(f[2], name[2], t[1], &t[2], e);
        if (r)
            return r;
        add_tensor(sum, t);
        d->n += t[1]->n;
        if (!isfinite(sum[0] + sum[1]))
            return err_set(e, ERR_DATA,
                           "%s: a weight is not finite, in one "
                           "of the three",
                           t[1]->name);
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
