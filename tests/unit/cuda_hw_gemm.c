/* Matrix products under order=hardware: against float64 with a bound for
 * each element, over edge sizes, types and alignments; a row alone and in a
 * batch; what is asked of cuBLASLt and how often; a library that is not
 * there. */
#include "../cudasim/cublas.h"
#include "cuda_hw.h"

struct size {
    int T, N, K;
};

/* A sum of n terms in fp32, each addition losing 2^-23 of the partial sum at
 * most (tensor cores may cut off where IEEE rounds). */
static double lost(double n, double sum_of_magnitudes)
{
    return (n + 1) * 0x1p-23 * sum_of_magnitudes;
}

/* y = a b' (+ c): a(i, k) = A[i as + k ak], b(j, k) = B[j bs + k bk]. */
struct product {
    const struct hw_t *A, *B;
    size_t as, ak, bs, bk;
    size_t I, J, K;
    const struct hw_t *c; /* bias [J] or the old value [I][J], or NULL */
    int per_row;          /* c is [I][J] */
};

static void check(const char *what, struct hw_t *y, struct product p)
{
    double *want = calloc(p.I * p.J + 1, sizeof *want);
    double *bound = calloc(p.I * p.J + 1, sizeof *bound);

    for (size_t i = 0; i < p.I; i++)
        for (size_t j = 0; j < p.J; j++) {
            double s = 0, m = 0, c = 0;

            for (size_t k = 0; k < p.K; k++) {
                double v = hw_at(p.A, i * p.as + k * p.ak) *
                           hw_at(p.B, j * p.bs + k * p.bk);

                s += v;
                m += fabs(v);
            }
            if (p.c)
                c = hw_at(p.c, p.per_row ? i * p.J + j : j);
            want[i * p.J + j] = s + c;
            bound[i * p.J + j] = lost((double)p.K, m + fabs(c));
        }
    hw_close(what, y, want, bound);
    free(want);
    free(bound);
}

/* A copy of what the device was given, to hold while the original changes. */
static struct hw_t keep(const struct hw_t *v)
{
    size_t n = v->n * dtype_size(v->t);
    struct hw_t r = {v->t, v->n, malloc(n + 1), NULL};

    memcpy(r.host, v->host, n);
    return r;
}

static void one_size(enum dtype t, struct size s)
{
    size_t T = (size_t)s.T, N = (size_t)s.N, K = (size_t)s.K;
    struct hw_t w, x = hw_random(t, T * K, 1), dy = hw_random(t, T * N, 1);
    struct k_weight *W = hw_weight(&w, t, s.N, s.K, 0.3);
    struct hw_t bias = hw_random(t, N, 1), y = hw_zeros(t, T * N);
    struct hw_t dx = hw_zeros(t, T * K), dW = hw_random(DT_F32, N * K, 1);
    struct hw_t db = hw_random(DT_F32, N, 1), dW0 = keep(&dW), db0 = keep(&db);
    struct hw_t one = hw_of(t, T, ref_zeros(T * dtype_size(t)));
    struct product fwd = {&x, &w, K, 1, K, 1, T, N, K, NULL, 0};
    struct product bwd = {&dy, &w, N, 1, 1, K, T, K, N, NULL, 0};
    struct product dw = {&dy, &x, 1, N, 1, K, N, K, T, &dW0, 1};
    struct product sums = {&dy, &one, 1, N, 0, 1, N, 1, T, &db0, 1};

    for (size_t i = 0; i < T; i++)
        ref_put(t, one.host, i, 1);
    hw_k->linear(hw_k, t, y.dev, x.dev, W, NULL, s.T, s.N, s.K);
    check("linear without bias", &y, fwd);
    fwd.c = &bias;
    hw_k->linear(hw_k, t, y.dev, x.dev, W, bias.dev, s.T, s.N, s.K);
    check("linear", &y, fwd);
    hw_k->linear_dx(hw_k, t, dx.dev, dy.dev, W, s.T, s.N, s.K);
    check("linear_dx", &dx, bwd);
    hw_k->linear_dw(hw_k, t, dW.dev, db.dev, dy.dev, x.dev, s.T, s.N, s.K);
    check("linear_dw", &dW, dw);
    check("linear_db", &db, sums);
    if (t_failed)
        printf("# at T %d, N %d, K %d\n", s.T, s.N, s.K);
    hw_k->weight_free(hw_k, W);
    hw_drop(&w), hw_drop(&x), hw_drop(&dy), hw_drop(&bias), hw_drop(&y);
    hw_drop(&dx), hw_drop(&dW), hw_drop(&db), hw_drop(&one);
    free(dW0.host), free(db0.host);
}

