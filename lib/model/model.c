/* model - weights on the device: open, load, set, digest */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>
#include "../base/arena.h"
#include "impl.h"

#define CHUNK ((size_t)1 << 22) /* values moved at a time while loading */

/* ---- groups ---- */

struct builder {
    struct model *m;
    size_t offset;
};

static struct group *add_group(struct builder *b, int N, int K)
{
    struct group *g = &b->m->group[b->m->n_groups++];

    *g = (struct group){.offset = b->offset,
                        .n = (size_t)N * (size_t)(K ? K : 1),
                        .N = N,
                        .K = K};
    b->offset += g->n;
    return g;
}

static void list_groups(struct model *m)
{
    const struct config *c = &m->c;
    int q = c->heads * c->head_dim, kv = c->kv_heads * c->head_dim;
    struct builder b = {m, 0};

    m->group = xcalloc((size_t)(3 + 7 * c->layers), sizeof *m->group);
    m->layer = xcalloc((size_t)c->layers, sizeof *m->layer);
    m->embed = add_group(&b, c->vocab, c->hidden);
    for (int i = 0; i < c->layers; i++) {
        struct layer *l = &m->layer[i];

        l->norm1 = add_group(&b, c->hidden, 0);
        l->qkv = add_group(&b, q + 2 * kv, c->hidden);
        l->bias = c->qkv_bias ? add_group(&b, q + 2 * kv, 0) : NULL;
        l->o = add_group(&b, c->hidden, q);
        l->norm2 = add_group(&b, c->hidden, 0);
        l->gate_up = add_group(&b, 2 * c->ffn, c->hidden);
        l->down = add_group(&b, c->hidden, c->ffn);
    }
    m->norm = add_group(&b, c->hidden, 0);
    m->head = c->tied ? m->embed : add_group(&b, c->vocab, c->hidden);
}

static int uses(const struct model *m, const struct group *g)
{
    int matrix = WEIGHT_FORWARD;

    if (m->flags & MODEL_TRAIN)
        matrix |= WEIGHT_BACKWARD;
    if (g == m->head)
        return matrix | (g == m->embed ? WEIGHT_ROWS : 0);
    return g == m->embed ? WEIGHT_ROWS : matrix;
}

static size_t round_up(size_t bytes)
{
    return (bytes + 255) / 256 * 256;
}

static int alloc_groups(struct model *m, struct err *e)
{
    size_t bytes = 0, size = dtype_size(m->t);

    for (int i = 0; i < m->n_groups; i++)
        if (!m->group[i].K)
            bytes += round_up(m->group[i].n * size);
    m->vectors = m->k->alloc(m->k, bytes, e);
    if (!m->vectors)
        return -e->code;
    bytes = 0;
    for (int i = 0; i < m->n_groups; i++) {
        struct group *g = &m->group[i];

        if (!g->K) {
            g->vec = m->vectors + bytes;
            bytes += round_up(g->n * size);
            continue;
        }
        g->w = m->k->weight_new(m->k, m->t, g->N, g->K, uses(m, g), e);
        if (!g->w)
            return -e->code;
    }
    return 0;
}

static int alloc_grads(struct model *m, struct err *e)
{
    if (!(m->flags & MODEL_TRAIN))
        return 0;
    m->grads = m->k->alloc(m->k, 4 * m->p.n_values, e);
    if (m->grads && m->c.tied)
        m->embed_grads = m->k->alloc(m->k, 4 * m->embed->n, e);
    return m->grads && (!m->c.tied || m->embed_grads) ? 0 : -e->code;
}

int model_open(struct model **out, const struct config *c,
               const struct arm *a, struct kernels *k, int flags,
               struct err *e)
{
    struct model *m = xcalloc(1, sizeof *m);
    int r;

