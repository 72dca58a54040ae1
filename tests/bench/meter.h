/* meter - time, FLOPs and bytes of every operation of a backend in use
 *
 * meter_on() puts a timed wrapper before each operation that a model calls.
 * FLOPs are those of the operation's formula (kernels.h), a fused
 * multiply-add being two, an exp 21, a division or square root one; bytes are
 * its inputs read once and its outputs written once. Logits are no bytes:
 * they need not leave the cache.
 */
#ifndef ULP_BENCH_METER_H
#define ULP_BENCH_METER_H
#include "../../kernels/kernels.h"
#include "roof.h"

#define METER_OPS(X)                                                         \
    X(linear) X(linear_dx) X(linear_dw) X(attn) X(attn_bwd) X(swiglu)        \
    X(swiglu_bwd) X(rmsnorm) X(rmsnorm_bwd) X(rope) X(residual) X(add)       \
    X(sum_rows) X(embed) X(embed_bwd) X(head_logp) X(head_bwd) X(adamw)      \
    X(sumsq) X(kv_rows) X(attn_cached) X(head_sample) X(weight_set) X(copy)  \
    X(zero)

enum meter_op {
#define ID(op) METER_##op,
    METER_OPS(ID)
#undef ID
    N_METER_OPS
};

struct meter_sum {
    double s, flops, bytes, bound;
    long calls, memory; /* calls bound by memory */
};

static const char *const meter_names[] = {
#define NAME_OF(op) #op,
    METER_OPS(NAME_OF)
#undef NAME_OF
};

static struct {
    struct kernels real;
    const struct roof *roof;
    double (*now)(void);
    double began;
    int threads;
    struct meter_sum op[N_METER_OPS];
} meter;

static inline void meter_begin(void)
{
    meter.began = meter.now();
}

static inline void meter_end(enum meter_op op, double flops, double bytes)
{
    struct meter_sum *m = &meter.op[op];
    int memory;

    m->s += meter.now() - meter.began;
    m->bound += roof_bound(meter.roof, flops, bytes, 0, &memory) /
                meter.threads;
    m->flops += flops;
    m->bytes += bytes;
    m->calls++;
    m->memory += memory;
}

#define Z(t) ((double)dtype_size(t))
#define D(x) ((double)(x))

static void m_linear(struct kernels *k, enum dtype t, void *y, const void *x,
                     const struct k_weight *W, const void *bias, int T, int N,
                     int K)
{
    meter_begin();
    meter.real.linear(k, t, y, x, W, bias, T, N, K);
    meter_end(METER_linear, 2.0 * T * N * K,
              Z(t) * (D(T) * (N + K) + D(N) * K));
}

static void m_linear_dx(struct kernels *k, enum dtype t, void *dx,
                        const void *dy, const struct k_weight *W, int T,
                        int N, int K)
{
    meter_begin();
    meter.real.linear_dx(k, t, dx, dy, W, T, N, K);
    meter_end(METER_linear_dx, 2.0 * T * N * K,
              Z(t) * (D(T) * (N + K) + D(N) * K));
}

static void m_linear_dw(struct kernels *k, enum dtype t, float *dW, float *db,
                        const void *dy, const void *x, int T, int N, int K)
{
    meter_begin();
    meter.real.linear_dw(k, t, dW, db, dy, x, T, N, K);
    meter_end(METER_linear_dw, 2.0 * T * N * K,
              Z(t) * D(T) * (N + K) + 8.0 * N * K);
}

/* Query-key pairs of causal attention, of queries that are asked for. */
static double meter_pairs(struct k_seqs q)
{
    double n = 0;

    for (int i = 0; i < q.n; i++) {
        double len = q.start_host[i + 1] - q.start_host[i];
        double from = q.from ? q.from[i] : 0;

        n += (len * (len + 1) - from * (from + 1)) / 2;
    }
    return n;
}

static void m_attn(struct kernels *k, enum dtype t, void *o, float *lse,
                   const void *qkv, struct k_attn_shape s, struct k_seqs q,
                   int T)
{
    meter_begin();
    meter.real.attn(k, t, o, lse, qkv, s, q, T);
    meter_end(METER_attn,
              meter_pairs(q) * s.n_heads * (4.0 * s.head_dim + 25),
              D(T) * (2 * s.n_heads + 2 * s.n_kv_heads) * s.head_dim * Z(t));
}