static void products_are_those_of_float64(void)
{
    static const struct size sizes[] = {
        {1, 1, 1},     {1, 8, 7},      {7, 32, 8},    {8, 1, 31},
        {31, 33, 32},  {32, 7, 33},    {33, 65, 65},  {65, 129, 64},
        {129, 31, 24}, {129, 128, 40}, {3, 96, 1032}, {70, 48, 1}};

    if (!hw_sim())
        return;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes && !t_failed; i++)
        for (int t = 0; t < 3; t++)
            if (!ref_sanitized() || t == (int)i % 3)
                one_size(ref_types[t], sizes[i]);
    hw_done();
    T_EQ_INT(cudasim_cublas.alive, 0);
}

/* Operands may begin anywhere their type allows: at each offset in values. */
static void operands_begin_anywhere(void)
{
    enum { T = 9, N = 24, K = 40, MOST = 9 };

    if (!hw_sim())
        return;
    for (int ti = 0; ti < 3; ti++)
        for (size_t off = 0; off < MOST; off += off < 2 ? 1 : 2) {
            enum dtype t = ref_types[ti];
            size_t z = dtype_size(t);
            struct hw_t w, x = hw_random(t, T * K + MOST, 1);
            struct k_weight *W = hw_weight(&w, t, N, K, 0.3);
            struct hw_t b = hw_random(t, N + MOST, 1);
            struct hw_t y = hw_zeros(t, T * N + MOST), part = y;
            struct hw_t xo = x, bo = b;
            struct product p = {&xo, &w, K, 1, K, 1, T, N, K, &bo, 0};

            xo.host = (char *)x.host + off * z;
            bo.host = (char *)b.host + off * z;
            part.dev = (char *)y.dev + off * z;
            part.n = T * N;
            hw_k->linear(hw_k, t, part.dev, (char *)x.dev + off * z, W,
                         (char *)b.dev + off * z, T, N, K);
            check("linear at an offset", &part, p);
            hw_k->weight_free(hw_k, W);
            hw_drop(&w), hw_drop(&x), hw_drop(&b), hw_drop(&y);
        }
    hw_done();
}

/* Few rows: sums cut into slices, and a weight with so many rows that its
 * strips are wide. Blocks in any order. */
static void few_rows_have_one_order(void)
{
    static const struct size sizes[] = {{40, 200, 1104}, {11, 16408, 72}};

    if (!hw_sim())
        return;
    for (int i = 0; i < 6; i += ref_sanitized() ? 2 : 1) {
        enum dtype t = ref_types[i % 3];
        struct size z = sizes[i / 3];
        size_t T = (size_t)z.T, N = (size_t)z.N, K = (size_t)z.K;
        struct hw_t w, x = hw_random(t, T * K, 1), b = hw_random(t, N, 1);
        struct k_weight *W = hw_weight(&w, t, z.N, z.K, 0.3);
        struct hw_t y = hw_zeros(t, T * N), first;
        struct product p = {&x, &w, K, 1, K, 1, T, N, K, &b, 0};

        cudasim_set_order(CUDASIM_FORWARD, 0);
        hw_k->linear(hw_k, t, y.dev, x.dev, W, b.dev, z.T, z.N, z.K);
        check("linear of few rows", &y, p);
        first = keep(&y);
        cudasim_set_order(i % 2 ? CUDASIM_RANDOM : CUDASIM_REVERSE, 7);
        hw_k->linear(hw_k, t, y.dev, x.dev, W, b.dev, z.T, z.N, z.K);
        hw_fetch(&y);
        T_CHECK(!memcmp(first.host, y.host, y.n * dtype_size(t)));
        cudasim_set_order(CUDASIM_FORWARD, 0);
        free(first.host);
        hw_k->weight_free(hw_k, W);
        hw_drop(&w), hw_drop(&x), hw_drop(&b), hw_drop(&y);
    }
    hw_done();
}

/* Rows at .. at + n of x alone, against the same rows of the whole. */
static int same_rows(enum dtype t, const struct k_weight *W,
                     const struct hw_t *x, const struct hw_t *bias,
                     struct hw_t *whole, int at, int n, int N, int K)
{
    size_t z = dtype_size(t), bytes = (size_t)(n * N) * z;
    struct hw_t y = hw_zeros(t, (size_t)(n * N));
    int same;

    hw_k->linear(hw_k, t, y.dev, (char *)x->dev + (size_t)(at * K) * z, W,
                 bias->dev, n, N, K);
    hw_fetch(&y);
    same = !memcmp(y.host, (char *)whole->host + (size_t)(at * N) * z, bytes);
    hw_drop(&y);
    return same;
}

