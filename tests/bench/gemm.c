/* gemm - matrix products against the machine's own multiply-add peak
 *
 * The peak of one core is measured in the same run: a loop of independent
 * fused multiply-adds in registers, at the widest vector of this build. For
 * each shape: FLOPs, the bytes that must move at least once, the bound that
 * follows from peak and copy bandwidth (both measured here), GFLOP/s reached
 * and its share of the bound. One thread, its time on
 * the processor, the best of several runs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "../../kernels/kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

static double now(void)
{
    struct timespec t;

    /* time on the processor: a shared machine's other work is left out */
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

#define FMA_STEPS 2000000L
#define CHAINS 16

#if defined(__x86_64__)
__attribute__((target("avx512f"))) static double fma_512(void)
{
    __m512 c[CHAINS], a = _mm512_set1_ps(0.999f), b = _mm512_set1_ps(0.001f);
    float out[16];

    for (int i = 0; i < CHAINS; i++)
        c[i] = _mm512_set1_ps((float)i);
    for (long s = 0; s < FMA_STEPS; s++) {
#pragma GCC unroll 16
        for (int i = 0; i < CHAINS; i++)
            c[i] = _mm512_fmadd_ps(c[i], a, b);
        __asm__ volatile("" : "+v"(a), "+v"(b));
    }
    for (int i = 1; i < CHAINS; i++)
        c[0] = _mm512_add_ps(c[0], c[i]);
    _mm512_storeu_ps(out, c[0]);
    return (out[0] < 0) + 2.0 * 16 * CHAINS * FMA_STEPS;
}

__attribute__((target("avx2,fma"))) static double fma_256(void)
{
    __m256 c[CHAINS - 4], a = _mm256_set1_ps(0.999f);
    __m256 b = _mm256_set1_ps(0.001f);
    float out[8];

    for (int i = 0; i < CHAINS - 4; i++)
        c[i] = _mm256_set1_ps((float)i);
    for (long s = 0; s < FMA_STEPS; s++) {
#pragma GCC unroll 16
        for (int i = 0; i < CHAINS - 4; i++)
            c[i] = _mm256_fmadd_ps(c[i], a, b);
        __asm__ volatile("" : "+x"(a), "+x"(b));
    }
    for (int i = 1; i < CHAINS - 4; i++)
        c[0] = _mm256_add_ps(c[0], c[i]);
    _mm256_storeu_ps(out, c[0]);
    return (out[0] < 0) + 2.0 * 8 * (CHAINS - 4) * FMA_STEPS;
}
#endif

static double fma_plain(void)
{
    static volatile float sink;
    float c[CHAINS];

    for (int i = 0; i < CHAINS; i++)
        c[i] = (float)i;
    for (long s = 0; s < FMA_STEPS / 8; s++)
        for (int i = 0; i < CHAINS; i++)
            c[i] = __builtin_fmaf(c[i], 0.999f, 0.001f);
    for (int i = 0; i < CHAINS; i++)
        sink = c[i];
    (void)sink;
    return 2.0 * CHAINS * (double)(FMA_STEPS / 8);
}

/* The peak for the instruction set that the backend runs on, FLOP/s. */
static double peak(const char *variant)
{
    double best = 0;

    for (int i = 0; i < 5; i++) {
        double t = now(), flops;

#if defined(__x86_64__)
        if (!strcmp(variant, "x86-64-v4"))
            flops = fma_512();
        else if (!strcmp(variant, "x86-64-v3"))
            flops = fma_256();
        else
#endif
            flops = fma_plain();
        flops /= now() - t;
        best = flops > best ? flops : best;
    }
    (void)variant;
    return best;
}

/* Bytes read per second from memory larger than the caches. */
static double bandwidth(void)
{
    size_t n = (size_t)64 << 20;
    uint64_t *p = malloc(n * sizeof *p), sum = 0;
    double best = 0;

    for (size_t i = 0; i < n; i++)
        p[i] = i;
    for (int r = 0; r < 3; r++) {
        double t = now();

        for (size_t i = 0; i < n; i++)
            sum += p[i];
        t = (double)(n * sizeof *p) / (now() - t);
        best = t > best ? t : best;
    }
    if (sum == 1)
        printf("-");
    free(p);
    return best;
}

struct shape {
    const char *what;
    int T, N, K;
};

static const struct shape shapes[] = {
    {"tiny qkv, 1000 rows", 1000, 256, 128},
    {"tiny down, 1000 rows", 1000, 128, 384},
    {"tiny gate+up, 1000 rows", 1000, 768, 128},
    {"tiny head, 1000 rows", 1000, 384, 128},
    {"tiny decode, 16 rows", 16, 768, 128},
    {"0.5B up, 512 rows", 512, 4864, 896},
    {"0.5B down, 512 rows", 512, 896, 4864},
    {"0.5B head slice, 256 rows", 256, 9496, 896},
    {"0.5B half head, 1 row", 1, 75968, 896},
    {"0.5B half head, 16 rows", 16, 75968, 896},
    {"1.5B up, 512 rows", 512, 8960, 1536},
    {"1.5B down, 512 rows", 512, 1536, 8960},
};

