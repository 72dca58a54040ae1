/* kv - the key/value cache and attention against it
 *
 * For each layer, slot and key/value head: max_len keys, then max_len values,
 * rows of head_dim in the compute type.
 */
#include <stdlib.h>
#include "attn_tile.h"

struct k_kv {
    enum dtype t;
    int layers, n_slots, max_len;
    struct k_attn_shape s;
    size_t half; /* values of one head's keys */
    char *data;
};

OP(struct k_kv *, kv_new)(struct kernels *k, enum dtype t, int layers,
                          struct k_attn_shape s, int n_slots, int max_len,
                          struct err *e)
{
    struct k_kv *kv = (struct k_kv *)calloc(1, sizeof *kv);
    size_t heads = (size_t)layers * (size_t)n_slots * (size_t)s.n_kv_heads;

    if (!kv) {
        err_set(e, ERR_IO, "cuda: out of host memory");
        return NULL;
    }
    kv->t = t;
    kv->layers = layers;
    kv->n_slots = n_slots;
    kv->max_len = max_len;
    kv->s = s;
    kv->half = (size_t)max_len * (size_t)s.head_dim;
    kv->data = (char *)k->alloc(k, heads * 2 * kv->half * dtype_size(t), e);
    if (!kv->data) {
        free(kv);
        return NULL;
    }
    return kv;
}

OP(void, kv_free)(struct kernels *k, struct k_kv *kv)
{
    if (!kv)
        return;
    k->free(k, kv->data);
    free(kv);
}

/* First value of the keys of one head. */
static size_t head_at(const struct k_kv *kv, int layer, int slot, int head)
{
    return (((size_t)layer * (size_t)kv->n_slots + (size_t)slot) *
                (size_t)kv->s.n_kv_heads + (size_t)head) * 2 * kv->half;
}

OP(void, kv_fork)(struct kernels *k, struct k_kv *kv, int src, int dst,
                  int len)
{
    size_t z = dtype_size(kv->t);
    size_t n = (size_t)len * (size_t)kv->s.head_dim * z;

    if (src == dst)
        return;
    for (int l = 0; l < kv->layers; l++)
        for (int h = 0; h < kv->s.n_kv_heads; h++) {
            char *from = kv->data + head_at(kv, l, src, h) * z;
            char *to = kv->data + head_at(kv, l, dst, h) * z;

            k->copy(k, to, from, n);
            k->copy(k, to + kv->half * z, from + kv->half * z, n);
        }
}

/* at[r]: where row r's first head goes, counted in values */
KERNEL insert_rows(enum dtype t, void *data, const void *qkv,
                   const int64_t *at, struct k_attn_shape s, size_t half,
                   size_t n)
{
    size_t D = (size_t)s.head_dim, kvh = (size_t)s.n_kv_heads;
    size_t heads = (size_t)s.n_heads;

    for (size_t i = grid_at(); i < n; i += grid_step()) {
        size_t d = i % D, h = i / D % kvh, r = i / D / kvh;
        size_t from = (r * (heads + 2 * kvh) + heads + h) * D + d;
        size_t to = (size_t)at[r] + h * 2 * half + d;

        put(data, t, to, get(qkv, t, from));
        put(data, t, to + half, get(qkv, t, from + kvh * D));
    }
}

/* Tasks of one run of n rows from r on, all in one slot: tiles of rows of one
 * head, or of heads of one row. */
