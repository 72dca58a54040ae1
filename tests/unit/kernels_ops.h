/* kernels_ops - every operation over edge sizes, on any backend
 *
 * A case makes its inputs from a seed, runs operations through the table with
 * all data in the backend's own memory, and keeps what comes out. The same
 * case on two backends must give the same bytes: on instruction sets of the
 * CPU (kernels_isa.c), in the simulator (cuda_parity.c) and on a device
 * (tests/gpu/check_gpu.c). Operations are called by OPS, so that one of the
 * list that no case calls is found.
 */
#ifndef ULP_KERNELS_OPS_TEST_H
#define ULP_KERNELS_OPS_TEST_H
#include "../../kernels/ops.h"
#include "kernels_ref.h"

enum { OPS_MAX = 1024 };

struct ops_outs {
    int n;
    char name[OPS_MAX][64];
    void *data[OPS_MAX];
    size_t bytes[OPS_MAX];
};

static struct kernels *ops_k;
static struct ops_outs *ops_o;

/* The operations of the list, and which have been called. */
enum {
#define NUMBER(op, ...) OPS_##op,
    K_OPS(NUMBER)
#undef NUMBER
        OPS_N_OPS
};
static const char *const ops_names[] = {
#define NAME_OF(op, ...) #op,
    K_OPS(NAME_OF)
#undef NAME_OF
};
static char ops_called[OPS_N_OPS];
#define OPS(op, ...) (ops_called[OPS_##op] = 1, ops_k->op(ops_k, __VA_ARGS__))

__attribute__((unused)) static void ops_every_operation(void)
{
    for (int i = 0; i < OPS_N_OPS; i++)
        T_CHECKF(ops_called[i], "no case calls %s", ops_names[i]);
}

static void *ops_alloc(size_t n)
{
    struct err e = {0};
    void *p = ops_k->alloc(ops_k, n ? n : 1, &e);

    if (!p) {
        printf("not ok alloc: %s\n", e.msg);
        exit(1);
    }
    return p;
}

static void *ops_up(const void *host, size_t n)
{
    void *p = ops_alloc(n);

    ops_k->upload(ops_k, p, host, n);
    return p;
}

/* n random values of type t on the device. */
static void *ops_random(enum dtype t, size_t n, double scale)
{
    void *h = ref_random(t, n, scale), *p = ops_up(h, n * dtype_size(t));

    free(h);
    return p;
}

static void ops_keep_host(const char *name, int size, const void *p, size_t n)
{
    int i = ops_o->n++;

    if (i >= OPS_MAX)
        abort();
    snprintf(ops_o->name[i], sizeof ops_o->name[i], "%s %d", name, size);
    ops_o->data[i] = malloc(n + 1);
    ops_o->bytes[i] = n;
    memcpy(ops_o->data[i], p, n);
}

/* Keep n bytes of device memory and free it. */
static void ops_keep(const char *name, int size, void *p, size_t n)
{
    void *h = malloc(n + 1);

    ops_k->download(ops_k, h, p, n);
    ops_keep_host(name, size, h, n);
    free(h);
    ops_k->free(ops_k, p);
}

static void ops_free(void *p)
{
    ops_k->free(ops_k, p);
}

static struct k_weight *ops_weight(enum dtype t, int N, int K, double scale)
{
    void *w = ops_random(t, (size_t)N * (size_t)K, scale);
    struct err e = {0};
    struct k_weight *W = OPS(weight_new, t, N, K,
                             WEIGHT_FORWARD | WEIGHT_BACKWARD, &e);

    OPS(weight_set, W, w, t);
    ops_free(w);
    return W;
}

