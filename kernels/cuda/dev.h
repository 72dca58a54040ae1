/* dev - loads, stores and sums of a warp, on the device */
#ifndef ULP_CUDA_DEV_H
#define ULP_CUDA_DEV_H
#include "cuda.h"

/* Value i of an array of type t, widened; put rounds to nearest even. */
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

/* x rounded to t and widened. */
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

/* ---- eight values at a time ----
 * An operation that is as fast as memory at best takes eight values a thread
 * in accesses of 16 bytes where pointers and widths allow (`wide`), and one at
 * a time elsewhere. The bits are the same.
 *
 * As they lie in memory, 16 bytes of a half type or 32 of fp32, so that all
 * loads of a step are on their way before the first is needed. t is a
 * constant where these are called (WITH_TYPE), the address a multiple of 16
 * bytes. */
struct oct {
    uint4 q[2]; /* the second of fp32 only */
};

/* Statements once for each type, T being t as a constant. */
#define WITH_TYPE(t, T, ...)                                                  \
    do {                                                                      \
        if ((t) == DT_F32) {                                                  \
            const enum dtype T = DT_F32;                                      \
            __VA_ARGS__                                                       \
        } else if ((t) == DT_BF16) {                                          \
            const enum dtype T = DT_BF16;                                     \
            __VA_ARGS__                                                       \
        } else {                                                              \
            const enum dtype T = DT_F16;                                      \
            __VA_ARGS__                                                       \
        }                                                                     \
    } while (0)

/* Can load8 and store8 work at multiples of eight from p on? */
static inline int can_oct(const void *p)
{
    return (uintptr_t)p % 16 == 0;
}

/* Blocks of 256 for n values, eight a thread when wide. */
static inline unsigned eights_blocks(const struct cuda *c, size_t n, int wide)
{
    return cuda_blocks(c, wide ? n / 8 + 1 : n, 256);
}

/* Rows of F values at multiples of eight; n / 8 counts in 32 bits. */
static inline int rows_wide(size_t n, size_t F, const void *a,
                            const void *b, const void *c)
{
    return F % 8 == 0 && n >> 34 == 0 && can_oct(a) && can_oct(b) &&
           can_oct(c);
}

/* Values i to i + 7 of an array of type t, as they are stored; i is a multiple
 * of 8. */
DEV struct oct load8(const void *p, enum dtype t, size_t i)
{
    const uint4 *q =
        (const uint4 *)(const void *)((const char *)p + i * (t == DT_F32 ? 4
                                                                         : 2));
    struct oct o;

    o.q[0] = q[0];
    o.q[1] = t == DT_F32 ? q[1] : o.q[0];
    return o;
}

DEV void store8(void *p, enum dtype t, size_t i, struct oct o)
{
    uint4 *q = (uint4 *)(void *)((char *)p + i * (t == DT_F32 ? 4 : 2));

    q[0] = o.q[0];
    if (t == DT_F32)
        q[1] = o.q[1];
}

/* The words of an oct: one value of fp32, or two of a half type, each. */
DEV void words8(const struct oct *o, uint32_t w[8])
{
    w[0] = o->q[0].x, w[1] = o->q[0].y, w[2] = o->q[0].z, w[3] = o->q[0].w;
    w[4] = o->q[1].x, w[5] = o->q[1].y, w[6] = o->q[1].z, w[7] = o->q[1].w;
}

/* An oct of eight values' stored bits. */
DEV struct oct pack8(enum dtype t, const uint32_t b[8])
{
    struct oct o;
    uint32_t w[4];

    if (t == DT_F32) {
        o.q[0].x = b[0], o.q[0].y = b[1], o.q[0].z = b[2], o.q[0].w = b[3];
        o.q[1].x = b[4], o.q[1].y = b[5], o.q[1].z = b[6], o.q[1].w = b[7];
        return o;
    }
    for (int k = 0; k < 4; k++)
        w[k] = b[2 * k] | b[2 * k + 1] << 16;
    o.q[0].x = w[0], o.q[0].y = w[1], o.q[0].z = w[2], o.q[0].w = w[3];
    o.q[1] = o.q[0];
    return o;
}

/* Exact, and one instruction where the device has it. */
DEV float widen_f16(uint16_t h)
{
#ifdef __CUDA_ARCH__
    float x;

    asm("cvt.f32.f16 %0, %1;" : "=f"(x) : "h"(h));
    return x;
#else
    return canon_widen_f16(h);
#endif
}

/* canon_round_f16: the instruction rounds as it does, but for NaN. */
DEV uint16_t round_f16(float x)
{
#ifdef __CUDA_ARCH__
    uint16_t h;

    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(h) : "f"(x));
    return x == x ? h : (uint16_t)0x7E00;
#else
    return canon_round_f16(x);
#endif
}

/* The eight values, widened. */
DEV void widen8(const struct oct *o, enum dtype t, float x[8])
{
    uint32_t w[8];

    words8(o, w);
    for (int k = 0; k < 8; k++)
        if (t == DT_F32)
            x[k] = canon_float(w[k]);
        else if (t == DT_BF16)
            x[k] = canon_float(k % 2 ? w[k / 2] & 0xFFFF0000u
                                     : w[k / 2] << 16);
        else
            x[k] = widen_f16((uint16_t)(k % 2 ? w[k / 2] >> 16
                                              : w[k / 2] & 0xFFFF));
}

/* Rounded to t, to nearest even. */
DEV struct oct narrow8(enum dtype t, const float x[8])
{
    uint32_t b[8];

    for (int k = 0; k < 8; k++)
        b[k] = t == DT_F32    ? canon_bits(x[k])
               : t == DT_BF16 ? canon_round_bf16(x[k])
                              : round_f16(x[k]);
    return pack8(t, b);
}

/* load8 and widen8; narrow8 and store8. */
DEV void get8(const void *p, enum dtype t, size_t i, float x[8])
{
    struct oct o = load8(p, t, i);

    widen8(&o, t, x);
}

DEV void put8(void *p, enum dtype t, size_t i, const float x[8])
{
    store8(p, t, i, narrow8(t, x));
}

/* canon_tree over a warp: the sum, on every lane. */
DEV float warp_tree(float lane)
{
    for (int s = 16; s > 0; s >>= 1)
        lane += __shfl_down_sync(FULL, lane, s);
    return __shfl_sync(FULL, lane, 0);
}

/* The same in fp64. */
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

/* The largest of a warp, on every lane. */
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

/* Places that a loop visits. */
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
