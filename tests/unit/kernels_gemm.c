/* Matrix products: against float64, and the same bits however they are cut. */
#include "kernels_ref.h"

static struct kernels *k;

/* A chain of n fused steps errs by at most n 2^-24 of the sum of magnitudes
 * (Higham, gamma_n), then one rounding on store. */
static void check_near(const char *what, double got, double want, double mag,
                       long n, enum dtype t)
{
    double bound = (double)(n + 2) * 0x1p-24 * mag +
                   ref_half_ulp(t) * fabs(want) + 1e-7 * (t == DT_F16);

    T_CHECKF(fabs(got - want) <= bound, "%s: %.9g, expected %.9g +- %.3g", what,
             got, want, bound);
}

static const int sizes[][3] = {{1, 1, 1},     {1, 31, 33},   {2, 33, 1},
                               {5, 65, 32},   {6, 64, 31},   {7, 32, 65},
                               {13, 130, 7},  {31, 16, 300}, {33, 17, 520},
                               {130, 65, 65}, {3, 1025, 33}, {65, 33, 1025}};
enum { N_SIZES = sizeof sizes / sizeof *sizes };

static void one_size(enum dtype t, int T, int N, int K)
{
    void *x = ref_random(t, (size_t)T * (size_t)K, 1);
    void *w = ref_random(t, (size_t)N * (size_t)K, 1);
    void *b = ref_random(t, (size_t)N, 1);
    void *dy = ref_random(t, (size_t)T * (size_t)N, 1);
    void *y = ref_zeros((size_t)(T * N) * 4);
    void *dx = ref_zeros((size_t)(T * K) * 4);
    float *dW = ref_random(DT_F32, (size_t)N * (size_t)K, 1), *dW0;
    float *db = ref_random(DT_F32, (size_t)N, 1), *db0;
    struct k_weight *W = ref_weight(k, t, N, K, w);

    dW0 = malloc((size_t)(N * K) * 4);
    db0 = malloc((size_t)N * 4);
    memcpy(dW0, dW, (size_t)(N * K) * 4);
    memcpy(db0, db, (size_t)N * 4);
    k->linear(k, t, y, x, W, b, T, N, K);
    k->linear_dx(k, t, dx, dy, W, T, N, K);
    k->linear_dw(k, t, dW, db, dy, x, T, N, K);
    ref_sync(k);
#define X(i, j) ref_get(t, x, (size_t)((i)*K + (j)))
#define Wt(i, j) ref_get(t, w, (size_t)((i)*K + (j)))
#define DY(i, j) ref_get(t, dy, (size_t)((i)*N + (j)))
    for (int i = 0; i < T; i++)
        for (int n = 0; n < N; n++) {
            double s = ref_get(t, b, (size_t)n), m = fabs(s);

            for (int j = 0; j < K; j++) {
                s += X(i, j) * Wt(n, j);
                m += fabs(X(i, j) * Wt(n, j));
            }
            check_near("y", ref_get(t, y, (size_t)(i * N + n)), s, m, K, t);
        }
    for (int i = 0; i < T; i++)
        for (int j = 0; j < K; j++) {
            double s = 0, m = 0;

            for (int n = 0; n < N; n++) {
                s += DY(i, n) * Wt(n, j);
                m += fabs(DY(i, n) * Wt(n, j));
            }
            check_near("dx", ref_get(t, dx, (size_t)(i * K + j)), s, m, N, t);
        }
    for (int n = 0; n < N; n++) {
        double sb = db0[n], mb = fabs(sb);

        for (int i = 0; i < T; i++) {
            sb += DY(i, n);
            mb += fabs(DY(i, n));
        }
        check_near("db", db[n], sb, mb, T, DT_F32);
        for (int j = 0; j < K; j++) {
            double s = dW0[n * K + j], m = fabs(s);

            for (int i = 0; i < T; i++) {
                s += DY(i, n) * X(i, j);
                m += fabs(DY(i, n) * X(i, j));
            }
            check_near("dW", dW[n * K + j], s, m, T, DT_F32);
        }
    }
    k->weight_free(k, W);
    free(x), free(w), free(b), free(dy), free(y), free(dx);
    free(dW), free(db), free(dW0), free(db0);
}

