/* swiglu - y = silu(g) u and its gradients; g and u are the halves of a row */
#include "cpu.h"
#include "simd.h"

enum { SOME = 4 }; /* vectors whose chains of operations run side by side */

struct job {
    enum dtype t;
    void *out, *y; /* y: of the backward, or NULL */
    const void *gu, *dy;
    long F;
};

/* nv vectors of a row from f on, or the first n values of one. */
INLINE void part(const struct job *j, int t, const int back, long r, long f,
                 const int nv, long n)
{
    long at = r * 2 * j->F + f, to = r * j->F + f;
    vf g[SOME], s[SOME], one = vf_set1(1.0f);

#pragma GCC unroll 4
    for (int v = 0; v < nv; v++)
        s[v] = g[v] = vf_get_t(t, j->gu, at + v * VW, n);
    vf_sigmoids(s, nv);
#pragma GCC unroll 4
    for (int v = 0; v < nv; v++) {
        vf u = vf_get_t(t, j->gu, at + j->F + v * VW, n), silu = g[v] * s[v];
        void *y = back ? j->y : j->out;

        if (back) {
            vf dy = vf_get_t(t, j->dy, to + v * VW, n);

            vf_put_t(t, j->out, at + v * VW,
                     (dy * u) * (s[v] * vf_fma(g[v], one - s[v], one)), n);
            vf_put_t(t, j->out, at + j->F + v * VW, dy * silu, n);
        }
        if (y)
            vf_put_t(t, y, to + v * VW, silu * u, n);
    }
}

INLINE void rows(const struct job *all, int t, const int back, long lo, long hi)
{
    const struct job one = *all, *j = &one; /* which no store changes */
    long F = j->F;

    for (long r = lo; r < hi; r++) {
        long f = 0;

        for (; f + SOME * VW <= F; f += SOME * VW)
            part(j, t, back, r, f, SOME, VW);
        for (; f + VW <= F; f += VW)
            part(j, t, back, r, f, 1, VW);
        if (f < F)
            part(j, t, back, r, f, 1, F - f);
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

    cpu_for(cpu_of(k), T, 8.0 * F, forward, &j);
}

OP(void, swiglu_bwd)(struct kernels *k, enum dtype t, void *dgu, void *y,
                     const void *dy, const void *gu, int T, int F)
{
    struct job j = {t, dgu, y, gu, dy, F};

    cpu_for(cpu_of(k), T, 10.0 * F, backward, &j);
}