/* ---- matrix products ---- */
static void ops_linear(enum dtype t)
{
    static const int sizes[][3] = {
        {1, 1, 1},      {3, 33, 31},    {16, 64, 100},  {17, 65, 33},
        {31, 130, 64},  {130, 129, 20}, {129, 257, 13}, {200, 72, 137},
        {136, 132, 20}, {20, 70, 1201}, {1100, 20, 20}};

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        size_t z = dtype_size(t), T = (size_t)sizes[i][0];
        size_t N = (size_t)sizes[i][1], K = (size_t)sizes[i][2];
        int a = sizes[i][0], b = sizes[i][1], c = sizes[i][2], s = (int)i;
        struct k_weight *W = ops_weight(t, b, c, 0.3);
        void *x = ops_random(t, T * K, 1), *dy = ops_random(t, T * N, 1);
        void *bias = ops_random(t, N, 1), *y = ops_alloc(T * N * z);
        void *y1 = ops_alloc(T * N * z), *dx = ops_alloc(T * K * z);
        float *dW = ops_random(DT_F32, N * K, 1);
        float *db = ops_random(DT_F32, N, 1);

        OPS(linear, t, y, x, W, bias, a, b, c);
        OPS(linear, t, y1, x, W, NULL, a, b, c);
        OPS(linear_dx, t, dx, dy, W, a, b, c);
        OPS(linear_dw, t, dW, db, dy, x, a, b, c);
        ops_keep("linear", s, y, T * N * z);
        ops_keep("linear without bias", s, y1, T * N * z);
        ops_keep("linear_dx", s, dx, T * K * z);
        ops_keep("linear_dw", s, dW, N * K * 4);
        ops_keep("linear_db", s, db, N * 4);
        ops_free(x), ops_free(dy), ops_free(bias);
        OPS(weight_free, W);
    }
}

/* ---- rows ---- */
static void ops_heads(enum dtype t)
{
    /* heads, their size, stride, rows */
    static const int sizes[][4] = {{1, 1, 1, 1},     {3, 31, 100, 5},
                                   {2, 32, 64, 130}, {4, 128, 768, 9},
                                   {5, 10, 70, 33},  {8, 64, 1024, 70}};

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct k_heads h = {sizes[i][0], sizes[i][1], sizes[i][2]};
        int T = sizes[i][3], s = (int)i;
        size_t n = (size_t)T * (size_t)h.stride, z = dtype_size(t);
        size_t d = (size_t)h.d, rows = (size_t)T * (size_t)h.n;
        void *x = ops_random(t, n, 1), *w = ops_random(t, d, 1);
        void *y = ops_random(t, n, 1), *dx = ops_random(t, n, 1);
        void *dy = ops_random(t, n, 1);
        float *rstd = ops_alloc(rows * 4), *dw = ops_random(DT_F32, d, 1);

        OPS(rmsnorm_heads, t, y, rstd, x, w, h, T, 1e-6f);
        OPS(rmsnorm_heads_bwd, t, dx, dw, dy, x, w, rstd, h, T);
        OPS(rmsnorm_heads_bwd, t, dy, dw, dy, x, w, rstd, h, T);
        OPS(rmsnorm_heads, t, x, NULL, x, w, h, T, 1e-6f);
        ops_keep("rmsnorm_heads", s, y, n * z);
        ops_keep("rmsnorm_heads in place", s, x, n * z);
        ops_keep("rstd of heads", s, rstd, rows * 4);
        ops_keep("rmsnorm_heads dx", s, dx, n * z);
        ops_keep("rmsnorm_heads dx in place", s, dy, n * z);
        ops_keep("rmsnorm_heads dw", s, dw, d * 4);
        ops_free(w);
    }
}

static void ops_norm(enum dtype t)
{
    static const int sizes[][2] = {{1, 1},    {5, 31},   {130, 32}, {9, 33},
                                   {4, 1025}, {5, 1160}, {1, 6152}};

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        int T = sizes[i][0], H = sizes[i][1], s = (int)i;
        size_t n = (size_t)T * (size_t)H, z = dtype_size(t), h = (size_t)H;
        void *x = ops_random(t, n, 1), *w = ops_random(t, h, 1);
        void *y = ops_alloc(n * z), *dx = ops_alloc(n * z);
        void *dy = ops_random(t, n, 1);
        float *rstd = ops_alloc((size_t)T * 4);
        float *dw = ops_random(DT_F32, h, 1);

        OPS(rmsnorm, t, y, rstd, x, w, T, H, 1e-6f);
        OPS(rmsnorm, t, y, NULL, x, w, T, H, 1e-6f);
        OPS(rmsnorm_bwd, t, dx, dw, dy, x, w, rstd, T, H);
        OPS(rmsnorm_bwd, t, dy, dw, dy, x, w, rstd, T, H);
        ops_keep("rmsnorm", s, y, n * z);
        ops_keep("rstd", s, rstd, (size_t)T * 4);
        ops_keep("rmsnorm dx", s, dx, n * z);
        ops_keep("rmsnorm dx in place", s, dy, n * z);
        ops_keep("rmsnorm dw", s, dw, h * 4);
        ops_free(x), ops_free(w);
    }
}

