/* Row and element operations against float64, at edge sizes and in every
 * storage type, and the optimizer. */
#include "kernels_ref.h"
#include "../../kernels/registry.h"

static struct kernels *k;

static const int widths[] = {1, 2, 31, 32, 33, 65, 128, 1025};
enum { N_WIDTHS = sizeof widths / sizeof *widths, ROWS = 5 };

/* A handful of fp32 roundings on values of order |want|, one store. */
static void near(const char *what, enum dtype t, const void *p, size_t i,
                 double want, double slack)
{
    double got = ref_get(t, p, i);
    double bound = (16 * 0x1p-24 + ref_half_ulp(t)) * fabs(want) + slack +
                   (t == DT_F16 ? 6e-8 : 1e-30);

    T_CHECKF(fabs(got - want) <= bound, "%s[%zu] = %.9g, expected %.9g", what,
             i, got, want);
}

static void norm_of(enum dtype t, int H)
{
    size_t n = (size_t)(ROWS * H);
    void *x = ref_random(t, n, 2), *w = ref_random(t, (size_t)H, 1);
    void *dy = ref_random(t, n, 1), *y = ref_zeros(n * 4);
    void *dx = ref_zeros(n * 4);
    float rstd[ROWS], *dw = ref_random(DT_F32, (size_t)H, 1);
    double *want = malloc((size_t)H * 8);

    for (int i = 0; i < H; i++)
        want[i] = dw[i];
    k->rmsnorm(k, t, y, rstd, x, w, ROWS, H, 1e-6f);
    k->rmsnorm_bwd(k, t, dx, dw, dy, x, w, rstd, ROWS, H);
    ref_sync(k);
    for (int r = 0; r < ROWS; r++) {
        double ss = 0, rs, c = 0, mag = 0;
#define AT_(a, i) ref_get(t, a, (size_t)(r * H + (i)))
#define W_(i) ref_get(t, w, (size_t)(i))
        for (int i = 0; i < H; i++)
            ss += AT_(x, i) * AT_(x, i);
        rs = 1 / sqrt(ss / H + 1e-6);
        T_NEAR(rstd[r], rs, 0, 1e-6);
        for (int i = 0; i < H; i++) {
            double g = AT_(dy, i) * W_(i), xh = AT_(x, i) * rs;

            c += g * xh / H;
            mag = fmax(mag, fabs(g) + fabs(g * xh));
            want[i] += AT_(dy, i) * xh;
        }
        for (int i = 0; i < H; i++) {
            double g = AT_(dy, i) * W_(i), xh = AT_(x, i) * rs;

            near("y", t, y, (size_t)(r * H + i), xh * W_(i), 0);
            near("dx", t, dx, (size_t)(r * H + i), rs * (g - xh * c),
                 4e-6 * mag * rs * (1 + fabs(xh)));
        }
    }
    for (int i = 0; i < H; i++)
        T_NEAR(dw[i], want[i], 2e-5, 1e-5);
    free(x), free(w), free(dy), free(y), free(dx), free(dw), free(want);
}

static void swiglu_of(enum dtype t, int F)
{
    size_t n = (size_t)(ROWS * F);
    void *gu = ref_random(t, 2 * n, 3), *dy = ref_random(t, n, 1);
    void *y = ref_zeros(n * 4), *dgu = ref_zeros(2 * n * 4);
    void *again = ref_zeros(n * 4);

    k->swiglu(k, t, y, gu, ROWS, F);
    k->swiglu_bwd(k, t, dgu, again, dy, gu, ROWS, F);
    ref_sync(k);
    T_CHECK(!memcmp(again, y, n * dtype_size(t)));
    for (int r = 0; r < ROWS; r++)
        for (int i = 0; i < F; i++) {
            size_t a = (size_t)(2 * r * F + i), b = a + (size_t)F;
            size_t o = (size_t)(r * F + i);
            double g = ref_get(t, gu, a), u = ref_get(t, gu, b);
            double d = ref_get(t, dy, o), s = 1 / (1 + exp(-g));

            near("swiglu", t, y, o, g * s * u, 0);
            near("du", t, dgu, b, d * g * s, 0);
            near("dg", t, dgu, a, d * u * s * (1 + g * (1 - s)),
                 4e-7 * fabs(d * u));
        }
    free(gu), free(dy), free(y), free(dgu), free(again);
}

