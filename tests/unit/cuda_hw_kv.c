/* Decode attention of order=hardware in the simulator: single rows against a
 * paged cache, against float64 under a bound for each element; the same bits
 * in any batch, any pages and any order of threads. */
#include "cuda_hw.h"
#include "../../kernels/pages.h"

enum { MAX_LEN = 1200, LAYERS = 2 };

/* Sequences in slots: keys and values on the host, as the cache has them. */
struct cache {
    struct k_attn_shape s;
    enum dtype t;
    int n, *len;
    struct k_kv *kv;
    void **rows; /* [n] -> [len][(heads + 2 kv_heads) D], of type t */
};

static size_t wide(const struct k_attn_shape *s)
{
    return (size_t)((s->n_heads + 2 * s->n_kv_heads) * s->head_dim);
}

/* Rows at positions pos of slots; o gets what comes of them. */
static void rows_of(const struct cache *c, const int32_t *slot,
                    const int32_t *pos, int T, struct hw_t *o)
{
    size_t row = wide(&c->s) * dtype_size(c->t);
    size_t out = (size_t)(c->s.n_heads * c->s.head_dim);
    char *host = malloc((size_t)T * row);
    struct hw_t qkv;

    for (int i = 0; i < T; i++) {
        memcpy(host + (size_t)i * row,
               (char *)c->rows[slot[i]] + (size_t)pos[i] * row, row);
        T_CHECK(!kv_reserve(c->kv, slot[i], pos[i] + 1));
    }
    qkv = hw_of(c->t, (size_t)T * wide(&c->s), host);
    *o = hw_zeros(c->t, (size_t)T * out);
    hw_k->kv_rows(hw_k, c->kv, slot, pos, T);
    for (int l = 0; l < LAYERS; l++) /* the second has the keys */
        hw_k->attn_cached(hw_k, c->t, o->dev, qkv.dev, c->kv, l, T);
    ref_sync(hw_k);
    hw_fetch(o);
    hw_drop(&qkv);
}

/* Positions [0, n) of the slot into its pages of the last layer, as prefill
 * would; the other layers keep their zeros. */
static void fill(const struct cache *c, int slot, int n)
{
    const struct pages *p = (const struct pages *)(const void *)c->kv;
    size_t size = dtype_size(c->t), D = (size_t)c->s.head_dim;
    size_t row = wide(&c->s) * size, ld = (size_t)p->row * size;
    char *page = calloc(1, p->page_bytes);

    T_CHECK(!kv_reserve(c->kv, slot, n));
    for (int j = 0; j < n; j++) {
        int32_t at = p->slot[slot].page[j / KV_PAGE];
        const char *from = (char *)c->rows[slot] + (size_t)j * row +
                           (size_t)c->s.n_heads * D * size;

        for (int h = 0; h < c->s.n_kv_heads; h++) {
            char *to = page + pages_head(p, LAYERS - 1, h) * size +
                       (size_t)(j % KV_PAGE) * ld;

            memcpy(to, from + (size_t)h * D * size, D * size);
            memcpy(to + KV_PAGE * ld,
                   from + (size_t)(h + c->s.n_kv_heads) * D * size, D * size);
        }
        if (j % KV_PAGE == KV_PAGE - 1 || j == n - 1)
            hw_k->upload(hw_k,
                         p->slab[at / p->in_slab] +
                             (size_t)(at % p->in_slab) * p->page_bytes,
                         page, p->page_bytes);
    }
    free(page);
}

static void cache_open(struct cache *c, enum dtype t, struct k_attn_shape s,
                       const int *len, int n, double scale)
{
    struct err e = {0};

    *c = (struct cache){.s = s, .t = t, .n = n};
    c->len = malloc((size_t)n * sizeof *c->len);
    c->rows = malloc((size_t)n * sizeof *c->rows);
    c->kv = hw_k->kv_new(hw_k, t, LAYERS, s, n, MAX_LEN, 0, &e);
    for (int i = 0; i < n; i++) {
        c->len[i] = len[i];
        c->rows[i] = ref_random(t, (size_t)len[i] * wide(&s), scale);
        fill(c, i, len[i] - 1);
    }
}

