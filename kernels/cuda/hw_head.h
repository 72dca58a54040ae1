/* hw_head - how many rows of logits order=hardware holds at once
 *
 * Logits are stored in the compute type, a bounded chunk of rows at a time. A
 * chunk is large for the sake of the backward: each adds to all of dW, 8
 * bytes of memory traffic for each 2 rows of floating-point operations, and
 * that is hidden under the product from about a thousand rows on. Plain C:
 * the plan of memory asks here too.
 */
#ifndef ULP_CUDA_HW_HEAD_H
#define ULP_CUDA_HW_HEAD_H
#include "../kernels.h"

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

#endif
