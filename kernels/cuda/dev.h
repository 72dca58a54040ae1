/* dev - loads, stores and sums of a warp, on the device */
#ifndef ULP_CUDA_DEV_H
#define ULP_CUDA_DEV_H
#include "cuda.h"

DEV float get(const void *p, enum dtype t, size_t i)
{
    if (t == DT_F32)
        return ((const float *)p)[i];
    if (t == DT_BF16)
        return canon_widen_bf16(((const uint16_t *)p)[i]);
    return canon_widen_f16(((const uint16_t *)p)[i]);
}

DEV void put(void *p, enum dtype t, size_t i, float x)
{
    if (t == DT_F32)
        ((float *)p)[i] = x;
    else if (t == DT_BF16)
        ((uint16_t *)p)[i] = canon_round_bf16(x);
    else
        ((uint16_t *)p)[i] = canon_round_f16(x);
}

DEV float round_to(enum dtype t, float x)
{
    if (t == DT_BF16)
        return canon_widen_bf16(canon_round_bf16(x));
    if (t == DT_F16)
        return canon_widen_f16(canon_round_f16(x));
    return x;
}

/* Four values from i on; the address is a multiple of four values. */
DEV void get4(const void *p, enum dtype t, size_t i, float x[4])
{
    if (t == DT_F32) {
        float4 v = *(const float4 *)((const float *)p + i);

        x[0] = v.x;
        x[1] = v.y;
        x[2] = v.z;
        x[3] = v.w;
    } else {
        uint2 u = *(const uint2 *)((const uint16_t *)p + i);
        uint16_t h[4] = {(uint16_t)(u.x & 0xFFFF), (uint16_t)(u.x >> 16),
                         (uint16_t)(u.y & 0xFFFF), (uint16_t)(u.y >> 16)};

        for (int j = 0; j < 4; j++)
            x[j] = t == DT_BF16 ? canon_widen_bf16(h[j])
                                : canon_widen_f16(h[j]);
    }
}

/* Can get4 read rows that begin at p with stride ld? */
static inline int can_get4(const void *p, enum dtype t, long ld)
{
    return ld % 4 == 0 && (uintptr_t)p % (4 * dtype_size(t)) == 0;
}

/* canon_tree over a warp: the sum, on every lane. */
DEV float warp_tree(float lane)
{
    for (int s = 16; s > 0; s >>= 1)
        lane += __shfl_down_sync(FULL, lane, s);
    return __shfl_sync(FULL, lane, 0);
}

DEV double warp_tree64(double lane)
{
    for (int s = 16; s > 0; s >>= 1)
        lane += __shfl_down_sync(FULL, lane, s);
    return __shfl_sync(FULL, lane, 0);
}

DEV float larger(float a, float b) /* passes over a NaN in b */
{
    return b > a ? b : a;
}

DEV float warp_max(float x)
{
    for (int s = 16; s > 0; s >>= 1)
        x = larger(x, __shfl_xor_sync(FULL, x, s));
    return x;
}

/* Row of place i under a permutation of blocks; -1 where a short block
 * leaves a hole. Places are 0 .. ceil(n / 64) 64 - 1, or 0 .. n - 1 without
 * a permutation. */
DEV long place(const int32_t *perm, long i, long n)
{
    long r = perm ? (long)perm[i / CANON_BLOCK] * CANON_BLOCK +
                        i % CANON_BLOCK
                  : i;

    return r < n ? r : -1;
}

DEV long places(const int32_t *perm, long n)
{
    return perm ? (n + CANON_BLOCK - 1) / CANON_BLOCK * CANON_BLOCK : n;
}

/* This thread's place in a grid-stride loop, and the stride. */
DEV size_t grid_at(void)
{
    return (size_t)blockIdx.x * blockDim.x + threadIdx.x;
}

DEV size_t grid_step(void)
{
    return (size_t)gridDim.x * blockDim.x;
}

#endif
