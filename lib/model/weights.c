/* weights - the compute weights of a model: load, set, digest */
#include <stdlib.h>
#include <string.h>
#include "../../kernels/canon.h"
#include "../base/arena.h"
#include "../base/hash.h"
#include "../base/larger.h"
#include "files.h"
#include "finite.h"
#include "impl.h"

#define CHUNK ((size_t)1 << 22) /* values moved at a time while loading */
#define NEAR ((size_t)1 << 16)  /* the same in the host's memory: a cache's */

/* ---- digest ---- */

static void digest_close(struct model *m, struct hash128 *h, int known)
{
    hash128_hex(h, m->digest);
    m->digest_known = known;
    hash128_close(&h);
}

/* ---- weights from the host ---- */

/* Where the tensors of params come from, in their order. */
struct source {
    const struct st_file *f; /* by name, or else */
    const char *flat;        /* by offset, or else */
    const struct model_reader *r;
    enum dtype t; /* of flat and r */
};

/* Buffers of a load. */
struct stage {
    size_t chunk;   /* values moved at a time: CHUNK, or the largest tensor */
    size_t largest; /* values of a group at most */
    char *group; /* a whole group in the compute type; NULL: not needed yet */
    char *raw;   /* chunk values as the source has them; NULL: where they are
                  * the device reads them */
    char *mid;   /* chunk values in the master type, where files pass by it */
    char *host;  /* host: chunk values, for the digest; NULL: as raw */
    char *in;    /* host: chunk values that a reader gave */
    char *keep;  /* host: where these values stay, or NULL */
    struct hash128 *x;
};

/* Is widening to type `to` what makes compute weights of values of type t? Then
 * the values are looked at where they lie. */
static int only_widens(enum dtype t, enum dtype to)
{
    return t == to || (t == DT_BF16 && to == DT_F32);
}

/* n values, as compute weights, go into the digest, and where they are kept;
 * the index of the first that is not finite, or n. */
static size_t seen(const struct model *m, struct stage *s, const char *values,
                   enum dtype t, size_t n)
{
    size_t size = dtype_size(m->t), bad = n, now;
    float wide[FINITE_PIECE / 8];

    for (size_t i = 0; i < n; i += now) {
        const char *from = values + i * dtype_size(t), *x = from;
        char *keep = s->keep ? s->keep + i * size : NULL;
        size_t piece = t == m->t ? FINITE_PIECE : FINITE_PIECE / 8, good;

        now = n - i < piece ? n - i : piece;
        if (t != m->t) {
            for (size_t j = 0; j < now; j++)
                wide[j] = canon_widen_bf16(((const uint16_t *)from)[j]);
            x = (const char *)wide;
        }
        hash128_update(s->x, x, now * size);
        good = finite_until(from, t, now);
        if (good < now && bad == n)
            bad = i + good;
        if (keep && keep != x)
            memcpy(keep, x, now * size);
    }
    return bad;
}

/* n values into dst, in the compute type; the index of the first that is not
 * finite there, or n. */
static size_t load_values(struct model *m, struct stage *s, char *dst,
                          const char *src, enum dtype t, size_t n)
{
    struct kernels *k = m->k;
    size_t bytes = n * dtype_size(m->t);

    if (t == m->t && !s->mid) {
        k->upload(k, dst, src, bytes);
        return seen(m, s, src, t, n);
    }
    if (s->raw) {
        k->upload(k, s->raw, src, n * dtype_size(t));
        src = s->raw;
    }
    if (s->mid) {
        k->cast(k, s->mid, m->arm.master, src, t, n);
        k->cast(k, dst, m->t, s->mid, m->arm.master, n);
    } else {
        k->cast(k, dst, m->t, src, t, n);
    }
    if (s->host)
        k->download(k, s->host, dst, bytes);
    return seen(m, s, s->host ? s->host : dst, m->t, n);
}

/* *n values of q from the number i on, or fewer, at least one. x: q's tensor
 * where they come from files. NULL is an error. */
static const char *get_values(struct stage *s, const struct source *src,
                              const struct st_tensor *x, const struct param *q,
                              size_t i, size_t *n, struct err *e)
{
    size_t size = dtype_size(src->t);

    if (x)
        return st_piece(x, i, n);
    if (src->flat)
        return src->flat + (q->offset + i) * size;
    return src->r->read(src->r->ctx, s->in, *n * size, e) ? NULL : s->in;
}