static void m_attn_bwd(struct kernels *k, enum dtype t, void *dqkv,
                       const void *d_o, const void *o, const void *qkv,
                       const float *lse, struct k_attn_shape s,
                       struct k_seqs q, int T)
{
    meter_begin();
    meter.real.attn_bwd(k, t, dqkv, d_o, o, qkv, lse, s, q, T);
    meter_end(METER_attn_bwd,
              meter_pairs(q) * s.n_heads * (10.0 * s.head_dim + 26),
              D(T) * (4 * s.n_heads + 4 * s.n_kv_heads) * s.head_dim * Z(t));
}

/* Of the model in use: the cache's heads, keys that the pass's rows see. */
static struct k_attn_shape meter_kv;
static double meter_keys;

static struct k_kv *m_kv_new(struct kernels *k, enum dtype t, int layers,
                             struct k_attn_shape s, int n_slots, int max_len,
                             int n_pages, struct err *e)
{
    meter_kv = s;
    return meter.real.kv_new(k, t, layers, s, n_slots, max_len, n_pages, e);
}

static void m_kv_rows(struct kernels *k, struct k_kv *kv, const int32_t *slot,
                      const int32_t *pos, int T)
{
    meter_keys = 0;
    for (int i = 0; i < T; i++)
        meter_keys += pos[i] + 1;
    meter_begin();
    meter.real.kv_rows(k, kv, slot, pos, T);
    meter_end(METER_kv_rows, 0, 8.0 * T);
}

static void m_swiglu(struct kernels *k, enum dtype t, void *y, const void *gu,
                     int T, int F)
{
    meter_begin();
    meter.real.swiglu(k, t, y, gu, T, F);
    meter_end(METER_swiglu, 25.0 * T * F, 3.0 * T * F * Z(t));
}

static void m_swiglu_bwd(struct kernels *k, enum dtype t, void *dgu, void *y,
                         const void *dy, const void *gu, int T, int F)
{
    meter_begin();
    meter.real.swiglu_bwd(k, t, dgu, y, dy, gu, T, F);
    meter_end(METER_swiglu_bwd, (y ? 33.0 : 32.0) * T * F,
              (y ? 6.0 : 5.0) * T * F * Z(t));
}

static void m_rmsnorm(struct kernels *k, enum dtype t, void *y, float *rstd,
                      const void *x, const void *w, int T, int H, float eps)
{
    meter_begin();
    meter.real.rmsnorm(k, t, y, rstd, x, w, T, H, eps);
    meter_end(METER_rmsnorm, 4.0 * T * H, 2.0 * T * H * Z(t));
}

static void m_rmsnorm_bwd(struct kernels *k, enum dtype t, void *dx,
                          float *dw, const void *dy, const void *x,
                          const void *w, const float *rstd, int T, int H)
{
    meter_begin();
    meter.real.rmsnorm_bwd(k, t, dx, dw, dy, x, w, rstd, T, H);
    meter_end(METER_rmsnorm_bwd, 10.0 * T * H, 3.0 * T * H * Z(t));
}

static void m_rope(struct kernels *k, enum dtype t, void *qkv,
                   const int32_t *pos, const float *table,
                   struct k_attn_shape s, int T, int sign)
{
    double n = D(T) * (s.n_heads + s.n_kv_heads) * s.head_dim;

    meter_begin();
    meter.real.rope(k, t, qkv, pos, table, s, T, sign);
    meter_end(METER_rope, 3 * n, 2 * n * Z(t));
}

static void m_residual(struct kernels *k, enum dtype t, void *y,
                       const void *a, const void *b,
                       const struct k_dropout *d, int T, int H)
{
    meter_begin();
    meter.real.residual(k, t, y, a, b, d, T, H);
    meter_end(METER_residual, D(T) * H, 3.0 * T * H * Z(t));
}

static void m_add(struct kernels *k, enum dtype t, void *y, const void *a,
                  const void *b, size_t n)
{
    meter_begin();
    meter.real.add(k, t, y, a, b, n);
    meter_end(METER_add, D(n), 3 * D(n) * Z(t));
}

