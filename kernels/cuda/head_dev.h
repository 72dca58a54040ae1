/* head_dev - a block of threads over one row of logits
 *
 * Terms are made by all threads, a span at a time in shared memory, and added
 * by the first warp: lane j those at j, j + 32, ... (spans are multiples of
 * 32 apart).
 */
#ifndef ULP_CUDA_HEAD_DEV_H
#define ULP_CUDA_HEAD_DEV_H
#include "dev.h"
#include "../head.h"

/* logits = round_t(x W^T), fp32, row stride ld; 0 when it cannot. */
int CU(cuda_head_rows)(struct cuda *c, float *L, enum dtype t, enum dtype lt,
                       const void *x, const struct k_weight *W, long rows,
                       long V, long H, long ld);

/* A slot with room for so many rows of fp32 logits; NULL when it cannot (the
 * error is kept). */
static inline float *head_room(struct cuda *c, int slot, long rows, long V)
{
    return (float *)CU(cuda_scratch)(c, slot, head_bytes(V, rows));
}

/* Threads of a block; terms in shared memory at a time. */
enum { HEAD_NT = 256, SPAN = 1024 };

/* One of the first warp's values to all threads. */
DEV float block_give(float x, float *slot)
{
    __syncthreads();
    if (threadIdx.x == 0)
        *slot = x;
    __syncthreads();
    return *slot;
}

/* The largest of l * it. */
DEV float row_max(const float *l, long V, float it, float part[HEAD_NT / 32],
                  float *slot)
{
    float m = -CANON_INF;

    for (long v = (long)threadIdx.x; v < V; v += HEAD_NT)
        m = larger(m, l[v] * it);
    m = warp_max(m);
    if (threadIdx.x % 32 == 0)
        part[threadIdx.x / 32] = m;
    __syncthreads();
    for (int i = 0; i < HEAD_NT / 32; i++)
        m = larger(m, part[i]);
    return block_give(m, slot);
}

/* The first warp's lanes go on over n terms of a span. */
DEV float lanes_add(float lane, const float *a, int n)
{
    if (threadIdx.x < 32)
        for (int i = (int)threadIdx.x; i < n; i += 32)
            lane += a[i];
    return lane;
}

/* The same of products, each lane an fmaf chain. */
DEV float lanes_fma(float lane, const float *a, const float *b, int n)
{
    if (threadIdx.x < 32)
        for (int i = (int)threadIdx.x; i < n; i += 32)
            lane = canon_fma(a[i], b[i], lane);
    return lane;
}

/* The tree over the first warp's lanes, to all threads. */
DEV float lanes_sum(float lane, float *slot)
{
    if (threadIdx.x < 32)
        lane = warp_tree(lane);
    return block_give(lane, slot);
}

/* Terms of the span that begins at `at` of V. */
DEV int span_at(long at, long V)
{
    return V - at < SPAN ? (int)(V - at) : (int)SPAN;
}

/* rowsum of exp(l it - m) */
DEV float row_exp_sum(const float *l, long V, float it, float m, float *a,
                      float *slot)
{
    float lane = 0.0f;

    for (long at = 0; at < V; at += SPAN) {
        int n = span_at(at, V);

        for (int i = (int)threadIdx.x; i < n; i += HEAD_NT)
            a[i] = canon_exp(l[at + i] * it - m);
        __syncthreads();
        lane = lanes_add(lane, a, n);
        __syncthreads();
    }
    return lanes_sum(lane, slot);
}

#endif