static void ops_drop(enum dtype t, int T, int H, float p, int s)
{
    size_t n = (size_t)T * (size_t)H, z = dtype_size(t);
    void *a = ops_random(t, n, 1), *b = ops_random(t, n, 1);
    void *y = ops_alloc(n * z), *db = ops_alloc(n * z);
    uint64_t *id = malloc((size_t)T * 8);
    struct k_dropout d = {p, 4, 5, 6, NULL};

    for (int i = 0; i < T; i++)
        id[i] = (uint64_t)i << 30 | 7;
    d.row_id = ops_up(id, (size_t)T * 8);
    OPS(residual, t, y, a, b, &d, T, H);
    OPS(dropout_bwd, t, db, b, &d, T, H);
    OPS(residual, t, a, a, b, NULL, T, H);
    OPS(add, t, b, b, y, n);
    ops_keep("residual", s, y, n * z);
    ops_keep("dropout_bwd", s, db, n * z);
    ops_keep("residual in place", s, a, n * z);
    ops_keep("add", s, b, n * z);
    ops_free((void *)(uintptr_t)d.row_id);
    free(id);
}

static void ops_elementwise(enum dtype t)
{
    static const int widths[] = {1, 31, 33, 520};

    for (int i = 0; i < 4; i++) {
        int T = 7, F = widths[i];
        size_t n = (size_t)(T * F), z = dtype_size(t);
        void *gu = ops_random(t, 2 * n, 3), *dy = ops_random(t, n, 1);
        void *y = ops_alloc(n * z), *dgu = ops_alloc(2 * n * z);
        void *again = ops_alloc(n * z);

        OPS(swiglu, t, y, gu, T, F);
        OPS(swiglu_bwd, t, dgu, NULL, dy, gu, T, F);
        ops_keep("swiglu_bwd without y", i, dgu, 2 * n * z);
        dgu = ops_alloc(2 * n * z);
        OPS(swiglu_bwd, t, dgu, again, dy, gu, T, F);
        ops_keep("swiglu", i, y, n * z);
        ops_keep("swiglu_bwd", i, dgu, 2 * n * z);
        ops_keep("swiglu_bwd y", i, again, n * z);
        ops_free(gu), ops_free(dy);
        ops_drop(t, T, F, i % 2 ? 0.3f : 0.0f, i);
        for (int d = 0; d < 3; d++) {
            void *x = ops_random(t, n, 1);
            void *c = ops_alloc(n * dtype_size(ref_types[d]));

            OPS(cast, c, ref_types[d], x, t, n);
            ops_keep("cast", i * 3 + d, c, n * dtype_size(ref_types[d]));
            ops_free(x);
        }
    }
}

static void ops_embed(enum dtype t)
{
    static const int sizes[][3] = {
        {1, 1, 5}, {200, 7, 33}, {131, 301, 140}, {270, 3, 2056}};

    for (int i = 0; i < 4; i++) {
        int T = sizes[i][0], V = sizes[i][1], H = sizes[i][2];
        size_t n = (size_t)(T * H), z = dtype_size(t), v = (size_t)(V * H);
        struct k_weight *W = ops_weight(t, V, H, 1);
        void *y = ops_alloc(n * z), *dy = ops_random(t, n, 1);
        float *dW = ops_random(DT_F32, v, 1);
        int32_t *tok = malloc((size_t)T * 4), *dev;

        for (int r = 0; r < T; r++)
            tok[r] = (int32_t)(ref_uniform() * V);
        dev = ops_up(tok, (size_t)T * 4);
        OPS(embed, t, y, dev, W, T, H);
        OPS(embed_bwd, t, dW, dev, dy, T, V, H);
        ops_keep("embed", i, y, n * z);
        ops_keep("embed_bwd", i, dW, v * 4);
        ops_free(dev), ops_free(dy);
        OPS(weight_free, W);
        free(tok);
    }
}

