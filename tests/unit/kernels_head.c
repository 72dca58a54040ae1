/* The head: log-probabilities, gradients and KL against float64; the
 * sampler's frequencies against exact probabilities. */
#include "kernels_ref.h"

static struct kernels *k;

/* z in double from the logits the backend gives (those are tested here too:
 * rounded to t from a chain of H steps). */
static double ref_lse(const float *logits, int V, double temp, double *z)
{
    double max = -INFINITY, sum = 0;

    for (int v = 0; v < V; v++) {
        z[v] = logits[v] / temp;
        max = fmax(max, z[v]);
    }
    for (int v = 0; v < V; v++)
        sum += exp(z[v] - max);
    return max + log(sum);
}

static const int vocab[] = {1, 2, 31, 33, 300, 1025, 5003};
enum { N_VOCAB = sizeof vocab / sizeof *vocab, T = 9, H = 33 };

static void one_head(enum dtype t, int V, float temp)
{
    size_t nv = (size_t)V;
    void *x = ref_random(t, T * H, 1), *w = ref_random(t, nv * H, 0.5);
    void *dx = ref_zeros(T * H * 4);
    float *logits = malloc(T * nv * 4), *dW = ref_zeros(nv * H * 4);
    float logp[T], lse[T], ent[T], dlogp[T], only[T], only_lse[T];
    double *z = malloc(nv * 8), *wdx = ref_zeros(T * H * 8);
    double *wdW = ref_zeros(nv * H * 8);
    int32_t target[T];
    struct k_weight *W = ref_weight(k, t, V, H, w);

    for (int i = 0; i < T; i++) {
        target[i] = (int32_t)(ref_uniform() * V);
        dlogp[i] = i == 4 ? 0 : (float)ref_normal();
    }
    k->head_logits(k, t, t, logits, x, W, T, V, H);
    k->head_logp(k, t, t, logp, lse, ent, x, W, target, temp, T, V, H);
    k->head_logp(k, t, t, only, only_lse, NULL, x, W, target, temp, T, V, H);
    k->head_bwd(k, t, t, dx, dW, dlogp, lse, x, W, target, temp, 0, T, V, H);
    ref_sync(k);
    ref_same("without entropy", logp, only, sizeof logp);
    for (int i = 0; i < T; i++) {
        double rl = ref_lse(logits + i * V, V, (double)temp, z), e = 0;

        for (int v = 0; v < V; v++) {
            double s = 0, p = exp(z[v] - rl), g;

            for (int h = 0; h < H; h++)
                s += ref_get(t, x, (size_t)(i * H + h)) *
                     ref_get(t, w, (size_t)(v * H + h));
            T_NEAR(logits[i * V + v], s, 2e-5, ref_half_ulp(t));
            e -= p * (z[v] - rl);
            g = dlogp[i] * ((v == target[i]) - p) / (double)temp;
            for (int h = 0; h < H; h++) {
                wdx[i * H + h] += g * ref_get(t, w, (size_t)(v * H + h));
                wdW[v * H + h] += g * ref_get(t, x, (size_t)(i * H + h));
            }
        }
        /* z and the log-sum are of order 10: 2^-24 * 10, a few times */
        T_NEAR(lse[i], rl, 4e-6, 3e-7);
        T_NEAR(logp[i], z[target[i]] - rl, 6e-6, 3e-7);
        T_NEAR(ent[i], e, 2e-5, 2e-6);
    }
    /* dlogit is rounded to t: each term of the sums errs by half an ulp, and
     * dx once more on store */
    for (int i = 0; i < T * H; i++)
        T_NEAR(ref_get(t, dx, (size_t)i), wdx[i], 1e-5 + 4 * ref_half_ulp(t),
               2 * ref_half_ulp(t));
    for (int i = 0; i < V * H; i++)
        T_NEAR(dW[i], wdW[i], 1e-5 + 6 * ref_half_ulp(t), 1e-5);
    k->weight_free(k, W);
    free(x), free(w), free(dx), free(logits), free(dW), free(z);
    free(wdx), free(wdW);
}

