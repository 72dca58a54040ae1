/* st_sum - the digest of a file's tensors, taken while they are read */
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../base/hash.h"
#include "st_impl.h"

struct st_sum {
    const struct st_file *f;
    struct hash128 *hash;
    size_t next, first; /* tensor, in order of names; its value */
};

struct st_sum *st_sum_open(const struct st_file *f)
{
    struct st_sum *x = xcalloc(1, sizeof *x);

    x->f = f;
    x->hash = hash128_open();
    return x;
}

static void head(struct st_sum *x, const struct st_tensor *t)
{
    int64_t v[2 + ST_MAX_DIMS] = {(int64_t)t->type, t->n_dims};

    memcpy(v + 2, t->dims, sizeof t->dims);
    hash128_update(x->hash, t->name, strlen(t->name) + 1);
    hash128_update(x->hash, v, sizeof v);
}

/* The next n values, which are of tensor x->next. */
static void values(struct st_sum *x, const void *p, size_t n)
{
    const struct st_tensor *t = &x->f->v[x->next].t;

    if (!x->first)
        head(x, t);
    hash128_update(x->hash, p, n * dtype_size(t->type));
    x->first += n;
    if (x->first == t->n) {
        x->next++;
        x->first = 0;
    }
}

/* What comes before that value of that tensor, and was not added. */
static void catch_up(struct st_sum *x, size_t tensor, size_t first)
{
    while (x->next < tensor || (x->next == tensor && x->first < first)) {
        const struct st_tensor *t = &x->f->v[x->next].t;
        size_t n = (x->next < tensor ? t->n : first) - x->first;
        const void *p = n ? st_piece(t, x->first, &n) : "";

        values(x, p, n);
    }
}

const void *st_sum_piece(struct st_sum *x, const struct st_tensor *t,
                         size_t first, size_t *n)
{
    size_t tensor = (size_t)((const struct entry *)(const void *)t - x->f->v);
    size_t end;
    const void *p;

    catch_up(x, tensor, first);
    p = st_piece(t, first, n);
    end = first + *n;
    if (x->next == tensor && x->first < end)
        values(x, (const char *)p + (x->first - first) * dtype_size(t->type),
               end - x->first);
    return p;
}

void st_sum_close(struct st_sum **x, char out[33])
{
    if (!*x)
        return;
    if (out) {
        catch_up(*x, (*x)->f->n, 0);
        hash128_hex((*x)->hash, out);
    }
    hash128_close(&(*x)->hash);
    free(*x);
    *x = NULL;
}

void st_digest(const struct st_file *f, char out[33])
{
    struct st_sum *x = st_sum_open(f);

    st_sum_close(&x, out);
}
