/* roof - what this machine can do at most, measured: the bounds of a bench
 *
 * Multiply-add peak of one core at the vectors of the backend, and bytes a
 * second that one core moves by plain loads and stores, for working sets from
 * the first cache to memory (several buffers, together larger than any
 * cache). An operation's bound is the longer of its FLOPs at the peak and its
 * bytes at the bandwidth of a working set of that size: what it reads may lie
 * in a cache, so that no honest measurement passes the bound by more than
 * noise. Times are of the thread's processor, so that a shared machine's other
 * work is left out.
 */
#ifndef ULP_BENCH_ROOF_H
#define ULP_BENCH_ROOF_H
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif
#include "../../lib/base/clock.h"

enum { ROOF_SIZES = 9 };

struct roof {
    double flop_s;            /* of one core */
    double bytes[ROOF_SIZES]; /* working sets, ascending */
    double read[ROOF_SIZES];  /* bytes a second, reading */
    double copy[ROOF_SIZES];  /* reading one half and writing the other */
};

static inline double roof_now(void)
{
    return clock_s(CLOCK_THREAD_CPUTIME_ID);
}

/* The clock's, for several threads. */
static inline double roof_wall(void)
{
    return clock_s(CLOCK_MONOTONIC);
}

/* ---- multiply-adds ---- */

#define ROOF_STEPS 1000000L
#define ROOF_CHAINS 16

#if defined(__x86_64__)
__attribute__((target("avx512f"))) static inline double roof_fma_512(void)
{
    __m512 c[ROOF_CHAINS], a = _mm512_set1_ps(0.999f);
    __m512 b = _mm512_set1_ps(0.001f);
    float out[16];

    for (int i = 0; i < ROOF_CHAINS; i++)
        c[i] = _mm512_set1_ps((float)i);
    for (long s = 0; s < ROOF_STEPS; s++) {
#pragma GCC unroll 16
        for (int i = 0; i < ROOF_CHAINS; i++)
            c[i] = _mm512_fmadd_ps(c[i], a, b);
        __asm__ volatile("" : "+v"(a), "+v"(b));
    }
    for (int i = 1; i < ROOF_CHAINS; i++)
        c[0] = _mm512_add_ps(c[0], c[i]);
    _mm512_storeu_ps(out, c[0]);
    return (out[0] < 0) + 2.0 * 16 * ROOF_CHAINS * ROOF_STEPS;
}

__attribute__((target("avx2,fma"))) static inline double roof_fma_256(void)
{
    __m256 c[ROOF_CHAINS - 4], a = _mm256_set1_ps(0.999f);
    __m256 b = _mm256_set1_ps(0.001f);
    float out[8];

    for (int i = 0; i < ROOF_CHAINS - 4; i++)
        c[i] = _mm256_set1_ps((float)i);
    for (long s = 0; s < ROOF_STEPS; s++) {
#pragma GCC unroll 16
        for (int i = 0; i < ROOF_CHAINS - 4; i++)
            c[i] = _mm256_fmadd_ps(c[i], a, b);
        __asm__ volatile("" : "+x"(a), "+x"(b));
    }
    for (int i = 1; i < ROOF_CHAINS - 4; i++)
        c[0] = _mm256_add_ps(c[0], c[i]);
    _mm256_storeu_ps(out, c[0]);
    return (out[0] < 0) + 2.0 * 8 * (ROOF_CHAINS - 4) * ROOF_STEPS;
}
#endif

static inline double roof_fma_plain(void)
{
    static volatile float sink;
    float c[ROOF_CHAINS];

    for (int i = 0; i < ROOF_CHAINS; i++)
        c[i] = (float)i;
    for (long s = 0; s < ROOF_STEPS / 4; s++)
        for (int i = 0; i < ROOF_CHAINS; i++)
            c[i] = __builtin_fmaf(c[i], 0.999f, 0.001f);
    for (int i = 0; i < ROOF_CHAINS; i++)
        sink = c[i];
    (void)sink;
    return 2.0 * ROOF_CHAINS * (double)(ROOF_STEPS / 4);
}

static inline double roof_fma(const char *variant)
{
    double best = 0;

    (void)variant;
    for (int i = 0; i < 8; i++) {
        double t = roof_now(), flops;

#if defined(__x86_64__)
        if (!strcmp(variant, "x86-64-v4"))
            flops = roof_fma_512();
        else if (!strcmp(variant, "x86-64-v3"))
            flops = roof_fma_256();
        else
#endif
            flops = roof_fma_plain();
        flops /= roof_now() - t;
        best = flops > best ? flops : best;
    }
    return best;
}

/* ---- bytes ---- */

/* Loads and stores of W bytes; n is a multiple of 1024. Reading goes over
 * four streams at once: one alone waits at each page's end. */
