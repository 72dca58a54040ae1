/* Products by vdpbf16ps, over its model: bit for bit the sums that NUMERICS.md
 * writes, whatever their size; and who gets them. */
#define REF_ORDER ORDER_HARDWARE
#include "../avx512/model.h"
#include "kernels_ref.h"

/* One half of the instruction: a fused multiply-add that takes subnormals for
 * zero and gives zero for them. */
static float half_dot(float c, uint16_t a, uint16_t b)
{
    float x[4] = {canon_widen_bf16(a), canon_widen_bf16(b), c, 0};

    for (int i = 0; i < 3; i++)
        x[i] = fabsf(x[i]) < 0x1p-126f ? copysignf(0, x[i]) : x[i];
    x[3] = fmaf(x[0], x[1], x[2]);
    return fabsf(x[3]) < 0x1p-126f ? copysignf(0, x[3]) : x[3];
}

/* n terms from c on, at strides of sa and sb: pairs, the second first; what
 * pairs an odd last one is zero. */
static float chain(float c, const uint16_t *a, long sa, const uint16_t *b,
                   long sb, long n)
{
    for (long k = 0; k < n; k += 2) {
        int two = k + 1 < n;

        c = half_dot(c, two ? a[(k + 1) * sa] : 0, two ? b[(k + 1) * sb] : 0);
        c = half_dot(c, a[k * sa], b[k * sb]);
    }
    return c;
}

enum { N_RANDOM = 40 };
enum kind { NORMAL, TINY, HOSTILE, N_KINDS };

/* n random values in rows of `row`. TINY: most are so small that products are
 * subnormal, some are subnormal themselves. HOSTILE: a few in every third row
 * are NaN, infinite, the largest, zero or subnormal; sums of the other rows
 * stay finite, and have no NaN for what a row is paired with at its end. */
static uint16_t *values(size_t n, enum kind kind, size_t row)
{
    static const uint16_t hostile[] = {0x7F80, 0xFF80, 0x7FC0, 0xFFC1,
                                       0x7F81, 0x7F7F, 0xFF7F, 0x0000,
                                       0x8000, 0x0001, 0x807F, 0x0080};
    uint16_t *p = ref_random(DT_BF16, n, 1);

    for (size_t i = 0; kind == TINY && i < n; i++)
        if (ref_uniform() < 0.9)
            p[i] = (uint16_t)((p[i] & 0x807F) | (uint16_t)(ref_uniform() * 70)
                                                    << 7);
    for (size_t i = 0; kind == HOSTILE && i < n; i++)
        if (i / row % 3 == 1 && ref_uniform() < 0.02 + 0.5 / (double)row)
            p[i] = hostile[(size_t)(ref_uniform() * 12)];
    return p;
}

/* Bits, but that a NaN is a NaN. */
static void same_sums(const char *what, const float *a, const float *b,
                      size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (memcmp(a + i, b + i, sizeof *a) && !(isnan(a[i]) && isnan(b[i]))) {
            t_fail(__FILE__, __LINE__,
                   "%s: value %zu of %zu is %a, expected %a", what, i, n,
                   (double)a[i], (double)b[i]);
            return;
        }
}