static void matches_float64(void)
{
    for (size_t t = 0; t < 3; t++)
        for (int i = 0; i < N_VOCAB - ref_sanitized(); i++)
            one_head(ref_types[t], vocab[i], i % 2 ? 1.0f : 0.7f);
}

static void kl_matches_float64(void)
{
    enum { V = 333, HB = 20 };

    for (size_t ti = 0; ti < 3; ti++) {
        enum dtype t = ref_types[ti];
        void *xa = ref_random(t, T * H, 1), *wa = ref_random(t, V * H, 0.3);
        float *xb = ref_random(DT_F32, T * HB, 1);
        float *wb = ref_random(DT_F32, V * HB, 0.3);
        float *la = malloc(T * V * 4), *lb = malloc(T * V * 4), kl[T];
        double za[V], zb[V];
        struct k_weight *Wa = ref_weight(k, t, V, H, wa);
        struct k_weight *Wb = ref_weight(k, DT_F32, V, HB, wb);

        k->head_kl(k, t, t, DT_F32, DT_F32, kl, xa, Wa, H, xb, Wb, HB, 0.9f, T,
                   V);
        k->head_logits(k, t, t, la, xa, Wa, T, V, H);
        k->head_logits(k, DT_F32, DT_F32, lb, xb, Wb, T, V, HB);
        for (int i = 0; i < T; i++) {
            double a = ref_lse(la + i * V, V, 0.9f, za), s = 0;
            double b = ref_lse(lb + i * V, V, 0.9f, zb);

            for (int v = 0; v < V; v++)
                s += exp(za[v] - a) * ((za[v] - a) - (zb[v] - b));
            T_NEAR(kl[i], s, 5e-6, 1e-6);
        }
        k->head_kl(k, t, t, t, t, kl, xa, Wa, H, xa, Wa, H, 1, T, V);
        for (int i = 0; i < T; i++)
            T_CHECK(kl[i] == 0);
        ref_sync(k);
        k->weight_free(k, Wa);
        k->weight_free(k, Wb);
        free(xa), free(wa), free(xb), free(wb), free(la), free(lb);
    }
}

/* Rows in any batch and on any threads, log-probabilities of scoring and
 * of sampling: the same bits. Rows enough for several chunks at V. */
static void the_rest_of_the_batch_changes_no_bit(void)
{
    enum { V = 5003, N = 61 };
    struct kernels *k3 = ref_open("", 3, 0);

    for (size_t ti = 0; ti < 3; ti++) {
        enum dtype t = ref_types[ti];
        size_t z = dtype_size(t);
        char *x = ref_random(t, N * H, 1), *w = ref_random(t, V * H, 0.3);
        float logp[N], lse[N], l1[N], s1[N], u[N], sampled[N], again[N];
        float dl[N];
        char *dx = ref_zeros(N * H * z), *dx1 = ref_zeros(N * H * z);
        float *dW = ref_zeros(V * H * 4), *dW1 = ref_zeros(V * H * 4);
        int32_t target[N], token[N], token1[N];
        struct k_weight *W = ref_weight(k, t, V, H, w);
        struct k_weight *W3 = ref_weight(k3, t, V, H, w);
        static const struct k_sample how[] = {
            {0.8f, 1, 0}, {0.8f, 0.9f, 0}, {0.8f, 1, 50}, {0.8f, 0.7f, 20}};

        for (int i = 0; i < N; i++) {
            u[i] = (float)(ref_uniform() * 0.999999);
            dl[i] = (float)ref_normal();
        }
        for (int h = 0; h < 4; h++) {
            k->head_sample(k, t, t, token, sampled, x, W, u, NULL, how[h], N, V,
                           H);
            k->head_logp(k, t, t, logp, lse, NULL, x, W, token, 0.8f, N, V, H);
            ref_same("sampled logp", logp, sampled, sizeof logp);
            for (int i = 0; i < N; i++)
                k3->head_sample(k3, t, t, token1 + i, again + i,
                                x + (size_t)(i * H) * z, W3, u + i, NULL,
                                how[h], 1, V, H);
            ref_same("tokens", token, token1, sizeof token);
            ref_same("logp by rows", sampled, again, sizeof again);
        }
        memcpy(target, token, sizeof token);
        k3->head_logp(k3, t, t, l1, s1, NULL, x, W3, target, 0.8f, N, V, H);
        ref_same("logp threads", logp, l1, sizeof l1);
        k->head_bwd(k, t, t, dx, dW, dl, lse, x, W, target, 0.8f, 0, N, V, H);
        /* order=hardware sums rows in pairs */
        for (int i = 0, n = REF_ORDER == ORDER_HARDWARE ? 2 : 1; i < N; i += n)
            k3->head_bwd(k3, t, t, dx1 + (size_t)(i * H) * z, dW1, dl + i,
                         lse + i, x + (size_t)(i * H) * z, W3, target + i, 0.8f,
                         0, N - i < n ? N - i : n, V, H);
        ref_same("dx", dx, dx1, N * H * z);
        ref_same("dW", dW, dW1, V * H * 4);
        k->weight_free(k, W);
        k3->weight_free(k3, W3);
        free(x), free(w), free(dx), free(dx1), free(dW), free(dW1);
    }
    kernels_close(&k3);
}