/* Gates of every size and sign, small and large ones in the same vector: with
 * u = 1 the result is g * canon_sigmoid(g). */
static void gates_have_the_bits_of_canon(void)
{
    enum { N = 1 << 16 };
    static const uint32_t edges[] = {
        0x42AE0000u /* 87 */, 0x42B17218u, 0x42B20000u,
        0x42D00000u,          0x42D20000u, 0x7F800000u,
        0x7FC00000u,          0,           1};
    enum { N_EDGES = sizeof edges / sizeof *edges };
    float *gu = ref_zeros(2 * N * sizeof *gu), *y = ref_zeros(N * sizeof *y);

    for (uint32_t i = 0; i < N; i++) {
        uint32_t u = i * 2654435761u;

        if (i % 5 == 4) /* about an edge */
            u = (edges[i / 5 % N_EDGES] + i / 64 % 3 - 1) ^ (i & 1) << 31;
        else if (i & 4096) /* all lanes in the usual range */
            u = (u & 0x80FFFFFFu) + 0x3F800000u;
        gu[i] = canon_float(u);
        gu[N + i] = 1.0f;
    }
    k->swiglu(k, DT_F32, y, gu, 1, N);
    ref_sync(k);
    for (int i = 0; i < N; i++) {
        float want = gu[i] * canon_sigmoid(gu[i]);

        T_CHECKF(canon_bits(y[i]) == canon_bits(want) ||
                     (isnan(y[i]) && isnan(want)),
                 "gate %a gives %a, expected %a", (double)gu[i], (double)y[i],
                 (double)want);
    }
    free(gu), free(y);
}

static void rows_match_float64(void)
{
    for (size_t t = 0; t < 3; t++)
        for (int i = 0; i < N_WIDTHS; i++) {
            norm_of(ref_types[t], widths[i]);
            swiglu_of(ref_types[t], widths[i]);
        }
}

/* The rows of heads next to each other. */
static void *gather(enum dtype t, const void *x, struct k_heads h)
{
    size_t z = dtype_size(t), d = (size_t)h.d * z;
    char *y = malloc(ROWS * (size_t)h.n * d);

    for (int r = 0; r < ROWS; r++)
        for (int i = 0; i < h.n; i++)
            memcpy(y + (size_t)(r * h.n + i) * d,
                   (const char *)x + (size_t)(r * h.stride + i * h.d) * z, d);
    return y;
}

static void heads_as(struct k_heads h, const char *what, enum dtype t,
                     const void *heads, const void *rows)
{
    char *got = gather(t, heads, h);

    T_CHECKF(!memcmp(got, rows, ROWS * (size_t)(h.n * h.d) * dtype_size(t)),
             "%s: %d heads of %d in %d", what, h.n, h.d, h.stride);
    free(got);
}

