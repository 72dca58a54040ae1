/* rmsnorm - rows divided by their root mean square, and the gradients
 *
 * A warp that normalises a row brings it to shared memory in accesses of 16
 * bytes, once; its lanes then add their strided terms from there, and the
 * second reading is from there too. Rows that are not whole eights, or too
 * long for shared memory, are read value by value, twice.
 */
#include "rmsnorm.h"

/* Rows of a block (a warp each) whose `each` bytes fit shared memory: 0 when
 * not one does. */
static int warps_of(size_t each)
{
    int n = 4;

    while (n && (size_t)n * each > (size_t)48 << 10)
        n /= 2;
    return n;
}

/* This warp's row, n bytes of them, to its place in shared memory. */
DEV void *bring(void *to, const void *row, enum dtype t, int H)
{
    for (int i = (int)threadIdx.x % 32 * 8; i < H; i += ROW_EIGHTS)
        store8(to, t, (size_t)i, load8(row, t, (size_t)i));
    return to;
}

DEV float square_sum(const void *x, enum dtype t, int H)
{
    float s = 0.0f;

#pragma unroll 4
    for (int i = (int)threadIdx.x % 32; i < H; i += 32) {
        float v = get(x, t, (size_t)i);

        s = canon_fma(v, v, s);
    }
    return warp_tree(s);
}

struct norm_job {
    enum dtype t;
    void *y;
    float *rstd;
    const void *x, *w;
    struct norm_rows at;
    int T, H;
    float eps;
};

DEV char *row_at(const void *x, enum dtype t, size_t begin)
{
    return (char *)x + begin * (t == DT_F32 ? 4 : 2);
}

DEV float rstd_of(const struct norm_job *j, float sum)
{
    return 1.0f / canon_sqrt(sum / (float)j->H + j->eps);
}

DEV void norm_wide(const struct norm_job *j, enum dtype t, size_t r,
                   void *mine)
{
    size_t begin = norm_begin(&j->at, r, j->H);
    char *y = row_at(j->y, t, begin);
    float rstd, x[8], w[8];

    bring(mine, row_at(j->x, t, begin), t, j->H);
    __syncwarp();
    rstd = rstd_of(j, square_sum(mine, t, j->H));
    for (int i = (int)threadIdx.x % 32 * 8; i < j->H; i += ROW_EIGHTS) {
        get8(mine, t, (size_t)i, x);
        get8(j->w, t, (size_t)i, w);
        for (int k = 0; k < 8; k++)
            x[k] = (x[k] * rstd) * w[k];
        put8(y, t, (size_t)i, x);
    }
    if (j->rstd && threadIdx.x % 32 == 0)
        j->rstd[r] = rstd;
}

/* A warp takes a row: lane j the terms j, j + 32, ... */
KERNEL __launch_bounds__(128, 8) norm_rows_wide(struct norm_job j)
{
    DYNAMIC_SHARED(room);
    size_t warp = threadIdx.x / 32;
    size_t r = (size_t)blockIdx.x * (blockDim.x / 32) + warp;

    if (r < (size_t)j.T)
        WITH_TYPE(j.t, T, norm_wide(&j, T, r,
                                    (char *)room +
                                        warp * (size_t)j.H *
                                            (T == DT_F32 ? 4 : 2)););
}

KERNEL norm_rows_narrow(struct norm_job j)
{
    size_t r = (size_t)blockIdx.x * 4 + threadIdx.x / 32;
    size_t at = norm_begin(&j.at, r, j.H);
    float rstd;

    if (r >= (size_t)j.T)
        return;
    rstd = rstd_of(&j, square_sum(row_at(j.x, j.t, at), j.t, j.H));
    for (size_t i = threadIdx.x % 32; i < (size_t)j.H; i += 32)
        put(j.y, j.t, at + i,
            (get(j.x, j.t, at + i) * rstd) * get(j.w, j.t, i));
    if (j.rstd && threadIdx.x % 32 == 0)
        j.rstd[r] = rstd;
}

static void norm(struct cuda *c, struct norm_job j)
{
    size_t each = (size_t)j.H * dtype_size(j.t);
    int warps = norm_eights(&j.at, j.H) && can_oct(j.y) && can_oct(j.x) &&
                        can_oct(j.w)
                    ? warps_of(each)
                    : 0;

    if (j.T > 0 && warps)
        LAUNCH(c, norm_rows_wide, cuda_div((size_t)j.T, (size_t)warps),
               (unsigned)warps * 32, (size_t)warps * each, j);
    else if (j.T > 0)
        LAUNCH(c, norm_rows_narrow, cuda_div((size_t)j.T, 4), 128, 0, j);
}

OP(void, rmsnorm)(struct kernels *k, enum dtype t, void *y, float *rstd,
                  const void *x, const void *w, int T, int H, float eps)
{
    struct norm_job j = {t, y, rstd, x, w, {0, 0}, T, H, eps};

    norm(cuda_of(k), j);
}

OP(void, rmsnorm_heads)(struct kernels *k, enum dtype t, void *y, float *rstd,
                        const void *x, const void *w, struct k_heads h, int T,
                        float eps)
{
    struct norm_job j = {t,   y, rstd, x, w, {h.n, h.stride}, T * h.n,
                         h.d, eps};

    norm(cuda_of(k), j);
}