static int load_tensor(struct model *m, struct stage *s,
                       const struct source *src, const struct param *q,
                       char *dst, struct err *e)
{
    const struct st_tensor *x = src->f ? model_tensor(src->f, "", q) : NULL;
    enum dtype t = x ? x->type : src->t;
    size_t now;

    for (size_t i = 0; i < q->n; i += now) {
        const char *p;
        size_t good;

        now = q->n - i < s->chunk ? q->n - i : s->chunk;
        p = get_values(s, src, x, q, i, &now, e);
        if (!p)
            return -e->code;
        if (m->flat)
            s->keep = m->flat + (q->offset + i) * dtype_size(m->t);
        good = load_values(m, s, dst + i * dtype_size(m->t), p, t, now);
        if (good < now)
            return finite_bad(x ? x->file : NULL, q->name, i + good,
                              finite_value(p, t, good),
                              s->mid ? m->arm.master : m->t, e);
    }
    return 0;
}

/* A tensor's values where they lie. */
struct place {
    const struct model *m;
    struct stage *s;
    const char *p;
    enum dtype t;
    const char *file; /* or NULL */
    size_t n, good;   /* values; those before the first that is not finite */
};

/* 1: all values of q lie together in the host's memory, and the backend takes
 * them from there. */
static int find_place(struct place *x, const struct model *m, struct stage *s,
                      const struct source *src, const struct param *q)
{
    const struct st_tensor *t = src->f ? model_tensor(src->f, "", q) : NULL;

    *x = (struct place){m, s, NULL, src->t, NULL, q->n, 0};
    if (!m->k->weight_rows || s->mid)
        return 0;
    if (t) {
        x->p = t->data;
        x->t = t->type;
        x->file = t->file;
    } else if (src->flat) {
        x->p = src->flat + q->offset * dtype_size(src->t);
    }
    return x->p && only_widens(x->t, m->t);
}

static void look(void *ctx)
{
    struct place *x = ctx;

    x->good = seen(x->m, x->s, x->p, x->t, x->n);
}

/* The tensors of g are those from q on: where all are in their places, the
 * matrix is set from there, while its values are looked at. 0: they are not. */
static int set_from_places(struct model *m, struct stage *s,
                           const struct source *src, const struct weight *g,
                           const struct param *q, struct err *e)
{
    const struct param *all = m->p.v + m->p.n, *end = q;
    struct place x;

    for (; end < all && end->offset < g->f.offset + g->f.n; end++)
        if (!find_place(&x, m, s, src, end))
            return 0;
    for (; q < end; q++) {
        (void)find_place(&x, m, s, src, q);
        if (m->flat)
            s->keep = m->flat + q->offset * dtype_size(m->t);
        m->k->weight_rows(m->k, g->w,
                          (int)((q->offset - g->f.offset) / (size_t)g->f.K),
                          q->rows, x.p, x.t, look, &x);
        if (x.good < x.n)
            return finite_bad(x.file, q->name, x.good,
                              finite_value(x.p, x.t, x.good), m->t, e);
    }
    return 1;
}

/* The group's buffer, once a matrix needs it. */
static int need_group(struct model *m, struct stage *s, struct err *e)
{
    if (!s->group)
        s->group = m->k->alloc(m->k, s->largest * dtype_size(m->t), e);
    return s->group ? 0 : -e->code;
}

static int load_group(struct model *m, struct stage *s,
                      const struct source *src, struct weight *g,
                      const struct param *q, struct err *e)
{
    const struct param *all = m->p.v + m->p.n;
    int r = g->f.K ? set_from_places(m, s, src, g, q, e) : 0;
    char *base = g->vec;

    if (r)
        return r < 0 ? r : 0;
    if (g->f.K) {
        r = need_group(m, s, e);
        base = s->group;
    }
    for (; !r && q < all && q->offset < g->f.offset + g->f.n; q++)
        r = load_tensor(m, s, src, q,
                        base + (q->offset - g->f.offset) * dtype_size(m->t), e);
    if (!r && g->f.K)
        m->k->weight_set(m->k, g->w, s->group, m->t);
    return r;
}

static int load_groups(struct model *m, struct stage *s,
                       const struct source *src, struct err *e)
{
    const struct param *q = m->p.v;

    for (int i = 0; i < m->p.n_fused; i++) {
        struct weight *g = &m->weight[i];
        int r;

        while (q->offset < g->f.offset)
            q++;
        r = load_group(m, s, src, g, q, e);
        if (r)
            return r;
    }
    return m->k->sync(m->k, e);
}

/* A file's weights are a half-type master first: what the trainer that starts
 * from them computes with. What comes over a FIFO has been one. */
static int through_master(const struct model *m, const struct source *src)
{
    return src->f && m->arm.master != DT_F32 && m->arm.master != m->t;
}