static void m_sum_rows(struct kernels *k, enum dtype t, void *y,
                       const void *x, struct k_sums s)
{
    double terms = s.off[s.n]; /* of a backend in host memory */

    meter_begin();
    meter.real.sum_rows(k, t, y, x, s);
    meter_end(METER_sum_rows, 0, (terms + s.T) * s.width * Z(t));
}

static void m_embed(struct kernels *k, enum dtype t, void *y,
                    const int32_t *tokens, const struct k_weight *W, int T,
                    int H)
{
    meter_begin();
    meter.real.embed(k, t, y, tokens, W, T, H);
    meter_end(METER_embed, 0, 2.0 * T * H * Z(t));
}

static void m_embed_bwd(struct kernels *k, enum dtype t, float *dW,
                        const int32_t *tokens, const void *dy, int T, int V,
                        int H)
{
    meter_begin();
    meter.real.embed_bwd(k, t, dW, tokens, dy, T, V, H);
    meter_end(METER_embed_bwd, D(T) * H, D(T) * H * (Z(t) + 8));
}

static void m_head_logp(struct kernels *k, enum dtype t, enum dtype lt, float *logp,
                        float *lse, float *entropy, const void *x,
                        const struct k_weight *W, const int32_t *target,
                        float temperature, int T, int V, int H)
{
    meter_begin();
    meter.real.head_logp(k, t, lt, logp, lse, entropy, x, W, target, temperature,
                         T, V, H);
    meter_end(METER_head_logp,
              D(T) * V * (2.0 * H + (entropy ? 50 : 25)),
              Z(t) * H * (D(T) + V));
}

static void m_head_bwd(struct kernels *k, enum dtype t, enum dtype lt, void *dx, float *dW,
                       const float *dlogp, const float *lse, const void *x,
                       const struct k_weight *W, const int32_t *target,
                       float temperature, int after_logp, int T, int V, int H)
{
    meter_begin();
    meter.real.head_bwd(k, t, lt, dx, dW, dlogp, lse, x, W, target, temperature,
                        after_logp, T, V, H);
    meter_end(METER_head_bwd, D(T) * V * (4.0 * H + 25),
              Z(t) * H * (2.0 * T + 2.0 * V) + 8.0 * V * H);
}

static void m_attn_cached(struct kernels *k, enum dtype t, void *o,
                          const void *qkv, struct k_kv *kv, int layer, int T)
{
    const struct k_attn_shape *s = &meter_kv;

    meter_begin();
    meter.real.attn_cached(k, t, o, qkv, kv, layer, T);
    meter_end(METER_attn_cached,
              meter_keys * s->n_heads * (4.0 * s->head_dim + 25),
              Z(t) * s->head_dim *
                  (2.0 * meter_keys * s->n_kv_heads +
                   D(T) * (2 * s->n_heads + 2 * s->n_kv_heads)));
}

static void m_head_sample(struct kernels *k, enum dtype t, enum dtype lt, int32_t *token,
                          float *logp, const void *x,
                          const struct k_weight *W, const float *u,
                          const int32_t *first, struct k_sample s, int T,
                          int V, int H)
{
    meter_begin();
    meter.real.head_sample(k, t, lt, token, logp, x, W, u, first, s, T, V, H);
    meter_end(METER_head_sample, D(T) * V * (2.0 * H + 25),
              Z(t) * H * (D(T) + V));
}

static void m_adamw(struct kernels *k, const struct k_adamw *h, void *w,
                    enum dtype wt, void *comp, void *m, void *v,
                    enum dtype mt, const void *g, enum dtype gt, size_t n,
                    uint64_t *changed)
{
    meter_begin();
    meter.real.adamw(k, h, w, wt, comp, m, v, mt, g, gt, n, changed);
    meter_end(METER_adamw, 17 * D(n),
              D(n) * (Z(gt) + 2 * Z(wt) + 4 * Z(mt) + (comp ? 4 : 0)));
}

static double m_sumsq(struct kernels *k, const void *g, enum dtype gt,
                      size_t n, double *sums)
{
    double r;

    meter_begin();
    r = meter.real.sumsq(k, g, gt, n, sums);
    meter_end(METER_sumsq, 2 * D(n), Z(gt) * D(n));
    return r;
}

