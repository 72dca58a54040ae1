/* Attention: against float64, prefill = decode = training bits, gradients. */
#include "kernels_ref.h"

static struct kernels *k;

struct shape {
    struct k_attn_shape s;
    int n, len[5];
};

static const struct shape shapes[] = {
    {{1, 1, 2}, 1, {1}},
    {{2, 1, 16}, 3, {1, 7, 33}},
    {{4, 2, 32}, 4, {31, 32, 1, 65}},
    {{7, 1, 24}, 2, {20, 130}},
    {{3, 3, 64}, 2, {100, 5}},
    {{2, 1, 128}, 1, {49}},
};
enum { N_SHAPES = sizeof shapes / sizeof *shapes };

/* One sequence and head in double: o, lse, and the probabilities. */
static void ref_attn(const struct k_attn_shape *s, int start, int len, int h,
                     enum dtype t, const void *qkv, double *p, double *o,
                     double *lse)
{
    int D = s->head_dim, kv = h / (s->n_heads / s->n_kv_heads);
    size_t st = (size_t)((s->n_heads + 2 * s->n_kv_heads) * D);
    size_t q0 = (size_t)start * st + (size_t)(h * D);
    size_t k0 = (size_t)start * st + (size_t)((s->n_heads + kv) * D);
    size_t v0 = k0 + (size_t)(s->n_kv_heads * D);

    for (int i = 0; i < len; i++) {
        double max = -INFINITY, sum = 0;

        for (int j = 0; j < len; j++) {
            double d = 0;

            p[i * len + j] = 0;
            if (j > i)
                continue;
            for (int c = 0; c < D; c++)
                d += ref_get(t, qkv, q0 + (size_t)i * st + (size_t)c) *
                     ref_get(t, qkv, k0 + (size_t)j * st + (size_t)c);
            p[i * len + j] = d / sqrt(D);
            max = fmax(max, d / sqrt(D));
        }
        for (int j = 0; j <= i; j++)
            sum += p[i * len + j] = exp(p[i * len + j] - max);
        lse[i] = max + log(sum);
        for (int j = 0; j <= i; j++)
            p[i * len + j] /= sum;
        for (int c = 0; c < D; c++) {
            o[i * D + c] = 0;
            for (int j = 0; j <= i; j++)
                o[i * D + c] += p[i * len + j] *
                                ref_get(t, qkv,
                                        v0 + (size_t)j * st + (size_t)c);
        }
    }
}

static int starts_of(const struct shape *x, int32_t *start)
{
    start[0] = 0;
    for (int i = 0; i < x->n; i++)
        start[i + 1] = start[i] + x->len[i];
    return start[x->n];
}

/* Values of order 1: scores err by D 2^-24 |q||k|, softmax weights by the
 * same relative amount, and the sums are of at most 130 terms. */
static void matches_float64(void)
{
    for (int i = 0; i < N_SHAPES; i++)
        for (size_t ti = 0; ti < 3; ti++) {
            const struct shape *x = &shapes[i];
            enum dtype t = ref_types[ti];
            int32_t start[6];
            int T = starts_of(x, start), D = x->s.head_dim;
            int nh = x->s.n_heads, wide = (nh + 2 * x->s.n_kv_heads) * D;
            void *qkv = ref_random(t, (size_t)(T * wide), 1);
            void *o = ref_zeros((size_t)(T * nh * D) * 4);
            float *lse = ref_zeros((size_t)(T * nh) * 4);
            struct k_seqs q = {x->n, start, start, NULL};

            k->attn(k, t, o, lse, qkv, x->s, q, T);
            ref_sync(k);
            for (int s = 0; s < x->n; s++)
                for (int h = 0; h < nh; h++) {
                    int len = x->len[s];
                    double *p = malloc(sizeof *p * (size_t)(len * len));
                    double *ro = malloc(sizeof *p * (size_t)(len * D));
                    double *rl = malloc(sizeof *p * (size_t)len);

                    ref_attn(&x->s, start[s], len, h, t, qkv, p, ro, rl);
                    for (int r = 0; r < len; r++) {
                        T_NEAR(lse[(start[s] + r) * nh + h], rl[r], 2e-5, 0);
                        for (int c = 0; c < D; c++)
                            T_NEAR(
                                ref_get(t, o,
                                        (size_t)(((start[s] + r) * nh + h) * D +
                                                 c)),
                                ro[r * D + c], 3e-5, ref_half_ulp(t));
                    }
                    free(p), free(ro), free(rl);
                }
            free(qkv), free(o), free(lse);
        }
}

