/* train_moved - weights that moved, in their bits and as bf16 shows it */
#include "../../kernels/compare.h"
#include "../../lib/base/rng.h"
#include "../../lib/train/moved.h"
#include "t.h"

enum { N = 4097 };

static float value(const void *p, enum dtype t, size_t i)
{
    const uint16_t *h = p;

    return t == DT_F32    ? ((const float *)p)[i]
           : t == DT_BF16 ? canon_widen_bf16(h[i])
                          : canon_widen_f16(h[i]);
}

/* What lib/compare counts, one value at a time. */
static void as_one_by_one(const void *a, const void *b, enum dtype t, size_t n)
{
    const char *x = a, *y = b;
    size_t size = dtype_size(t);
    uint64_t bits = 0, visible = 0;

    for (size_t i = 0; i < n; i++) {
        bits += memcmp(x + i * size, y + i * size, size) != 0;
        visible += !compare_same(compare_bf16(value(a, t, i)),
                                 compare_bf16(value(b, t, i)), 1e-3, 1);
    }
    T_EQ_INT(moved_bits(a, b, t, n), bits);
    T_EQ_INT(moved_visibly(a, b, t, n), visible);
}

static void every_half_value(void)
{
    static uint16_t a[N], b[N];

    for (int t = DT_F32; t <= DT_F16; t++)
        for (uint32_t first = 0; t != DT_F32 && first < 65536; first += N) {
            for (uint32_t i = 0; i < N; i++) {
                uint16_t exponent = t == DT_BF16 ? 0x7F80 : 0x7C00;

                a[i] = (uint16_t)(first + i);
                if ((a[i] & exponent) == exponent)
                    a[i] = 0x8000; /* finite ones alone */
                b[i] = (uint16_t)(i % 3 ? a[i] : a[i] ^ 0x8001);
                if ((b[i] & exponent) == exponent)
                    b[i] = 0;
            }
            as_one_by_one(a, b, (enum dtype)t, N);
        }
}

static void fp32_values_near_ties(void)
{
    static float a[N], b[N];
    struct rng r;

    rng_init(&r, 8, 0);
    for (int i = 0; i < N; i++) {
        uint32_t bits = (rng_u32(&r) & 0x80FFFFFF) | 0x3C000000;

        a[i] = canon_float(i % 2 ? bits : (bits & 0xFFFF0000) | 0x7FFF);
        b[i] = canon_float(canon_bits(a[i]) + (uint32_t)(i % 4));
    }
    a[7] = 0.0f;
    b[7] = -0.0f;
    a[8] = 1e-40f; /* bf16 keeps subnormal values */
    b[8] = 0.0f;
    for (size_t n = 0; n < 200; n++)
        as_one_by_one(a, b, DT_F32, n);
    as_one_by_one(a, b, DT_F32, N);
}

int main(void)
{
    T_RUN(every_half_value);
    T_RUN(fp32_values_near_ties);
    T_DONE();
}