/* Of each head as of a row, to the bit; what lies between stays. */
static void norm_of_heads(enum dtype t, struct k_heads h)
{
    size_t n = (size_t)(ROWS * h.stride), rows = (size_t)(ROWS * h.n);
    size_t d = (size_t)h.d, z = dtype_size(t);
    void *x = ref_random(t, n, 2), *w = ref_random(t, d, 1);
    void *dy = ref_random(t, n, 1), *y = ref_random(t, n, 1);
    void *gx = gather(t, x, h), *gdy = gather(t, dy, h);
    void *gy = ref_zeros(rows * d * 4), *gdx = ref_zeros(rows * d * 4);
    char *kept = malloc(n * z);
    float *rstd = ref_zeros(rows * 4), *grstd = ref_zeros(rows * 4);
    float *dw = ref_random(DT_F32, d, 1), *gdw = malloc(d * 4);

    memcpy(gdw, dw, d * 4);
    memcpy(kept, y, n * z);
    k->rmsnorm(k, t, gy, grstd, gx, w, (int)rows, h.d, 1e-6f);
    k->rmsnorm_bwd(k, t, gdx, gdw, gdy, gx, w, grstd, (int)rows, h.d);
    k->rmsnorm_heads(k, t, y, rstd, x, w, h, ROWS, 1e-6f);
    k->rmsnorm_heads_bwd(k, t, dy, dw, dy, x, w, rstd, h, ROWS);
    ref_sync(k);
    heads_as(h, "y", t, y, gy);
    heads_as(h, "dx in place", t, dy, gdx);
    T_CHECK(!memcmp(rstd, grstd, rows * 4));
    T_CHECK(!memcmp(dw, gdw, d * 4));
    for (int r = 0; r < ROWS; r++) {
        size_t at = (size_t)(r * h.stride + h.n * h.d) * z;

        T_CHECK(!memcmp((char *)y + at, kept + at,
                        (size_t)(h.stride - h.n * h.d) * z));
    }
    free(x), free(w), free(dy), free(y), free(gx), free(gdy), free(gy);
    free(gdx), free(kept), free(rstd), free(grstd), free(dw), free(gdw);
}

static void rmsnorm_of_heads_is_that_of_rows(void)
{
    static const struct k_heads h[] = {{1, 1, 1},     {1, 33, 40},
                                       {3, 31, 100},  {2, 32, 64},
                                       {4, 128, 768}, {2, 1025, 2053}};

    for (enum dtype t = DT_F32; t <= DT_F16; t++)
        for (size_t i = 0; i < sizeof h / sizeof *h; i++)
            norm_of_heads(t, h[i]);
}

static void rope_turns_and_turns_back(void)
{
    enum { D = 20, T = 9, WIDE = (3 + 2 * 1) * D };
    struct k_attn_shape s = {3, 1, D};
    float table[16 * D];
    int32_t pos[T] = {0, 1, 2, 3, 15, 7, 7, 8, 1};

    for (int p = 0; p < 16; p++)
        for (int i = 0; i < D / 2; i++) {
            float a = (float)p * (float)pow(1e4, -2.0 * i / D);

            table[p * D + i] = canon_cos(a);
            table[p * D + D / 2 + i] = canon_sin(a);
        }
    for (size_t ti = 0; ti < 3; ti++) {
        enum dtype t = ref_types[ti];
        void *x = ref_random(t, T * WIDE, 1), *y = malloc(T * WIDE * 4);

        memcpy(y, x, T * WIDE * dtype_size(t));
        k->rope(k, t, y, pos, table, s, T, 1);
        for (int r = 0; r < T; r++)
            for (int h = 0; h < 5; h++)
                for (int i = 0; i < D / 2; i++) {
                    size_t a = (size_t)(r * WIDE + h * D + i), b = a + D / 2;
                    double c = table[pos[r] * D + i], xa = ref_get(t, x, a);
                    double sn = table[pos[r] * D + D / 2 + i];
                    double xb = ref_get(t, x, b);

                    if (h >= 4) { /* values are left alone */
                        T_CHECK(ref_get(t, y, a) == xa);
                        continue;
                    }
                    near("rope", t, y, a, xa * c - xb * sn, 5e-7);
                    near("rope", t, y, b, xb * c + xa * sn, 5e-7);
                }
        k->rope(k, t, y, pos, table, s, T, -1);
        for (size_t i = 0; i < T * WIDE; i++)
            near("back", t, y, i, ref_get(t, x, i), 4 * ref_half_ulp(t));
        free(x), free(y);
    }
}