/* Within a class of the number of rows a row's bits do not depend on which
 * others are there; in another class they may be others. */
static void rows_in_any_batch_of_a_class(void)
{
    enum { N = 40, K = 1000, CLASSES = 3, TRIES = 4 };
    static const int most[CLASSES] = {64, 130, 520};
    static const int part[CLASSES][TRIES][2] = {
        {{0, 1}, {5, 7}, {3, 8}, {9, 33}},
        {{0, 65}, {7, 77}, {1, 129}, {60, 66}},
        {{0, 513}, {7, 513}, {1, 514}, {3, 515}}};

    if (!hw_sim())
        return;
    for (int ti = 0; ti < 3; ti++) {
        enum dtype t = ref_types[ti];
        struct hw_t w, x = hw_random(t, 520 * K, 1), b = hw_random(t, N, 1);
        struct k_weight *W = hw_weight(&w, t, N, K, 0.3);
        struct hw_t y[CLASSES];

        for (int c = 0; c < CLASSES; c++) {
            y[c] = hw_zeros(t, (size_t)(most[c] * N));
            hw_k->linear(hw_k, t, y[c].dev, x.dev, W, b.dev, most[c], N, K);
            hw_fetch(&y[c]);
            for (int i = 0; i < TRIES; i++)
                T_CHECKF(same_rows(t, W, &x, &b, &y[c], part[c][i][0],
                                   part[c][i][1], N, K),
                         "%d rows, type %d", part[c][i][1], ti);
        }
#ifndef ON_GPU /* else the check above could not have failed */
        if (t == DT_F32) {
            T_CHECK(memcmp(y[0].host, y[1].host, y[0].n * 4) != 0);
            T_CHECK(memcmp(y[1].host, y[2].host, y[1].n * 4) != 0);
        }
#endif
        for (int c = 0; c < CLASSES; c++)
            hw_drop(&y[c]);
        hw_k->weight_free(hw_k, W);
        hw_drop(&w), hw_drop(&x), hw_drop(&b);
    }
    hw_done();
}

/* ---- what is asked of the library ---- */
static void run(enum dtype t, int T, int N, int K, size_t bias_at)
{
    struct hw_t w, x = hw_random(t, (size_t)(T * K), 1);
    struct k_weight *W = hw_weight(&w, t, N, K, 0.3);
    struct hw_t b = hw_random(t, (size_t)N + 8, 1);
    struct hw_t y = hw_zeros(t, (size_t)(T * N)), at = b;
    struct product p = {&x,        &w,        (size_t)K, 1,   (size_t)K, 1,
                        (size_t)T, (size_t)N, (size_t)K, &at, 0};

    at.host = (char *)b.host + bias_at * dtype_size(t);
    hw_k->linear(hw_k, t, y.dev, x.dev, W,
                 (char *)b.dev + bias_at * dtype_size(t), T, N, K);
    check("linear", &y, p);
    hw_k->weight_free(hw_k, W);
    hw_drop(&w), hw_drop(&x), hw_drop(&b), hw_drop(&y);
}

static void a_class_asks_the_heuristic_once(void)
{
    long found, products, alive;

    if (!hw_sim())
        return;
    run(DT_BF16, 70, 32, 16, 0);
    found = cudasim_cublas.found;
    products = cudasim_cublas.products;
    alive = cudasim_cublas.alive;
    for (int T = 65; T < 90; T++)
        run(DT_BF16, T, 32, 16, 0);
    T_EQ_INT(cudasim_cublas.found, found);
    T_EQ_INT(cudasim_cublas.products, products + 25);
    T_EQ_INT(cudasim_cublas.alive, alive); /* nothing made or destroyed */
    run(DT_BF16, 70, 32, 24, 0);
    T_EQ_INT(cudasim_cublas.found, found + 1);
    T_EQ_INT(cudasim_cublas.split, 0);
    hw_done();
}

static void an_algorithm_that_does_not_stretch_is_sought_anew(void)
{
    long found;

    if (!hw_sim())
        return;
    cudasim_cublas.stiff = 1;
    found = cudasim_cublas.found;
    run(DT_BF16, 100, 32, 16, 0);
    run(DT_F32, 101, 32, 16, 0);
    T_EQ_INT(cudasim_cublas.found, found + 4); /* the class; these sizes */
    run(DT_BF16, 100, 32, 16, 0);
    T_EQ_INT(cudasim_cublas.found, found + 4);
    cudasim_cublas.stiff = 0;
    hw_done();
}

