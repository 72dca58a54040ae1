/* check_gpu [--small] [CASE...] - every operation of the CUDA backend in the
 * canonical and shuffled orders against the CPU's, byte for byte, over edge
 * sizes and at a real layer's size; rows in any batch
 *
 * Not part of `make check`: tests/gpu/check-gpu.sh runs it on a device, and
 * compute-sanitizer runs it --small: one type, once, no large sizes. */
#include "../cudasim/cudasim.h"
#include "../unit/kernels_ops.h"

static int current, small;
static uint64_t seed;

static struct kernels *open_gpu(uint64_t shuffle)
{
    struct k_order o = {shuffle ? ORDER_SHUFFLED : ORDER_CANONICAL, shuffle};
    struct kernels *k = NULL;
    struct err e = {0};

    if (kernels_open(&k, "cuda", 0, o, &e) != 0)
        t_fail(__FILE__, __LINE__, "open: %s", e.msg);
    return k;
}

static void case_has_the_cpus_bits(void)
{
    static struct ops_outs want, got;
    struct kernels *cpu = ref_open("", 1, seed), *gpu = open_gpu(seed);

    if (!cpu || !gpu)
        return;
    cpu->order_nonce = gpu->order_nonce = 9;
    for (int t = 0; t < 3; t++) {
        if (small && t != current % 3)
            continue;
        ops_run(cpu, ops_cases[current].fn, ref_types[t], &want);
        for (int i = 0; i < (small ? 1 : 3); i++) { /* does luck matter? */
            ops_run(gpu, ops_cases[current].fn, ref_types[t], &got);
            ops_same(&want, &got, ref_types[t], "on the GPU");
            ops_drop_outs(&got);
        }
        ops_drop_outs(&want);
    }
    kernels_close(&cpu);
    kernels_close(&gpu);
}

/* Shapes of a real model's layer, where every tile of gemm is used. */
static void ops_large(enum dtype t)
{
    enum { T = 700, N = 1100, K = 900 };
    size_t z = dtype_size(t);
    struct k_weight *W = ops_weight(t, N, K, 0.05);
    void *x = ops_random(t, T * K, 1), *dy = ops_random(t, T * N, 1);
    void *y = ops_alloc(T * N * z), *dx = ops_alloc(T * K * z);
    float *dW = ops_random(DT_F32, N * K, 1);

    for (int rows = 1; rows <= T; rows = rows == 1 ? 16 : rows * 7 - 20) {
        ops_k->linear(ops_k, t, y, x, W, NULL, rows, N, K);
        ops_k->linear_dx(ops_k, t, dx, dy, W, rows, N, K);
        ops_k->linear_dw(ops_k, t, dW, NULL, dy, x, rows, N, K);
    }
    ops_k->linear(ops_k, t, y, x, W, NULL, T, N, K);
    ops_keep("large linear", T, y, T * N * z);
    ops_keep("large linear_dx", T, dx, T * K * z);
    ops_keep("large linear_dw", T, dW, N * K * 4);
    ops_free(x), ops_free(dy);
    ops_k->weight_free(ops_k, W);
}

static void large_products(void)
{
    static struct ops_outs want, got;
    struct kernels *cpu = ref_open("", 0, 0), *gpu = open_gpu(0);

    for (int t = 0; cpu && gpu && t < 3; t++) {
        ops_run(cpu, ops_large, ref_types[t], &want);
        ops_run(gpu, ops_large, ref_types[t], &got);
        ops_same(&want, &got, ref_types[t], "on the GPU");
        ops_drop_outs(&want);
        ops_drop_outs(&got);
    }
    kernels_close(&cpu);
    kernels_close(&gpu);
}

static int wanted(const char *name, char **only, int n)
{
    for (int i = 0; i < n; i++)
        if (!strcmp(only[i], name))
            return 1;
    return n == 0;
}

int main(int argc, char **argv)
{
    char name[64];

    small = argc > 1 && !strcmp(argv[1], "--small");
    argv += 1 + small;
    argc -= 1 + small;
    for (current = 0; current < OPS_N_CASES; current++) {
        if (!wanted(ops_cases[current].name, argv, argc))
            continue;
        seed = 0;
        snprintf(name, sizeof name, "gpu_%s_canonical",
                 ops_cases[current].name);
        t_run(name, case_has_the_cpus_bits);
        seed = 77;
        snprintf(name, sizeof name, "gpu_%s_shuffled",
                 ops_cases[current].name);
        if (ops_cases[current].shuffles && !small)
            t_run(name, case_has_the_cpus_bits);
    }
    if (!small && wanted("large", argv, argc))
        t_run("gpu_large_products", large_products);
    T_DONE();
}
