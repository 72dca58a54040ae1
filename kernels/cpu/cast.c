/* cast - between fp32 and the half types: widening is exact, narrowing rounds
 * to nearest even */
#include <string.h>
#include "cpu.h"
#include "simd.h"

static void narrow_bf16(uint16_t *dst, const float *src, size_t n)
{
    for (size_t i = 0; i < n; i++)
        dst[i] = canon_round_bf16(src[i]);
}

static void narrow_f16(uint16_t *dst, const float *src, size_t n)
{
    size_t i = 0;

    for (; VW >= 8 && i + VW <= n; i += VW)
        vf_store_f16(dst + i, vf_load(src + i));
    for (; i < n; i++)
        dst[i] = canon_round_f16(src[i]);
}

static void widen_f16(float *dst, const uint16_t *h, size_t n)
{
    size_t i = 0;

    for (; VW >= 8 && i + VW <= n; i += VW)
        vf_store(dst + i, vf_load_f16(h + i));
    for (; i < n; i++)
        dst[i] = canon_widen_f16(h[i]);
}

void NAME(widen)(float *dst, const void *src, enum dtype t, size_t n)
{
    const uint16_t *h = src;

    if (t == DT_F32)
        memmove(dst, src, n * sizeof *dst);
    else if (t == DT_BF16)
        for (size_t i = 0; i < n; i++)
            dst[i] = canon_widen_bf16(h[i]);
    else
        widen_f16(dst, h, n);
}

void NAME(narrow)(void *dst, enum dtype t, const float *src, size_t n)
{
    if (t == DT_F32) {
        if (dst != src)
            memmove(dst, src, n * sizeof *src);
    } else if (t == DT_BF16) {
        narrow_bf16(dst, src, n);
    } else {
        narrow_f16(dst, src, n);
    }
}

struct job {
    void *dst;
    const void *src;
    enum dtype dt, st;
};

static void part(void *ctx, long lo, long hi, int worker)
{
    const struct job *j = ctx;
    float buf[1024];

    (void)worker;
    for (long i = lo; i < hi; i += 1024) {
        size_t n = (size_t)(hi - i < 1024 ? hi - i : 1024);

        if (j->st == j->dt) {
            memmove(AT_W(j->dst, j->dt, i), AT(j->src, j->st, i),
                    n * dtype_size(j->dt));
        } else if (j->dt == DT_F32) {
            NAME(widen)(AT_W(j->dst, j->dt, i), AT(j->src, j->st, i), j->st,
                        n);
        } else {
            NAME(narrow)(AT_W(j->dst, j->dt, i), j->dt,
                         cpu_row(j->st, j->src, (size_t)i, n, buf), n);
        }
    }
}

OP(void, cast)(struct kernels *k, void *dst, enum dtype dt, const void *src,
               enum dtype st, size_t n)
{
    struct job j = {dst, src, dt, st};

    if (dst == src && dt == st)
        return;
    cpu_for(cpu_of(k), (long)n, 2, part, &j);
}