static void cache_close(struct cache *c)
{
    hw_k->kv_free(hw_k, c->kv);
    for (int i = 0; i < c->n; i++)
        free(c->rows[i]);
    free(c->rows);
    free(c->len);
}

/* ---- float64 ---- */
static double at(const struct cache *c, int slot, int pos, int what, int head,
                 int d)
{
    int group = c->s.n_heads / c->s.n_kv_heads;
    int h = what == 0   ? head
            : what == 1 ? c->s.n_heads + head / group
                        : c->s.n_heads + c->s.n_kv_heads + head / group;

    return ref_get(c->t, c->rows[slot],
                   (size_t)pos * wide(&c->s) + (size_t)(h * c->s.head_dim + d));
}

/* One head of the row at `pos`. All sums are of fp32: a dot product of D terms
 * loses at most (D + 1) 2^-24 of the sum of their sizes; the score is scaled,
 * a maximum subtracted and 2^x taken: a weight is off by the score's loss, by
 * 2^-23 of the exponent's size, and 2^-22 for ex2, relative. Weights and
 * weighted values are then summed, at most keys + 10 roundings a term (parts
 * are merged with another two), and divided. */
static void head_of(const struct cache *c, int slot, int pos, int head,
                    double *o, double *loss)
{
    int D = c->s.head_dim;
    double *s = malloc(3 * ((size_t)pos + 1) * sizeof *s);
    double *ds = s + pos + 1, *p = ds + pos + 1;
    double m = -INFINITY, S = 0, off = 0, adding = (pos + 11) * 0x1p-24;

    for (int j = 0; j <= pos; j++) {
        double size = 0;

        s[j] = 0;
        for (int d = 0; d < D; d++) {
            double x = at(c, slot, pos, 0, head, d) *
                       at(c, slot, j, 1, head, d);

            s[j] += x / sqrt(D);
            size += fabs(x) / sqrt(D);
        }
        ds[j] = (D + 1) * 0x1p-24 * size;
        m = fmax(m, s[j]);
    }
    for (int j = 0; j <= pos; j++) {
        S += p[j] = exp(s[j] - m);
        ds[j] = 1.01 * (ds[j] + (fabs(s[j]) + fabs(m)) * 0x1p-22 + 0x1p-21);
    }
    for (int j = 0; j <= pos; j++)
        off += p[j] / S * (ds[j] + adding);
    for (int d = 0; d < D; d++) {
        o[d] = loss[d] = 0;
        for (int j = 0; j <= pos; j++) {
            double x = p[j] / S * at(c, slot, j, 2, head, d);

            o[d] += x;
            loss[d] += (ds[j] + adding) * fabs(x);
        }
        loss[d] += (off + 0x1p-23) * fabs(o[d]);
    }
    free(s);
}

static void check_rows(const char *what, const struct cache *c,
                       const int32_t *slot, const int32_t *pos, int T,
                       struct hw_t *o)
{
    size_t D = (size_t)c->s.head_dim, heads = (size_t)c->s.n_heads;
    double *want = malloc(o->n * sizeof *want);
    double *loss = malloc(o->n * sizeof *loss);

    for (int i = 0; i < T; i++)
        for (size_t h = 0; h < heads; h++)
            head_of(c, slot[i], pos[i], (int)h,
                    want + ((size_t)i * heads + h) * D,
                    loss + ((size_t)i * heads + h) * D);
    hw_close(what, o, want, loss);
    free(want);
    free(loss);
}

/* The last rows of all sequences, at once. */
static void last_rows(const struct cache *c, struct hw_t *o)
{
    int32_t slot[64], pos[64];

    for (int i = 0; i < c->n; i++) {
        slot[i] = i;
        pos[i] = c->len[i] - 1;
    }
    rows_of(c, slot, pos, c->n, o);
}

static void one(enum dtype t, int heads, int kv_heads, int D, const int *len,
                int n, double scale)
{
    struct k_attn_shape s = {heads, kv_heads, D};
    int32_t slot[64], pos[64];
    struct cache c;
    struct hw_t o;
    char what[64];

    snprintf(what, sizeof what, "%d/%d heads of %d, %d..", heads, kv_heads, D,
             len[0]);
    cache_open(&c, t, s, len, n, scale);
    last_rows(&c, &o);
    for (int i = 0; i < n; i++) {
        slot[i] = i;
        pos[i] = len[i] - 1;
    }
    check_rows(what, &c, slot, pos, n, &o);
    hw_drop(&o);
    cache_close(&c);
}