/* Several draws of a row are those of the row again and again, also where rows
 * come in several chunks. */
static void draws_of_a_row_are_those_of_the_row_alone(void)
{
    enum { V = 200000, ROWS = 100, MOST = 3 * ROWS };
    static const struct k_sample how[] = {{0, 1, 0}, {1, 1, 0}, {2, 0.9f, 40}};
    float *x = ref_random(DT_F32, ROWS * H, 1),
          *w = ref_random(DT_F32, V * H, 1);
    float *each = malloc(MOST * H * sizeof *each);
    static float u[MOST], logp[MOST], alone[MOST];
    static int32_t first[ROWS + 1], token[MOST], token1[MOST];
    struct k_weight *W = ref_weight(k, DT_F32, V, H, w);

    for (int r = 0; r < ROWS; r++) {
        first[r + 1] = first[r] + 1 + r % 3;
        for (int i = first[r]; i < first[r + 1]; i++) {
            memcpy(each + i * H, x + r * H, H * sizeof *each);
            u[i] = (float)ref_uniform();
        }
    }
    for (int h = 0; h < 3 - ref_sanitized(); h++) {
        k->head_sample(k, DT_F32, DT_F32, token, logp, x, W, u, first, how[h],
                       ROWS, V, H);
        k->head_sample(k, DT_F32, DT_F32, token1, alone, each, W, u, NULL,
                       how[h], first[ROWS], V, H);
        ref_sync(k);
        ref_same("tokens", token, token1, 4 * (size_t)first[ROWS]);
        ref_same("logp", logp, alone, 4 * (size_t)first[ROWS]);
    }
    k->weight_free(k, W);
    free(x), free(w), free(each);
}

/* Draw many times from one row of given logits (H = 1, x = 1, W = logits)
 * and compare with exact probabilities of the kept set. */
enum { V_DRAW = 24 };

static void kept_set(const double *z, struct k_sample s, double *p)
{
    int order[V_DRAW], n = V_DRAW;
    double total = 0, c = 0;

    for (int i = 0; i < V_DRAW; i++)
        order[i] = i;
    for (int i = 1; i < V_DRAW; i++) /* stable: ties by ascending id */
        for (int j = i; j > 0 && z[order[j]] > z[order[j - 1]]; j--) {
            int o = order[j];

            order[j] = order[j - 1];
            order[j - 1] = o;
        }
    if (s.top_k > 0 && s.top_k < n)
        n = s.top_k;
    for (int i = 0; i < n; i++)
        total += exp(z[order[i]] - z[order[0]]);
    for (int i = 0; i < n; i++) {
        c += exp(z[order[i]] - z[order[0]]);
        if (s.top_p < 1 && c >= (double)s.top_p * total)
            n = i + 1;
    }
    for (int i = 0; i < V_DRAW; i++)
        p[i] = 0;
    for (int i = 0; i < n; i++)
        p[order[i]] = exp(z[order[i]] - z[order[0]]) / c;
}