static void embedding(void)
{
    enum { V = 70, H = 37, T = 6 };
    static const int32_t tok[T] = {3, 69, 3, 0, 3, 69};

    for (size_t ti = 0; ti < 3; ti++)
        for (int uses = 1; uses < 8; uses++) {
            enum dtype t = ref_types[ti];
            size_t z = dtype_size(t);
            char *w = ref_random(t, V * H, 1), *y = ref_zeros(T * H * z);
            float *dW = ref_zeros(V * H * 4);
            struct err e = {0};
            struct k_weight *W = k->weight_new(k, t, V, H, uses, &e);

            k->weight_set(k, W, w, t);
            k->embed(k, t, y, tok, W, T, H);
            k->embed_bwd(k, t, dW, tok, y, T, V, H);
            for (int r = 0; r < T; r++)
                ref_same("embed", y + (size_t)(r * H) * z,
                         w + (size_t)(tok[r] * H) * z, H * z);
            for (int i = 0; i < H; i++) {
                float v = (float)ref_get(t, y, (size_t)i);

                T_CHECK(dW[3 * H + i] == (v + v) + v);
                T_CHECK(dW[5 * H + i] == 0);
            }
            ref_sync(k);
            k->weight_free(k, W);
            free(w), free(y), free(dW);
        }
}

static void count_call(void *ctx)
{
    ++*(int *)ctx;
}

/* A weight that is set in pieces, none of them at a panel's edge, reads and
 * multiplies like one that is set at once from values of its own type. */
static void pieces_of(enum dtype t, enum dtype st, int uses, int K)
{
    enum { N = 131, T = 3 };
    static const int first[] = {0, 5, 70, 71, N};
    size_t n = (size_t)(N * K), z = dtype_size(t);
    char *src = ref_random(st, n, 1), *own = ref_zeros(n * z);
    char *x = ref_random(t, (size_t)(T * K), 1);
    size_t most = n > T * N ? n : T * N;
    char *y[2] = {ref_zeros(most * z), ref_zeros(most * z)};
    struct err e = {0};
    struct k_weight *W[2];
    int32_t tok[N];
    int calls = 0;

    for (int i = 0; i < N; i++)
        tok[i] = i;
    k->cast(k, own, t, src, st, n);
    for (int i = 0; i < 2; i++)
        W[i] = k->weight_new(k, t, N, K, uses, &e);
    k->weight_set(k, W[0], own, t);
    for (int i = 4; i-- > 0;)
        k->weight_rows(k, W[1], first[i], first[i + 1] - first[i],
                       src + (size_t)(first[i] * K) * dtype_size(st), st,
                       i % 2 ? NULL : count_call, &calls);
    T_EQ_INT(calls, 2);
    k->embed(k, t, y[1], tok, W[1], N, K);
    ref_same("rows", y[1], own, n * z);
    for (int i = 0; i < 2 && uses & WEIGHT_FORWARD; i++)
        k->linear(k, t, y[i], x, W[i], NULL, T, N, K);
    if (uses & WEIGHT_FORWARD)
        ref_same("products", y[1], y[0], (size_t)(T * N) * z);
    ref_sync(k);
    for (int i = 0; i < 2; i++) {
        k->weight_free(k, W[i]);
        free(y[i]);
    }
    free(src), free(own), free(x);
}

static void weights_are_set_in_pieces(void)
{
    static const int deep[] = {1, 2, 33, 127, 128, 129, 300};

    for (size_t ti = 0; ti < 9; ti++)
        for (size_t i = 0; i < sizeof deep / sizeof *deep; i++) {
            pieces_of(ref_types[ti % 3], ref_types[ti / 3], WEIGHT_ROWS,
                      deep[i]);
            pieces_of(ref_types[ti % 3], ref_types[ti / 3],
                      WEIGHT_ROWS | WEIGHT_FORWARD, deep[i]);
        }
}

static void embedding_refuses_bad_tokens(void)
{
    struct err e = {0};
    struct k_weight *W = k->weight_new(k, DT_F32, 4, 2, WEIGHT_ROWS, &e);
    int32_t tok[2] = {1, 4};
    float y[4];

    k->embed(k, DT_F32, y, tok, W, 2, 2);
    T_CHECK(k->sync(k, &e) < 0 && strstr(e.msg, "token 4 at row 1"));
    k->weight_free(k, W);
}

