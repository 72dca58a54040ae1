/* Every operation on every instruction set of this processor, and on one
 * thread and three: one set of bits. */
#include "kernels_ref.h"
#include "../../lib/base/hash.h"

enum { N_LEN = 4, T = 82, NH = 4, NKV = 2, D = 24, H = NH * D, F = 130,
       V = 301, WIDE = (NH + 2 * NKV) * D, MAX_OUT = 64 };
static const int32_t start[N_LEN + 1] = {0, 1, 34, 49, T};

struct outputs {
    int n;
    char hash[MAX_OUT][33];
    const char *name[MAX_OUT];
};

static void out(struct outputs *o, const char *name, const void *p, size_t n)
{
    o->name[o->n] = name;
    hash_hex128(p, n, o->hash[o->n++]);
}

struct data {
    void *x, *h, *w, *wv, *wf, *bias, *gu, *dy, *qkv;
    float *table, *g, *dlogp, *u;
    int32_t tok[T], pos[T], slot[T];
    uint64_t id[T];
};

static void make(struct data *d, enum dtype t)
{
    ref_state = 42;
    d->x = ref_random(t, T * H, 1);
    d->h = ref_random(t, T * H, 1);
    d->w = ref_random(t, H, 1);
    d->wv = ref_random(t, V * H, 0.2);
    d->wf = ref_random(t, F * H, 0.1);
    d->bias = ref_random(t, F, 1);
    d->gu = ref_random(t, T * 2 * F, 2);
    d->dy = ref_random(t, T * F, 1);
    d->qkv = ref_random(t, T * WIDE, 1);
    d->table = ref_random(DT_F32, T * D, 0.5);
    d->g = ref_random(DT_F32, 10000, 1);
    d->dlogp = ref_random(DT_F32, T, 1);
    d->u = malloc(T * 4);
    for (int s = 0; s < N_LEN; s++)
        for (int i = start[s]; i < start[s + 1]; i++) {
            d->slot[i] = s;
            d->pos[i] = i - start[s];
        }
    for (int i = 0; i < T; i++) {
        d->tok[i] = (int32_t)(ref_uniform() * V);
        d->u[i] = (float)(ref_uniform() * 0.9999);
        d->id[i] = (uint64_t)i << 20;
    }
}

static void drop(struct data *d)
{
    free(d->x), free(d->h), free(d->w), free(d->wv), free(d->wf);
    free(d->bias), free(d->gu), free(d->dy), free(d->qkv), free(d->table);
    free(d->g), free(d->dlogp), free(d->u);
}

static void linears(struct kernels *k, enum dtype t, struct data *d,
                    struct outputs *o)
{
    size_t z = dtype_size(t);
    struct k_weight *W = ref_weight(k, t, F, H, d->wf);
    void *y = ref_zeros(T * F * 4), *dx = ref_zeros(T * H * 4);
    float *dW = ref_zeros(F * H * 4), *db = ref_zeros(F * 4);

    k->linear(k, t, y, d->x, W, d->bias, T, F, H);
    k->linear_dx(k, t, dx, d->dy, W, T, F, H);
    k->linear_dw(k, t, dW, db, d->dy, d->x, T, F, H);
    out(o, "linear", y, T * F * z);
    out(o, "linear_dx", dx, T * H * z);
    out(o, "linear_dw", dW, F * H * 4);
    out(o, "linear_db", db, F * 4);
    k->weight_free(k, W);
    free(y), free(dx), free(dW), free(db);
}

/* Long chains and many rows: several segments, blocks of rows, panels. */
static void long_chains(struct kernels *k, enum dtype t, struct data *d,
                        struct outputs *o)
{
    enum { ROWS = 20, N = 70, K = 1201, MANY = 1100, SMALL = 20 };
    size_t z = dtype_size(t);
    void *x = ref_random(t, ROWS * K, 1), *w = ref_random(t, N * K, 1);
    void *y = ref_zeros(ROWS * N * 4), *dW = ref_zeros(SMALL * SMALL * 4);
    void *dy = ref_random(t, MANY * SMALL, 1);
    struct k_weight *W = ref_weight(k, t, N, K, w);

