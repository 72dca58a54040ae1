/* A few rows at a time, as decoding takes them: the bits of many at once. */
#include "kernels_ref.h"

enum { T = 40, MOST = 18 };

static const int shapes[][2] = {{1, 1},     {7, 3},     {64, 64},  {65, 63},
                                {200, 310}, {128, 513}, {449, 129}};

/* Every number of rows up to MOST, from the rows of a call with T. */
static void few_rows(struct kernels *k, enum dtype t, int N, int K)
{
    size_t z = dtype_size(t);
    size_t nx = (size_t)T * (size_t)K, ny = (size_t)T * (size_t)N;
    char *x = ref_random(t, nx, 1), *dy = ref_random(t, ny, 1);
    char *w = ref_random(t, (size_t)N * (size_t)K, 1);
    char *b = ref_random(t, (size_t)N, 1);
    char *y = ref_zeros(ny * z), *some = ref_zeros((nx + ny) * z);
    char *dx = ref_zeros(nx * z);
    struct k_weight *W = ref_weight(k, t, N, K, w);

    k->linear(k, t, y, x, W, b, T, N, K);
    k->linear_dx(k, t, dx, dy, W, T, N, K);
    for (int n = 1; n <= MOST; n++) {
        size_t row = (size_t)(T - n), rows = (size_t)n;

        k->linear(k, t, some, x + row * (size_t)K * z, W, b, n, N, K);
        ref_same("y", some, y + row * (size_t)N * z, rows * (size_t)N * z);
        k->linear_dx(k, t, some, dy + row * (size_t)N * z, W, n, N, K);
        ref_same("dx", some, dx + row * (size_t)K * z, rows * (size_t)K * z);
    }
    ref_sync(k);
    k->weight_free(k, W);
    free(x), free(dy), free(w), free(b), free(y), free(some), free(dx);
}

static void few_rows_have_the_bits_of_many(void)
{
    for (int threads = 1; threads <= 3; threads += 2) {
        struct kernels *k = ref_open("", threads, 0);

        for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
            for (int ti = 0; ti < 3; ti++)
                few_rows(k, ref_types[ti], shapes[i][0], shapes[i][1]);
        kernels_close(&k);
    }
}

/* One thread and several share out the panels: large enough to be shared. */
static void threads_change_no_bit_of_few_rows(void)
{
    enum { N = 1000, K = 700 };
    struct kernels *k[2] = {ref_open("", 1, 0), ref_open("", 3, 0)};

    for (int ti = 0; ti < 3; ti++) {
        enum dtype t = ref_types[ti];
        size_t z = dtype_size(t);
        char *x = ref_random(t, MOST * K, 1), *w = ref_random(t, N * K, 1);
        char *y[2] = {ref_zeros(MOST * N * z), ref_zeros(MOST * N * z)};
        struct k_weight *W[2];

        for (int i = 0; i < 2; i++)
            W[i] = ref_weight(k[i], t, N, K, w);
        for (int n = 1; n <= MOST; n += 3) {
            for (int i = 0; i < 2; i++)
                k[i]->linear(k[i], t, y[i], x, W[i], NULL, n, N, K);
            ref_same("y", y[0], y[1], (size_t)n * N * z);
        }
        for (int i = 0; i < 2; i++) {
            ref_sync(k[i]);
            k[i]->weight_free(k[i], W[i]);
            free(y[i]);
        }
        free(x), free(w);
    }
    kernels_close(&k[0]);
    kernels_close(&k[1]);
}

int main(void)
{
    T_RUN(few_rows_have_the_bits_of_many);
    T_RUN(threads_change_no_bit_of_few_rows);
    T_DONE();
}