static void dropout(void)
{
    enum { T = 40, H = 515 };
    uint64_t id[T];
    struct k_dropout d = {0.25f, 9, 3, 5, id}, off = d;
    float *b = ref_random(DT_F32, T * H, 1), *a = ref_random(DT_F32, T * H, 1);
    float *y = ref_zeros(T * H * 4), *g = ref_zeros(T * H * 4);
    float *one = ref_zeros(H * 4);
    int kept = 0;

    for (int i = 0; i < T; i++)
        id[i] = (uint64_t)i * UINT64_C(77777777777);
    k->residual(k, DT_F32, y, a, b, &d, T, H);
    k->dropout_bwd(k, DT_F32, g, b, &d, T, H);
    for (int i = 0; i < T * H; i++) {
        float s = b[i] * (1.0f / 0.75f);

        T_CHECK(g[i] == 0 || g[i] == s);
        T_CHECK(y[i] == a[i] + g[i]);
        kept += g[i] != 0;
    }
    /* binomial, 5 sigma */
    T_NEAR(kept, 0.75 * T * H, 5 * sqrt(T * H * 0.75 * 0.25), 0);
    /* a row's mask does not depend on its place */
    d.row_id = id + 17;
    k->dropout_bwd(k, DT_F32, one, b + 17 * H, &d, 1, H);
    ref_same("row 17", one, g + 17 * H, H * 4);
    off.p = 0;
    k->residual(k, DT_F32, y, a, b, &off, T, H);
    k->residual(k, DT_F32, g, a, b, NULL, T, H);
    ref_same("p = 0", y, g, T * H * 4);
    k->add(k, DT_F32, y, a, b, T * H);
    ref_same("add", y, g, T * H * 4);
    free(a), free(b), free(y), free(g), free(one);
}

/* Against the textbook formula in double, ten steps. */
static void adamw_matches_float64(void)
{
    enum { N = 3001, STEPS = 10 };
    struct kernels *k2 = ref_open("", 3, 0);
    float *w = ref_random(DT_F32, N, 0.1), *w2 = malloc(N * 4);
    float *m = ref_zeros(N * 4), *v = ref_zeros(N * 4);
    float *m2 = ref_zeros(N * 4), *v2 = ref_zeros(N * 4);
    double *rw = malloc(N * 8), *rm = ref_zeros(N * 8), *rv = ref_zeros(N * 8);
    uint64_t changed = 0, changed2 = 0;

    memcpy(w2, w, N * 4);
    for (int i = 0; i < N; i++)
        rw[i] = w[i];
    for (int s = 1; s <= STEPS; s++) {
        struct k_adamw h = {.lr = 1e-3f,
                            .beta1 = 0.9f,
                            .beta2 = 0.999f,
                            .eps = 1e-8f,
                            .weight_decay = 0.01f,
                            .bias1 = (float)(1 - pow(0.9f, s)),
                            .bias2 = (float)(1 - pow(0.999f, s)),
                            .grad_scale = 0.5f};
        float *g = ref_random(DT_F32, N, 1);

        k->adamw(k, &h, w, DT_F32, NULL, m, v, DT_F32, g, DT_F32, N, &changed);
        k2->adamw(k2, &h, w2, DT_F32, NULL, m2, v2, DT_F32, g, DT_F32, N,
                  &changed2);
        for (int i = 0; i < N; i++) {
            double gi = 0.5 * g[i];

            rm[i] = 0.9f * rm[i] + (1 - (double)0.9f) * gi;
            rv[i] = 0.999f * rv[i] + (1 - (double)0.999f) * gi * gi;
            rw[i] -= (double)h.lr *
                     ((rm[i] / h.bias1) / (sqrt(rv[i] / h.bias2) + 1e-8) +
                      0.01 * rw[i]);
        }
        free(g);
    }
    for (int i = 0; i < N; i++)
        T_NEAR(w[i], rw[i], 1e-8, 1e-6);
    T_CHECK(changed == changed2 && changed > 9 * N);
    ref_same("threads", w, w2, N * 4);
    ref_same("threads v", v, v2, N * 4);
    kernels_close(&k2);
    free(w), free(w2), free(m), free(v), free(m2), free(v2);
    free(rw), free(rm), free(rv);
}