    (void)d;
    k->linear(k, t, y, x, W, NULL, ROWS, N, K);
    out(o, "linear, long", y, ROWS * N * z);
    k->linear(k, t, y, x, W, NULL, 3, N, K);
    out(o, "linear, 3 rows", y, 3 * N * z);
    k->linear_dw(k, t, dW, NULL, dy, dy, MANY, SMALL, SMALL);
    out(o, "linear_dw, long", dW, SMALL * SMALL * 4);
    k->weight_free(k, W);
    free(x), free(w), free(y), free(dW), free(dy);
}

static void rows(struct kernels *k, enum dtype t, struct data *d,
                 struct outputs *o)
{
    size_t z = dtype_size(t);
    void *y = ref_zeros(T * 2 * F * 4), *dx = ref_zeros(T * H * 4);
    float rstd[T], *dw = ref_zeros(H * 4), rstds[2 * T];
    const struct k_heads heads = {2, (H - 3) / 2, H};
    struct k_dropout drop_ = {0.3f, 4, 5, 6, d->id};
    double ss;

    k->rmsnorm(k, t, y, rstd, d->x, d->w, T, H, 1e-6f);
    k->rmsnorm_bwd(k, t, dx, dw, d->h, d->x, d->w, rstd, T, H);
    out(o, "rmsnorm", y, T * H * z);
    out(o, "rstd", rstd, sizeof rstd);
    out(o, "rmsnorm dx", dx, T * H * z);
    out(o, "rmsnorm dw", dw, H * 4);
    k->rmsnorm_heads(k, t, y, rstds, d->x, d->w, heads, T, 1e-6f);
    memset(dw, 0, H * 4);
    k->rmsnorm_heads_bwd(k, t, dx, dw, d->h, d->x, d->w, rstds, heads, T);
    out(o, "rmsnorm_heads", y, T * H * z);
    out(o, "rmsnorm_heads dx", dx, T * H * z);
    out(o, "rmsnorm_heads dw", dw, H * 4);
    k->swiglu(k, t, y, d->gu, T, F);
    out(o, "swiglu", y, T * F * z);
    k->swiglu_bwd(k, t, y, d->dy, d->gu, T, F);
    out(o, "swiglu_bwd", y, T * 2 * F * z);
    k->residual(k, t, y, d->x, d->h, &drop_, T, H);
    out(o, "residual", y, T * H * z);
    k->dropout_bwd(k, t, y, d->h, &drop_, T, H);
    out(o, "dropout_bwd", y, T * H * z);
    k->add(k, t, y, d->x, d->h, T * H);
    out(o, "add", y, T * H * z);
    ss = k->sumsq(k, d->g, DT_F32, 10000);
    out(o, "sumsq", &ss, sizeof ss);
    free(y), free(dx), free(dw);
}

static void attention(struct kernels *k, enum dtype t, struct data *d,
                      struct outputs *o)
{
    size_t z = dtype_size(t);
    struct k_attn_shape s = {NH, NKV, D};
    struct k_seqs q = {N_LEN, start, start, NULL};
    void *qkv = malloc(T * WIDE * 4), *y = ref_zeros(T * H * 4);
    void *dq = ref_zeros(T * WIDE * 4);
    float *lse = ref_zeros(T * NH * 4);
    struct err e = {0};
    struct k_kv *kv = k->kv_new(k, t, 1, s, N_LEN, 64, 0, &e);

