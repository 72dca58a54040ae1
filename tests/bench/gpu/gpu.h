/* gpu - what the files of bench-gpu share: the roofs of this run, timing, and
 * the rows of its table
 *
 * A figure is a call through the table of kernels.h, or of lib/model and
 * lib/train above it, timed by the clock between two waits for the device:
 * warmed up, several calls between the waits where one is short, the median
 * of several such samples, and their spread. What it is held against was
 * measured in the same process: the rate of a large copy (bytes read and
 * written), of a large bf16 product, and of fused multiply-adds in registers.
 *
 * --toy runs the same code at sizes that the simulator bears and prints no
 * time at all.
 */
#ifndef ULP_BENCH_GPU_H
#define ULP_BENCH_GPU_H
#include <stdio.h>
#include "../../../kernels/kernels.h"
#include "../../../lib/arch/arch.h"

enum roof { ROOF_BF16, ROOF_FP32, ROOF_COPY, ROOF_OTHER, N_ROOFS };

struct bench {
    struct kernels *k; /* order=hardware */
    const char *section;
    int toy;
    double roof[N_ROOFS]; /* FLOP/s or bytes/s */
    FILE *table;          /* the rows as tab-separated values, or NULL */
    int n_failed;
};

/* One figure. The bound is the larger of flops at the rate of `unit` and
 * bytes at the rate of the copy; bytes alone with ROOF_COPY; with ROOF_OTHER
 * the measured other_s seconds of what `other` names. */
struct row {
    const char *what;
    char shape[40];
    double flops, bytes;
    enum roof unit;
    const char *other;
    double other_s;
    double target; /* share of the bound to reach; 0: none set */
    double items;  /* tokens in a call, for tokens per second; 0: none */
};

struct timing {
    double s, spread; /* median; (largest - smallest) / median */
};

typedef int call_fn(void *ctx, struct err *e);

/* 0, or an error from fn or of the device. */
int bench_time(struct bench *b, struct kernels *k, call_fn *fn, void *ctx,
               struct timing *t, struct err *e) MUST_CHECK;
/* Prints the figure. */
void bench_row(struct bench *b, const struct row *r, const struct timing *t);
/* Prints that there is none, and why; the section goes on. */
void bench_failed(struct bench *b, const struct row *r, const struct err *e);
/* bench_time, then one of the two; t may be NULL. 0 when it was measured. */
int bench_measure(struct bench *b, struct kernels *k, struct row *r,
                  call_fn *fn, void *ctx, struct timing *t);

/* real, or at --toy the small size. */
static inline int bench_size(const struct bench *b, int real, int toy)
{
    return b->toy ? toy : real;
}

/* ---- device memory for a section: all of it is freed by bench_release.
 * Random values: zeros take less power, and a product of them less time. ---- */
void *bench_alloc(struct bench *b, size_t bytes);
void *bench_random(struct bench *b, enum dtype t, size_t n, double scale);
struct k_weight *bench_weight(struct bench *b, struct kernels *k,
                              enum dtype t, int N, int K);
void bench_release(struct bench *b);
/* n host values of type t, malloc'd. */
void *bench_host_random(enum dtype t, size_t n, double scale);
/* What bench_alloc and its like could not do since the last bench_release. */
const struct err *bench_error(void);

/* The Qwen2.5 shapes: "0.5b", "1.5b", "7b". 0 when the name is another. */
int bench_config(const struct bench *b, const char *size, struct config *c);
static const char *const bench_sizes[] = {"0.5b", "1.5b", "7b"};
enum { BENCH_N_SIZES = 3 };

/* ---- the sections, one a file ---- */
void bench_gemm(struct bench *b);      /* canonical products against cuBLAS */
void bench_linear(struct bench *b);    /* products of order=hardware */
void bench_attention(struct bench *b); /* forward, backward, decode */
void bench_optimizer(struct bench *b);
void bench_rows(struct bench *b);      /* what moves bytes */
void bench_head(struct bench *b);
void bench_train(struct bench *b, const char *size);
void bench_generate(struct bench *b, const char *size);
/* A directory with a random model of that size and the tiny tokenizer. */
int bench_model(struct bench *b, const char *size, const char *dir,
                struct err *e) MUST_CHECK;

#endif