#define ROOF_MOVE(name, target_, W)                                            \
    target_ static inline uint64_t roof_read_##name(const char *p, size_t n)   \
    {                                                                          \
        typedef uint64_t v __attribute__((vector_size(W)));                    \
        v s[8] = {{0}};                                                        \
        size_t q = n / 4, k;                                                   \
                                                                               \
        for (size_t i = 0; i < q; i += 2 * (W))                                \
            for (k = 0; k < 4; k++) {                                          \
                s[k] |= *(const v *)(const void *)(p + k * q + i);             \
                s[k + 4] |= *(const v *)(const void *)(p + k * q + i + (W));   \
            }                                                                  \
        for (k = 1; k < 8; k++)                                                \
            s[0] |= s[k];                                                      \
        return s[0][0] | s[0][1];                                              \
    }                                                                          \
    target_ static inline void roof_copy_##name(char *d, const char *p,        \
                                                size_t n)                      \
    {                                                                          \
        typedef uint64_t v __attribute__((vector_size(W)));                    \
                                                                               \
        for (size_t i = 0; i < n; i += 4 * (W)) {                              \
            v a = *(const v *)(const void *)(p + i);                           \
            v b = *(const v *)(const void *)(p + i + (W));                     \
            v c = *(const v *)(const void *)(p + i + 2 * (W));                 \
            v e = *(const v *)(const void *)(p + i + 3 * (W));                 \
                                                                               \
            *(v *)(void *)(d + i) = a;                                         \
            *(v *)(void *)(d + i + (W)) = b;                                   \
            *(v *)(void *)(d + i + 2 * (W)) = c;                               \
            *(v *)(void *)(d + i + 3 * (W)) = e;                               \
            __asm__ volatile("" ::: "memory"); /* a loop, not memcpy */        \
        }                                                                      \
    }

ROOF_MOVE(plain, , 16)
#if defined(__x86_64__)
ROOF_MOVE(256, __attribute__((target("avx2"))), 32)
ROOF_MOVE(512, __attribute__((target("avx512f"))), 64)
#endif

static inline void roof_move(const char *variant, char *p, size_t n, int copy)
{
    static volatile uint64_t sink;
    size_t h = n / 2;

    (void)variant;
#if defined(__x86_64__)
    if (!strcmp(variant, "x86-64-v4")) {
        if (copy)
            roof_copy_512(p + h, p, h);
        else
            sink = roof_read_512(p, n);
        return;
    }
    if (!strcmp(variant, "x86-64-v3")) {
        if (copy)
            roof_copy_256(p + h, p, h);
        else
            sink = roof_read_256(p, n);
        return;
    }
#endif
    if (copy)
        roof_copy_plain(p + h, p, h);
    else
        sink = roof_read_plain(p, n);
    (void)sink;
}

/* Bytes a second over n bytes at p, the best of several runs. */
static inline double roof_rate(const char *variant, char *p, size_t n, int copy)
{
    long reps = (long)(((size_t)64 << 20) / n) + 1;
    double best = 0;

    for (int i = 0; i < 4; i++) {
        double t = roof_now();

        for (long r = 0; r < reps; r++)
            roof_move(variant, p, n, copy);
        t = (double)reps * (double)n / (roof_now() - t);
        best = t > best ? t : best;
    }
    return best;
}

/* 16 KiB, 64 KiB, ..., 1 GiB. 0 or -1 without memory. */
static inline int roof_measure(struct roof *r, const char *variant)
{
    size_t n = (size_t)1 << 30;
    char *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                   -1, 0);

    if (p == MAP_FAILED)
        return -1;
#ifdef MADV_HUGEPAGE
    madvise(p, n, MADV_HUGEPAGE);
#endif
    memset(p, 1, n);
    r->flop_s = roof_fma(variant);
    for (int i = 0; i < ROOF_SIZES; i++) {
        size_t b = (size_t)16384 << 2 * i;

        r->bytes[i] = (double)b;
        r->read[i] = roof_rate(variant, p, b, 0);
        r->copy[i] = roof_rate(variant, p, b, 1);
    }
    munmap(p, n);
    return 0;
}

/* The bandwidth of the largest measured set not larger than `bytes`; for
 * loops whose writes are a small part, reading's. */
static inline double roof_bandwidth(const struct roof *r, double bytes,
                                    int reading)
{
    const double *v = reading ? r->read : r->copy;
    double bw = v[0];

    for (int i = 1; i < ROOF_SIZES && r->bytes[i] <= bytes; i++)
        bw = v[i] < bw ? v[i] : bw;
    return bw;
}

/* Seconds that the work takes at least; *memory: bytes are the bound. */
static inline double roof_bound(const struct roof *r, double flops,
                                double bytes, int reading, int *memory)
{
    double t = flops / r->flop_s;
    double b = bytes > 0 ? bytes / roof_bandwidth(r, bytes, reading) : 0;

    *memory = b > t;
    return b > t ? b : t;
}

static inline void roof_print(const struct roof *r)
{
    printf("one core: multiply-adds %.1f GFLOP/s\n%-10s", r->flop_s / 1e9,
           "bytes");
    for (int i = 0; i < ROOF_SIZES; i++)
        printf(r->bytes[i] < 1048576 ? "%7.0fK" : "%7.0fM",
               r->bytes[i] < 1048576 ? r->bytes[i] / 1024
                                     : r->bytes[i] / 1048576);
    printf("\nread GB/s ");
    for (int i = 0; i < ROOF_SIZES; i++)
        printf("%8.1f", r->read[i] / 1e9);
    printf("\ncopy GB/s ");
    for (int i = 0; i < ROOF_SIZES; i++)
        printf("%8.1f", r->copy[i] / 1e9);
    printf("\n");
}

#endif