    *out = m;
    m->c = *c;
    m->arm = *a;
    m->k = k;
    m->flags = flags;
    m->t = a->compute;
    r = params_list(&m->p, c, e);
    if (!r) {
        list_groups(m);
        r = alloc_groups(m, e);
    }
    if (!r)
        r = alloc_grads(m, e);
    if (r)
        model_close(out);
    return r;
}

void model_close(struct model **out)
{
    struct model *m = *out;
    struct kernels *k;

    if (!m)
        return;
    k = m->k;
    for (int i = 0; i < m->n_groups; i++)
        if (m->group[i].w)
            k->weight_free(k, m->group[i].w);
    if (m->kv)
        k->kv_free(k, m->kv);
    k->free(k, m->vectors);
    k->free(k, m->grads);
    k->free(k, m->embed_grads);
    k->free(k, m->rope);
    k->free(k, m->arena);
    params_free(&m->p);
    free(m->group);
    free(m->layer);
    free(m->host);
    free(m->host_f);
    free(m->host_id);
    free(m);
    *out = NULL;
}

const struct config *model_config(const struct model *m)
{
    return &m->c;
}

const struct params *model_params(const struct model *m)
{
    return &m->p;
}

/* ---- digest ---- */

static XXH3_state_t *digest_open(void)
{
    XXH3_state_t *s = XXH3_createState();

    if (!s)
        abort();
    XXH3_128bits_reset(s);
    return s;
}

static void digest_close(struct model *m, XXH3_state_t *s, int known)
{
    XXH128_hash_t h = XXH3_128bits_digest(s);

    snprintf(m->digest, sizeof m->digest, "%016" PRIx64 "%016" PRIx64,
             (uint64_t)h.high64, (uint64_t)h.low64);
    m->digest_known = known;
    XXH3_freeState(s);
}

/* ---- weights from the host ---- */

/* Where tensor i of params lies on the host. */
struct source {
    const struct st_file *f; /* by name, or else */
    const char *flat;        /* by offset */
    enum dtype t;            /* of flat */
};

static const char *source_get(const struct source *s, const struct param *q,
                              enum dtype *t)
{
    const struct st_tensor *x;

    if (!s->f) {
        *t = s->t;
        return s->flat + q->offset * dtype_size(s->t);
    }
    x = st_find(s->f, q->name);
    *t = x->type;
    return x->data;
}

/* Device buffers of a load. */
struct stage {
    char *group; /* a whole group in the compute type */
    char *raw;   /* CHUNK values as the source has them */
    char *mid;   /* CHUNK values in the master type, where files pass by it */
    char *host;  /* host: CHUNK values, for the digest */
    XXH3_state_t *x;
};

static void load_tensor(struct model *m, struct stage *s, char *dst,
                        const char *src, enum dtype t, size_t n)
{
    struct kernels *k = m->k;
    size_t size = dtype_size(m->t);

    for (size_t i = 0; i < n; i += CHUNK) {
        size_t now = n - i < CHUNK ? n - i : CHUNK;
        const char *from = src + i * dtype_size(t);
        char *to = dst + i * size;

        if (t == m->t && !s->mid) {
            k->upload(k, to, from, now * size);
            XXH3_128bits_update(s->x, from, now * size);
            continue;
        }
        k->upload(k, s->raw, from, now * dtype_size(t));
        if (s->mid) {
            k->cast(k, s->mid, m->arm.master, s->raw, t, now);
            k->cast(k, to, m->t, s->mid, m->arm.master, now);
        } else {
            k->cast(k, to, m->t, s->raw, t, now);
        }
        k->download(k, s->host, to, now * size);
        XXH3_128bits_update(s->x, s->host, now * size);
    }
}

