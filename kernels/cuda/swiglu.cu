/* swiglu - y = silu(g) * u, and its gradient */
#include "dev.h"

DEV float swiglu_of(float g, float u)
{
    return (g * canon_sigmoid(g)) * u;
}

/* g and u become their gradients; silu(g) * u. */
DEV float swiglu_grad(float d, float *g, float *u)
{
    float s = canon_sigmoid(*g), silu = *g * s, y = silu * *u, dg;

    dg = (d * *u) * (s * canon_fma(*g, 1.0f - s, 1.0f));
    *u = d * silu;
    *g = dg;
    return y;
}

DEV void swiglu8(enum dtype t, void *y, const void *gu, size_t r, size_t at,
                 size_t F)
{
    size_t i = r * 2 * F + at;
    struct oct og = load8(gu, t, i), ou = load8(gu, t, i + F);
    float g[8], u[8];

    widen8(&og, t, g);
    widen8(&ou, t, u);
    for (int k = 0; k < 8; k++)
        g[k] = swiglu_of(g[k], u[k]);
    put8(y, t, r * F + at, g);
}

KERNEL __launch_bounds__(256)
    swiglu_all(enum dtype t, void *y, const void *gu, size_t n, size_t F,
               int wide)
{
    unsigned each = (unsigned)(F / 8);

    if (wide)
        for (unsigned i = (unsigned)grid_at(); i < n / 8;
             i += (unsigned)grid_step())
            WITH_TYPE(t, T, swiglu8(T, y, gu, i / each,
                                    (size_t)(i % each) * 8, F););
    else
        for (size_t i = grid_at(); i < n; i += grid_step()) {
            size_t at = i / F * 2 * F + i % F;

            put(y, t, i, swiglu_of(get(gu, t, at), get(gu, t, at + F)));
        }
}

OP(void, swiglu)(struct kernels *k, enum dtype t, void *y, const void *gu,
                 int T, int F)
{
    struct cuda *c = cuda_of(k);
    size_t n = (size_t)T * (size_t)F;
    int wide = rows_wide(n, (size_t)F, y, gu, NULL);

    if (n)
        LAUNCH(c, swiglu_all, eights_blocks(c, n, wide), 256, 0, t, y, gu, n,
               (size_t)F, wide);
}

DEV void swiglu_grads8(enum dtype t, void *dgu, void *y, const void *dy,
                       const void *gu, size_t r, size_t at, size_t F)
{
    size_t i = r * 2 * F + at;
    struct oct og = load8(gu, t, i), ou = load8(gu, t, i + F);
    struct oct od = load8(dy, t, r * F + at);
    float g[8], u[8], d[8];

    widen8(&og, t, g);
    widen8(&ou, t, u);
    widen8(&od, t, d);
    for (int k = 0; k < 8; k++)
        d[k] = swiglu_grad(d[k], &g[k], &u[k]);
    put8(dgu, t, i, g);
    put8(dgu, t, i + F, u);
    if (y)
        put8(y, t, r * F + at, d);
}

KERNEL __launch_bounds__(256)
    swiglu_grads(enum dtype t, void *dgu, void *y, const void *dy,
                 const void *gu, size_t n, size_t F, int wide)
{
    unsigned each = (unsigned)(F / 8);

    if (wide)
        for (unsigned i = (unsigned)grid_at(); i < n / 8;
             i += (unsigned)grid_step())
            WITH_TYPE(t, T, swiglu_grads8(T, dgu, y, dy, gu, i / each,
                                          (size_t)(i % each) * 8, F););
    else
        for (size_t i = grid_at(); i < n; i += grid_step()) {
            size_t at = i / F * 2 * F + i % F;
            float g = get(gu, t, at), u = get(gu, t, at + F), again;

            again = swiglu_grad(get(dy, t, i), &g, &u);
            put(dgu, t, at, g);
            put(dgu, t, at + F, u);
            if (y)
                put(y, t, i, again);
        }
}

OP(void, swiglu_bwd)(struct kernels *k, enum dtype t, void *dgu, void *y,
                     const void *dy, const void *gu, int T, int F)
{
    struct cuda *c = cuda_of(k);
    size_t n = (size_t)T * (size_t)F;
    int wide = rows_wide(n, (size_t)F, dgu, dy, gu) &&
               rows_wide(n, (size_t)F, y, NULL, NULL);

    if (n)
        LAUNCH(c, swiglu_grads, eights_blocks(c, n, wide), 256, 0, t, dgu, y,
               dy, gu, n, (size_t)F, wide);
}