/* Prefill in any pieces, then token by token, slots interleaved. */
static void cached_is_the_same_bits(void)
{
    for (int i = 0; i < N_SHAPES; i++)
        for (size_t ti = 0; ti < 3; ti++) {
            const struct shape *x = &shapes[i];
            enum dtype t = ref_types[ti];
            size_t z = dtype_size(t);
            int32_t start[6], slot[400], pos[400], row[400];
            int T = starts_of(x, start), D = x->s.head_dim, n;
            int nh = x->s.n_heads, wide = (nh + 2 * x->s.n_kv_heads) * D;
            size_t in = (size_t)wide * z, out = (size_t)(nh * D) * z;
            char *qkv = ref_random(t, (size_t)(T * wide), 1);
            char *o = ref_zeros((size_t)T * out);
            char *o1 = ref_zeros((size_t)T * out);
            char *part = malloc((size_t)T * in), *po = malloc((size_t)T * out);
            struct k_seqs q = {x->n, start, start, NULL};
            struct err e = {0};
            struct k_kv *kv = k->kv_new(k, t, 2, x->s, x->n, 140, 0, &e);

            k->attn(k, t, o, NULL, qkv, x->s, q, T);
            for (int phase = 0; phase < 200; phase++) {
                n = 0;
                for (int s = 0; s < x->n; s++) { /* rows this phase takes */
                    int a = phase == 0 ? 0 : x->len[s] / 2 + (phase - 1);
                    int b = phase == 0 ? x->len[s] / 2 : a + 1;

                    for (int r = a; r < b && r < x->len[s]; r++) {
                        T_CHECK(!kv_reserve(kv, s, r + 1));
                        slot[n] = s;
                        pos[n] = r;
                        row[n++] = start[s] + r;
                    }
                }
                for (int r = 0; r < n; r++)
                    memcpy(part + (size_t)r * in, qkv + (size_t)row[r] * in,
                           in);
                k->kv_rows(k, kv, slot, pos, n);
                k->attn_cached(k, t, po, part, kv, 1, n);
                for (int r = 0; r < n; r++)
                    memcpy(o1 + (size_t)row[r] * out, po + (size_t)r * out,
                           out);
            }
            ref_sync(k);
            ref_same("cached", o, o1, (size_t)T * out);
            k->kv_free(k, kv);
            free(qkv), free(o), free(o1), free(part), free(po);
        }
}

/* One row of a slot, from qkv of that row. */
static void row_of(struct k_kv *kv, int32_t slot, int32_t pos, const float *qkv,
                   float *o)
{
    T_CHECK(!kv_reserve(kv, slot, pos + 1));
    k->kv_rows(k, kv, &slot, &pos, 1);
    k->attn_cached(k, DT_F32, o, qkv, kv, 0, 1);
}

/* Forks of any length go on as the original would, and the original as if
 * there were none. */
static void forks_share_a_prefix(void)
{
    enum { LEN = 150, D = 16, WIDE = 4 * D, OUT = 2 * D };
    static const int at[] = {1, 63, 64, 65, 128, 129, 149};
    struct k_attn_shape s = {2, 1, D};
    int32_t slot[LEN], pos[LEN];
    float *qkv = ref_random(DT_F32, LEN * WIDE, 1);
    float *other = ref_random(DT_F32, LEN * WIDE, 1);
    float *o = ref_zeros(LEN * OUT * 4), *o2 = ref_zeros(LEN * OUT * 4);
    float a[OUT], want[OUT];
    struct err e = {0};

    for (int i = 0; i < LEN; i++) {
        slot[i] = 0;
        pos[i] = i;
    }
    for (size_t c = 0; c < sizeof at / sizeof *at; c++) {
        struct k_kv *kv = k->kv_new(k, DT_F32, 1, s, 3, 200, 0, &e);
        struct k_kv *kw = k->kv_new(k, DT_F32, 1, s, 1, 200, 0, &e);
        int n = at[c], all = kv_free_pages(kv);

        T_CHECK(!kv_reserve(kv, 0, LEN) && !kv_reserve(kw, 0, LEN));
        k->kv_rows(k, kw, slot, pos, LEN);
        k->attn_cached(k, DT_F32, o, qkv, kw, 0, LEN);
        k->kv_rows(k, kv, slot, pos, n);
        k->attn_cached(k, DT_F32, o2, qkv, kv, 0, n);
        kv_release(kv, 0, n);
        T_CHECK(!kv_fork(kv, 0, 2, n));
        T_CHECK(!kv_fork(kv, 2, 1, n));
        T_EQ_INT(all - kv_free_pages(kv), n / KV_PAGE + 3 * (n % 64 != 0));
        /* others write after the prefix, in turns */
        for (int i = n; i < LEN; i++) {
            row_of(kv, 1, i, other + i * WIDE, a);
            row_of(kv, 0, i, qkv + i * WIDE, o2 + i * OUT);
            row_of(kv, 2, i, qkv + i * WIDE, a);
            ref_same("fork", a, o + i * OUT, sizeof a);
        }
        ref_same("forked", o, o2, LEN * OUT * 4);
        /* the prefix outlives whom it was from */
        kv_release(kv, 0, 0);
        kv_release(kv, 2, n);
        row_of(kv, 2, n, other + n * WIDE, a);
        kv_release(kw, 0, n);
        row_of(kw, 0, n, other + n * WIDE, want);
        ref_same("after release", a, want, sizeof a);
        for (int i = 0; i < 3; i++)
            kv_release(kv, i, 0);
        T_EQ_INT(kv_free_pages(kv), all);
        ref_sync(k);
        k->kv_free(k, kv);
        k->kv_free(k, kw);
    }
    free(qkv), free(other), free(o), free(o2);
}

