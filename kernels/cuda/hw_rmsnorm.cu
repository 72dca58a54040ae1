/* hw_rmsnorm - the gradient of rmsnorm by its weight under order=hardware
 *
 * A sum over rows for each column, in two stages: parts of the rows by many
 * blocks, then the parts, ascending. How many parts follows from T alone.
 */
#include "hw.h"
#include "rmsnorm.h"
#include "../rmsnorm.h"

enum {
    DW_COLS = 64, /* of a block, eight a thread */
    DW_LANES = 32, /* threads that share the rows of a column */
    DW_NT = DW_COLS / 8 * DW_LANES
};

struct dw_job {
    struct norm_grad g;
    float *part; /* [parts][H] */
    long rows;   /* of a part */
};

/* Columns h .. h + 7 of one row, those within H. */
DEV void columns(const void *p, enum dtype t, size_t at, long left, int wide,
                 float x[8])
{
    if (wide && left >= 8)
        get8(p, t, at, x);
    else
        for (long k = 0; k < 8; k++)
            x[k] = k < left ? get(p, t, at + (size_t)k) : 0.0f;
}

DEV void dw_sum(const struct dw_job *j, enum dtype t, int wide, float s[8])
{
    const struct norm_grad *g = &j->g;
    long h = (long)blockIdx.x * DW_COLS + threadIdx.x % (DW_COLS / 8) * 8;
    long r = (long)blockIdx.y * j->rows, end = r + j->rows;
    float x[8], d[8];

    end = end < g->T ? end : g->T;
    if (h >= g->H)
        return;
#pragma unroll 4
    for (r += (long)threadIdx.x / (DW_COLS / 8); r < end; r += DW_LANES) {
        size_t at = norm_begin(&g->at, (size_t)r, g->H) + (size_t)h;
        float rstd = g->rstd[r];

        columns(g->dy, t, at, g->H - h, wide, d);
        columns(g->x, t, at, g->H - h, wide, x);
        for (int k = 0; k < 8; k++)
            s[k] = canon_fma(d[k], x[k] * rstd, s[k]);
    }
}

KERNEL __launch_bounds__(DW_NT) hw_norm_dw_parts(struct dw_job j, int wide)
{
    __shared__ float sum[DW_LANES][DW_COLS];
    int lane = (int)threadIdx.x / (DW_COLS / 8);
    int col = (int)threadIdx.x % (DW_COLS / 8) * 8;
    long h = (long)blockIdx.x * DW_COLS + (long)threadIdx.x;
    float s[8] = {0, 0, 0, 0, 0, 0, 0, 0};

    WITH_TYPE(j.g.t, T, dw_sum(&j, T, wide, s););
    for (int k = 0; k < 8; k++)
        sum[lane][col + k] = s[k];
    __syncthreads();
    if (threadIdx.x >= DW_COLS || h >= j.g.H)
        return;
    for (int i = 1; i < DW_LANES; i++)
        sum[0][threadIdx.x] += sum[i][threadIdx.x];
    j.part[(long)blockIdx.y * j.g.H + h] = sum[0][threadIdx.x];
}

KERNEL hw_norm_dw_sum(float *dw, const float *part, long parts, long H)
{
    long h = (long)grid_at();
    float s = 0.0f;

    if (h >= H)
        return;
    for (long p = 0; p < parts; p++)
        s += part[p * H + h];
    dw[h] += s;
}

static void norm_gradients(struct cuda *c, struct norm_grad g, float *dw)
{
    long T = g.T, H = g.H;
    long parts = rmsnorm_parts(T);
    int wide = norm_eights(&g.at, g.H) && can_oct(g.dy) && can_oct(g.x);
    struct dw_job j = {g, NULL, 0};

    if (T <= 0)
        return;
    if (dw) { /* before dx: it may overwrite dy */
        j.rows = (T + parts - 1) / parts;
        j.part = (float *)CU(cuda_scratch)(
            c, S_TASKS, (size_t)(parts * H) * sizeof(float));
        if (!j.part)
            return;
        LAUNCH(c, hw_norm_dw_parts,
               dim3(cuda_div((size_t)H, DW_COLS), (unsigned)parts), DW_NT, 0,
               j, wide);
        LAUNCH(c, hw_norm_dw_sum, cuda_div((size_t)H, 128), 128, 0, dw,
               j.part, parts, H);
    }
    CU(cuda_norm_dx)(c, g);
}

HW(void, rmsnorm_bwd)(struct kernels *k, enum dtype t, void *dx, float *dw,
                      const void *dy, const void *x, const void *w,
                      const float *rstd, int T, int H)
{
    struct norm_grad j = {t, dx, dy, x, w, rstd, {0, 0}, T, H};

    norm_gradients(cuda_of(k), j, dw);
}

HW(void, rmsnorm_heads_bwd)(struct kernels *k, enum dtype t, void *dx,
                            float *dw, const void *dy, const void *x,
                            const void *w, const float *rstd, struct k_heads h,
                            int T)
{
    struct norm_grad j = {t,    dx,  dy, x, w, rstd, {h.n, h.stride},
                          T * h.n, h.d};

    norm_gradients(cuda_of(k), j, dw);
}