    memcpy(qkv, d->qkv, T * WIDE * z);
    k->rope(k, t, qkv, d->pos, d->table, s, T, 1);
    out(o, "rope", qkv, T * WIDE * z);
    k->attn(k, t, y, lse, qkv, s, q, T);
    out(o, "attn", y, T * H * z);
    out(o, "attn lse", lse, T * NH * 4);
    k->attn_bwd(k, t, dq, d->h, y, qkv, lse, s, q, T);
    out(o, "attn_bwd", dq, T * WIDE * z);
    for (int i = 0; i < N_LEN; i++)
        T_CHECK(!kv_reserve(kv, i, start[i + 1] - start[i]));
    k->kv_rows(k, kv, d->slot, d->pos, T);
    k->attn_cached(k, t, y, qkv, kv, 0, T);
    out(o, "attn_cached", y, T * H * z);
    k->kv_free(k, kv);
    free(qkv), free(y), free(dq), free(lse);
}

static void heads(struct kernels *k, enum dtype t, struct data *d,
                  struct outputs *o)
{
    size_t z = dtype_size(t);
    struct k_weight *W = ref_weight(k, t, V, H, d->wv);
    float logp[T], lse[T], ent[T], kl[T], *dW = ref_zeros(V * H * 4);
    void *dx = ref_zeros(T * H * 4);
    int32_t tok[T];
    struct k_sample s = {0.9f, 0.8f, 40}, plain = {1, 1, 0};

    k->head_logp(k, t, t, logp, lse, ent, d->x, W, d->tok, 0.9f, T, V, H);
    out(o, "head_logp", logp, sizeof logp);
    out(o, "head lse", lse, sizeof lse);
    out(o, "entropy", ent, sizeof ent);
    k->head_bwd(k, t, t, dx, dW, d->dlogp, lse, d->x, W, d->tok, 0.9f, T, V, H);
    k->embed_bwd(k, t, dW, d->tok, d->h, T, V, H);
    out(o, "head_bwd dx", dx, T * H * z);
    out(o, "head_bwd dW", dW, V * H * 4);
    k->head_kl(k, t, t, t, t, kl, d->x, W, H, d->h, W, H, 1, T, V);
    out(o, "head_kl", kl, sizeof kl);
    k->head_sample(k, t, t, tok, logp, d->x, W, d->u, s, T, V, H);
    out(o, "head_sample", tok, sizeof tok);
    k->head_sample(k, t, t, tok, logp, d->x, W, d->u, plain, T, V, H);
    out(o, "head_sample plain", tok, sizeof tok);
    out(o, "head_sample logp", logp, sizeof logp);
    k->embed(k, t, dx, d->tok, W, T, H);
    out(o, "embed", dx, T * H * z);
    k->weight_free(k, W);
    free(dW), free(dx);
}

static void optimizer(struct kernels *k, enum dtype t, struct data *d,
                      struct outputs *o)
{
    enum { N = 10000 };
    struct k_adamw h = {.lr = 1e-3f, .beta1 = 0.9f, .beta2 = 0.99f,
                        .eps = 1e-8f, .weight_decay = 0.1f, .bias1 = 0.1f,
                        .bias2 = 0.01f, .grad_scale = 0.7f, .stochastic = 1,
                        .seed = 3, .step = 1, .tensor = 2};
    void *w = ref_zeros(N * 4), *m = ref_zeros(N * 4), *v = ref_zeros(N * 4);
    void *comp = ref_zeros(N * 2);
    uint64_t changed = 0;

    for (int step = 0; step < 3; step++)
        k->adamw(k, &h, w, t, NULL, m, v, t, d->g, DT_F32, N, &changed);
    out(o, "adamw", w, N * dtype_size(t));
    h.stochastic = 0;
    k->adamw(k, &h, w, t, comp, m, v, DT_F32, d->g, DT_F32, N, &changed);
    out(o, "adamw kahan", w, N * dtype_size(t));
    out(o, "adamw comp", comp, N * 2);
    out(o, "adamw changed", &changed, sizeof changed);
    free(w), free(m), free(v), free(comp);
}