struct run {
    struct kernels *k;
    enum dtype t;
    const struct shape *s;
    struct k_weight *W;
    void *x, *y, *dy, *dx;
    float *dW;
};

static void call(const struct run *r, int op)
{
    const struct shape *s = r->s;

    if (op == 0)
        r->k->linear(r->k, r->t, r->y, r->x, r->W, NULL, s->T, s->N, s->K);
    else if (op == 1)
        r->k->linear_dx(r->k, r->t, r->dx, r->dy, r->W, s->T, s->N, s->K);
    else
        r->k->linear_dw(r->k, r->t, r->dW, NULL, r->dy, r->x, s->T, s->N,
                        s->K);
}

static double best_time(const struct run *r, int op)
{
    double flops = 2.0 * r->s->T * r->s->N * r->s->K, best = 1e9;
    int reps = (int)(2e8 / flops) + 1;

    call(r, op);
    for (int i = 0; i < 5; i++) {
        double t = now();

        for (int n = 0; n < reps; n++)
            call(r, op);
        t = (now() - t) / reps;
        best = t < best ? t : best;
    }
    return best;
}

static void bench(struct kernels *k, enum dtype t, const struct shape *s,
                  double flop_s, double byte_s)
{
    static const char *const ops[] = {"y", "dx", "dW"};
    size_t T = (size_t)s->T, N = (size_t)s->N, K = (size_t)s->K;
    size_t z = dtype_size(t);
    int decode = s->T <= 64;
    struct err e = {0};
    struct run r = {.k = k, .t = t, .s = s};

    r.W = k->weight_new(k, t, s->N, s->K,
                        decode ? WEIGHT_FORWARD
                               : WEIGHT_FORWARD | WEIGHT_BACKWARD,
                        &e);
    r.x = k->alloc(k, T * K * 4, &e);
    r.y = k->alloc(k, T * N * 4, &e);
    r.dy = k->alloc(k, T * N * 4, &e);
    r.dx = k->alloc(k, T * K * 4, &e);
    r.dW = k->alloc(k, N * K * 4, &e);
    if (!r.W || !r.x || !r.y || !r.dy || !r.dx || !r.dW) {
        printf("%s: %s\n", s->what, e.msg);
        exit(1);
    }
    k->weight_set(k, r.W, r.dW, DT_F32);
    for (int op = 0; op < (decode ? 1 : 3); op++) {
        double flops = 2.0 * (double)T * (double)N * (double)K;
        double bytes = (double)(T * K + T * N) * (double)z +
                       (double)(N * K) * (op == 2 ? 8 : (double)z);
        double bound = flops / flop_s, t_mem = bytes / byte_s;
        double sec = best_time(&r, op);

        bound = t_mem > bound ? t_mem : bound;
        printf("%-26s %-3s %8.3f %9.3f %8.1f %8.1f   %5.1f%%  %s\n", s->what,
               ops[op], flops / 1e9, bytes / 1e6, flops / bound / 1e9,
               flops / sec / 1e9, 100 * bound / sec,
               t_mem >= bound ? "memory" : "compute");
    }
    k->weight_free(k, r.W);
    k->free(k, r.x);
    k->free(k, r.y);
    k->free(k, r.dy);
    k->free(k, r.dx);
    k->free(k, r.dW);
}

int main(int argc, char **argv)
{
    enum dtype t = argc > 1 && !strcmp(argv[1], "bf16")   ? DT_BF16
                   : argc > 1 && !strcmp(argv[1], "fp16") ? DT_F16
                                                          : DT_F32;
    const char *only = argc > 2 ? argv[2] : "";
    struct k_order order = {ORDER_CANONICAL, 0};
    struct kernels *k;
    struct err e = {0};
    double flop_s, byte_s;

    if (kernels_open(&k, "cpu", 1, order, &e) < 0) {
        fprintf(stderr, "gemm: %s\n", e.msg);
        return 1;
    }
    flop_s = peak(k->variant);
    byte_s = bandwidth();
    printf("%s, 1 thread, %s; multiply-add peak %.1f GFLOP/s, reading "
           "%.1f GB/s\n", k->variant, t == DT_F32 ? "fp32" : argv[1],
           flop_s / 1e9, byte_s / 1e9);
    printf("%-26s %-3s %8s %9s %8s %8s   %6s\n", "shape", "op", "GFLOP",
           "MB", "bound", "GFLOP/s", "share");
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        if (strstr(shapes[i].what, only))
            bench(k, t, &shapes[i], flop_s, byte_s);
    kernels_close(&k);
    return 0;
}