/* Float64 gradients of sum(o . do) from the probabilities. */
static void gradients_match_float64(void)
{
    for (int i = 0; i < N_SHAPES; i++)
        for (size_t ti = 0; ti < 3; ti++) {
            const struct shape *x = &shapes[i];
            enum dtype t = ref_types[ti];
            int32_t start[6];
            int T = starts_of(x, start), D = x->s.head_dim;
            int nh = x->s.n_heads, nkv = x->s.n_kv_heads, g = nh / nkv;
            int wide = (nh + 2 * nkv) * D;
            void *qkv = ref_random(t, (size_t)(T * wide), 1);
            void *d_o = ref_random(t, (size_t)(T * nh * D), 1);
            void *o = ref_zeros((size_t)(T * nh * D) * 4);
            void *dqkv = ref_zeros((size_t)(T * wide) * 4);
            float *lse = ref_zeros((size_t)(T * nh) * 4);
            double *want = ref_zeros((size_t)(T * wide) * 8), worst = 0;
            struct k_seqs q = {x->n, start, start, NULL};

            k->attn(k, t, o, lse, qkv, x->s, q, T);
            k->attn_bwd(k, t, dqkv, d_o, o, qkv, lse, x->s, q, T);
            ref_sync(k);
            for (int s = 0; s < x->n; s++)
                for (int h = 0; h < nh; h++) {
                    int len = x->len[s], r0 = start[s], kh = nh + h / g;
                    double *p = malloc(sizeof *p * (size_t)(len * len));
                    double *ro = malloc(sizeof *p * (size_t)(len * D));
                    double *rl = malloc(sizeof *p * (size_t)len);

                    ref_attn(&x->s, r0, len, h, t, qkv, p, ro, rl);
#define Q(r, hd, c) ((size_t)((r0 + (r)) * wide + (hd)*D + (c)))
#define DO(r, c) ref_get(t, d_o, (size_t)(((r0 + (r)) * nh + h) * D + (c)))
                    for (int a = 0; a < len; a++) {
                        double delta = 0;

                        for (int c = 0; c < D; c++)
                            delta += DO(a, c) * ro[a * D + c];
                        for (int b = 0; b <= a; b++) {
                            double dp = 0, pr = p[a * len + b], ds;

                            for (int c = 0; c < D; c++)
                                dp += DO(a, c) *
                                      ref_get(t, qkv, Q(b, kh + nkv, c));
                            ds = pr * (dp - delta) / sqrt(D);
                            for (int c = 0; c < D; c++) {
                                want[Q(a, h, c)] += ds * ref_get(t, qkv,
                                                                 Q(b, kh, c));
                                want[Q(b, kh, c)] += ds * ref_get(t, qkv,
                                                                  Q(a, h, c));
                                want[Q(b, kh + nkv, c)] += pr * DO(a, c);
                            }
                        }
                    }
                    free(p), free(ro), free(rl);
                }
            for (int r = 0; r < T * wide; r++)
                worst = fmax(worst, fabs(want[r]));
            /* o enters rounded to t: delta, and so every ds, carries its
             * half ulp; the rest errs like the forward pass */
            for (int r = 0; r < T * wide; r++)
                T_NEAR(ref_get(t, dqkv, (size_t)r), want[r],
                       worst * (2e-5 + ref_half_ulp(t)) + 1e-7,
                       2 * ref_half_ulp(t));
            free(qkv), free(d_o), free(o), free(dqkv), free(lse), free(want);
        }
}

