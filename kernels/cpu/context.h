/* context - what operations of every instruction set level work in: memory,
 * scratch, loops over threads, and the error that the next sync gives
 *
 * No arithmetic: context.c is compiled once, for any processor.
 */
#ifndef ULP_CPU_CONTEXT_H
#define ULP_CPU_CONTEXT_H
#include <stddef.h>
#include <stdint.h>
#include "../../lib/base/pool.h"
#include "../scratch.h"

/* A slot: n bytes at p. */
struct scratch {
    void *p;
    size_t n;
};

/* Logits in S_LOGITS times 1/temperature, which the last head_logp left there:
 * of its first n_rows rows of x, 0: there are none. */
struct kept_logits {
    const void *x;
    const struct k_weight *W;
    const float *lse;
    float temperature;
    long n_rows;
};

struct cpu {
    struct kernels k; /* first: a struct kernels * is a struct cpu * */
    struct pool *pool;
    int n_threads;
    int dots; /* order=hardware, on a processor that has avx512_bf16 */
    struct err first_err; /* given by the next sync */
    struct account mem;
    struct scratch shared[N_SLOTS];
    struct scratch *worker; /* [n_threads][N_WORKER_SLOTS] */
    struct kept_logits kept;
};

/* The context of a backend that this folder opened. */
static inline struct cpu *cpu_of(struct kernels *k)
{
    return (struct cpu *)(void *)k;
}

/* Scratch (a slot of scratch.h) of at least n bytes, 64-byte aligned, contents undefined, valid
 * until the slot is next asked for. NULL (and the error kept) without
 * memory. */
void *cpu_shared(struct cpu *c, int slot, size_t n);
void *cpu_worker(struct cpu *c, int worker, int slot, size_t n);
void cpu_fail(struct cpu *c, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* A context with its threads and memory, and no operations. */
int cpu_context(struct cpu **out, int n_threads, struct err *e)
    MUST_CHECK;

/* fn over [0, n) in pieces, in parallel when cost (about one floating-point
 * operation a unit) per item is worth waking a thread. */
void cpu_for(struct cpu *c, long n, double cost,
             void (*fn)(void *ctx, long lo, long hi, int worker),
             void *ctx);

/* Blocks of CANON_BLOCK in the order of this backend: NULL in canonical
 * order, else a permutation of ceil(n / CANON_BLOCK). */
enum { PERM_K = 1, PERM_ROWS = 2 };
const int32_t *cpu_perm(struct cpu *c, uint32_t what, long rows,
                        long cols, long n);

#endif