static int load(struct model *m, const struct source *src, struct err *e)
{
    struct stage s = {0};
    struct params_sizes n = params_sizes(&m->c);
    int own = m->k->sizes.can.own_memory;
    size_t chunk = own ? CHUNK : NEAR;
    int r = m->parked ? model_matrices(m, NULL, e) : 0;

    if (r)
        return r;
    m->parked = 0;
    if (m->flags & MODEL_PARK && !m->flat)
        m->flat = xmalloc(m->p.n_values * dtype_size(m->t));
    s.largest = larger(n.largest_matrix, n.largest_vector);
    s.chunk = s.largest < chunk ? s.largest : chunk;
    if (own) {
        s.raw = m->k->alloc(m->k, 4 * s.chunk, e);
        r = s.raw ? 0 : -e->code;
    }
    if (!r && through_master(m, src)) {
        s.mid = m->k->alloc(m->k, 4 * s.chunk, e);
        r = s.mid ? 0 : -e->code;
    }
    m->digest_known = 0;
    m->master = NULL;
    if (!r) {
        s.host = own ? xmalloc(s.chunk * dtype_size(m->t)) : NULL;
        s.in = src->r ? xmalloc(s.chunk * dtype_size(src->t)) : NULL;
        s.x = hash128_open();
        r = load_groups(m, &s, src, e);
        digest_close(m, s.x, !r);
    }
    m->k->free(m->k, s.group);
    m->k->free(m->k, s.raw);
    m->k->free(m->k, s.mid);
    free(s.host);
    free(s.in);
    return r;
}

int model_load(struct model *m, const char *dir, char digest[33], struct err *e)
{
    static const char *const plain[] = {""};
    struct st_file *f = NULL;
    int r = model_files(&f, dir, &m->p, plain, 1, e);

    if (r)
        return r;
    r = st_close(&f, load(m, &(struct source){.f = f}, e), e);
    if (!r && digest)
        memcpy(digest, m->digest, sizeof m->digest);
    return r;
}

int model_set_host(struct model *m, const void *flat, enum dtype t,
                   struct err *e)
{
    return load(m, &(struct source){.flat = flat, .t = t}, e);
}

int model_set_reader(struct model *m, const struct model_reader *r,
                     enum dtype t, struct err *e)
{
    return load(m, &(struct source){.r = r, .t = t}, e);
}

/* ---- weights from a master array on the device ---- */

int model_set(struct model *m, const void *master, enum dtype mt, struct err *e)
{
    size_t size = dtype_size(mt);

    for (int i = 0; i < m->p.n_fused; i++) {
        struct weight *g = &m->weight[i];
        const char *src = (const char *)master + g->f.offset * size;

        if (g->f.K && !m->attached)
            m->k->weight_set(m->k, g->w, src, mt);
        if (!g->f.K)
            m->k->cast(m->k, g->vec, m->t, src, mt, g->f.n);
    }
    m->digest_known = 0;
    m->master = master;
    m->master_t = mt;
    return m->k->sync(m->k, e);
}

int model_digest(struct model *m, char out[33], struct err *e)
{
    struct kernels *k = m->k;
    size_t size = dtype_size(m->t), n = m->p.n_values;
    size_t some = n < CHUNK ? n : CHUNK;
    char *dev, *host;
    struct hash128 *x;
    int r;

    if (!m->digest_known && !m->master)
        return err_set(e, ERR_USAGE, "the model has no weights yet");
    if (!m->digest_known) {
        dev = k->alloc(k, some * size, e);
        if (!dev)
            return -e->code;
        host = xmalloc(some * size);
        x = hash128_open();
        for (size_t i = 0; i < n; i += some) {
            size_t now = n - i < some ? n - i : some;

            k->cast(k, dev, m->t,
                    (const char *)m->master + i * dtype_size(m->master_t),
                    m->master_t, now);
            k->download(k, host, dev, now * size);
            hash128_update(x, host, now * size);
        }
        r = k->sync(k, e);
        digest_close(m, x, !r);
        k->free(k, dev);
        free(host);
        if (r)
            return r;
    }
    memcpy(out, m->digest, sizeof m->digest);
    return 0;
}

int model_open_dir(struct model **m, const char *dir, const struct arm *a,
                   struct kernels *k, int flags, char digest[33], struct err *e)
{
    struct config c;
    int r = config_read(&c, dir, e);

    *m = NULL;
    if (!r)
        r = model_open(m, &c, a, k, flags, e);
    if (!r)
        r = model_load(*m, dir, digest, e);
    if (r)
        model_close(m);
    return r;
}