static void what_it_refuses_goes_another_way(void)
{
    long products;

    if (!hw_sim())
        return;
    products = cudasim_cublas.products;
    run(DT_BF16, 70, 33, 31, 0); /* odd leading dimensions: canonical */
    run(DT_F16, 70, 33, 31, 0);
    T_EQ_INT(cudasim_cublas.products, products);
    run(DT_BF16, 70, 32, 32, 1); /* a bias at an odd address: by fp32 */
    T_EQ_INT(cudasim_cublas.products, products + 1);
    hw_done();
}

/* Weights of another type than the activations are nothing for cuBLASLt. */
static void types_may_be_mixed(void)
{
    enum { T = 70, N = 24, K = 16 };

    if (!hw_sim())
        return;
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++) {
            enum dtype t = ref_types[i];
            struct hw_t w, x = hw_random(t, T * K, 1), y = hw_zeros(t, T * N);
            struct k_weight *W = hw_weight(&w, ref_types[j], N, K, 0.3);
            struct product p = {&x, &w, K, 1, K, 1, T, N, K, NULL, 0};

            hw_k->linear(hw_k, t, y.dev, x.dev, W, NULL, T, N, K);
            check("linear of two types", &y, p);
            hw_k->weight_free(hw_k, W);
            hw_drop(&w), hw_drop(&x), hw_drop(&y);
        }
    hw_done();
}

/* ---- errors ---- */
static void refuse(const char *want)
{
    struct k_order o = {ORDER_HARDWARE, 0};
    struct kernels *k = NULL;
    struct err e = {0};

    T_EQ_INT(kernels_open(&k, "cuda", 0, o, &e), -ERR_IO);
    T_CHECK(!k);
    T_CHECKF(strstr(e.msg, want), "%s", e.msg);
    T_EQ_INT(cudasim_in_use(), 0);
}

static void a_missing_library_is_named(void)
{
    cudasim_cublas.missing = 1;
    unsetenv("CUDA_HOME");
    refuse("order=hardware needs cuBLASLt of the CUDA Toolkit 13; looked for "
           "libcublasLt.so.13 on the loader's path and in "
           "/usr/local/cuda/lib64; ULP_CUBLASLT=FILE names one");
    setenv("CUDA_HOME", "/opt/toolkit", 1);
    refuse("as /opt/toolkit/lib64/libcublasLt.so.13 and in");
    unsetenv("CUDA_HOME");
    cudasim_cublas.missing = 0;
    setenv("ULP_CUBLASLT", "/nowhere/libcublasLt.so.13", 1);
    refuse("ULP_CUBLASLT=/nowhere/libcublasLt.so.13: cannot open shared "
           "object file");
    unsetenv("ULP_CUBLASLT");
}

static void the_workspace_must_fit(void)
{
    cudasim_set_memory((size_t)16 << 20);
    refuse("32 MiB asked for");
    cudasim_set_memory((size_t)1 << 30);
}

static void a_weight_without_the_layout_is_refused(void)
{
    struct err e = {0};
    struct k_weight *W;
    struct hw_t x;

    if (!hw_sim())
        return;
    x = hw_random(DT_F32, 4, 1);
    W = hw_k->weight_new(hw_k, DT_F32, 2, 2, WEIGHT_ROWS, &e);
    hw_k->linear(hw_k, DT_F32, x.dev, x.dev, W, NULL, 1, 2, 2);
    T_EQ_INT(hw_k->sync(hw_k, &e), -ERR_DATA);
    T_EQ_STR(e.msg, "linear: the weight was made without WEIGHT_FORWARD");
    hw_k->linear_dx(hw_k, DT_F32, x.dev, x.dev, W, 1, 2, 2);
    T_EQ_INT(hw_k->sync(hw_k, &e), -ERR_DATA);
    T_EQ_STR(e.msg, "linear_dx: the weight was made without WEIGHT_BACKWARD");
    hw_k->weight_free(hw_k, W);
    hw_drop(&x);
    hw_done();
}

int main(void)
{
    T_RUN(products_are_those_of_float64);
    T_RUN(operands_begin_anywhere);
    T_RUN(few_rows_have_one_order);
    T_RUN(rows_in_any_batch_of_a_class);
    T_RUN(a_class_asks_the_heuristic_once);
    T_RUN(an_algorithm_that_does_not_stretch_is_sought_anew);
    T_RUN(what_it_refuses_goes_another_way);
    T_RUN(types_may_be_mixed);
    T_RUN(a_missing_library_is_named);
    T_RUN(the_workspace_must_fit);
    T_RUN(a_weight_without_the_layout_is_refused);
    T_DONE();
}