static void one_size(struct kernels *k, int T, int N, int K, enum kind kind)
{
    size_t ny = (size_t)T * (size_t)N, nx = (size_t)T * (size_t)K;
    size_t nw = (size_t)N * (size_t)K;
    uint16_t *x = values(nx, kind, (size_t)K), *w = values(nw, kind, (size_t)K);
    uint16_t *dy = values(ny, kind, (size_t)N), *y = ref_zeros(ny * 2);
    uint16_t *dx = ref_zeros(nx * 2), *want = ref_zeros((nx + ny) * 2);
    float *dW = ref_random(DT_F32, nw, 1), *dW0 = malloc(nw * sizeof *dW0);
    float *db = ref_zeros((size_t)N * 4), *db0 = ref_zeros((size_t)N * 4);
    struct k_weight *W = ref_weight(k, DT_BF16, N, K, w);

    memcpy(dW0, dW, nw * sizeof *dW);
    k->linear(k, DT_BF16, y, x, W, NULL, T, N, K);
    k->linear_dx(k, DT_BF16, dx, dy, W, T, N, K);
    k->linear_dw(k, DT_BF16, dW, db, dy, x, T, N, K);
    ref_sync(k);
    for (int t = 0; t < T; t++)
        for (int n = 0; n < N; n++)
            want[t * N + n] = canon_round_bf16(
                chain(0, x + t * K, 1, w + n * K, 1, K));
    ref_same("y", y, want, ny * 2);
    for (int t = 0; t < T; t++)
        for (int i = 0; i < K; i++)
            want[t * K + i] = canon_round_bf16(
                chain(0, dy + t * N, 1, w + i, K, N));
    ref_same("dx", dx, want, nx * 2);
    for (int n = 0; n < N; n++) {
        for (int t = 0; t < T; t++)
            db0[n] += canon_widen_bf16(dy[t * N + n]);
        for (int i = 0; i < K; i++)
            dW0[n * K + i] = chain(dW0[n * K + i], dy + n, N, x + i, K, T);
    }
    same_sums("dW", dW, dW0, nw);
    same_sums("db", db, db0, (size_t)N);
    k->weight_free(k, W);
    free(x), free(w), free(dy), free(y), free(dx), free(want);
    free(dW), free(dW0), free(db), free(db0);
}

/* Both sides of the boundaries of a panel (64), a register block (6), few rows
 * (16), two panels (3), blocks of rows (120, 128, 480, 512) and segments (256,
 * 1024). */
static void sums_are_those_of_the_instruction(void)
{
    static const int sizes[][3] = {
        {1, 1, 1},     {1, 64, 2},     {1, 129, 3},    {2, 65, 64},
        {3, 200, 127}, {4, 63, 255},   {6, 17, 256},   {7, 48, 257},
        {16, 66, 511}, {17, 128, 513}, {33, 130, 31},  {120, 31, 65},
        {121, 64, 33}, {130, 7, 1025}, {129, 240, 63}, {13, 1030, 17},
        {5, 3, 2049},  {511, 13, 16},  {513, 33, 5}};
    enum { N_SIZES = sizeof sizes / sizeof *sizes };

    for (int threads = 1; threads <= 3; threads += 2) {
        struct kernels *k = ref_open("", threads, 0);

        for (int i = 0; i < N_SIZES; i++)
            for (enum kind kind = 0; kind < N_KINDS; kind++)
                one_size(k, sizes[i][0], sizes[i][1], sizes[i][2], kind);
        kernels_close(&k);
    }
}

static int random_size(int most)
{
    static const int edges[] = {1,  2,  3,  5,  6,   7,   15,  16,  17,  31,
                                33, 63, 64, 65, 119, 120, 121, 127, 129, 257};
    int n = edges[(int)(ref_uniform() * 20)];

    return ref_uniform() < 0.5 ? 1 + (int)(ref_uniform() * most) : n;
}

static void sums_of_random_sizes(void)
{
    for (int i = 0; i < N_RANDOM; i++) {
        struct kernels *k = ref_open("", 1 + (int)(ref_uniform() * 4), 0);
        int T = random_size(200), N = random_size(200), K = random_size(200);

        one_size(k, T, N, K, (enum kind)(ref_uniform() * N_KINDS));
        kernels_close(&k);
    }
}

/* What head_bwd gives, from the logits: gradients of them in bf16, their sums
 * by the instruction. */