static void agrees_with_float64(void)
{
    static const int pages[] = {1, 2, 63, 64, 65, 128, 129};
    static const int parts[] = {255, 256, 257, 512, 513};
    static const int some[] = {33, 300};

    if (!hw_sim())
        return;
    one(DT_BF16, 2, 2, 64, pages, 7, 1);
    one(DT_F16, 2, 1, 128, pages, 7, 1);
    one(DT_F32, 3, 1, 64, pages, 7, 1);
    cudasim_set_order(CUDASIM_RANDOM, 3);
    one(DT_BF16, 7, 1, 128, parts, 5, 1);
    one(DT_F16, 12, 2, 64, parts, 5, 1);
    cudasim_set_order(CUDASIM_REVERSE, 0);
    one(DT_F32, 6, 1, 128, some, 2, 1);
    one(DT_F32, 18, 2, 64, some, 2, 1); /* nine heads: two blocks */
    cudasim_set_order(CUDASIM_FORWARD, 0);
    /* dimensions that only the canonical kernel has */
    one(DT_BF16, 4, 2, 24, some, 2, 1);
    one(DT_F16, 7, 1, 10, some, 2, 1);
    one(DT_F32, 1, 1, 130, some, 2, 1);
    hw_done();
}

/* Scores of hundreds: nearly all weight on one key, and parts whose weights
 * all underflow beside it. */
static void large_scores(void)
{
    static const int len[] = {600, 1100, 70};

    if (!hw_sim())
        return;
    one(DT_F32, 2, 1, 64, len, 3, 6);
    one(DT_BF16, 2, 1, 128, len, 3, 6);
    hw_done();
}

/* Prefill and decoding in one pass; a run of rows of a slot is for other
 * kernels. */
static void mixed_with_prefill(void)
{
    static const int len[] = {400, 130, 77};
    static const int32_t slot[] = {0, 1, 1, 1, 2, 0};
    static const int32_t pos[] = {398, 126, 127, 128, 76, 399};
    struct k_attn_shape s = {7, 1, 64};
    struct cache c;
    struct hw_t o;

    if (!hw_sim())
        return;
    cache_open(&c, DT_BF16, s, len, 3, 1);
    rows_of(&c, slot, pos, 1, &o); /* a pass before it */
    hw_drop(&o);
    rows_of(&c, slot + 1, pos + 1, 5, &o);
    check_rows("mixed", &c, slot + 1, pos + 1, 5, &o);
    hw_drop(&o);
    cache_close(&c);
    hw_done();
}

/* A row alone, among others, from other pages, threads in any order. */
static void the_rest_of_the_batch_changes_no_bit(void)
{
    static const int len[] = {1, 700, 64, 257, 300, 512};
    struct k_attn_shape s = {14, 2, 64};
    size_t row = 14 * 64 * 2;
    struct cache c;
    struct hw_t all, o;

    if (!hw_sim())
        return;
    cache_open(&c, DT_BF16, s, len, 6, 1);
    last_rows(&c, &all);
    for (int i = 0; i < 6; i++) {
        int32_t slot = i, pos = len[i] - 1;

        cudasim_set_order((enum cudasim_order)(i % 3), 5);
        rows_of(&c, &slot, &pos, 1, &o);
        ref_same("alone", (char *)all.host + (size_t)i * row, o.host, row);
        hw_drop(&o);
    }
    /* pages given back in one order and taken in another */
    for (int i = 0; i < 6; i++)
        kv_release(c.kv, i, 0);
    cudasim_set_order(CUDASIM_FORWARD, 0);
    for (int i = 5; i >= 0; i--)
        fill(&c, i, len[i] - 1);
    last_rows(&c, &o);
    ref_same("other pages", all.host, o.host, 6 * row);
    hw_drop(&o);
    hw_drop(&all);
    cache_close(&c);
    hw_done();
}

int main(void)
{
    T_RUN(agrees_with_float64);
    T_RUN(large_scores);
    T_RUN(mixed_with_prefill);
    T_RUN(the_rest_of_the_batch_changes_no_bit);
    T_DONE();
}