/* 400 steps of 2e-5 on bf16 weights near 1, where the gap is 2^-7: nearest
 * never moves; stochastic rounding and Kahan follow the exact sum. */
static void small_updates(void)
{
    enum { N = 4096, STEPS = 400 };
    uint16_t *w[3], *comp = ref_zeros(N * 2);
    double mean[3] = {0}, want;
    float lr = 2e-5f;
    uint64_t changed[3] = {0};

    for (int a = 0; a < 3; a++) {
        uint16_t *m = ref_zeros(N * 4), *v = ref_zeros(N * 4);
        float *g = malloc(N * 4);

        w[a] = malloc(N * 2);
        for (int i = 0; i < N; i++) {
            w[a][i] = canon_round_bf16(1.5f);
            g[i] = 1.0f;
        }
        for (uint32_t s = 1; s <= STEPS; s++) {
            struct k_adamw h = {.lr = lr,
                                .beta1 = 0.9f,
                                .beta2 = 0.999f,
                                .eps = 1e-8f,
                                .grad_scale = 1,
                                .step = s,
                                .bias1 = (float)(1 - pow(0.9f, s)),
                                .bias2 = (float)(1 - pow(0.999f, s)),
                                .stochastic = a == 1,
                                .seed = 11};

            k->adamw(k, &h, w[a], DT_BF16, a == 2 ? comp : NULL, m, v, DT_F32,
                     g, DT_F32, N, &changed[a]);
        }
        for (int i = 0; i < N; i++)
            mean[a] += canon_widen_bf16(w[a][i]) / N;
        free(m), free(v), free(g);
    }
    want = 1.5 - STEPS * (double)lr; /* each step moves by lr exactly */
    T_CHECK(changed[0] == 0 && mean[0] == 1.5);
    /* sd of a sum of 400 roundings with p = lr/gap over N weights, 5 sigma */
    T_NEAR(mean[1], want, 5 * 0x1p-7 * sqrt(STEPS * (double)lr / 0x1p-7 / N),
           0);
    T_NEAR(mean[2], want, 0x1p-7, 0); /* within a gap: the rest is in comp */
    /* comp, under half a gap, is itself rounded to bf16 each step */
    T_NEAR(mean[2] + canon_widen_bf16(comp[0]), want, STEPS * 0x1p-17, 0);
    T_CHECK(changed[1] > 0 && changed[2] > 0);
    for (int a = 0; a < 3; a++)
        free(w[a]);
    free(comp);
}

/* Random words of the vector loops are those of canon.h, value by value. */
static void random_words_are_canon(void)
{
    enum { N = 5003 };
    uint64_t id[3] = {1, UINT64_C(1) << 40, 77};
    struct k_dropout d = {0.5f, UINT64_C(0xABCDEF0123456789), 3, 9, id};
    struct k_adamw h = {.lr = 0.01f,
                        .beta1 = 0,
                        .beta2 = 0,
                        .eps = 1,
                        .bias1 = 1,
                        .bias2 = 1,
                        .grad_scale = 1,
                        .stochastic = 1,
                        .step = 4,
                        .tensor = 6,
                        .seed = UINT64_C(0x9876543210FEDCBA)};
    float *b = malloc(3 * N * 4), *y = malloc(3 * N * 4);
    float *g = ref_random(DT_F32, N, 1), *m = ref_zeros(N * 4);
    float *v = ref_zeros(N * 4);
    uint16_t *w = ref_random(DT_BF16, N, 1), *w0 = malloc(N * 2);

    for (int i = 0; i < 3 * N; i++)
        b[i] = 1;
    k->dropout_bwd(k, DT_F32, y, b, &d, 3, N);
    for (int i = 0; i < 3 * N; i++) {
        uint32_t r[4];

        canon_dropout_words(d.seed, 3, 9, id[i / N], (uint32_t)(i % N / 4), r);
        T_CHECK((y[i] != 0) == (philox_unit(r[i % N % 4]) >= 0.5f));
    }
    memcpy(w0, w, N * 2);
    k->adamw(k, &h, w, DT_BF16, NULL, m, v, DT_F32, g, DT_F32, N, NULL);
    for (int i = 0; i < N; i++) {
        float now = canon_widen_bf16(w0[i]);
        float step = 0.01f * (g[i] / (sqrtf(g[i] * g[i]) / 1.0f + 1.0f));
        uint32_t r[4];

        canon_rounding_words(h.seed, 4, 6, (uint64_t)i / 4, r);
        T_EQ_INT(w[i], canon_stochastic_bf16(now - step, r[i % 4]));
    }
    free(b), free(y), free(g), free(m), free(v), free(w), free(w0);
}