static void draw_many(const float *logits, struct k_sample s, const char *what)
{
    enum { PER_CALL = 1000 };
    int draws = ref_sanitized() ? 10000 : 100000, cells = 0;
    float *x = malloc(PER_CALL * 4), *u = malloc(PER_CALL * 4);
    float *logp = malloc(PER_CALL * 4);
    int32_t *tok = malloc(PER_CALL * 4);
    long count[V_DRAW] = {0};
    double z[V_DRAW], p[V_DRAW], chi = 0;
    struct k_weight *W = ref_weight(k, DT_F32, V_DRAW, 1, logits);

    for (int i = 0; i < PER_CALL; i++)
        x[i] = 1;
    for (int d = 0; d < draws; d += PER_CALL) {
        for (int i = 0; i < PER_CALL; i++) {
            uint32_t ctr[4] = {(uint32_t)(d + i), 0, 0, 0}, key[2] = {1, 2};
            uint32_t out[4];

            philox4x32(ctr, key, out);
            u[i] = philox_unit(out[0]);
        }
        k->head_sample(k, DT_F32, DT_F32, tok, logp, x, W, u, NULL, s, PER_CALL,
                       V_DRAW, 1);
        for (int i = 0; i < PER_CALL; i++)
            count[tok[i]]++;
    }
    ref_sync(k);
    for (int v = 0; v < V_DRAW; v++)
        z[v] = (double)logits[v] / (double)s.temperature;
    kept_set(z, s, p);
    for (int v = 0; v < V_DRAW; v++) {
        double e = p[v] * draws;

        T_CHECKF(p[v] > 0 || count[v] == 0, "%s: %d drawn, not kept", what, v);
        if (e >= 5) {
            chi += ((double)count[v] - e) * ((double)count[v] - e) / e;
            cells++;
        }
    }
    /* chi-square with up to 23 degrees of freedom: 60 is p < 4e-5; the
     * draws are fixed by a seed, so this cannot flicker */
    T_CHECKF(chi <= 60, "%s: chi-square %g over %d cells", what, chi, cells);
    k->weight_free(k, W);
    free(x), free(u), free(logp), free(tok);
}

static void frequencies(void)
{
    static const struct k_sample how[] = {
        {1, 1, 0},         {0.7f, 1, 0},  {2, 0.8f, 0},  {1, 0.5f, 0},
        {1, 1, 7},         {1, 0.8f, 10}, {1, 1e-6f, 0}, {1, 1, 1},
        {1.3f, 0.999f, 0}, {1, 1, 1000}};
    float normal[V_DRAW], ties[V_DRAW], extreme[V_DRAW];
    char what[64];

    for (int i = 0; i < V_DRAW; i++) {
        normal[i] = (float)(1.5 * ref_normal());
        ties[i] = (float)(i % 4);
        extreme[i] = i == 3 || i == 9 ? 3e38f : -3e38f + 1e37f * (float)i;
    }
    for (size_t i = 0; i < sizeof how / sizeof *how; i++) {
        snprintf(what, sizeof what, "normal %zu", i);
        draw_many(normal, how[i], what);
        snprintf(what, sizeof what, "ties %zu", i);
        draw_many(ties, how[i], what);
    }
    draw_many(extreme, (struct k_sample){1, 1, 0}, "extreme");
    draw_many(extreme, (struct k_sample){1, 0.9f, 0}, "extreme top-p");
}

