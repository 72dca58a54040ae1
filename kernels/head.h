/* head - how many rows of logits are held at once
 *
 * In canonical and shuffled order chunks of rows are part of the bits (head_bwd
 * permutes within one). Under order=hardware logits are stored in their type,
 * and a chunk is large for the sake of the backward: each adds to all of dW, 8
 * bytes of memory traffic for each 2 rows of floating-point operations, and
 * that is hidden under the product from about a thousand rows on.
 */
#ifndef ULP_KERNELS_HEAD_H
#define ULP_KERNELS_HEAD_H
#include "scratch.h"

enum { HEAD_LOGITS = 1 << 24 }; /* of a chunk */

/* Values from one row of logits to the next. */
static inline long head_ld(long V)
{
    return (V + 31) / 32 * 32;
}

/* Rows of logits held at once, of T: as many as HEAD_LOGITS values allow, at
 * least 1. */
static inline long head_chunk(long V, long T)
{
    long n = HEAD_LOGITS / head_ld(V);

    n = n < 1 ? 1 : n;
    return n < T ? n : T;
}

/* Bytes of fp32 logits of so many rows. */
static inline size_t head_bytes(long V, long rows)
{
    return (size_t)(rows * head_ld(V)) * sizeof(float);
}

/* Row r of x, on a device. */
static inline const void *head_row(const void *x, enum dtype t, long r, long H)
{
    return (const char *)x + (size_t)r * (size_t)H * dtype_size(t);
}

/* ---- order=hardware ---- */
#define HW_HEAD_BYTES ((size_t)512 << 20)
enum { HW_HEAD_STEP = 128 }; /* rows of a tile of a matrix product */

/* Values from one row of logits to the next: rows begin at 128 bytes. */
static inline long hw_head_ld(long V)
{
    return (V + 63) / 64 * 64;
}

/* Rows of a chunk of at most `bytes`, `value` bytes for each logit (of both
 * models for head_kl): T in as few chunks as fit, cut evenly. */
static inline long hw_head_rows(size_t bytes, size_t value, long V, long T)
{
    long most = (long)(bytes / ((size_t)hw_head_ld(V) * value)), n;

    if (most >= T)
        return T;
    if (most < HW_HEAD_STEP)
        return most < 1 ? 1 : most;
    most = most / HW_HEAD_STEP * HW_HEAD_STEP;
    n = (T + most - 1) / most;
    n = (T + n - 1) / n;
    return (n + HW_HEAD_STEP - 1) / HW_HEAD_STEP * HW_HEAD_STEP;
}

/* Bytes of logits in scratch for T rows (head_kl: the same in each of two
 * slots at most). */
static inline size_t hw_head_scratch(enum dtype t, long V, long T)
{
    size_t value = dtype_size(t);

    return (size_t)hw_head_rows(HW_HEAD_BYTES, value, V, T) *
           (size_t)hw_head_ld(V) * value;
}

/* What head_logp keeps: a chunk of logits. head_bwd uses the same slot. */
CUDA_SCRATCH(head_logp)
{
    long V = z->p->vocab, R = z->p->R;

    scratch_perm(z, z->p->hidden);
    scratch_most(&z->shared[S_LOGITS],
                 z->s->order.kind == ORDER_HARDWARE
                     ? hw_head_scratch(z->p->lt, V, R)
                     : head_bytes(V, head_chunk(V, R)));
}

CUDA_SCRATCH(head_bwd)
{
    scratch_perm(z, z->p->vocab); /* logits are made again in the same slot */
}

#endif