/* Rows copied, summed and empty; the last ones go on in a carry. */
static void ops_sum_rows(enum dtype t)
{
    static const int sizes[][4] = {
        {1, 1, 5, 0}, {40, 31, 33, 7}, {70, 70, 64, 0}, {300, 290, 192, 96}};

    for (int i = 0; i < 4; i++) {
        int n = sizes[i][0], T = sizes[i][1], W = sizes[i][2], m = 0;
        int skip = sizes[i][3], X = 50, C = 9;
        size_t z = dtype_size(t), w = (size_t)W, tail = (size_t)(W - skip);
        void *x = ops_random(t, (size_t)X * w, 1);
        float *carried = ops_random(DT_F32, (size_t)C * tail, 1);
        void *y = ops_alloc((size_t)T * w * z);
        float *carry = ops_alloc((size_t)(n - T + 1) * tail * 4);
        int32_t *off = calloc((size_t)n + 1, 4);
        int32_t *src = malloc((size_t)n * 20 * 4), *doff, *dsrc;

        for (int r = 0; r < n; r++) {
            int terms = r % 3 == 0 ? 1 : r % 17;

            if (r % 5 == 2)
                src[m++] = ~(int32_t)(ref_uniform() * C);
            while (terms-- > 0)
                src[m++] = (int32_t)(ref_uniform() * X);
            off[r + 1] = m;
        }
        doff = ops_up(off, (size_t)(n + 1) * 4);
        dsrc = ops_up(src, (size_t)m * 4);
        ops_k->zero(ops_k, carry, (size_t)(n - T + 1) * tail * 4);
        OPS(sum_rows, t, y, x,
            (struct k_sums){T, n, W, skip, doff, dsrc, carried, carry});
        ops_keep("sum_rows", i, y, (size_t)T * w * z);
        ops_keep("sum_rows carry", i, carry, (size_t)(n - T + 1) * tail * 4);
        ops_free(x), ops_free(carried), ops_free(doff), ops_free(dsrc);
        free(off);
        free(src);
    }
}

/* ---- attention ---- */
static void ops_cached_rows(struct k_kv *kv, enum dtype t, void *o,
                            const void *qkv, const int32_t *slot,
                            const int32_t *pos, int T)
{
    struct err e = {0};

    for (int i = 0; i < T; i++)
        T_CHECK(!kv_reserve(kv, slot[i], pos[i] + 1));
    OPS(kv_rows, kv, slot, pos, T);
    for (int layer = 0; layer < 2; layer++)
        OPS(attn_cached, t, o, qkv, kv, layer, T);
    if (ops_k->sync(ops_k, &e))
        t_fail(__FILE__, __LINE__, "%s", e.msg);
}

/* Prefill in two pieces over a page's edge, forks before, at and after it,
 * single rows of all slots, pages that go from one slot to another. */
static void ops_cached(enum dtype t, struct k_attn_shape s, int c)
{
    enum { LEN = 72, FIRST = 33, MAX = 140, ONE = 8, ALL = LEN + 2 * ONE };
    static const int32_t one_slot[ONE] = {3, 0, 1, 2, 0, 3, 2, 1};
    static const int32_t one_pos[ONE] = {70, 71, 64, 63, 72, 71, 64, 65};
    static const int32_t new_slot[ONE] = {1, 1, 1, 2, 0, 3, 3, 3};
    static const int32_t new_pos[ONE] = {0, 1, 2, 65, 73, 64, 65, 66};
    size_t wide = (size_t)((s.n_heads + 2 * s.n_kv_heads) * s.head_dim);
    size_t h = (size_t)(s.n_heads * s.head_dim), z = dtype_size(t);
    struct err e = {0};
    struct k_kv *kv = OPS(kv_new, t, 2, s, 4, MAX, 8, &e);
    int32_t slot[LEN], pos[LEN];
    char *qkv = ops_random(t, ALL * wide, 1), *o = ops_alloc(ALL * h * z);

    for (int i = 0; i < LEN; i++) {
        slot[i] = i == FIRST ? 2 : 0; /* one row of another slot between */
        pos[i] = i == FIRST ? 0 : i - (i > FIRST);
    }
    ops_cached_rows(kv, t, o, qkv, slot, pos, LEN);
    kv_release(kv, 2, 0);
    T_CHECK(!kv_fork(kv, 0, 3, LEN - 2) && !kv_fork(kv, 0, 1, 64) &&
            !kv_fork(kv, 3, 2, 63));
    ops_cached_rows(kv, t, o + LEN * h * z, qkv + LEN * wide * z, one_slot,
                    one_pos, ONE);
    kv_release(kv, 1, 0);
    kv_release(kv, 3, 64);
    ops_cached_rows(kv, t, o + (LEN + ONE) * h * z,
                    qkv + (LEN + ONE) * wide * z, new_slot, new_pos, ONE);
    ops_keep("attn_cached", c, o, ALL * h * z);
    ops_free(qkv);
    OPS(kv_free, kv);
}