static void products_match_float64(void)
{
    int n = ref_sanitized() ? 9 : N_SIZES;

    for (size_t t = 0; t < 3; t++)
        for (int i = 0; i < n; i++)
            one_size(ref_types[t], sizes[i][0], sizes[i][1], sizes[i][2]);
}

/* The literal definition: one ascending chain, bias, one rounding. */
static void products_are_the_stated_chains(void)
{
    enum { T = 7, N = 37, K = 600 };
    float *x = ref_random(DT_F32, T * K, 1), *w = ref_random(DT_F32, N * K, 1);
    float *b = ref_random(DT_F32, N, 1), *dW = ref_random(DT_F32, N * K, 1);
    float *dy = ref_random(DT_F32, T * N, 1), *y = ref_zeros(T * N * 4);
    float *dx = ref_zeros(T * K * 4), *want = ref_zeros(N * K * 4);
    struct k_weight *W = ref_weight(k, DT_F32, N, K, w);

    for (int i = 0; i < N * K; i++) {
        want[i] = dW[i];
        for (int r = 0; r < T; r++)
            want[i] = fmaf(dy[r * N + i / K], x[r * K + i % K], want[i]);
    }
    k->linear(k, DT_F32, y, x, W, b, T, N, K);
    k->linear_dx(k, DT_F32, dx, dy, W, T, N, K);
    k->linear_dw(k, DT_F32, dW, NULL, dy, x, T, N, K);
    ref_same("dW", dW, want, N * K * 4);
    for (int i = 0; i < T * N; i++) {
        float s = 0;

        for (int j = 0; j < K; j++)
            s = fmaf(x[i / N * K + j], w[i % N * K + j], s);
        want[i] = s + b[i % N];
    }
    ref_same("y", y, want, T * N * 4);
    for (int i = 0; i < T * K; i++) {
        want[i] = 0;
        for (int n = 0; n < N; n++)
            want[i] = fmaf(dy[i / K * N + n], w[n * K + i % K], want[i]);
    }
    ref_same("dx", dx, want, T * K * 4);
    k->weight_free(k, W);
    free(x), free(w), free(b), free(dW), free(dy), free(y), free(dx);
    free(want);
}

/* Rows one at a time, rows cut in two, another thread count: no bit moves. */
static void cuts_change_no_bit(void)
{
    /* order=hardware sums rows in pairs */
    enum {
        T = 150,
        N = 200,
        K = 310,
        CUT = REF_ORDER == ORDER_HARDWARE ? 62 : 61
    };
    struct kernels *k3 = ref_open("", 3, 0);

    for (size_t ti = 0; ti < 3; ti++) {
        enum dtype t = ref_types[ti];
        size_t z = dtype_size(t);
        char *x = ref_random(t, T * K, 1), *w = ref_random(t, N * K, 1);
        char *b = ref_random(t, N, 1), *dy = ref_random(t, T * N, 1);
        char *y = ref_zeros(T * N * z), *y1 = ref_zeros(T * N * z);
        char *dx = ref_zeros(T * K * z), *dx1 = ref_zeros(T * K * z);
        float *dW = ref_zeros(N * K * 4), *dW1 = ref_zeros(N * K * 4);
        float *db = ref_zeros(N * 4), *db1 = ref_zeros(N * 4);
        struct k_weight *W = ref_weight(k, t, N, K, w);
        struct k_weight *W3 = ref_weight(k3, t, N, K, w);

        k->linear(k, t, y, x, W, b, T, N, K);
        k->linear_dx(k, t, dx, dy, W, T, N, K);
        k->linear_dw(k, t, dW, db, dy, x, T, N, K);
        for (int i = 0; i < T; i++) {
            k->linear(k, t, y1 + (size_t)(i * N) * z, x + (size_t)(i * K) * z,
                      W, b, 1, N, K);
            k->linear_dx(k, t, dx1 + (size_t)(i * K) * z,
                         dy + (size_t)(i * N) * z, W, 1, N, K);
        }
        k->linear_dw(k, t, dW1, db1, dy, x, CUT, N, K);
        k->linear_dw(k, t, dW1, db1, dy + (size_t)(CUT * N) * z,
                     x + (size_t)(CUT * K) * z, T - CUT, N, K);
        ref_same("y by rows", y, y1, T * N * z);
        ref_same("dx by rows", dx, dx1, T * K * z);
        ref_same("dW cut", dW, dW1, N * K * 4);
        ref_same("db cut", db, db1, N * 4);
        memset(dW1, 0, N * K * 4);
        memset(db1, 0, N * 4);
        k3->linear(k3, t, y1, x, W3, b, T, N, K);
        k3->linear_dx(k3, t, dx1, dy, W3, T, N, K);
        k3->linear_dw(k3, t, dW1, db1, dy, x, T, N, K);
        ref_same("y threads", y, y1, T * N * z);
        ref_same("dx threads", dx, dx1, T * K * z);
        ref_same("dW threads", dW, dW1, N * K * 4);
        ref_same("db threads", db, db1, N * 4);
        k->weight_free(k, W);
        k3->weight_free(k3, W3);
        free(x), free(w), free(b), free(dy), free(y), free(y1), free(dx);
        free(dx1), free(dW), free(dW1), free(db), free(db1);
    }
    kernels_close(&k3);
}

