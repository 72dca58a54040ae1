/* swiglu - y = silu(g) u and its gradients; g and u are the halves of a row */
#include "cpu.h"

enum { PIECE = 512 };

struct job {
    enum dtype t;
    void *out;
    const void *gu, *dy;
    long F;
};

static void forward(void *ctx, long lo, long hi, int worker)
{
    const struct job *j = ctx;
    long F = j->F;
    float gb[PIECE], ub[PIECE], y[PIECE];

    (void)worker;
    for (long r = lo; r < hi; r++)
        for (long f = 0; f < F; f += PIECE) {
            long n = F - f < PIECE ? F - f : PIECE, at = r * 2 * F + f;
            const float *g =
                cpu_row(j->t, j->gu, (size_t)at, (size_t)n, gb);
            const float *u =
                cpu_row(j->t, j->gu, (size_t)(at + F), (size_t)n, ub);

            for (long i = 0; i < n; i++)
                y[i] = (g[i] * canon_sigmoid(g[i])) * u[i];
            NAME(narrow)(AT_W(j->out, j->t, r * F + f), j->t, y, (size_t)n);
        }
}

static void backward(void *ctx, long lo, long hi, int worker)
{
    const struct job *j = ctx;
    long F = j->F;
    float gb[PIECE], ub[PIECE], db[PIECE], dg[PIECE], du[PIECE];

    (void)worker;
    for (long r = lo; r < hi; r++)
        for (long f = 0; f < F; f += PIECE) {
            long n = F - f < PIECE ? F - f : PIECE, at = r * 2 * F + f;
            const float *g =
                cpu_row(j->t, j->gu, (size_t)at, (size_t)n, gb);
            const float *u =
                cpu_row(j->t, j->gu, (size_t)(at + F), (size_t)n, ub);
            const float *dy =
                cpu_row(j->t, j->dy, (size_t)(r * F + f), (size_t)n, db);

            for (long i = 0; i < n; i++) {
                float s = canon_sigmoid(g[i]);

                du[i] = dy[i] * (g[i] * s);
                dg[i] = (dy[i] * u[i]) *
                        (s * canon_fma(g[i], 1.0f - s, 1.0f));
            }
            NAME(narrow)(AT_W(j->out, j->t, at), j->t, dg, (size_t)n);
            NAME(narrow)(AT_W(j->out, j->t, at + F), j->t, du, (size_t)n);
        }
}

OP(void, swiglu)(struct kernels *k, enum dtype t, void *y, const void *gu,
                 int T, int F)
{
    struct job j = {t, y, gu, NULL, F};

    NAME(cpu_for)(cpu_of(k), T, 8.0 * F, forward, &j);
}

OP(void, swiglu_bwd)(struct kernels *k, enum dtype t, void *dgu,
                     const void *dy, const void *gu, int T, int F)
{
    struct job j = {t, dgu, gu, dy, F};

    NAME(cpu_for)(cpu_of(k), T, 10.0 * F, backward, &j);
}