/* `row` bytes, each `byte`, in the rows of every sequence before `from`. */
static void ops_before(struct k_seqs q, void *p, size_t row, int byte)
{
    char bytes[4096];

    if (row > sizeof bytes)
        abort();
    memset(bytes, byte, row);
    for (int i = 0; i < q.n; i++)
        for (int r = 0; r < q.from[i]; r++)
            ops_k->upload(ops_k,
                          (char *)p + (size_t)(q.start_host[i] + r) * row,
                          bytes, row);
}

/* Queries from a row on: NaN in the rows of o and lse that nobody asked for,
 * before and after the forward, which may leave them or not. */
static void ops_attention_from(enum dtype t, struct k_attn_shape s, int c,
                               struct k_seqs q)
{
    static const int32_t from[][5] = {{0, 20, 0, 32, 40}, {1, 31, 0, 7, 0}};
    size_t T = (size_t)q.start_host[q.n], z = dtype_size(t);
    size_t h = (size_t)(s.n_heads * s.head_dim),
           lse_row = 4 * (size_t)s.n_heads;
    size_t wide = h + (size_t)(2 * s.n_kv_heads * s.head_dim);

    for (int i = 0; i < 2; i++) {
        void *qkv = ops_random(t, T * wide, 1), *o = ops_random(t, T * h, 1);
        void *d_o = ops_random(t, T * h, 1), *dq = ops_random(t, T * wide, 1);
        float *lse = ops_random(DT_F32, T * (size_t)s.n_heads, 1);

        q.from = from[i];
        for (int times = 0; times < 2; times++) {
            ops_before(q, o, h * z, 0xFF);
            ops_before(q, lse, lse_row, 0xFF);
            if (!times)
                OPS(attn, t, o, lse, qkv, s, q, (int)T);
        }
        ops_before(q, d_o, h * z, 0);
        OPS(attn_bwd, t, dq, d_o, o, qkv, lse, s, q, (int)T);
        ops_keep("attn from", 10 * c + i, o, T * h * z);
        ops_keep("attn lse from", 10 * c + i, lse, T * lse_row);
        ops_keep("attn_bwd from", 10 * c + i, dq, T * wide * z);
        ops_free(qkv), ops_free(d_o);
    }
}