static void shuffled_order(void)
{
    enum { T = 300, N = 40, K = 1000 };
    float *x = ref_random(DT_F32, T * K, 1), *w = ref_random(DT_F32, N * K, 1);
    float *dy = ref_random(DT_F32, T * N, 1);
    float *y[4], *dW[4];
    static const uint64_t seeds[4] = {0, 7, 7, 8};

    for (int i = 0; i < 4; i++) {
        struct kernels *s = ref_open("", 2, seeds[i]);
        struct k_weight *W = ref_weight(s, DT_F32, N, K, w);

        y[i] = ref_zeros(T * N * 4);
        dW[i] = ref_zeros(N * K * 4);
        s->order_nonce = 5;
        s->linear(s, DT_F32, y[i], x, W, NULL, T, N, K);
        s->linear_dw(s, DT_F32, dW[i], NULL, dy, x, T, N, K);
        s->weight_free(s, W);
        kernels_close(&s);
    }
    ref_same("y, same seed", y[1], y[2], T * N * 4);
    ref_same("dW, same seed", dW[1], dW[2], N * K * 4);
    T_CHECK(memcmp(y[1], y[3], T * N * 4) != 0);
    T_CHECK(memcmp(dW[1], dW[3], N * K * 4) != 0);
    T_CHECK(memcmp(y[0], y[1], T * N * 4) != 0);
    T_CHECK(memcmp(dW[0], dW[1], N * K * 4) != 0);
    for (int i = 0; i < T * N; i++) {
        double s = 0, m = 0;

        for (int j = 0; j < K; j++) {
            double p = (double)x[i / N * K + j] * w[i % N * K + j];

            s += p;
            m += fabs(p);
        }
        check_near("shuffled y", y[1][i], s, m, K, DT_F32);
    }
    for (int i = 0; i < N * K; i++) {
        double s = 0, m = 0;

        for (int r = 0; r < T; r++) {
            double p = (double)dy[r * N + i / K] * x[r * K + i % K];

            s += p;
            m += fabs(p);
        }
        check_near("shuffled dW", dW[1][i], s, m, T, DT_F32);
    }
    for (int i = 0; i < 4; i++)
        free(y[i]), free(dW[i]);
    free(x), free(w), free(dy);
}

int main(void)
{
    k = ref_open("", 1, 0);
    T_RUN(products_match_float64);
    T_RUN(products_are_the_stated_chains);
    T_RUN(cuts_change_no_bit);
    T_RUN(shuffled_order);
    kernels_close(&k);
    T_DONE();
}