static void sum_of_squares(void)
{
    static const size_t ns[] = {0, 1, 31, 33, 65536, 65537, 200001};
    struct kernels *k3 = ref_open("", 3, 0);

    for (size_t i = 0; i < sizeof ns / sizeof *ns; i++) {
        float *g = ref_random(DT_F32, ns[i], 1);
        double want = 0, sums[4];
        size_t first = 0;

        for (size_t j = 0; j < ns[i]; j++)
            want += (double)g[j] * g[j];
        T_NEAR(k->sumsq(k, g, DT_F32, ns[i], NULL), want, 0, 1e-12);
        T_CHECK(k->sumsq(k, g, DT_F32, ns[i], sums) ==
                k3->sumsq(k3, g, DT_F32, ns[i], NULL));
        for (size_t b = 0; b < sumsq_blocks(ns[i]); b++, first += SUMSQ_BLOCK) {
            size_t n = ns[i] - first < SUMSQ_BLOCK ? ns[i] - first
                                                   : SUMSQ_BLOCK;

            T_CHECK(sums[b] == k3->sumsq(k3, g + first, DT_F32, n, NULL));
        }
        free(g);
    }
    kernels_close(&k3);
}

static void devices_are_named(void)
{
    struct k_order canonical = {ORDER_CANONICAL, 0};
    struct k_order hardware = {ORDER_HARDWARE, 0};
    struct kernels *d = NULL;
    struct err e = {0};
    struct k_sizes s;
    char text[300];

    T_CHECK(kernels_open(&d, "tpu", 1, canonical, &e) == -ERR_USAGE);
    T_CHECK(strstr(e.msg, "auto, cpu or cuda") != NULL);
    /* at a level that has no avx512_bf16, on any processor */
    setenv("ULP_ISA", "x86-64", 1);
    T_CHECK(kernels_open(&d, "cpu", 1, hardware, &e) == -ERR_USAGE);
    T_CHECKF(strstr(e.msg, "device cpu has no order=hardware") &&
                 strstr(e.msg, "--device cuda has"),
             "%s", e.msg);
    T_CHECK(kernels_sizes(&s, "cpu", 1, hardware, &e) == -ERR_USAGE);
    T_CHECK(kernels_sizes(&s, "auto", 1, hardware, &e) == 0 &&
            s.can.own_memory);
    setenv("ULP_ISA", "z80", 1);
    T_CHECK(kernels_open(&d, "cpu", 1, canonical, &e) < 0);
    T_CHECK(strstr(e.msg, "z80") != NULL);
    setenv("ULP_ISA", "", 1);
    T_CHECK(kernels_open(&d, "auto", 2, canonical, &e) == 0);
    kernels_describe(d, text, sizeof text);
    T_CHECKF(strstr(text, "2 threads") || d->sizes.can.own_memory, "%s", text);
    T_CHECK(registry_check(d, &e) == 0);
    d->rope = NULL;
    T_CHECK(registry_check(d, &e) == -ERR_USAGE);
    T_CHECKF(strstr(e.msg, " has no operation rope"), "%s", e.msg);
    kernels_close(&d);
    T_CHECK(d == NULL);
}

