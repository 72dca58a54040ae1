/* store - flat host arrays: initial values, from and to model directories */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../base/file.h"
#include "../base/hash.h"
#include "../base/rng.h"
#include "../../kernels/canon.h"
#include "finite.h"
#include "impl.h"

#define INIT_STD 0.02 /* Qwen2's initializer_range */

void model_init(const struct params *p, uint64_t seed, float *flat)
{
    for (int i = 0; i < p->n; i++) {
        const struct param *q = &p->v[i];
        float *v = flat + q->offset;
        struct rng r;

        rng_init(&r, seed, hash_bytes(q->name, strlen(q->name)));
        for (size_t j = 0; j < q->n; j++)
            v[j] = q->kind == KIND_NORM ? 1.0f
                   : q->kind == KIND_BIAS
                       ? 0.0f
                       : (float)(INIT_STD * rng_normal(&r));
    }
}

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
        return err_set(e, ERR_DATA, "%s: tensor %s has shape [%s], expected "
                       "[%d, %d]", t->file, q->name, found, q->rows, q->cols);
    return err_set(e, ERR_DATA, "%s: tensor %s has shape [%s], expected [%d]",
                   t->file, q->name, found, q->rows);
}

static int is_rotary_buffer(const char *name)
{
    static const char tail[] = "rotary_emb.inv_freq";
    size_t n = strlen(name), k = sizeof tail - 1;

    return n >= k && !strcmp(name + n - k, tail);
}

static const struct param *param_find(const struct params *p,
                                      const char *name)
{
    for (int i = 0; i < p->n; i++)
        if (!strcmp(p->v[i].name, name))
            return &p->v[i];
    return NULL;
}

/* A tied model's file may hold the head once more, if it is the same. */
static int check_tied_head(const struct st_file *f, const struct st_tensor *h,
                           struct err *e)
{
    const struct st_tensor *t = st_find(f, "model.embed_tokens.weight");

    if (t && t->type == h->type && t->n == h->n &&
        !memcmp(t->data, h->data, t->n * dtype_size(t->type)))
        return 0;
    return err_set(e, ERR_DATA, "%s: tensor lm_head.weight differs from the "
                   "embedding, and tie_word_embeddings is true", h->file);
}

int model_check_file(const struct params *p, const struct st_file *f,
                     const char *dir, struct err *e)
{
    size_t extra = st_count(f);
    int r;

    for (int i = 0; i < p->n; i++) {
        const struct st_tensor *t = st_find(f, p->v[i].name);

        if (!t)
            return err_set(e, ERR_DATA, "%s: tensor %s is missing", dir,
                           p->v[i].name);
        r = check_shape(&p->v[i], t, e);
        if (r)
            return r;
        extra--;
    }
    for (size_t i = 0; extra && i < st_count(f); i++) {
        const struct st_tensor *t = st_at(f, i);

        if (is_rotary_buffer(t->name) || param_find(p, t->name))
            continue;
        if (strcmp(t->name, "lm_head.weight"))
            return err_set(e, ERR_DATA, "%s: tensor %.200s is not part of "
                           "this model", t->file, t->name);
        r = check_tied_head(f, t, e);
        if (r)
            return r;
    }
    return 0;
}

static float widen(const void *src, enum dtype t, size_t i)
{
    if (t == DT_F32)
        return ((const float *)src)[i];
    if (t == DT_BF16)
        return canon_widen_bf16(((const uint16_t *)src)[i]);
    return canon_widen_f16(((const uint16_t *)src)[i]);
}

static void cast(void *dst, enum dtype dt, const void *src, enum dtype st,
                 size_t n)
{
    if (dt == st) {
        memcpy(dst, src, n * dtype_size(dt));
        return;
    }
    for (size_t i = 0; i < n; i++) {
        float x = widen(src, st, i);

        if (dt == DT_F32)
            ((float *)dst)[i] = x;
        else
            ((uint16_t *)dst)[i] =
                dt == DT_BF16 ? canon_round_bf16(x) : canon_round_f16(x);
    }
}

int model_read(const char *dir, const struct params *p, enum dtype t,
               void *flat, struct err *e)
{
    struct st_file *f = NULL;
    int r = st_open(&f, dir, e);

    if (!r)
        r = model_check_file(p, f, dir, e);
    for (int i = 0; !r && i < p->n; i++) {
        const struct st_tensor *s = st_find(f, p->v[i].name);

        char *to = (char *)flat + p->v[i].offset * dtype_size(t);
        size_t good;

        cast(to, t, s->data, s->type, s->n);
        good = finite_until(to, t, s->n);
        if (good < s->n)
            r = finite_bad(s->file, s->name, good,
                           finite_value(s->data, s->type, good), t, e);
    }
    return st_close(&f, r, e);
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