/* ---- its gradient by x ---- */
/* rowdot of dy w and x rstd */
DEV float grad_dot(const void *dy, const void *x, const void *w, float rstd,
                   enum dtype t, int H)
{
    float s = 0.0f;

#pragma unroll 4
    for (int i = (int)threadIdx.x % 32; i < H; i += 32)
        s = canon_fma(get(dy, t, (size_t)i) * get(w, t, (size_t)i),
                      get(x, t, (size_t)i) * rstd, s);
    return warp_tree(s);
}

DEV float grad_of(float dy, float x, float w, float rstd, float mean)
{
    return canon_fma(-(x * rstd), mean, dy * w) * rstd;
}

DEV void norm_dx_wide_row(const struct norm_grad *j, enum dtype t, size_t r,
                          char *mine)
{
    size_t z = (size_t)j->H * (t == DT_F32 ? 4 : 2);
    size_t begin = norm_begin(&j->at, r, j->H);
    void *dy = bring(mine, row_at(j->dy, t, begin), t, j->H);
    void *x = bring(mine + z, row_at(j->x, t, begin), t, j->H);
    float rstd = j->rstd[r], mean, a[8], b[8], w[8];

    __syncwarp();
    mean = grad_dot(dy, x, j->w, rstd, t, j->H) / (float)j->H;
    for (int i = (int)threadIdx.x % 32 * 8; i < j->H; i += ROW_EIGHTS) {
        get8(dy, t, (size_t)i, a);
        get8(x, t, (size_t)i, b);
        get8(j->w, t, (size_t)i, w);
        for (int k = 0; k < 8; k++)
            a[k] = grad_of(a[k], b[k], w[k], rstd, mean);
        put8(row_at(j->dx, t, begin), t, (size_t)i, a);
    }
}

KERNEL __launch_bounds__(128, 8) norm_dx_wide(struct norm_grad j)
{
    DYNAMIC_SHARED(room);
    size_t warp = threadIdx.x / 32;
    size_t r = (size_t)blockIdx.x * (blockDim.x / 32) + warp;

    if (r < (size_t)j.T)
        WITH_TYPE(j.t, T, norm_dx_wide_row(&j, T, r,
                                           (char *)room +
                                               warp * (size_t)j.H *
                                                   (T == DT_F32 ? 8 : 4)););
}

KERNEL norm_dx(struct norm_grad j)
{
    size_t r = (size_t)blockIdx.x * 4 + threadIdx.x / 32;
    size_t at = norm_begin(&j.at, r, j.H);
    float rstd, mean;

    if (r >= (size_t)j.T)
        return;
    rstd = j.rstd[r];
    mean = grad_dot(row_at(j.dy, j.t, at), row_at(j.x, j.t, at), j.w, rstd,
                    j.t, j.H) / (float)j.H;
    for (size_t i = threadIdx.x % 32; i < (size_t)j.H; i += 32)
        put(j.dx, j.t, at + i,
            grad_of(get(j.dy, j.t, at + i), get(j.x, j.t, at + i),
                    get(j.w, j.t, i), rstd, mean));
}

void CU(cuda_norm_dx)(struct cuda *c, struct norm_grad j)
{
    size_t each = 2 * (size_t)j.H * dtype_size(j.t);
    int warps = norm_eights(&j.at, j.H) && can_oct(j.dx) && can_oct(j.dy) &&
                        can_oct(j.x) && can_oct(j.w)
                    ? warps_of(each)
                    : 0;

    if (warps)
        LAUNCH(c, norm_dx_wide, cuda_div((size_t)j.T, (size_t)warps),
               (unsigned)warps * 32, (size_t)warps * each, j);
    else
        LAUNCH(c, norm_dx, cuda_div((size_t)j.T, 4), 128, 0, j);
}

/* ---- and by w: a thread has a column, one chain over the rows ---- */
KERNEL norm_dw(struct norm_grad j, float *dw, const int32_t *perm)
{
    int h = (int)grid_at();
    long end = places(perm, j.T);
    float s;

    if (h >= j.H)
        return;
    s = dw[h];
#pragma unroll 8
    for (long i = 0; i < end; i++) {
        long r = place(perm, i, j.T);
        size_t at = norm_begin(&j.at, (size_t)r, j.H) + (size_t)h;

        if (r >= 0)
            s = canon_fma(get(j.dy, j.t, at), get(j.x, j.t, at) * j.rstd[r],
                          s);
    }
    dw[h] = s;
}

static void norm_gradients(struct cuda *c, struct norm_grad j, float *dw)
{
    if (j.T <= 0)
        return;
    if (dw) /* before dx: it may overwrite dy */
        LAUNCH(c, norm_dw, cuda_div((size_t)j.H, 32), 32, 0, j, dw,
               CU(cuda_perm)(c, PERM_ROWS, j.T, j.H, j.T));
    CU(cuda_norm_dx)(c, j);
}

OP(void, rmsnorm_bwd)(struct kernels *k, enum dtype t, void *dx, float *dw,
                      const void *dy, const void *x, const void *w,
                      const float *rstd, int T, int H)
{
    struct norm_grad j = {t, dx, dy, x, w, rstd, {0, 0}, T, H};

    norm_gradients(cuda_of(k), j, dw);
}

OP(void, rmsnorm_heads_bwd)(struct kernels *k, enum dtype t, void *dx,
                            float *dw, const void *dy, const void *x,
                            const void *w, const float *rstd, struct k_heads h,
                            int T)
{
    struct norm_grad j = {t,    dx,  dy, x, w, rstd, {h.n, h.stride},
                          T * h.n, h.d};

    norm_gradients(cuda_of(k), j, dw);
}