/* torch's steps, with a rest of values and with gradients that are no numbers.
 * Where all is bf16, one pass over memory does it. */
static void torch_steps(struct kernels *k, enum dtype t, struct data *d,
                        struct outputs *o)
{
    enum { N = 9999 };
    struct k_adamw h = {.beta1 = 0.9f, .beta2 = 0.99f, .eps = 1e-8f,
                        .grad_scale = 0.7f,
                        .torch = {0.99f, 0.1f, 0.01f, 0.1f, 1e-2f, SIZE_MAX,
                                  SIZE_MAX}};
    size_t z = dtype_size(t);
    void *w = ref_zeros(N * z), *m = ref_zeros(N * z), *v = ref_zeros(N * z);
    void *g = ref_zeros(N * z);
    float odd[4] = {CANON_INF, -CANON_INF, canon_float(0x7FC00000u), -0.0f};
    uint64_t changed = 0;

    k->cast(k, g, t, d->g, DT_F32, N);
    for (size_t i = 0; i < 4 && t != DT_F32; i++) /* fp32 has many NaN */
        k->cast(k, (char *)g + 300 * i * z, t, odd + i, DT_F32, 1);
    for (int i = 0; i < 6; i++) {
        h.kind = i % 2 ? STEP_FUSED : STEP_FOREACH;
        k->adamw(k, &h, w, t, NULL, m, v, t, g, t, N, &changed);
    }
    out(o, "adamw torch", w, N * z);
    out(o, "adamw torch m", m, N * z);
    out(o, "adamw torch v", v, N * z);
    out(o, "adamw torch changed", &changed, sizeof changed);
    free(w), free(m), free(v), free(g);
}

static int run(const char *isa, int threads, uint64_t shuffle, enum dtype t,
               struct outputs *o)
{
    struct kernels *k = ref_open(isa, threads, shuffle);
    struct data d;

    o->n = 0;
    if (!k)
        return 0;
    make(&d, t);
    linears(k, t, &d, o);
    rows(k, t, &d, o);
    attention(k, t, &d, o);
    heads(k, t, &d, o);
    optimizer(k, t, &d, o);
    torch_steps(k, t, &d, o);
    long_chains(k, t, &d, o);
    ref_sync(k);
    drop(&d);
    kernels_close(&k);
    return 1;
}

static void compare(uint64_t shuffle)
{
    static struct outputs base, o;
    int seen = 0;

    for (size_t t = 0; t < 3; t++) {
        run("", 1, shuffle, ref_types[t], &base);
        for (int isa = 0; isa < REF_N_ISAS; isa++)
            for (int threads = 1; threads <= 3; threads += 2) {
                /* without FMA under a sanitizer all this takes minutes */
                if (ref_sanitized() && (threads == 1 || (isa + (int)t) % 3 ||
                                        (shuffle && isa == 0)))
                    continue;
                if (!run(ref_isas[isa], threads, shuffle, ref_types[t], &o))
                    continue;
                seen++;
                for (int i = 0; i < base.n; i++)
                    T_CHECKF(!strcmp(base.hash[i], o.hash[i]),
                             "%s, type %zu: %s, %d threads differs",
                             base.name[i], t, ref_isas[isa], threads);
            }
    }
    T_CHECK(seen >= (ref_sanitized() ? 1 : 6));
}

static void canonical_bits_everywhere(void)
{
    compare(0);
}

static void shuffled_bits_everywhere(void)
{
    compare(77);
}

int main(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "--print")) {
        static struct outputs o;

        for (size_t t = 0; t < 3; t++) {
            run("", 1, 0, ref_types[t], &o);
            for (int i = 0; i < o.n; i++)
                printf("%zu %s %s\n", t, o.hash[i], o.name[i]);
        }
        return 0;
    }
    T_RUN(canonical_bits_everywhere);
    T_RUN(shuffled_bits_everywhere);
    T_DONE();
}