static void one_head(struct kernels *k, int T, int V, int H, enum kind kind,
                     int after_logp)
{
    size_t nx = (size_t)T * (size_t)H, nw = (size_t)V * (size_t)H;
    size_t nl = (size_t)T * (size_t)V, n = (size_t)T;
    uint16_t *x = values(nx, kind, (size_t)H), *w = values(nw, kind, (size_t)H);
    uint16_t *dx = ref_zeros(nx * 2), *want = ref_zeros(nx * 2);
    uint16_t *g = ref_zeros(nl * 2);
    float *logits = malloc(nl * 4), *want_l = malloc(nl * 4);
    float *dW = ref_random(DT_F32, nw, 1), *dW0 = malloc(nw * 4);
    float *dlogp = ref_random(DT_F32, n, 1), *out = malloc(3 * n * 4);
    float *lse = out + n, temperature = 0.7f, inv_t = 1.0f / temperature;
    int32_t *target = malloc(n * sizeof *target);
    struct k_weight *W = ref_weight(k, DT_BF16, V, H, w);

    memcpy(dW0, dW, nw * 4);
    for (int t = 0; t < T; t++)
        target[t] = (int32_t)(ref_uniform() * V);
    k->head_logits(k, DT_BF16, DT_BF16, logits, x, W, T, V, H);
    k->head_logp(k, DT_BF16, DT_BF16, out, lse, out + 2 * n, x, W, target,
                 temperature, T, V, H);
    k->head_bwd(k, DT_BF16, DT_BF16, dx, dW, dlogp, lse, x, W, target,
                temperature, after_logp, T, V, H);
    ref_sync(k);
    for (int t = 0; t < T; t++)
        for (int v = 0; v < V; v++) {
            float *z = want_l + t * V + v, p;

            *z = canon_widen_bf16(
                canon_round_bf16(chain(0, x + t * H, 1, w + v * H, 1, H)));
            p = canon_exp(*z * inv_t - lse[t]);
            p = v == target[t] ? 1.0f - p : 0.0f - p;
            g[t * V + v] = canon_round_bf16(p * dlogp[t] * inv_t);
        }
    same_sums("logits", logits, want_l, nl);
    for (int t = 0; t < T; t++)
        for (int h = 0; h < H; h++)
            want[t * H + h] = canon_round_bf16(
                chain(0, g + t * V, 1, w + h, H, V));
    ref_same("dx", dx, want, nx * 2);
    for (int v = 0; v < V; v++)
        for (int h = 0; h < H; h++)
            dW0[v * H + h] = chain(dW0[v * H + h], g + v, V, x + h, H, T);
    same_sums("dW", dW, dW0, nw);
    k->weight_free(k, W);
    free(x), free(w), free(dx), free(want), free(g), free(logits);
    free(want_l), free(dW), free(dW0), free(dlogp), free(out), free(target);
}

static void heads_of_random_sizes(void)
{
    for (int i = 0; i < N_RANDOM; i++) {
        struct kernels *k = ref_open("", 1 + (int)(ref_uniform() * 4), 0);
        int T = random_size(60), V = random_size(300), H = random_size(130);
        enum kind kind = (enum kind)(ref_uniform() * N_KINDS);

        one_head(k, T, V, H, kind, i % 2);
        kernels_close(&k);
    }
}

/* A weight that comes as fp32 is packed as one that comes as bf16; its rows
 * are read back as an embedding's. */
static void weights_are_packed_from_any_type(void)
{
    static const int sizes[][2] = {{1, 1}, {65, 7}, {130, 64}, {63, 129}};
    struct kernels *k = ref_open("", 1, 0);

    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        int N = sizes[s][0], K = sizes[s][1];
        size_t n = (size_t)N * (size_t)K;
        uint16_t *w = values(n, NORMAL, n), *rows = ref_zeros(n * 2);
        uint16_t *y[2] = {ref_zeros((size_t)N * 2), ref_zeros((size_t)N * 2)};
        float *wide = malloc(n * sizeof *wide);
        int32_t *token = malloc((size_t)N * sizeof *token);

        for (size_t i = 0; i < n; i++)
            wide[i] = canon_widen_bf16(w[i]);
        for (int i = 0; i < N; i++)
            token[i] = i;
        for (int i = 0; i < 2; i++) {
            struct k_weight *W = ref_weight(k, DT_BF16, N, K, w);

            k->weight_set(k, W, i ? (void *)wide : w, i ? DT_F32 : DT_BF16);
            k->linear(k, DT_BF16, y[i], w, W, NULL, 1, N, K);
            k->embed(k, DT_BF16, rows, token, W, N, K);
            ref_sync(k);
            ref_same("rows", rows, w, n * 2);
            k->weight_free(k, W);
        }
        ref_same("y", y[0], y[1], (size_t)N * 2);
        free(w), free(rows), free(y[0]), free(y[1]), free(wide), free(token);
    }
    kernels_close(&k);
}