static void ops_attention(enum dtype t)
{
    static const struct k_attn_shape shapes[] = {
        {4, 2, 24}, {2, 1, 64}, {6, 6, 6}, {7, 1, 10}, {1, 1, 130}};
    static const int32_t start[] = {0, 1, 33, 33, 66, 131};
    enum { T = 131, N = 5 };
    int32_t pos[T], *dpos, *dstart = ops_up(start, sizeof start);
    struct k_seqs q = {N, dstart, start, NULL};

    for (int i = 0; i < N; i++)
        for (int r = start[i]; r < start[i + 1]; r++)
            pos[r] = r - start[i];
    dpos = ops_up(pos, sizeof pos);
    for (int c = 0; c < 5; c++) {
        struct k_attn_shape s = shapes[c];
        size_t D = (size_t)s.head_dim, h = (size_t)s.n_heads, z = dtype_size(t);
        size_t wide = (h + 2 * (size_t)s.n_kv_heads) * D;
        void *qkv = ops_random(t, T * wide, 1), *o = ops_alloc(T * h * D * z);
        void *d_o = ops_random(t, T * h * D, 1), *dq = ops_alloc(T * wide * z);
        float *table = ops_random(DT_F32, T * D, 0.5);
        float *lse = ops_alloc(T * h * 4);

        OPS(rope, t, qkv, dpos, table, s, T, 1);
        OPS(attn, t, o, lse, qkv, s, q, T);
        OPS(attn_bwd, t, dq, d_o, o, qkv, lse, s, q, T);
        OPS(rope, t, dq, dpos, table, s, T, -1);
        ops_keep("attn", c, o, T * h * D * z);
        ops_keep("attn lse", c, lse, T * h * 4);
        ops_keep("rope", c, qkv, T * wide * z);
        ops_keep("attn_bwd", c, dq, T * wide * z);
        ops_free(d_o), ops_free(table);
        if (c < 2 || c == 4)
            ops_attention_from(t, s, c, q);
        ops_cached(t, s, c);
    }
    ops_free(dpos), ops_free(dstart);
}

/* ---- head ---- */
static const struct k_sample ops_how[] = {
    {0, 1, 0},      {0.9f, 1, 0},    {1, 0.9f, 0},   {0.8f, 1, 5},
    {3, 0.7f, 200}, {1, 1, 1 << 20}, {30, 0.999f, 0}};

/* Row r has 1 + r % 4 draws. */
static void ops_draws(enum dtype t, const void *x, const struct k_weight *W,
                      int T, int V, int H, int s)
{
    float u[4 * 64], logp[4 * 64];
    int32_t tok[4 * 64], first[64 + 1] = {0};
    size_t n;

    for (int r = 0; r < T; r++)
        first[r + 1] = first[r] + 1 + r % 4;
    n = (size_t)first[T];
    for (size_t i = 0; i < n; i++)
        u[i] = (float)ref_uniform();
    for (int i = 0; i < 7; i++) {
        OPS(head_sample, t, t, tok, logp, x, W, u, first, ops_how[i], T, V, H);
        ops_keep_host("head_sample tokens", s * 10 + i, tok, n * 4);
        ops_keep_host("head_sample logps", s * 10 + i, logp, n * 4);
    }
}

static void ops_sample(enum dtype t, const void *x, const struct k_weight *W,
                       int T, int V, int H, int s)
{
    float u[64], logp[64];
    int32_t tok[64];

    for (int i = 0; i < T; i++)
        u[i] = i == 0 ? 0.0f : i == 1 ? 0x1.fffffep-1f : (float)ref_uniform();
    for (int i = 0; i < 7; i++) {
        OPS(head_sample, t, t, tok, logp, x, W, u, NULL, ops_how[i], T, V, H);
        ops_keep_host("head_sample token", s * 10 + i, tok, (size_t)T * 4);
        ops_keep_host("head_sample logp", s * 10 + i, logp, (size_t)T * 4);
    }
    ops_draws(t, x, W, T, V, H, s);
}

