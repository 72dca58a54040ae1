/* transpose - dst[c][r] = src[r][c], by blocks
 *
 * Rows of a head become vectors whose lanes are tokens, and back; rows of a
 * weight become panels. fp32 goes in 16, 8 or 4 rows by 4 columns where there
 * are vectors for it, values of 16 bits in 8 by 8. Pairs of 16 bits are moved
 * as fp32.
 */
#ifndef ULP_CPU_TRANSPOSE_H
#define ULP_CPU_TRANSPOSE_H
#include "simd.h"

#if VW == 16
/* Four columns of 16 rows: quarter q of z[i] is row 4 q + i. */
INLINE void transpose_16x4(float *dst, long ldd, const float *src, long lds)
{
    __m512 z[4], t[4];

    for (int i = 0; i < 4; i++) {
        z[i] = _mm512_castps128_ps512(_mm_loadu_ps(src + i * lds));
        z[i] = _mm512_insertf32x4(z[i], _mm_loadu_ps(src + (i + 4) * lds), 1);
        z[i] = _mm512_insertf32x4(z[i], _mm_loadu_ps(src + (i + 8) * lds), 2);
        z[i] =
            _mm512_insertf32x4(z[i], _mm_loadu_ps(src + (i + 12) * lds), 3);
    }
    t[0] = _mm512_unpacklo_ps(z[0], z[1]);
    t[1] = _mm512_unpackhi_ps(z[0], z[1]);
    t[2] = _mm512_unpacklo_ps(z[2], z[3]);
    t[3] = _mm512_unpackhi_ps(z[2], z[3]);
    for (int i = 0; i < 2; i++) {
        __m512d a = _mm512_castps_pd(t[i]), b = _mm512_castps_pd(t[i + 2]);

        _mm512_storeu_ps(dst + 2 * i * ldd,
                         _mm512_castpd_ps(_mm512_unpacklo_pd(a, b)));
        _mm512_storeu_ps(dst + (2 * i + 1) * ldd,
                         _mm512_castpd_ps(_mm512_unpackhi_pd(a, b)));
    }
}
#endif

#if VW >= 8
/* Four columns of 8 rows; of 4 rows. */
INLINE void transpose_8x4(float *dst, long ldd, const float *src, long lds)
{
    __m256 z[4], t[4];

    for (int i = 0; i < 4; i++)
        z[i] = _mm256_insertf128_ps(
            _mm256_castps128_ps256(_mm_loadu_ps(src + i * lds)),
            _mm_loadu_ps(src + (i + 4) * lds), 1);
    t[0] = _mm256_unpacklo_ps(z[0], z[1]);
    t[1] = _mm256_unpackhi_ps(z[0], z[1]);
    t[2] = _mm256_unpacklo_ps(z[2], z[3]);
    t[3] = _mm256_unpackhi_ps(z[2], z[3]);
    for (int i = 0; i < 2; i++) {
        __m256d a = _mm256_castps_pd(t[i]), b = _mm256_castps_pd(t[i + 2]);

        _mm256_storeu_ps(dst + 2 * i * ldd,
                         _mm256_castpd_ps(_mm256_unpacklo_pd(a, b)));
        _mm256_storeu_ps(dst + (2 * i + 1) * ldd,
                         _mm256_castpd_ps(_mm256_unpackhi_pd(a, b)));
    }
}
#endif

INLINE void transpose_4x4(float *dst, long ldd, const float *src, long lds)
{
    typedef float f4 __attribute__((vector_size(16)));
    typedef float f4u __attribute__((vector_size(16), aligned(4), may_alias));
    f4 a = *(const f4u *)src, b = *(const f4u *)(src + lds);
    f4 c = *(const f4u *)(src + 2 * lds), d = *(const f4u *)(src + 3 * lds);
    f4 ab = __builtin_shufflevector(a, b, 0, 4, 1, 5);
    f4 cd = __builtin_shufflevector(c, d, 0, 4, 1, 5);

    *(f4u *)dst = __builtin_shufflevector(ab, cd, 0, 1, 4, 5);
    *(f4u *)(dst + ldd) = __builtin_shufflevector(ab, cd, 2, 3, 6, 7);
    ab = __builtin_shufflevector(a, b, 2, 6, 3, 7);
    cd = __builtin_shufflevector(c, d, 2, 6, 3, 7);
    *(f4u *)(dst + 2 * ldd) = __builtin_shufflevector(ab, cd, 0, 1, 4, 5);
    *(f4u *)(dst + 3 * ldd) = __builtin_shufflevector(ab, cd, 2, 3, 6, 7);
}