/* n values, at most two layouts: what a backend keeps is its own affair. */
static struct {
    const struct k_weight *w;
    double n;
} meter_weights[1024];
static int meter_n_weights;

static struct k_weight *m_weight_new(struct kernels *k, enum dtype t, int N,
                                     int K, int uses, struct err *e)
{
    struct k_weight *w = meter.real.weight_new(k, t, N, K, uses, e);
    int layouts = !!(uses & WEIGHT_FORWARD) + !!(uses & WEIGHT_BACKWARD);

    if (meter_n_weights < 1024) {
        meter_weights[meter_n_weights].w = w;
        meter_weights[meter_n_weights++].n =
            D(N) * K * Z(t) * (layouts ? layouts : 1) + D(N) * K * 4;
    }
    return w;
}

static void m_weight_set(struct kernels *k, struct k_weight *w,
                         const void *src, enum dtype st)
{
    double bytes = 0;

    for (int i = 0; i < meter_n_weights; i++)
        if (meter_weights[i].w == w)
            bytes = meter_weights[i].n;
    meter_begin();
    meter.real.weight_set(k, w, src, st);
    meter_end(METER_weight_set, 0, bytes);
}

static void m_copy(struct kernels *k, void *dst, const void *src, size_t n)
{
    meter_begin();
    meter.real.copy(k, dst, src, n);
    meter_end(METER_copy, 0, 2 * D(n));
}

static void m_zero(struct kernels *k, void *p, size_t n)
{
    meter_begin();
    meter.real.zero(k, p, n);
    meter_end(METER_zero, 0, D(n));
}

/* What both benches of a model are asked for: [fp32|bf16|fp16] [SHAPE]
 * [THREADS] [SIZE]; arms of the half types keep fp32 masters. */
struct meter_args {
    const char *arm, *only; /* shapes whose name has `only` in it */
    int threads, size;      /* size 0: the shape's own */
};

static inline struct meter_args meter_args(int argc, char **argv,
                                           const char *only)
{
    struct meter_args a = {"fp32", argc > 2 ? argv[2] : only,
                           argc > 3 ? atoi(argv[3]) : 1,
                           argc > 4 ? atoi(argv[4]) : 0};

    if (argc > 1)
        a.arm = !strcmp(argv[1], "bf16")   ? "bf16-mixed"
                : !strcmp(argv[1], "fp16") ? "fp16-mixed"
                                           : argv[1];
    return a;
}

/* Before the backend's first weight. */
static inline void meter_on(struct kernels *k, const struct roof *r,
                            double (*now)(void))
{
    meter.real = *k;
    meter.roof = r;
    meter.now = now;
    meter.threads = k->n_threads > 0 ? k->n_threads : 1;
#define WRAP(op) k->op = m_##op;
    METER_OPS(WRAP)
#undef WRAP
    k->weight_new = m_weight_new;
    k->kv_new = m_kv_new;
}

static inline void meter_clear(void)
{
    memset(meter.op, 0, sizeof meter.op);
}

#undef Z
#undef D

/* Each operation's share of the time, and its share of its own bound. */
static inline void meter_print(double total_s, double steps)
{
    double inside = 0;

    printf("%-12s %6s %9s %9s %8s %6s %9s %7s\n", "operation", "calls",
           "GFLOP", "MB", "ms", "time", "bound ms", "share");
    for (int i = 0; i < N_METER_OPS; i++) {
        const struct meter_sum *m = &meter.op[i];

        inside += m->s;
        if (m->calls)
            printf("%-12s %6.0f %9.4f %9.2f %8.3f %5.1f%% %9.3f %6.1f%%  %s\n",
                   meter_names[i], (double)m->calls / steps,
                   m->flops / steps / 1e9, m->bytes / steps / 1e6,
                   1e3 * m->s / steps, 100 * m->s / total_s,
                   1e3 * m->bound / steps, 100 * m->bound / m->s,
                   2 * m->memory > m->calls ? "memory" : "compute");
    }
    printf("%-12s %6s %9s %9s %8.3f %5.1f%%\n", "between them", "", "", "",
           1e3 * (total_s - inside) / steps,
           100 * (total_s - inside) / total_s);
}

#endif