static void ops_head(enum dtype t)
{
    static const int vocab[] = {1, 31, 33, 1025, 3001};
    enum { T = 9, H = 33 };

    for (int i = 0; i < 5; i++) {
        int V = vocab[i];
        size_t v = (size_t)V, z = dtype_size(t);
        struct k_weight *W = ops_weight(t, V, H, 0.5);
        struct k_weight *W2 = ops_weight(DT_F32, V, 20, 0.5);
        void *x = ops_random(t, T * H, 1), *dx = ops_alloc(T * H * z);
        float *x2 = ops_random(DT_F32, T * 20, 1);
        float *logits = ops_alloc(T * v * 4), *logp = ops_alloc(T * 4);
        float *lse = ops_alloc(T * 4), *ent = ops_alloc(T * 4);
        float *dlogp = ops_random(DT_F32, T, 1), *kl = ops_alloc(T * 4);
        float *dW = ops_random(DT_F32, v * H, 1);
        int32_t tok[T], *target;

        for (int r = 0; r < T; r++)
            tok[r] = (int32_t)(ref_uniform() * V);
        target = ops_up(tok, sizeof tok);
        OPS(head_logits, t, t, logits, x, W, T, V, H);
        OPS(head_logp, t, t, logp, lse, ent, x, W, target, 0.9f, T, V, H);
        OPS(head_logp, t, t, logp, lse, NULL, x, W, target, 0.9f, T, V, H);
        OPS(head_bwd, t, t, dx, dW, dlogp, lse, x, W, target, 0.9f, 1, T, V, H);
        OPS(head_kl, t, t, DT_F32, DT_F32, kl, x, W, H, x2, W2, 20, 0.7f, T, V);
        ops_keep("head_logits", i, logits, T * v * 4);
        ops_keep("head_logp", i, logp, T * 4);
        ops_keep("head lse", i, lse, T * 4);
        ops_keep("head entropy", i, ent, T * 4);
        ops_keep("head_bwd dx", i, dx, T * H * z);
        ops_keep("head_bwd dW", i, dW, v * H * 4);
        ops_keep("head_kl", i, kl, T * 4);
        ops_sample(t, x, W, T, V, H, i);
        ops_free(x), ops_free(x2), ops_free(dlogp), ops_free(target);
        OPS(weight_free, W);
        OPS(weight_free, W2);
    }
}

/* ---- optimizer ---- */
static void *ops_from(void *p, enum dtype t, size_t i)
{
    return (char *)p + i * dtype_size(t);
}

/* mode: 1 stochastic, 2 Kahan. Of torch's steps the last values have no fused
 * multiply-adds, or none in v. */
static void ops_adamw(enum dtype wt, enum dtype mt, enum dtype gt,
                      enum k_step kind, int n, int mode, int s)
{
    struct k_adamw h = {.kind = kind,
                        .lr = 1e-2f,
                        .beta1 = 0.9f,
                        .beta2 = 0.99f,
                        .eps = 1e-8f,
                        .weight_decay = 0.1f,
                        .bias1 = 0.1f,
                        .bias2 = 0.01f,
                        .grad_scale = 0.7f,
                        .stochastic = mode == 1,
                        .seed = 3,
                        .step = 1,
                        .tensor = 2,
                        .first = 4,
                        .torch = {0.999f, 0.1f, 0.01f, 0.1f, 0.1f, (size_t)n,
                                  (size_t)n - (size_t)n / 8}};
    size_t N = (size_t)n;
    void *w = ops_random(wt, N, 0.1), *m = ops_alloc(N * dtype_size(mt));
    void *v = ops_alloc(N * dtype_size(mt)), *comp = ops_alloc(N * 2);
    void *g = ops_random(gt, N, 1);
    uint64_t five = 5, *changed = ops_up(&five, sizeof five);
    size_t off = n == 31; /* from a value that is not aligned */

    for (h.step = 1; h.step < 4; h.step++)
        OPS(adamw, &h, ops_from(w, wt, off), wt,
            mode == 2 ? ops_from(comp, DT_BF16, off) : NULL,
            ops_from(m, mt, off), ops_from(v, mt, off), mt,
            ops_from(g, gt, off), gt, N - off, changed);
    ops_keep("adamw", s, w, N * dtype_size(wt));
    ops_keep("adamw m", s, m, N * dtype_size(mt));
    ops_keep("adamw v", s, v, N * dtype_size(mt));
    ops_keep("adamw comp", s, comp, N * 2);
    ops_keep("adamw changed", s, changed, sizeof *changed);
    ops_free(g);
}

