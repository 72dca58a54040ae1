/* files - a model's tensors in safetensors files: found and checked; saved */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../base/file.h"
#include "model.h"
#include "files.h"
#include "finite.h"

static int check_shape(const struct param *q, const struct st_tensor *t,
                       struct err *e)
{
    char found[100];
    size_t at = 0;

    if (t->n_dims == (q->cols ? 2 : 1) && t->dims[0] == q->rows &&
        (!q->cols || t->dims[1] == q->cols))
        return 0;
    found[0] = 0;
    for (int i = 0; i < t->n_dims; i++)
        at += (size_t)snprintf(found + at, sizeof found - at, "%s%lld",
                               i ? ", " : "", (long long)t->dims[i]);
    if (q->cols)
        return err_set(e, ERR_DATA,
                       "%s: tensor %s has shape [%s], expected "
                       "[%d, %d]",
                       t->file, t->name, found, q->rows, q->cols);
    return err_set(e, ERR_DATA, "%s: tensor %s has shape [%s], expected [%d]",
                   t->file, t->name, found, q->rows);
}

static int is_rotary_buffer(const char *name)
{
    static const char tail[] = "rotary_emb.inv_freq";
    size_t n = strlen(name), k = sizeof tail - 1;

    return n >= k && !strcmp(name + n - k, tail);
}

static int same_values(const struct st_tensor *a, const struct st_tensor *b)
{
    void *copy[2] = {NULL, NULL};
    const void *x = a->n == b->n ? st_values(a, &copy[0]) : NULL;
    const void *y = x ? st_values(b, &copy[1]) : NULL;
    int same = x && y;

    if (same && a->type == b->type)
        same = !memcmp(x, y, a->n * dtype_size(a->type));
    for (size_t i = 0; same && a->type != b->type && i < a->n; i++)
        same = finite_value(x, a->type, i) == finite_value(y, b->type, i);
    free(copy[0]);
    free(copy[1]);
    return same;
}

/* A tied model's file may hold the head once more, in any type, if it is the
 * same. */
static int check_tied_head(const struct st_file *f, const struct st_tensor *h,
                           struct err *e)
{
    const struct st_tensor *t = st_find(f, "model.embed_tokens.weight");

    if (t && same_values(t, h))
        return 0;
    return err_set(e, ERR_DATA,
                   "%s: tensor lm_head.weight differs from the "
                   "embedding, and tie_word_embeddings is true (false keeps "
                   "both)",
                   h->file);
}

/* A tensor that is none of prefix[j]NAME. */
static int check_extra(const struct st_file *f, const struct st_tensor *t,
                       struct err *e)
{
    if (is_rotary_buffer(t->name))
        return 0;
    if (!strcmp(t->name, "lm_head.weight"))
        return check_tied_head(f, t, e);
    return err_set(e, ERR_DATA, "%s: tensor %.200s is not part of this model",
                   t->file, t->name);
}

static int is_known(const struct params *p, const char *const *prefix, int n,
                    const char *name)
{
    for (int j = 0; j < n; j++) {
        size_t k = strlen(prefix[j]);

        for (int i = 0; i < p->n && !strncmp(name, prefix[j], k); i++)
            if (!strcmp(p->v[i].name, name + k))
                return 1;
    }
    return 0;
}

const struct st_tensor *model_tensor(const struct st_file *f,
                                     const char *prefix, const struct param *q)
{
    char name[128];

    snprintf(name, sizeof name, "%s%s", prefix, q->name);
    return st_find(f, name);
}

static int check_file(const struct st_file *f, const char *path,
                      const struct params *p, const char *const *prefix, int n,
                      struct err *e)
{
    size_t extra = st_count(f);
    int r = 0;

    for (int j = 0; j < n; j++)
        for (int i = 0; i < p->n; i++) {
            const struct st_tensor *t = model_tensor(f, prefix[j], &p->v[i]);

            if (!t)
                return err_set(e, ERR_DATA, "%s: tensor %s%s is missing", path,
                               prefix[j], p->v[i].name);
            r = check_shape(&p->v[i], t, e);
            if (r)
                return r;
            extra--;
        }
    for (size_t i = 0; !r && extra && i < st_count(f); i++)
        if (!is_known(p, prefix, n, st_at(f, i)->name))
            r = check_extra(f, st_at(f, i), e);
    return r;
}

int model_files(struct st_file **f, const char *path, const struct params *p,
                const char *const *prefix, int n, struct err *e)
{
    int r = st_open(f, path, e);

    if (!r)
        r = check_file(*f, path, p, prefix, n, e);
    return r ? st_close(f, r, e) : 0;
}

static int save_tensors(struct st_writer *w, const struct params *p,
                        const void *flat, enum dtype t, struct err *e)
{
    int r = 0;

    for (int i = 0; !r && i < p->n; i++) {
        const struct param *q = &p->v[i];
        int64_t dims[2] = {q->rows, q->cols};

        r = st_declare(w, q->name, t, q->cols ? 2 : 1, dims, e);
    }
    for (int i = 0; !r && i < p->n; i++) {
        const struct param *q = &p->v[i];

        r = st_put(w, (const char *)flat + q->offset * dtype_size(t),
                   q->n * dtype_size(t), e);
    }
    return r;
}

int model_save(const char *dir, const struct config *c, const void *flat,
               enum dtype t, struct err *e)
{
    struct config out = *c;
    struct params p = {0};
    struct st_writer *w = NULL;
    char path[4200];
    int r;

    if (strlen(dir) > 4000)
        return err_set(e, ERR_IO, "%.200s...: the name is too long", dir);
    out.file_dtype = t;
    snprintf(path, sizeof path, "%s/model.safetensors", dir);
    r = params_list(&p, &out, e);
    if (!r)
        r = file_mkdirs(dir, e);
    if (!r)
        r = config_write(&out, dir, e);
    if (!r)
        r = st_create(&w, path, e);
    if (!r)
        r = save_tensors(w, &p, flat, t, e);
    if (!r)
        r = st_commit(&w, NULL, e);
    else
        st_abort(&w);
    params_free(&p);
    return r;
}