/* What sums have no bf16 on both sides: canonical bits. */
static void other_types_keep_the_canonical_order(void)
{
    enum { T = 20, N = 70, K = 65 };
    struct kernels *hw = ref_open("", 1, 0), *k = NULL;
    struct k_order canonical = {ORDER_CANONICAL, 0};
    struct err e = {0};

    T_EQ_INT(kernels_open(&k, "cpu", 1, canonical, &e), 0);
    for (int ti = 0; k && ti < 2; ti++) {
        enum dtype t = ti ? DT_F16 : DT_F32;
        size_t z = dtype_size(t);
        void *x = ref_random(t, T * K, 1), *w = ref_random(t, N * K, 1);
        char *y[2] = {ref_zeros(T * N * z), ref_zeros(T * N * z)};
        struct kernels *both[2] = {hw, k};

        for (int i = 0; i < 2; i++) {
            struct k_weight *W = ref_weight(both[i], t, N, K, w);

            both[i]->linear(both[i], t, y[i], x, W, NULL, T, N, K);
            both[i]->weight_free(both[i], W);
        }
        ref_same("y", y[0], y[1], T * N * z);
        free(x), free(w), free(y[0]), free(y[1]);
    }
    kernels_close(&hw);
    kernels_close(&k);
}

/* Does the CPU open under order=hardware, and say so? */
static int opens(const char *isa)
{
    struct kernels *k = ref_open(isa, 1, 0);
    int ok = k && !strcmp(k->variant, "x86-64-v4 with avx512_bf16");

    T_CHECKF(!k || ok, "variant %s", k->variant);
    kernels_close(&k);
    return ok;
}

static void each_missing_feature_refuses(void)
{
    const struct x86_words all = model_words;
    static const uint64_t state[] = {1u << 1, 1u << 2, 1u << 5, 1u << 6,
                                     1u << 7};
    static const int bits[] = {16, 17, 28, 30, 31};

    T_CHECK(opens("") && opens("x86-64-v4"));
    T_CHECK(!opens("x86-64-v3") && !opens("x86-64"));
    for (size_t i = 0; i < sizeof state / sizeof *state; i++) {
        model_words.xcr0 = all.xcr0 & ~state[i];
        T_CHECKF(!opens(""), "xcr0 without %llx", (long long)state[i]);
        model_words = all;
    }
    for (size_t i = 0; i < sizeof bits / sizeof *bits; i++) {
        model_words.leaf7_ebx = all.leaf7_ebx & ~(1u << bits[i]);
        T_CHECKF(!opens(""), "leaf 7 without bit %d", bits[i]);
        model_words = all;
    }
    model_words.leaf1_ecx = 0; /* no OSXSAVE */
    T_CHECK(!opens(""));
    model_words = all;
    model_words.leaf7_1_eax = ~(1u << 5);
    T_CHECK(!opens(""));
    model_words = all;
    model_words.max_subleaf = 0; /* what leaf 7, 1 then says is noise */
    T_CHECK(!opens(""));
    model_words = all;
    model_words.max_leaf = 6;
    T_CHECK(!opens(""));
    model_words = all;
    T_CHECK(opens(""));
}

/* The words of this processor, against what its system says of it. */
static void the_processor_is_read(void)
{
    struct x86_words w;
    char line[8192];
    FILE *f = fopen("/proc/cpuinfo", "r");
    int has = -1;

    while (f && has < 0 && fgets(line, sizeof line, f))
        if (!strncmp(line, "flags", 5))
            has = strstr(line, " avx512_bf16") && strstr(line, " avx512vl");
    if (f)
        fclose(f);
    x86_read(&w);
    T_CHECK(w.max_leaf >= 7);
    if (has >= 0)
        T_EQ_INT(x86_has_avx512_bf16(&w), has);
}

int main(void)
{
    if (!model_has_avx2()) {
        printf("skip avx512_dots: this processor has no AVX2\n");
        return 0;
    }
    T_RUN(sums_are_those_of_the_instruction);
    T_RUN(sums_of_random_sizes);
    T_RUN(heads_of_random_sizes);
    T_RUN(weights_are_packed_from_any_type);
    T_RUN(other_types_keep_the_canonical_order);
    T_RUN(each_missing_feature_refuses);
    T_RUN(the_processor_is_read);
    T_DONE();
}