/* `byte` in the rows, of `row` bytes, of every sequence before `from`. */
static void fill_before(struct k_seqs q, void *p, size_t row, int byte)
{
    for (int i = 0; i < q.n; i++)
        memset((char *)p + (size_t)q.start[i] * row, byte,
               (size_t)q.from[i] * row);
}

static void queries_from(const struct k_attn_shape *s, enum dtype t,
                         struct k_seqs q, int T)
{
    size_t z = dtype_size(t), out = (size_t)(s->n_heads * s->head_dim) * z;
    size_t in = out + (size_t)(2 * s->n_kv_heads * s->head_dim) * z;
    size_t lse_row = (size_t)s->n_heads * 4;
    struct k_seqs every = {q.n, q.start, q.start_host, NULL};
    void *qkv = ref_random(t, (size_t)T * in / z, 1);
    void *d_o = ref_random(t, (size_t)T * out / z, 1);
    char *o[2], *dq[2], *lse[2], *zeros = ref_zeros(out);

    fill_before(q, d_o, out, 0);
    for (int i = 0; i < 2; i++) {
        o[i] = memset(malloc((size_t)T * out), 0xFF, (size_t)T * out);
        dq[i] = memset(malloc((size_t)T * in), 0xFF, (size_t)T * in);
        lse[i] = memset(malloc((size_t)T * lse_row), 0xFF, (size_t)T * lse_row);
        k->attn(k, t, o[i], (float *)(void *)lse[i], qkv, *s, i ? q : every, T);
        if (i) { /* whatever attn left in rows not asked for */
            fill_before(q, o[i], out, 0xFF);
            fill_before(q, lse[i], lse_row, 0xFF);
        }
        k->attn_bwd(k, t, dq[i], d_o, o[i], qkv, (float *)(void *)lse[i], *s,
                    i ? q : every, T);
    }
    ref_sync(k);
    for (int i = 0; i < q.n; i++) {
        size_t r0 = (size_t)q.start[i], r = r0 + (size_t)q.from[i];
        size_t n = (size_t)q.start[i + 1] - r;

        ref_same("o", o[0] + r * out, o[1] + r * out, n * out);
        ref_same("lse", lse[0] + r * lse_row, lse[1] + r * lse_row,
                 n * lse_row);
        for (; r0 < r; r0++)
            ref_same("dq", dq[1] + r0 * in, zeros, out);
    }
    ref_same("dqkv", dq[0], dq[1], (size_t)T * in);
    for (int i = 0; i < 2; i++)
        free(o[i]), free(dq[i]), free(lse[i]);
    free(qkv), free(d_o), free(zeros);
}

/* Rows that nobody asks for, in blocks and parts of them: what is asked for
 * has the bits that it has among all, and gradients those of +0 in d_o. */
static void queries_from_a_row_on(void)
{
    static const struct k_attn_shape s[] = {{4, 2, 24}, {2, 1, 64}, {3, 3, 7}};
    static const int32_t start[] = {0, 1, 34, 34, 164, 229, 329, 430};
    static const int32_t from[][7] = {{0, 0, 0, 0, 0, 0, 0},
                                      {0, 32, 0, 47, 0, 64, 99},
                                      {0, 1, 0, 129, 31, 33, 65},
                                      {1, 16, 0, 96, 63, 17, 101}};

    for (int i = 0; i < 12; i++)
        for (size_t ti = 0; ti < 3; ti++)
            queries_from(&s[i % 3], ref_types[ti],
                         (struct k_seqs){7, start, start, from[i / 3]}, 430);
}