static size_t cut(struct attn_task *p, const struct k_kv *kv, int layer,
                  int slot, int r, int n)
{
    size_t z = dtype_size(kv->t), m = 0;
    long D = kv->s.head_dim, heads = kv->s.n_heads;
    long group = heads / kv->s.n_kv_heads;
    long ld = (heads + 2 * kv->s.n_kv_heads) * D;

    for (long h = 0; h < heads; h++) {
        const char *keys =
            kv->data + head_at(kv, layer, slot, (int)(h / group)) * z;
        long left = group - h % group, most = cuda_min(TILE, left);

        for (int b = 0; b < n; b += TILE) {
            int one = n == 1;
            struct attn_task w = {
                keys, keys + kv->half * z, (r + b) * ld + h * D,
                ((r + b) * heads + h) * D, 0, one ? D : ld,
                one ? D : heads * D,
                (int)(one ? most : cuda_min(TILE, n - b)), r + b,
                one ? 0 : 1};

            p[m++] = w;
        }
        if (n == 1)
            h += most - 1;
    }
    return m;
}

static int rows_ok(struct cuda *c, const struct k_kv *kv, const int32_t *slot,
                   const int32_t *pos, int T)
{
    for (int i = 0; i < T; i++)
        if (slot[i] < 0 || slot[i] >= kv->n_slots || pos[i] < 0 ||
            pos[i] >= kv->max_len) {
            CU(cuda_fail)(c, ERR_DATA, "attn_cached: row %d: slot %d position "
                          "%d; the cache has %d slots of %d", i, (int)slot[i],
                          (int)pos[i], kv->n_slots, kv->max_len);
            return 0;
        }
    return 1;
}

struct host {
    struct attn_task *tasks;
    int32_t *limits;
    int64_t *at;
};

static void run(struct cuda *c, const struct k_kv *kv, int layer,
                struct attn_job j, const struct host *x, const int32_t *slot,
                const int32_t *pos, int T)
{
    size_t n_tasks = 0, n = (size_t)T * (size_t)kv->s.n_kv_heads *
                            (size_t)kv->s.head_dim;
    int64_t *at = (int64_t *)CU(cuda_scratch)(c, S_ROWS,
                                              (size_t)T * sizeof *at);

    if (!at)
        return;
    for (int i = 0; i < T; i++) {
        x->limits[i] = pos[i] + 1;
        x->at[i] = (int64_t)(head_at(kv, layer, slot[i], 0) +
                             (size_t)pos[i] * (size_t)kv->s.head_dim);
    }
    for (int r = 0, e; r < T; r = e) {
        for (e = r + 1; e < T && slot[e] == slot[r]; e++)
            ;
        n_tasks += cut(x->tasks + n_tasks, kv, layer, slot[r], r, e - r);
    }
    CU(cuda_upload)(c, at, x->at, (size_t)T * sizeof *at);
    LAUNCH(c, insert_rows, cuda_blocks(c, n, 256), 256, 0, kv->t, kv->data,
           j.q, at, kv->s, kv->half, n);
    CU(cuda_attend)(c, j, x->tasks, n_tasks, x->limits, (size_t)T);
}

OP(void, attn_cached)(struct kernels *k, enum dtype t, void *o,
                      const void *qkv, struct k_kv *kv, int layer,
                      const int32_t *slot_host, const int32_t *pos_host,
                      int T)
{
    struct cuda *c = cuda_of(k);
    struct attn_job j = {t, kv->s.head_dim, 0, kv->s.head_dim, qkv, o, NULL,
                         NULL, NULL};
    size_t n = (size_t)T, heads = (size_t)kv->s.n_heads;
    struct host x;

    if (T <= 0 || !rows_ok(c, kv, slot_host, pos_host, T))
        return;
    if (t != kv->t) {
        CU(cuda_fail)(c, ERR_DATA, "attn_cached: the cache was made for "
                      "another type");
        return;
    }
    x.tasks = (struct attn_task *)malloc(n * heads * sizeof *x.tasks);
    x.limits = (int32_t *)malloc(n * sizeof *x.limits);
    x.at = (int64_t *)malloc(n * sizeof *x.at);
    if (x.tasks && x.limits && x.at)
        run(c, kv, layer, j, &x, slot_host, pos_host, T);
    else
        CU(cuda_fail)(c, ERR_IO, "cuda: out of host memory");
    free(x.tasks);
    free(x.limits);
    free(x.at);
}
