/* kv - the key/value cache and attention against it */
#include <stdlib.h>
#include "attn_rows.h"
#include "kv.h"

OP(struct k_kv *, kv_new)(struct kernels *k, enum dtype t, int layers,
                          struct k_attn_shape s, int n_slots, int max_len,
                          int n_pages, struct err *e)
{
    struct k_kv *kv = (struct k_kv *)calloc(1, sizeof *kv);

    if (!kv) {
        err_set(e, ERR_IO, "cuda: out of host memory");
        return NULL;
    }
    pages_open(&kv->p, k, t, layers, s, n_slots, max_len, n_pages);
    return kv;
}

OP(void, kv_free)(struct kernels *k, struct k_kv *kv)
{
    if (!kv)
        return;
    CU(cuda_free)(cuda_of(k), kv->dev);
    pages_close(&kv->p);
    free(kv->host);
    free(kv);
}

/* ---- a pass ---- */

/* Room for an array in the image; its offset. */
static size_t take(size_t *end, size_t n, size_t size)
{
    size_t at = *end;

    *end = (at + n * size + 15) / 16 * 16;
    return at;
}

static int splits_of(const struct k_kv *kv, int row)
{
    return (kv->p.pass.limit[row] + KV_SPLIT - 1) / KV_SPLIT;
}

/* How many there are of everything. */
static struct kv_job count(const struct k_kv *kv, int hardware)
{
    struct kv_job j = {};

    j.T = kv->p.pass.T;
    for (int i = 0; i < kv->p.pass.n_runs; i++) {
        const struct kv_run *r = &kv->p.pass.run[i];
        int splits = splits_of(kv, r->row);

        if (r->rows > 1) {
            j.n_wide += (int)cuda_div((size_t)r->rows, TILE);
            j.n_tiles += (int)cuda_div((size_t)r->rows, TILE);
        } else {
            j.n_tiles++;
        }
        if (r->rows == 1 && hardware) {
            j.n_splits += splits;
            j.n_parts += splits > 1 ? splits : 0;
            j.n_merge += splits > 1;
        }
    }
    return j;
}

static void cut_tiles(struct kv_tile *wide, struct kv_tile *one,
                      const struct kv_run *r)
{
    struct kv_tile t = {r->row, 1, r->first_page};

    if (r->rows == 1)
        *one = t;
    for (int b = 0; r->rows > 1 && b < r->rows; b += TILE) {
        t.row = r->row + b;
        t.rows = (int)cuda_min(TILE, r->rows - b);
        *wide++ = t;
    }
}

static void cut_parts(struct kv_split *split, int part0, int splits,
                      const struct kv_run *r)
{
    for (int i = 0; i < splits; i++) {
        struct kv_split x = {r->row, i * KV_SPLIT, splits, part0,
                             r->first_page};

        split[i] = x;
    }
}

static void fill(const struct k_kv *kv, struct kv_tile *tile,
                 struct kv_split *split, int32_t *merge)
{
    int n_wide = 0, n_one = kv->job.n_wide, n = 0, part = 0;

    for (int i = 0; i < kv->p.pass.n_runs; i++) {
        const struct kv_run *r = &kv->p.pass.run[i];
        int splits = splits_of(kv, r->row);

        cut_tiles(tile + n_wide, tile + n_one, r);
        if (r->rows > 1) {
            n_wide += (int)cuda_div((size_t)r->rows, TILE);
            continue;
        }
        n_one++;
        if (!kv->job.n_splits)
            continue;
        cut_parts(split + n, part, splits, r);
        if (splits > 1) {
            *merge++ = n;
            part += splits;
        }
        n += splits;
    }
}

/* Both images hold n bytes. */
static int room(struct cuda *c, struct k_kv *kv, size_t n)
{
    struct err e = {0, "", 0, 0};

    if (n <= kv->host_bytes && n <= kv->dev_bytes)
        return 1;
    CU(cuda_free)(c, kv->dev);
    free(kv->host);
    kv->host_bytes = kv->dev_bytes = n + n / 2;
    kv->host = (char *)malloc(kv->host_bytes);
    kv->dev = (char *)CU(cuda_memory)(c, kv->dev_bytes, "rows of the KV cache",
                                      &e);
    if (!kv->host)
        CU(cuda_fail)(c, ERR_IO, "cuda: out of host memory");
    if (!kv->dev)
        CU(cuda_fail)(c, e.code, "%s", e.msg);
    if (kv->host && kv->dev)
        return 1;
    kv->host_bytes = kv->dev_bytes = 0;
    return 0;
}