/* A sequence alone, in any batch, on any number of threads. */
static void the_rest_of_the_batch_changes_no_bit(void)
{
    const struct shape *x = &shapes[2];
    struct kernels *k3 = ref_open("", 3, 0);
    int32_t start[6];
    int T = starts_of(x, start), D = x->s.head_dim, nh = x->s.n_heads;
    int wide = (nh + 2 * x->s.n_kv_heads) * D;

    for (size_t ti = 0; ti < 3; ti++) {
        enum dtype t = ref_types[ti];
        size_t z = dtype_size(t), in = (size_t)wide * z;
        size_t out = (size_t)(nh * D) * z;
        char *qkv = ref_random(t, (size_t)(T * wide), 1);
        char *d_o = ref_random(t, (size_t)(T * nh * D), 1);
        char *o[3], *dq[3];
        float *lse[3];
        struct k_seqs q = {x->n, start, start, NULL};

        for (int i = 0; i < 3; i++) {
            struct kernels *b = i == 1 ? k3 : k;

            o[i] = ref_zeros((size_t)T * out);
            dq[i] = ref_zeros((size_t)T * in);
            lse[i] = ref_zeros((size_t)(T * nh) * 4);
            for (int s = 0; s < (i == 2 ? x->n : 1); s++) {
                int32_t own[2] = {0, x->len[s]};
                struct k_seqs one = {1, own, own, NULL};
                size_t r = i == 2 ? (size_t)start[s] : 0;
                struct k_seqs use = i == 2 ? one : q;
                int n = i == 2 ? x->len[s] : T;

                b->attn(b, t, o[i] + r * out, lse[i] + r * (size_t)nh,
                        qkv + r * in, x->s, use, n);
                b->attn_bwd(b, t, dq[i] + r * in, d_o + r * out, o[i] + r * out,
                            qkv + r * in, lse[i] + r * (size_t)nh, x->s, use,
                            n);
            }
        }
        for (int i = 1; i < 3; i++) {
            ref_same("o", o[0], o[i], (size_t)T * out);
            ref_same("lse", lse[0], lse[i], (size_t)(T * nh) * 4);
            ref_same("dqkv", dq[0], dq[i], (size_t)T * in);
        }
        for (int i = 0; i < 3; i++)
            free(o[i]), free(dq[i]), free(lse[i]);
        free(qkv), free(d_o);
    }
    kernels_close(&k3);
}

static void refused(const char *why)
{
    struct err e = {0};

    T_CHECK(k->sync(k, &e) < 0);
    T_CHECKF(strstr(e.msg, why), "%s, not %s", e.msg, why);
}

static void bad_rows_are_refused(void)
{
    struct k_attn_shape s = {1, 1, 4};
    struct err e = {0};
    struct k_kv *kv = k->kv_new(k, DT_F32, 1, s, 2, 100, 0, &e);
    float qkv[24] = {0}, o[8];
    static const int32_t slot[2] = {0, 0}, pos[2] = {3, 3};
    int32_t sl = 0, p = 100;

    k->kv_rows(k, kv, &sl, &p, 1);
    k->attn_cached(k, DT_F32, o, qkv, kv, 0, 1);
    refused("slot 0 position 100; the cache has 2 slots of 100");
    sl = 2, p = 0;
    k->kv_rows(k, kv, &sl, &p, 1);
    refused("slot 2 position 0");
    sl = 0, p = 64;
    T_CHECK(!kv_reserve(kv, 0, 64));
    k->kv_rows(k, kv, &sl, &p, 1);
    refused("position 64 of slot 0 is not reserved");
    k->kv_rows(k, kv, slot, pos, 2);
    refused("position 3 after 3");
    T_CHECK(!kv_fork(kv, 0, 1, 64));
    p = 63;
    k->kv_rows(k, kv, &sl, &p, 1);
    refused("position 63 of slot 0 is in a shared page");
    kv_release(kv, 1, 0);
    k->kv_rows(k, kv, &sl, &p, 1);
    k->attn_cached(k, DT_F32, o, qkv, kv, 0, 2);
    refused("2 rows; the cache has type 0, 1 layers, and kv_rows was given "
            "1");
    k->attn_cached(k, DT_BF16, o, qkv, kv, 0, 1);
    refused("type 1");
    k->attn_cached(k, DT_F32, o, qkv, kv, 1, 1);
    refused("layer 1");
    T_CHECK(k->sync(k, &e) == 0);
    k->kv_free(k, kv);
}

int main(void)
{
    k = ref_open("", 1, 0);
    T_RUN(matches_float64);
    T_RUN(cached_is_the_same_bits);
    T_RUN(forks_share_a_prefix);
    T_RUN(gradients_match_float64);
    T_RUN(queries_from_a_row_on);
    T_RUN(the_rest_of_the_batch_changes_no_bit);
    T_RUN(bad_rows_are_refused);
    kernels_close(&k);
    T_DONE();
}