static void load_groups(struct model *m, struct stage *s,
                        const struct source *src)
{
    const struct param *q = m->p.v;

    for (int i = 0; i < m->n_groups; i++) {
        struct group *g = &m->group[i];
        char *base = g->K ? s->group : g->vec;

        for (; q < m->p.v + m->p.n && q->offset < g->offset + g->n; q++) {
            enum dtype t;
            const char *p = source_get(src, q, &t);

            load_tensor(m, s, base + (q->offset - g->offset) *
                                         dtype_size(m->t), p, t, q->n);
        }
        if (g->K)
            m->k->weight_set(m->k, g->w, s->group, m->t);
    }
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
    size_t largest = 0;
    int r;

    for (int i = 0; i < m->n_groups; i++)
        if (m->group[i].n > largest)
            largest = m->group[i].n;
    s.group = m->k->alloc(m->k, largest * dtype_size(m->t), e);
    s.raw = s.group ? m->k->alloc(m->k, 4 * CHUNK, e) : NULL;
    r = s.raw ? 0 : -e->code;
    if (!r && through_master(m, src)) {
        s.mid = m->k->alloc(m->k, 4 * CHUNK, e);
        r = s.mid ? 0 : -e->code;
    }
    m->digest_known = 0;
    m->master = NULL;
    if (!r) {
        s.host = xmalloc(CHUNK * dtype_size(m->t));
        s.x = digest_open();
        load_groups(m, &s, src);
        r = m->k->sync(m->k, e);
        digest_close(m, s.x, !r);
    }
    m->k->free(m->k, s.group);
    m->k->free(m->k, s.raw);
    m->k->free(m->k, s.mid);
    free(s.host);
    return r;
}

int model_load(struct model *m, const char *dir, char digest[33],
               struct err *e)
{
    struct st_file *f = NULL;
    int r = st_open(&f, dir, e);

    if (!r)
        r = model_check_file(&m->p, f, dir, e);
    if (!r)
        r = load(m, &(struct source){.f = f}, e);
    st_close(&f);
    if (!r && digest)
        memcpy(digest, m->digest, sizeof m->digest);
    return r;
}

int model_set_host(struct model *m, const void *flat, enum dtype t,
                   struct err *e)
{
    return load(m, &(struct source){.flat = flat, .t = t}, e);
}

/* ---- weights from a master array on the device ---- */

int model_set(struct model *m, const void *master, enum dtype mt,
              struct err *e)
{
    size_t size = dtype_size(mt);

    for (int i = 0; i < m->n_groups; i++) {
        struct group *g = &m->group[i];
        const char *src = (const char *)master + g->offset * size;

        if (g->K)
            m->k->weight_set(m->k, g->w, src, mt);
        else
            m->k->cast(m->k, g->vec, m->t, src, mt, g->n);
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
    char *dev, *host;
    XXH3_state_t *x;
    int r;

    if (!m->digest_known && !m->master)
        return err_set(e, ERR_USAGE, "the model has no weights yet");
    if (!m->digest_known) {
        dev = k->alloc(k, CHUNK * size, e);
        if (!dev)
            return -e->code;
        host = xmalloc(CHUNK * size);
        x = digest_open();
        for (size_t i = 0; i < n; i += CHUNK) {
            size_t now = n - i < CHUNK ? n - i : CHUNK;

            k->cast(k, dev, m->t, (const char *)m->master +
                                      i * dtype_size(m->master_t),
                    m->master_t, now);
            k->download(k, host, dev, now * size);
            XXH3_128bits_update(x, host, now * size);
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
                   struct kernels *k, int flags, char digest[33],
                   struct err *e)
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

/* ---- gradients ---- */

float *model_grads(struct model *m)
{
    struct kernels *k = m->k;

    if (m->embed_pending) {
        float *g = m->grads + m->embed->offset;

        k->add(k, DT_F32, g, g, m->embed_grads, m->embed->n);
        k->zero(k, m->embed_grads, 4 * m->embed->n);
        m->embed_pending = 0;
    }
    return m->grads;
}

void model_zero_grads(struct model *m)
{
    m->k->zero(m->k, m->grads, 4 * m->p.n_values);
    if (m->embed_grads)
        m->k->zero(m->k, m->embed_grads, 4 * m->embed->n);
    m->embed_pending = 0;
}