static void greedy_and_edges(void)
{
    float logits[5] = {1, 4, -2, 4, 3}, x = 1, logp, want, lse;
    float u = 0.99999994f;
    int32_t tok, one = 1;
    struct k_weight *W = ref_weight(k, DT_F32, 5, 1, logits);
    struct err e = {0};

    k->head_sample(k, DT_F32, DT_F32, &tok, &logp, &x, W, NULL, NULL,
                   (struct k_sample){0, 1, 0}, 1, 5, 1);
    k->head_logp(k, DT_F32, DT_F32, &want, &lse, NULL, &x, W, &one, 1, 1, 5, 1);
    T_EQ_INT(tok, 1); /* the first of the largest */
    ref_same("greedy logp", &logp, &want, 4);
    k->head_sample(k, DT_F32, DT_F32, &tok, &logp, &x, W, &u, NULL,
                   (struct k_sample){1, 1, 0}, 1, 5, 1);
    T_EQ_INT(tok, 4); /* the last in order of ids */
    u = 0;
    k->head_sample(k, DT_F32, DT_F32, &tok, &logp, &x, W, &u, NULL,
                   (struct k_sample){1, 1, 0}, 1, 5, 1);
    T_EQ_INT(tok, 0);
    k->head_sample(k, DT_F32, DT_F32, &tok, &logp, &x, W, &u, NULL,
                   (struct k_sample){1, 0.9f, 0}, 1, 5, 1);
    T_EQ_INT(tok, 1); /* sorted: the largest first */
    ref_sync(k);
    for (int i = 0; i < 2; i++) {
        x = i ? NAN : INFINITY;
        k->head_sample(k, DT_F32, DT_F32, &tok, &logp, &x, W, &u, NULL,
                       (struct k_sample){1, 1, 0}, 1, 5, 1);
        T_CHECK(k->sync(k, &e) < 0 && strstr(e.msg, "not finite"));
    }
    k->weight_free(k, W);
}

/* Where head_logp's logits are still there the gradients have the same bits as
 * where they are made again: of all rows and of the first ones, and also when
 * another operation of the head came between. */
static void logits_of_head_logp_give_the_same_gradients(void)
{
    enum { V = 300, ROWS = 7, N = V * H };
    static float logp[T], lse[T], kl[T], dW[2][N], dx[2][T * H];
    static const struct {
        int rows, between;
    } how[] = {{T, 0}, {ROWS, 0}, {0, 0}, {T, 1}, {ROWS, 1}};
    int32_t target[T];
    float dlogp[T];

    for (int i = 0; i < T; i++) {
        target[i] = (int32_t)(ref_uniform() * V);
        dlogp[i] = (float)ref_normal();
    }
    for (int t = 0; t < 3; t++)
        for (size_t i = 0; i < sizeof how / sizeof *how; i++) {
            void *x = ref_random(t, T * H, 1), *w = ref_random(t, N, 0.5);
            struct k_weight *W = ref_weight(k, t, V, H, w);

            memset(dW, 0, sizeof dW);
            memset(dx, 0, sizeof dx);
            for (int after = 0; after < 2; after++) {
                k->head_logp(k, t, t, logp, lse, NULL, x, W, target, 0.8f, T, V,
                             H);
                if (how[i].between) /* leaves logits at another temperature */
                    k->head_kl(k, t, t, t, t, kl, x, W, H, x, W, H, 0.5f, T, V);
                k->head_bwd(k, t, t, dx[after], dW[after], dlogp, lse, x, W,
                            target, 0.8f, after, how[i].rows, V, H);
                /* the logits are gone now: made again */
                k->head_bwd(k, t, t, dx[after], dW[after], dlogp, lse, x, W,
                            target, 0.8f, after, how[i].rows, V, H);
            }
            ref_same("dx", dx[0], dx[1], sizeof *dx);
            ref_same("dW", dW[0], dW[1], sizeof *dW);
            ref_sync(k);
            k->weight_free(k, W);
            free(x), free(w);
        }
}

int main(void)
{
    k = ref_open("", 1, 0);
    T_RUN(matches_float64);
    T_RUN(kl_matches_float64);
    T_RUN(the_rest_of_the_batch_changes_no_bit);
    T_RUN(logits_of_head_logp_give_the_same_gradients);
    T_RUN(frequencies);
    T_RUN(greedy_and_edges);
    T_RUN(draws_of_a_row_are_those_of_the_row_alone);
    kernels_close(&k);
    T_DONE();
}