/* One term is a copy; more are added in fp32, in their order; what is carried
 * has no columns before `skip`. */
static void sums_of_rows(void)
{
    enum { W = 37, SKIP = 11, X = 4, T = 3, N = 5 };
    static const int32_t off[N + 1] = {0, 1, 1, 4, 6, 7};
    static const int32_t src[] = {2, 0, 3, 1, ~1, 2, ~0};
    float carried[2 * (W - SKIP)], carry[(N - T) * (W - SKIP)];

    for (size_t i = 0; i < sizeof carried / sizeof *carried; i++)
        carried[i] = (float)ref_uniform();
    for (int i = 0; i < 3; i++) {
        enum dtype t = ref_types[i];
        size_t z = dtype_size(t);
        char *x = ref_random(t, X * W, 1), *y = malloc(T * W * z);
        float v[X * W];

        k->cast(k, v, DT_F32, x, t, X * W);
        k->sum_rows(k, t, y, x,
                    (struct k_sums){T, N, W, SKIP, off, src, carried, carry});
        ref_same("copy", y, x + 2 * W * z, W * z);
        for (int h = 0; h < W; h++) {
            float three = v[h] + v[3 * W + h], nil = 0, got;

            three += v[W + h];
            k->cast(k, &got, DT_F32, y + (W + (size_t)h) * z, t, 1);
            ref_same("none", &got, &nil, 4);
            k->cast(k, v, t, &three, DT_F32, 1);
            ref_same("three", y + (2 * W + (size_t)h) * z, v, z);
            k->cast(k, v, DT_F32, x, t, X * W);
            if (h < SKIP)
                continue;
            three = carried[W - SKIP + h - SKIP] + v[2 * W + h];
            ref_same("carried", &carry[h - SKIP], &three, 4);
            ref_same("on", &carry[W - SKIP + h - SKIP], &carried[h - SKIP], 4);
        }
        free(x);
        free(y);
    }
}

/* Rows that follow each other, backwards, again and with gaps between, of widths
 * with and without a rest of a vector. */
static void copies_of_rows(void)
{
    enum { X = 6, T = 9 };
    static const int32_t off[T + 1] = {0, 1, 2, 3, 3, 4, 5, 6, 7, 8};
    static const int32_t src[] = {1, 2, 3, 4, 5, 5, 4, 0};
    static const int32_t from[T] = {1, 2, 3, -1, 4, 5, 5, 4, 0};
    static const int width[] = {1, 37, 64};

    for (int i = 0; i < 9; i++) {
        enum dtype t = ref_types[i % 3];
        int w = width[i / 3];
        size_t row = (size_t)w * dtype_size(t);
        char *x = ref_random(t, (size_t)(X * w), 1), *y = malloc(T * row);
        char *zero = ref_zeros(row);

        k->sum_rows(k, t, y, x,
                    (struct k_sums){
                        .T = T, .n = T, .width = w, .off = off, .src = src});
        for (int r = 0; r < T; r++)
            ref_same("row", y + (size_t)r * row,
                     from[r] < 0 ? zero : x + (size_t)from[r] * row, row);
        free(x), free(y), free(zero);
    }
}

int main(void)
{
    k = ref_open("", 1, 0);
    T_RUN(rows_match_float64);
    T_RUN(gates_have_the_bits_of_canon);
    T_RUN(rmsnorm_of_heads_is_that_of_rows);
    T_RUN(rope_turns_and_turns_back);
    T_RUN(embedding);
    T_RUN(weights_are_set_in_pieces);
    T_RUN(embedding_refuses_bad_tokens);
    T_RUN(sums_of_rows);
    T_RUN(copies_of_rows);
    T_RUN(dropout);
    T_RUN(adamw_matches_float64);
    T_RUN(small_updates);
    T_RUN(random_words_are_canon);
    T_RUN(sum_of_squares);
    T_RUN(devices_are_named);
    kernels_close(&k);
    T_DONE();
}
