/* adamw_files - master weights and moments in safetensors files; see adamw.h */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../model/files.h"
#include "../model/finite.h"
#include "adamw.h"

/* ---- writing --------------------------------------------------------- */

struct column {
    const char *prefix; /* "m." */
    const void *data;   /* flat, device */
    int host;           /* data is in host memory */
    enum dtype type;
};

static int declare(struct st_writer *w, const struct params *p,
                   const struct column *c, struct err *e)
{
    for (int i = 0; i < p->n; i++) {
        const struct param *q = &p->v[i];
        int64_t dims[2] = {q->rows, q->cols};
        char name[128];
        int r;

        snprintf(name, sizeof name, "%s%s", c->prefix, q->name);
        r = st_declare(w, name, c->type, q->cols ? 2 : 1, dims, e);
        if (r)
            return r;
    }
    return 0;
}

/* Rank r's part of a tensor, from there to rank 0's host memory. */
static int fetch_part(const struct adamw *a, int r, const struct column *c,
                      const struct param *q, char *host, struct err *e)
{
    size_t size = dtype_size(c->type), from;
    size_t n = slices_part(&a->s, r, q->offset, q->n, &from) * size;
    int x = 0;

    if (!n)
        return 0;
    if (!a->s.rank)
        host += (from - q->offset) * size;
    if (r == a->s.rank) {
        const char *at = (const char *)c->data +
                         (from - slices_first(&a->s)) * size;

        if (c->host)
            memcpy(host, at, n);
        else
            a->k->download(a->k, host, at, n);
        x = c->host ? 0 : a->k->sync(a->k, e);
    }
    return x ? x : comm_pass(a->s.c, r, 0, host, n, e);
}

/* w: NULL but on rank 0. */
static int put(struct st_writer *w, const struct adamw *a,
               const struct column *c, struct err *e)
{
    size_t size = dtype_size(c->type), largest = 0;
    char *host;
    int r = 0;

    for (int i = 0; i < a->p->n; i++)
        if (a->p->v[i].n > largest)
            largest = a->p->v[i].n;
    host = xmalloc(largest * size);
    for (int i = 0; i < a->p->n && !r; i++) {
        const struct param *q = &a->p->v[i];

        for (int k = 0; k < a->s.n && !r; k++)
            if (k == a->s.rank || !a->s.rank)
                r = fetch_part(a, k, c, q, host, e);
        if (!r && w)
            r = st_put(w, host, q->n * size, e);
    }
    free(host);
    return r;
}

static int save(const struct adamw *a, const char *dir, const char *file,
                const struct column *c, int n_columns, char digest[33],
                struct err *e)
{
    struct st_writer *w = NULL;
    char path[4096];
    int r = 0;

    if (!a->s.rank) {
        snprintf(path, sizeof path, "%s/%s", dir, file);
        r = st_create(&w, path, e);
    }
    for (int i = 0; i < n_columns && !r && w; i++)
        r = declare(w, a->p, &c[i], e);
    for (int i = 0; i < n_columns && !r; i++)
        r = put(w, a, &c[i], e);
    if (!w)
        return r;
    if (!r)
        return st_commit(&w, digest, e);
    st_abort(&w);
    return r;
}

int adamw_save_master(const struct adamw *a, const char *dir, char digest[33],
                      struct err *e)
{
    const struct column c = {"", a->master, 0, a->arm.master};

    return save(a, dir, "model.safetensors", &c, 1, digest, e);
}

int adamw_save_state(const struct adamw *a, const char *dir, char digest[33],
                     struct err *e)
{
    const struct column c[] = {
        {"m.", a->m, a->o.offload, a->arm.adam},
        {"v.", a->v, a->o.offload, a->arm.adam},
        {"c.", a->comp, a->o.offload, DT_BF16},
    };

    return save(a, dir, "optimizer.safetensors", c, a->comp ? 3 : 2, digest, e);
}

/* ---- reading --------------------------------------------------------- */

/* Values of a tensor. */
struct part {
    const struct st_tensor *t;
    size_t first, n;
};

/* As they are, to the device or (k NULL) to host memory. */
static int put_values(struct kernels *k, void *to, const struct part *p,
                      struct err *e)
{
    const struct st_tensor *t = p->t;
    size_t size = dtype_size(t->type), most = (size_t)1 << 20;

    for (size_t i = 0, n; i < p->n; i += n) {
        const char *from;
        size_t good;

        n = p->n - i < most ? p->n - i : most;
        from = st_piece(t, p->first + i, &n);
        good = finite_until(from, t->type, n);
        if (good < n)
            return finite_bad(t->file, t->name, p->first + i + good,
                              finite_value(from, t->type, good), t->type, e);
        if (k)
            k->upload(k, (char *)to + i * size, from, n * size);
        else
            memcpy((char *)to + i * size, from, n * size);
    }
    return 0;
}

/* Into device memory of type dt. */
static int put_part(struct kernels *k, void *at, enum dtype dt,
                    const struct part *p, struct err *e)
{
    size_t bytes = p->n * dtype_size(p->t->type);
    void *raw = k->alloc(k, bytes, e);
    int r;

    if (!raw)
        return -ERR_IO;
    r = put_values(k, raw, p, e);
    if (!r) {
        k->cast(k, at, dt, raw, p->t->type, p->n);
        r = k->sync(k, e);
    }
    k->free(k, raw);
    return r;
}

/* Tensors `prefix`NAME, as far as this rank has them, into dst of type dt: on the device, or,
 * when `state`, where the moments are. state: the file's type must be dt (a
 * moment is never rounded on the way). */
static int load(struct adamw *a, const struct st_file *f, const char *path,
                const char *prefix, void *dst, enum dtype dt, int state,
                struct err *e)
{
    int r = 0;

    for (int i = 0; i < a->p->n && !r; i++) {
        const struct param *q = &a->p->v[i];
        const struct st_tensor *t = model_tensor(f, prefix, q);
        struct part part = {.t = t};
        size_t from;
        void *at;

        if (state && t->type != dt)
            return err_set(e, ERR_DATA, "%s: %s is %s, the arm has %s", path,
                           t->name, dtype_name(t->type), dtype_name(dt));
        part.n = slices_part(&a->s, a->s.rank, q->offset, q->n, &from);
        if (!part.n)
            continue;
        part.first = from - q->offset;
        at = (char *)dst + (from - slices_first(&a->s)) * dtype_size(dt);
        if (state && a->o.offload)
            r = put_values(NULL, at, &part, e);
        else
            r = put_part(a->k, at, dt, &part, e);
    }
    return r;
}

int adamw_load_master(struct adamw *a, const char *dir, struct err *e)
{
    static const char *const plain[] = {""};
    struct st_file *f;
    int r = model_files(&f, dir, a->p, plain, 1, e);

    return r ? r
             : st_close(&f, load(a, f, dir, "", a->master, a->arm.master, 0, e),
                        e);
}

int adamw_load_state(struct adamw *a, const char *dir, struct err *e)
{
    static const char *const prefix[] = {"m.", "v.", "c."};
    void *to[] = {a->m, a->v, a->comp};
    const enum dtype type[] = {a->arm.adam, a->arm.adam, DT_BF16};
    int n = a->comp ? 3 : 2, r;
    struct st_file *f;
    char path[4096];

    snprintf(path, sizeof path, "%s/optimizer.safetensors", dir);
    r = model_files(&f, path, a->p, prefix, n, e);
    if (r)
        return r;
    for (int i = 0; i < n && !r; i++)
        r = load(a, f, path, prefix[i], to[i], type[i], 1, e);
    return st_close(&f, r, e);
}
