/* gemm - matrix products: the canonical order in fp32 beside cuBLAS in fp32
 * (no TF32), and those of order=hardware in bf16 beside the roofs */
#include <stdio.h>
#include "gpu.h"

struct product {
    struct kernels *k;
    enum dtype t;
    int T, N, K, op; /* op: y, dx, dW */
    int n_weights, at; /* taken in turn, so that no cache holds them all */
    struct k_weight *W[16];
    void *x, *y, *dy, *dx;
    float *dW;
};

static const char *const op_name[] = {"y", "dx", "dW"};

static int call(void *ctx, struct err *e)
{
    struct product *p = ctx;
    struct kernels *k = p->k;
    struct k_weight *W = p->W[p->at++ % p->n_weights];

    (void)e;
    if (p->op == 0)
        k->linear(k, p->t, p->y, p->x, W, NULL, p->T, p->N, p->K);
    else if (p->op == 1)
        k->linear_dx(k, p->t, p->dx, p->dy, W, p->T, p->N, p->K);
    else
        k->linear_dw(k, p->t, p->dW, NULL, p->dy, p->x, p->T, p->N, p->K);
    return 0;
}

static void open_product(struct bench *b, struct product *p)
{
    size_t T = (size_t)p->T, N = (size_t)p->N, K = (size_t)p->K;
    size_t z = dtype_size(p->t);

    p->x = bench_random(b, p->t, T * K, 1);
    p->dy = bench_random(b, p->t, T * N, 1);
    p->y = bench_alloc(b, T * N * z);
    p->dx = bench_alloc(b, T * K * z);
    p->dW = bench_alloc(b, N * K * 4);
    for (int i = 0; i < p->n_weights; i++)
        p->W[i] = bench_weight(b, p->k, p->t, p->N, p->K);
}

static struct row row_of(const struct product *p, const char *what)
{
    double T = p->T, N = p->N, K = p->K, z = (double)dtype_size(p->t);
    struct row r = {.what = what, .flops = 2 * T * N * K,
                    .unit = p->t == DT_F32 ? ROOF_FP32 : ROOF_BF16};

    r.bytes = z * (T * N + T * K) + N * K * (p->op == 2 ? 8 : z);
    snprintf(r.shape, sizeof r.shape, "%s %dx%dx%d", op_name[p->op], p->T,
             p->N, p->K);
    return r;
}

/* The products of one layer: q, k and v; o; gate and up; down. */
struct matrix {
    const char *name;
    int N, K;
};

static void layer(const struct config *c, struct matrix m[4])
{
    int q = c->heads * c->head_dim, kv = c->kv_heads * c->head_dim;

    m[0] = (struct matrix){"qkv", q + 2 * kv, c->hidden};
    m[1] = (struct matrix){"o", c->hidden, q};
    m[2] = (struct matrix){"gate+up", 2 * c->ffn, c->hidden};
    m[3] = (struct matrix){"down", c->hidden, c->ffn};
}

/* One product both ways; the second is held against the first. */
static void against_cublas(struct bench *b, struct kernels *canon,
                           struct product p, const char *name)
{
    struct timing t;
    struct row r = row_of(&p, name);
    struct err e;

    open_product(b, &p);
    e = *bench_error();
    if (e.code || bench_time(b, b->k, call, &p, &t, &e)) {
        bench_failed(b, &r, &e);
        bench_release(b);
        return;
    }
    bench_release(b);
    p.k = canon;
    open_product(b, &p);
    r.unit = ROOF_OTHER;
    r.other = "cuBLAS fp32";
    r.other_s = t.s;
    r.target = 0.7;
    bench_measure(b, canon, &r, call, &p, NULL);
    bench_release(b);
}

void bench_gemm(struct bench *b)
{
    struct k_order order = {ORDER_CANONICAL, 0};
    struct kernels *canon = NULL;
    struct err e = {0};

    if (kernels_open(&canon, "cuda", 0, order, &e)) {
        bench_failed(b, &(struct row){.what = "canonical order"}, &e);
        return;
    }
    for (int s = 0; s < BENCH_N_SIZES; s++) {
        struct config c;
        struct matrix m[4];
        char name[32];

        if (!bench_config(b, bench_sizes[s], &c))
            continue;
        layer(&c, m);
        for (int i = 0; i < 4; i++)
            for (int op = 0; op < 3; op++) {
                snprintf(name, sizeof name, "%s %s, fp32 canonical",
                         bench_sizes[s], m[i].name);
                against_cublas(b, canon,
                               (struct product){
                                   .k = b->k, .t = DT_F32, .op = op,
                                   .T = bench_size(b, 2048, 20),
                                   .N = m[i].N, .K = m[i].K, .n_weights = 1},
                               name);
            }
    }
    kernels_close(&canon);
}

static void one(struct bench *b, struct product p, const char *name)
{
    struct row r = row_of(&p, name);
    double bytes = (double)p.N * p.K * 2;

    p.k = b->k;
    p.t = DT_BF16;
    p.n_weights = 1;
    while (!b->toy && p.op == 0 && p.n_weights < 16 &&
           bytes * p.n_weights < 256e6)
        p.n_weights++;
    r = row_of(&p, name);
    open_product(b, &p);
    bench_measure(b, b->k, &r, call, &p, NULL);
    bench_release(b);
}

void bench_linear(struct bench *b)
{
    static const int decode[] = {64, 256};

    for (int s = 0; s < BENCH_N_SIZES; s++) {
        struct config c;
        struct matrix m[4];
        char name[32];

        if (!bench_config(b, bench_sizes[s], &c))
            continue;
        layer(&c, m);
        for (int i = 0; i < 4; i++) {
            snprintf(name, sizeof name, "%s %s, bf16", bench_sizes[s],
                     m[i].name);
            for (int op = 0; op < 3; op++)
                one(b, (struct product){.op = op, .N = m[i].N, .K = m[i].K,
                                        .T = bench_size(b, 8192, 24)},
                    name);
            for (int d = 0; d < (s == 1 ? 2 : 0); d++)
                one(b, (struct product){.N = m[i].N, .K = m[i].K,
                                        .T = bench_size(b, decode[d], 8)},
                    name);
        }
    }
}