static void upload(struct cuda *c, struct k_kv *kv)
{
    const struct kv_pass *a = &kv->p.pass;
    struct kv_job *j = &kv->job;
    size_t n = (size_t)j->T, end = 0, n_table = (size_t)a->n_table;
    size_t table = take(&end, n_table, sizeof *j->table);
    size_t into = take(&end, n, sizeof *j->into);
    size_t limit = take(&end, n, sizeof *j->limit);
    size_t tile = take(&end, (size_t)j->n_tiles, sizeof *j->tile);
    size_t split = take(&end, (size_t)j->n_splits, sizeof *j->split);
    size_t merge = take(&end, (size_t)j->n_merge, sizeof *j->merge);

    if (!room(c, kv, end)) {
        kv->p.pass.T = 0;
        return;
    }
    memcpy(kv->host + table, a->table, n_table * sizeof *a->table);
    memcpy(kv->host + into, a->into, n * sizeof *a->into);
    memcpy(kv->host + limit, a->limit, n * sizeof *a->limit);
    fill(kv, (struct kv_tile *)(void *)(kv->host + tile),
         (struct kv_split *)(void *)(kv->host + split),
         (int32_t *)(void *)(kv->host + merge));
    j->table = (const uint64_t *)(void *)(kv->dev + table);
    j->into = (const uint64_t *)(void *)(kv->dev + into);
    j->limit = (const int32_t *)(void *)(kv->dev + limit);
    j->tile = (const struct kv_tile *)(void *)(kv->dev + tile);
    j->split = (const struct kv_split *)(void *)(kv->dev + split);
    j->merge = (const int32_t *)(void *)(kv->dev + merge);
    CU(cuda_upload)(c, kv->dev, kv->host, end);
}

OP(void, kv_rows)(struct kernels *k, struct k_kv *kv, const int32_t *slot,
                  const int32_t *pos, int T)
{
    struct cuda *c = cuda_of(k);
    struct err e = {0, "", 0, 0};

    if (pages_rows(&kv->p, slot, pos, T, &e)) {
        CU(cuda_fail)(c, e.code, "%s", e.msg);
        return;
    }
    kv->job = count(kv, k->order.kind == ORDER_HARDWARE);
    if (T > 0)
        upload(c, kv);
}

/* ---- a layer ---- */

/* Pieces of U bytes of the k and v of the rows. */
template <typename U>
KERNEL insert_rows(struct kv_job j, const char *qkv, struct k_attn_shape s,
                   size_t size, size_t row, size_t at, size_t half, size_t n)
{
    size_t bytes = (size_t)s.head_dim * size, per = bytes / sizeof(U);
    size_t kvh = (size_t)s.n_kv_heads, heads = (size_t)s.n_heads;

    for (size_t i = grid_at(); i < n; i += grid_step()) {
        size_t c = i % per * sizeof(U), h = i / per % kvh, r = i / per / kvh;
        const char *from = qkv + (r * (heads + 2 * kvh) + heads + h) * bytes;
        size_t in_page = (size_t)(j.limit[r] - 1) % KV_PAGE;
        char *to = (char *)(uintptr_t)j.into[r] + at + h * 2 * half +
                   in_page * row;

        *(U *)(void *)(to + c) = *(const U *)(const void *)(from + c);
        *(U *)(void *)(to + half + c) =
            *(const U *)(const void *)(from + kvh * bytes + c);
    }
}

/* w but for what the tile decides. one: tiles of rows that are alone in their
 * slot (the last of a run may have but one row, too). */