/* Rows [r, rows) in full groups of `step`. */
#define TRANSPOSE_ROWS(step)                                                  \
    for (; r + step <= rows; r += step) {                                     \
        long c = 0;                                                           \
                                                                              \
        for (; c + 4 <= cols; c += 4)                                         \
            transpose_##step##x4(dst + c * ldd + r, ldd, src + r * lds + c,   \
                                 lds);                                        \
        for (; c < cols; c++)                                                 \
            for (int i = 0; i < step; i++)                                    \
                dst[c * ldd + r + i] = src[(r + i) * lds + c];                \
    }

/* dst[cols][ldd] = src[rows][lds] transposed. */
INLINE void transpose(float *dst, long ldd, const float *src, long lds,
                      long rows, long cols)
{
    long r = 0;

#if VW == 16
    TRANSPOSE_ROWS(16)
#endif
#if VW >= 8
    TRANSPOSE_ROWS(8)
#endif
    TRANSPOSE_ROWS(4)
    for (; r < rows; r++)
        for (long c = 0; c < cols; c++)
            dst[c * ldd + r] = src[r * lds + c];
}

INLINE void transpose_16_8x8(uint16_t *dst, long ldd, const uint16_t *src,
                             long lds)
{
    typedef uint16_t h8 __attribute__((vector_size(16)));
    typedef uint16_t h8u
        __attribute__((vector_size(16), aligned(2), may_alias));
    h8 a[8], b[8];

    for (int i = 0; i < 8; i++)
        a[i] = *(const h8u *)(src + i * lds);
    /* each round moves one bit of a value's row into its column */
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 4; i++) {
            b[2 * i] = __builtin_shufflevector(a[i], a[i + 4], 0, 8, 1, 9, 2,
                                               10, 3, 11);
            b[2 * i + 1] = __builtin_shufflevector(a[i], a[i + 4], 4, 12, 5,
                                                   13, 6, 14, 7, 15);
        }
        for (int i = 0; i < 8; i++)
            a[i] = b[i];
    }
    for (int i = 0; i < 8; i++)
        *(h8u *)(dst + i * ldd) = a[i];
}

/* dst[j][2 i + e][f] = src[i][2 j + f][e]: blocks of 2 by 2 values of 16 bits,
 * in rows of ld pairs; n by m blocks. */
INLINE void transpose_pairs(uint16_t *dst, const uint16_t *src, long ld,
                            long n, long m)
{
    typedef uint16_t h8 __attribute__((vector_size(16)));
    typedef uint16_t h8u
        __attribute__((vector_size(16), aligned(2), may_alias));
    long i = 0;

    for (; i + 2 <= n; i += 2) {
        const uint16_t *s = src + i * 2 * ld;
        uint16_t *d = dst + i * 4;
        long j = 0;

        for (; j + 2 <= m; j += 2) {
            h8 a = *(const h8u *)(s + j * 4);
            h8 b = *(const h8u *)(s + 2 * ld + j * 4);

            *(h8u *)(d + j * 2 * ld) = __builtin_shufflevector(
                a, b, 0, 2, 1, 3, 8, 10, 9, 11);
            *(h8u *)(d + (j + 1) * 2 * ld) = __builtin_shufflevector(
                a, b, 4, 6, 5, 7, 12, 14, 13, 15);
        }
        if (j < m)
            for (int q = 0; q < 8; q++)
                d[j * 2 * ld + q] =
                    s[q / 4 * 2 * ld + j * 4 + q % 2 * 2 + q / 2 % 2];
    }
    for (long j = 0; i < n && j < m; j++)
        for (int q = 0; q < 4; q++)
            dst[j * 2 * ld + i * 4 + q] =
                src[i * 2 * ld + j * 4 + q % 2 * 2 + q / 2];
}

/* The same for values of 16 bits. */
INLINE void transpose_16(uint16_t *dst, long ldd, const uint16_t *src,
                         long lds, long rows, long cols)
{
    long r = 0;

    for (; r + 8 <= rows; r += 8) {
        long c = 0;

        for (; c + 8 <= cols; c += 8)
            transpose_16_8x8(dst + c * ldd + r, ldd, src + r * lds + c, lds);
        for (; c < cols; c++)
            for (int i = 0; i < 8; i++)
                dst[c * ldd + r + i] = src[(r + i) * lds + c];
    }
    for (; r < rows; r++)
        for (long c = 0; c < cols; c++)
            dst[c * ldd + r] = src[r * lds + c];
}

#endif
