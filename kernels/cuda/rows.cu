/* rows - embed and rmsnorm, with their gradients (twins: embed, norm) */
#include "dev.h"

enum { WARPS = 4 };

DEV int in_range(int32_t token, int V, unsigned long long *bad, long row)
{
    if (token >= 0 && token < V)
        return 1;
    if (bad)
        atomicMin(bad, (unsigned long long)row << 32 | (uint32_t)token);
    return 0;
}

KERNEL embed_rows(void *y, enum dtype t, const int32_t *tokens,
                  const void *W, enum dtype wt, int V, int H,
                  unsigned long long *bad)
{
    size_t r = blockIdx.x;
    int32_t token = tokens[r];

    if (!in_range(token, V, threadIdx.x == 0 ? bad : NULL, (long)r))
        return;
    for (int h = (int)threadIdx.x; h < H; h += (int)blockDim.x)
        put(y, t, r * (size_t)H + (size_t)h,
            get(W, wt, (size_t)token * (size_t)H + (size_t)h));
}

OP(void, embed)(struct kernels *k, enum dtype t, void *y,
                const int32_t *tokens, const struct k_weight *W, int T, int H)
{
    struct cuda *c = cuda_of(k);

    if (T > 0)
        LAUNCH(c, embed_rows, (unsigned)T, 128, 0, y, t, tokens, W->rows,
               W->t, W->N, H, CU(cuda_bad)(c, BAD_EMBED, W->N));
}

/* Block i is place i of the rows: the first place of a token adds the rows of
 * all later places that have it, so the sum goes up from there. */
KERNEL embed_sums(float *dW, enum dtype t, const int32_t *tokens,
                  const void *dy, const int32_t *perm, int T, int V, int H,
                  unsigned long long *bad)
{
    __shared__ int hit[128];
    long me = place(perm, (long)blockIdx.x, T), end = places(perm, T);
    int tid = (int)threadIdx.x, seen = 0;
    int32_t token;

    if (me < 0)
        return;
    token = tokens[me];
    if (!in_range(token, V, tid == 0 ? bad : NULL, me))
        return;
    for (long i = tid; i < (long)blockIdx.x; i += 128) {
        long r = place(perm, i, T);

        seen |= r >= 0 && tokens[r] == token;
    }
    if (__syncthreads_or(seen))
        return;
    for (long at = (long)blockIdx.x; at < end; at += 128) {
        long r = at + tid < end ? place(perm, at + tid, T) : -1;

        hit[tid] = r >= 0 && tokens[r] == token ? (int)r : -1;
        if (__syncthreads_or(hit[tid] >= 0))
            for (int j = 0; j < 128; j++)
                for (int h = tid; hit[j] >= 0 && h < H; h += 128)
                    dW[(size_t)token * (size_t)H + (size_t)h] +=
                        get(dy, t, (size_t)hit[j] * (size_t)H + (size_t)h);
        __syncthreads();
    }
}

OP(void, embed_bwd)(struct kernels *k, enum dtype t, float *dW,
                    const int32_t *tokens, const void *dy, int T, int V,
                    int H)
{
    struct cuda *c = cuda_of(k);
    const int32_t *perm;

    if (T <= 0)
        return;
    perm = CU(cuda_perm)(c, PERM_ROWS, T, H, T);
    LAUNCH(c, embed_sums,
           perm ? cuda_div((size_t)T, CANON_BLOCK) * CANON_BLOCK
                : (unsigned)T,
           128, 0, dW, t, tokens, dy, perm, T, V, H,
           CU(cuda_bad)(c, BAD_EMBED_BWD, V));
}

/* A warp takes a row: lane j the terms j, j + 32, ... */
KERNEL norm_rows(enum dtype t, void *y, float *rstd_out, const void *x,
                 const void *w, int T, int H, float eps)
{
    long r = (long)blockIdx.x * WARPS + threadIdx.x / 32;
    int lane = (int)threadIdx.x % 32;
    size_t at = (size_t)r * (size_t)H;
    float s = 0.0f, mean, rstd;

    if (r >= T)
        return;
    for (int i = lane; i < H; i += 32) {
        float v = get(x, t, at + (size_t)i);

        s = canon_fma(v, v, s);
    }
    mean = warp_tree(s) / (float)H;
    rstd = 1.0f / canon_sqrt(mean + eps);
    for (int i = lane; i < H; i += 32)
        put(y, t, at + (size_t)i,
            (get(x, t, at + (size_t)i) * rstd) * get(w, t, (size_t)i));
    if (rstd_out && lane == 0)
        rstd_out[r] = rstd;
}

OP(void, rmsnorm)(struct kernels *k, enum dtype t, void *y, float *rstd,
                  const void *x, const void *w, int T, int H, float eps)
{
    struct cuda *c = cuda_of(k);

    if (T > 0)
        LAUNCH(c, norm_rows, cuda_div((size_t)T, WARPS), WARPS * 32, 0, t, y,
               rstd, x, w, T, H, eps);
}

KERNEL norm_dx(enum dtype t, void *dx, const void *dy, const void *x,
               const void *w, const float *rstd_in, int T, int H)
{
    long r = (long)blockIdx.x * WARPS + threadIdx.x / 32;
    int lane = (int)threadIdx.x % 32;
    size_t at = (size_t)r * (size_t)H;
    float s = 0.0f, rstd, mean;

    if (r >= T)
        return;
    rstd = rstd_in[r];
    for (int i = lane; i < H; i += 32)
        s = canon_fma(get(dy, t, at + (size_t)i) * get(w, t, (size_t)i),
                      get(x, t, at + (size_t)i) * rstd, s);
    mean = warp_tree(s) / (float)H;
    for (int i = lane; i < H; i += 32) {
        float hat = get(x, t, at + (size_t)i) * rstd;
        float g = get(dy, t, at + (size_t)i) * get(w, t, (size_t)i);

        put(dx, t, at + (size_t)i, canon_fma(-hat, mean, g) * rstd);
    }
}

KERNEL norm_dw(enum dtype t, float *dw, const void *dy, const void *x,
               const float *rstd, const int32_t *perm, int T, int H)
{
    int h = (int)grid_at();
    long end = places(perm, T);
    float s;

    if (h >= H)
        return;
    s = dw[h];
    for (long i = 0; i < end; i++) {
        long r = place(perm, i, T);
        size_t at = (size_t)r * (size_t)H + (size_t)h;

        if (r >= 0)
            s = canon_fma(get(dy, t, at), get(x, t, at) * rstd[r], s);
    }
    dw[h] = s;
}

OP(void, rmsnorm_bwd)(struct kernels *k, enum dtype t, void *dx, float *dw,
                      const void *dy, const void *x, const void *w,
                      const float *rstd, int T, int H)
{
    struct cuda *c = cuda_of(k);

    if (T <= 0)
        return;
    if (dw) /* before dx: it may overwrite dy */
        LAUNCH(c, norm_dw, cuda_div((size_t)H, 64), 64, 0, t, dw, dy, x, rstd,
               CU(cuda_perm)(c, PERM_ROWS, T, H, T), T, H);
    LAUNCH(c, norm_dx, cuda_div((size_t)T, WARPS), WARPS * 32, 0, t, dx, dy,
           x, w, rstd, T, H);
}