static void ops_optimizer(enum dtype t)
{
    static const int sizes[] = {1, 31, 1030};
    static const int sums[] = {1, 33, 65536, 65537 + 64};

    for (int i = 0; i < 3; i++)
        for (int mode = 0; mode < 3; mode++) {
            for (int kind = STEP_ULP; kind <= STEP_FOREACH; kind++)
                for (int gt = DT_F32; gt <= DT_BF16; gt++) {
                    int s = ((kind * 2 + gt) * 3 + i) * 10 + mode;

                    ops_adamw(t, t, (enum dtype)gt, (enum k_step)kind, sizes[i],
                              mode, s);
                    ops_adamw(t, DT_F32, (enum dtype)gt, (enum k_step)kind,
                              sizes[i], mode, s + 5);
                }
        }
    for (int i = 0; i < 4 && t == DT_F32; i++) {
        float *g = ops_random(DT_F32, (size_t)sums[i], 1);
        void *half = ops_random(DT_BF16, (size_t)sums[i], 1);
        double of[8] = {0}, s = OPS(sumsq, g, DT_F32, (size_t)sums[i], NULL);

        ops_keep_host("sumsq", i, &s, sizeof s);
        s = OPS(sumsq, half, DT_BF16, (size_t)sums[i], of);
        ops_keep_host("sumsq bf16", i, &s, sizeof s);
        ops_keep_host("sumsq blocks", i, of,
                      sumsq_blocks((size_t)sums[i]) * sizeof *of);
        ops_free(half);
        ops_free(g);
    }
}

/* ---- what an update changed ---- */
static void ops_compare(enum dtype t)
{
    static const int sizes[] = {1, 7, 8, 31, 1030};
    static const double eta[] = {1e-3, 0.01};
    uint64_t zero[CMP_N] = {0};

    for (int i = 0; i < 30; i++) {
        size_t n = (size_t)sizes[i / 2 % 5], off = n == 31;
        enum dtype u = ref_types[i % 3];
        float *a = ref_random(DT_F32, n, 1);
        void *b = malloc(n * 4), *da = ops_up(a, n * 4), *db, *dc, *count;

        for (size_t j = 0; j < n; j++) /* near, or the same */
            ref_put(t, b, j, (double)a[j] * (1 + 0.01 * (double)(j % 3)));
        ref_put(t, b, n / 2, n > 7 ? NAN : 1);
        db = ops_up(b, n * dtype_size(t));
        for (size_t j = 0; j < n; j++)
            ref_put(u, b, j, (double)a[j] * (1 + 0.008 * (double)(j % 2)));
        dc = ops_up(b, n * dtype_size(u));
        count = ops_up(zero, sizeof zero);
        for (int with = 0; with < 2; with++)
            OPS(compare, count, ops_from(da, DT_F32, off), DT_F32,
                ops_from(db, t, off), t, with ? ops_from(dc, u, off) : NULL, u,
                n - off, eta[i % 2], 1e-5);
        ops_keep("compare", i, count, sizeof zero);
        ops_free(da), ops_free(db), ops_free(dc);
        free(a), free(b);
    }
}

/* ---- two backends ---- */
typedef void ops_case(enum dtype t);

static void ops_run(struct kernels *k, ops_case *fn, enum dtype t,
                    struct ops_outs *o)
{
    struct err e = {0};

    ops_k = k;
    ops_o = o;
    o->n = 0;
    ref_state = 42;
    fn(t);
    if (k->sync(k, &e) != 0)
        t_fail(__FILE__, __LINE__, "sync: %s", e.msg);
}

static void ops_drop_outs(struct ops_outs *o)
{
    for (int i = 0; i < o->n; i++)
        free(o->data[i]);
    o->n = 0;
}

static void ops_same(const struct ops_outs *a, const struct ops_outs *b,
                     enum dtype t, const char *how)
{
    T_EQ_INT(a->n, b->n);
    T_CHECK(a->n > 0);
    for (int i = 0; i < a->n && i < b->n; i++)
        T_CHECKF(a->bytes[i] == b->bytes[i] &&
                     !memcmp(a->data[i], b->data[i], a->bytes[i]),
                 "%s differs (type %d, %s)", a->name[i], (int)t, how);
}

static const struct {
    const char *name;
    ops_case *fn;
    int shuffles; /* has sums that order=shuffled moves */
} ops_cases[] = {
    {"linear", ops_linear, 1},       {"norm", ops_norm, 1},
    {"heads", ops_heads, 1},         {"elementwise", ops_elementwise, 0},
    {"embed", ops_embed, 1},         {"sum_rows", ops_sum_rows, 0},
    {"attention", ops_attention, 0}, {"head", ops_head, 1},
    {"optimizer", ops_optimizer, 0}, {"compare", ops_compare, 0}};
enum { OPS_N_CASES = sizeof ops_cases / sizeof *ops_cases };

#endif