template <int Q>
KERNEL __launch_bounds__(ATTN_NT, Q > 4 ? 1 : 2)
    attend_pages(struct attn_rows w, struct kv_job x, struct k_attn_shape s,
                 uint64_t half, int one)
{
    struct kv_tile t = x.tile[blockIdx.x];
    long D = s.head_dim, heads = s.n_heads, kvh = s.n_kv_heads;
    long group = heads / kvh, ld = (heads + 2 * kvh) * D;
    long h = blockIdx.y, rows = t.rows;

    if (one) { /* heads of one row: up to TILE of a group */
        long tiles = (group + TILE - 1) / TILE, first = h % tiles * TILE;

        h = h / tiles * group + first;
        rows = group - first < (long)TILE ? group - first : (long)TILE;
    }
    w.rows = (int)rows;
    w.limit0 = t.row;
    w.limit_step = one ? 0 : 1;
    w.pages = x.table + t.first_page;
    w.k += (uint64_t)(h / group) * 2 * half;
    w.v = w.k + half;
    w.q0 = t.row * ld + h * D;
    w.o0 = (t.row * heads + h) * D;
    w.ldq = one ? D : ld;
    w.ldo = one ? D : heads * D;
    attend_rows<Q>(w);
}

int CU(kv_ready)(struct cuda *c, enum dtype t, const struct k_kv *kv,
                 int layer, int T)
{
    const struct pages *p = &kv->p;

    if (t == p->t && T == p->pass.T && layer >= 0 && layer < p->layers)
        return T > 0;
    CU(cuda_fail)(c, ERR_DATA, "attn_cached: type %d, layer %d, %d rows; the "
                  "cache has type %d, %d layers, and kv_rows was given %d",
                  (int)t, layer, T, (int)p->t, p->layers, p->pass.T);
    return 0;
}

void CU(kv_insert)(struct cuda *c, const struct k_kv *kv, const void *qkv,
                   int layer)
{
    const struct pages *p = &kv->p;
    size_t size = dtype_size(p->t), bytes = (size_t)p->s.head_dim * size;
    size_t unit = bytes % 16 == 0 && (uintptr_t)qkv % 16 == 0 ? 16 : size;
    size_t n = (size_t)kv->job.T * (size_t)p->s.n_kv_heads * (bytes / unit);
    size_t row = (size_t)p->row * size, at = kv_keys(kv, layer, 0);

#define INSERT(U)                                                             \
    LAUNCH(c, insert_rows<U>, cuda_blocks(c, n, 256), 256, 0, kv->job,        \
           (const char *)qkv, p->s, size, row, at, kv_half(kv), n)
    if (unit == 16)
        INSERT(uint4);
    else if (unit == 4)
        INSERT(uint32_t);
    else
        INSERT(uint16_t);
#undef INSERT
}

void CU(kv_attend)(struct cuda *c, void *o, const void *qkv,
                   const struct k_kv *kv, int layer, int first, int end)
{
    const struct k_attn_shape s = kv->p.s;
    auto attention = ATTN_FOR(s.head_dim, attend_pages);
    struct attn_rows w = {};
    struct kv_job x = kv->job;
    unsigned group = (unsigned)(s.n_heads / s.n_kv_heads);
    unsigned y = first < x.n_wide
                     ? (unsigned)s.n_heads
                     : (unsigned)s.n_kv_heads * cuda_div(group, TILE);
    size_t shared;

    if (first == end)
        return;
    shared = ATTN_SHARED(c, attention, s.head_dim, 3, 1);
    if (!shared)
        return;
    x.tile += first;
    w.t = kv->p.t;
    w.D = s.head_dim;
    w.wide = attn_wide(qkv, s.head_dim);
    w.q = qkv;
    w.o = o;
    w.limit = x.limit;
    w.k = kv_keys(kv, layer, 0);
    w.ldk = kv->p.row;
    w.scale = attn_scale(s.head_dim);
    LAUNCH(c, attention, dim3((unsigned)(end - first), y), ATTN_NT, shared,
           w, x, s, kv_half(kv), first >= kv->job.n_wide);
}

OP(void, attn_cached)(struct kernels *k, enum dtype t, void *o,
                      const void *qkv, struct k_kv *kv, int layer, int T)
{
    struct cuda *c = cuda_of(k);

    if (!CU(kv_ready)(c, t, kv, layer, T))
        return;
    CU(kv_insert)(c, kv, qkv, layer);
    CU(kv_attend)(c, o, qkv, kv, layer, 0, kv->job.n_wide);
    CU(kv_attend)(c, o, qkv, kv, layer, kv->job.n_wide, kv->job.n_tiles);
}
