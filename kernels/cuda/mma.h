/* mma - tensor cores, and copies to shared memory that nobody waits for
 *
 * Thin names for PTX of sm_80 and later. Halves are held in pairs, the first
 * in the low 16 bits. Of a warp's thread, with g = lane / 4 and q = lane % 4:
 *
 *   a[4]  of A (16 rows, 16 k): rows g, g + 8, g, g + 8; k 2q, 2q, 2q + 8,
 *         2q + 8, and the next
 *   b[2]  of B (16 k, 8 columns): column g; k 2q, 2q + 8, and the next
 *   d[4]  of D (16 rows, 8 columns): rows g, g, g + 8, g + 8; columns 2q,
 *         2q + 1, 2q, 2q + 1
 *
 * So d[0..1] and d[2..3], packed, of two products side by side are the a of
 * another. ld_matrix reads n matrices of 8 x 8 halves; lane 8 m + r has the
 * address of row r of matrix m (16 bytes, aligned to 16), and r[m] is row g,
 * columns 2q and 2q + 1; with _t of the transposed matrix. Rows of A lie with
 * k ascending; ld_matrix gives a[0..3] of matrices (rows 0-7, k 0-7), (rows
 * 8-15, k 0-7), (rows 0-7, k 8-15), (rows 8-15, k 8-15), b[0..1] of columns
 * that lie with k ascending, and ld_matrix_t b[0..1] of rows of B.
 */
#ifndef ULP_CUDA_MMA_H
#define ULP_CUDA_MMA_H
#include "dev.h"
#ifdef CUDASIM
#include <math.h>
#include <mma.h>
#endif

/* d += a b; t is DT_BF16 or DT_F16, known when this is compiled */
DEV void mma(enum dtype t, float d[4], const unsigned a[4],
             const unsigned b[2])
{
#ifdef CUDASIM
    cudasim_mma(t == DT_F16, d, a, b);
#else
    if (t == DT_F16)
        asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 "
            "{%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
            : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
            : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]),
              "r"(b[1]));
    else
        asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
            "{%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
            : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
            : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]),
              "r"(b[1]));
#endif
}

#ifdef CUDASIM
#define LD_MATRIX(name, n, trans, ptx)                                        \
    DEV void name(unsigned r[n], const void *row)                             \
    {                                                                         \
        cudasim_ldmatrix(n, trans, r, row);                                   \
    }
#else
#define LD_MATRIX(name, n, trans, ptx)                                        \
    DEV void name(unsigned r[n], const void *row)                             \
    {                                                                         \
        LD_MATRIX_##n(ptx, r, (unsigned)__cvta_generic_to_shared(row));       \
    }
#define LD_MATRIX_2(ptx, r, at)                                               \
    asm volatile(ptx " {%0,%1}, [%2];"                                        \
                 : "=r"(r[0]), "=r"(r[1])                                     \
                 : "r"(at)                                                    \
                 : "memory")
#define LD_MATRIX_4(ptx, r, at)                                               \
    asm volatile(ptx " {%0,%1,%2,%3}, [%4];"                                  \
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])             \
                 : "r"(at)                                                    \
                 : "memory")
#endif
LD_MATRIX(ld_matrix2, 2, 0, "ldmatrix.sync.aligned.m8n8.x2.shared.b16")
LD_MATRIX(ld_matrix4, 4, 0, "ldmatrix.sync.aligned.m8n8.x4.shared.b16")
LD_MATRIX(ld_matrix2_t, 2, 1,
          "ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16")
LD_MATRIX(ld_matrix4_t, 4, 1,
          "ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16")

/* 16 bytes from src to shared memory, or 16 zero bytes (src is not read then);
 * both addresses are multiples of 16. They are there for this thread after a
 * cp_wait, for others after a barrier then. */
DEV void cp_async(void *shared, const void *src, int zero)
{
#ifdef CUDASIM
    cudasim_cp_async(16, shared, src, zero ? 0 : 16);
#else
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(
                     (unsigned)__cvta_generic_to_shared(shared)),
                 "l"(src), "r"(zero ? 0 : 16)
                 : "memory");
#endif
}

/* The same of 4 bytes, addresses multiples of 4. */
DEV void cp_async4(void *shared, const void *src, int zero)
{
#ifdef CUDASIM
    cudasim_cp_async(4, shared, src, zero ? 0 : 4);
#else
    asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;" ::"r"(
                     (unsigned)__cvta_generic_to_shared(shared)),
                 "l"(src), "r"(zero ? 0 : 4)
                 : "memory");
#endif
}

/* Closes a group of copies. */
DEV void cp_commit(void)
{
#ifdef CUDASIM
    cudasim_cp_commit();
#else
    asm volatile("cp.async.commit_group;" ::: "memory");
#endif
}

/* Waits for this thread's groups but the newest n, a constant. */
#ifdef CUDASIM
#define cp_wait(n) cudasim_cp_wait(n)
#else
#define cp_wait(n) asm volatile("cp.async.wait_group %0;" ::"n"(n) : "memory")
#endif

/* A pair of halves, each rounded to nearest even. */
DEV unsigned pack2(enum dtype t, float low, float high)
{
    unsigned r;

#ifdef CUDASIM
    r = t == DT_F16 ? canon_round_f16(low) | (unsigned)canon_round_f16(high)
                                                 << 16
                    : canon_round_bf16(low) | (unsigned)canon_round_bf16(high)
                                                  << 16;
#else
    if (t == DT_F16)
        asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(r) : "f"(high), "f"(low));
    else
        asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(r) : "f"(high), "f"(low));
#endif
    return r;
}

/* 2^x, relative error under 2^-22; results under 2^-126 are 0 */
DEV float fast_exp2(float x)
{
#ifdef CUDASIM
    float y = (float)exp2((double)x);

    return y < 0x1p-126f ? 0.0f : y;
#else
    float y;

    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
#endif
}

#endif
