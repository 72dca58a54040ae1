/* swiglu - y = silu(g) u and its gradients; g and u are the halves of a row */
#include "cpu.h"
#include "simd.h"

struct job {
    enum dtype t;
    void *out, *y; /* y: of the backward, or NULL */
    const void *gu, *dy;
    long F;
};

INLINE void forward_n(const struct job *j, int t, long r, long f, long n)
{
    long at = r * 2 * j->F + f;
    vf g = vf_get_t(t, j->gu, at, n), u = vf_get_t(t, j->gu, at + j->F, n);

    vf_put_t(t, j->out, r * j->F + f, (g * vf_sigmoid(g)) * u, n);
}

INLINE void backward_n(const struct job *j, int t, long r, long f, long n)
{
    long at = r * 2 * j->F + f;
    vf g = vf_get_t(t, j->gu, at, n), u = vf_get_t(t, j->gu, at + j->F, n);
    vf dy = vf_get_t(t, j->dy, r * j->F + f, n), s = vf_sigmoid(g);
    vf one = vf_set1(1.0f), silu = g * s;

    vf_put_t(t, j->out, at, (dy * u) * (s * vf_fma(g, one - s, one)), n);
    vf_put_t(t, j->out, at + j->F, dy * silu, n);
    if (j->y)
        vf_put_t(t, j->y, r * j->F + f, silu * u, n);
}

INLINE void rows(const struct job *all, int t, int back, long lo, long hi)
{
    const struct job one = *all, *j = &one; /* which no store changes */
    long F = j->F;

    for (long r = lo; r < hi; r++) {
        long f = 0;

        if (back) {
            for (; f + VW <= F; f += VW)
                backward_n(j, t, r, f, VW);
            if (f < F)
                backward_n(j, t, r, f, F - f);
        } else {
            for (; f + VW <= F; f += VW)
                forward_n(j, t, r, f, VW);
            if (f < F)
                forward_n(j, t, r, f, F - f);
        }
    }
}

static void forward(void *ctx, long lo, long hi, int worker)
{
    const struct job *j = ctx;

    (void)worker;
    if (j->t == DT_F32)
        rows(j, DT_F32, 0, lo, hi);
    else if (j->t == DT_BF16)
        rows(j, DT_BF16, 0, lo, hi);
    else
        rows(j, DT_F16, 0, lo, hi);
}

static void backward(void *ctx, long lo, long hi, int worker)
{
    const struct job *j = ctx;

    (void)worker;
    if (j->t == DT_F32)
        rows(j, DT_F32, 1, lo, hi);
    else if (j->t == DT_BF16)
        rows(j, DT_BF16, 1, lo, hi);
    else
        rows(j, DT_F16, 1, lo, hi);
}

OP(void, swiglu)(struct kernels *k, enum dtype t, void *y, const void *gu,
                 int T, int F)
{
    struct job j = {t, y, NULL, gu, NULL, F};

    NAME(cpu_for)(cpu_of(k), T, 8.0 * F, forward, &j);
}

OP(void, swiglu_bwd)(struct kernels *k, enum dtype t, void *dgu, void *y,
                     const void *dy, const void *gu, int T, int F)
{
    struct job j = {t, dgu, y, gu, dy, F};

    NAME(cpu_for)(cpu_of(k), T, 10.0 * F, backward, &j);
}
