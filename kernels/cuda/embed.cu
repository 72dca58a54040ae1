/* embed - rows of a table by token, and the gradient of the table */
#include "dev.h"

DEV int in_range(int32_t token, int V, unsigned long long *bad, long row)
{
    if (token >= 0 && token < V)
        return 1;
    if (bad)
        atomicMin(bad, (unsigned long long)row << 32 | (uint32_t)token);
    return 0;
}

KERNEL embed_rows(void *y, enum dtype t, const int32_t *tokens,
                  const void *W, enum dtype wt, int V, int H, int wide,
                  unsigned long long *bad)
{
    size_t r = blockIdx.x, h = threadIdx.x;
    int32_t token = tokens[r];
    size_t to = r * (size_t)H, from = (size_t)token * (size_t)H;

    if (!in_range(token, V, h == 0 ? bad : NULL, (long)r))
        return;
    if (wide) /* t is wt: as it lies */
        for (h *= 8; h < (size_t)H; h += (size_t)blockDim.x * 8)
            store8(y, t, to + h, load8(W, t, from + h));
    else
        for (; h < (size_t)H; h += blockDim.x)
            put(y, t, to + h, get(W, wt, from + h));
}

OP(void, embed)(struct kernels *k, enum dtype t, void *y,
                const int32_t *tokens, const struct k_weight *W, int T, int H)
{
    struct cuda *c = cuda_of(k);
    int wide = t == W->t && H % 8 == 0 && can_oct(y) && can_oct(W->rows);

    if (T > 0)
        LAUNCH(c, embed_rows, (unsigned)T, 128, 0, y, t, tokens, W->rows,
               W->t, W->N, H, wide, CU(cuda_bad)(c, BAD_EMBED, W->N));
}

enum { EMBED_NT = 256 };

/* dW[token] += rows hit[0 .. n), ascending; a thread has columns. */
DEV void embed_add(float *dW, enum dtype t, const void *dy, const int *hit,
                   int n, int H, int wide)
{
    int h = (int)threadIdx.x;

    if (wide)
        for (h *= 8; h < H; h += EMBED_NT * 8) {
            float s[8], x[8];

            get8(dW, DT_F32, (size_t)h, s);
#pragma unroll 4
            for (int j = 0; j < n; j++) {
                get8(dy, t, (size_t)hit[j] * (size_t)H + (size_t)h, x);
                for (int k = 0; k < 8; k++)
                    s[k] += x[k];
            }
            put8(dW, DT_F32, (size_t)h, s);
        }
    else
        for (; h < H; h += EMBED_NT) {
            float s = dW[h];

            for (int j = 0; j < n; j++)
                s += get(dy, t, (size_t)hit[j] * (size_t)H + (size_t)h);
            dW[h] = s;
        }
}

/* This block's hits in order: each thread has one place. */
DEV int compact(int row, int *hit, int *warp_hits)
{
    unsigned mine = __ballot_sync(FULL, row >= 0);
    int lane = (int)threadIdx.x % 32, warp = (int)threadIdx.x / 32, n = 0;
    int before = 0;

    if (lane == 0)
        warp_hits[warp] = __popc(mine);
    __syncthreads();
    for (int w = 0; w < EMBED_NT / 32; w++) {
        before += w < warp ? warp_hits[w] : 0;
        n += warp_hits[w];
    }
    if (row >= 0)
        hit[before + __popc(mine & ((1u << lane) - 1))] = row;
    __syncthreads();
    return n;
}

/* Block i is place i of the rows: the first place of a token adds the rows of
 * all later places that have it, so the sum goes up from there. */
KERNEL __launch_bounds__(EMBED_NT, 4)
    embed_sums(float *dW, enum dtype t, const int32_t *tokens,
               const void *dy, const int32_t *perm, int T, int V, int H,
               int wide, unsigned long long *bad)
{
    __shared__ int hit[EMBED_NT], warp_hits[EMBED_NT / 32];
    long me = place(perm, (long)blockIdx.x, T), end = places(perm, T);
    int tid = (int)threadIdx.x, seen = 0;
    int32_t token;

    if (me < 0)
        return;
    token = tokens[me];
    if (!in_range(token, V, tid == 0 ? bad : NULL, me))
        return;
    for (long i = tid; i < (long)blockIdx.x; i += EMBED_NT) {
        long r = place(perm, i, T);

        seen |= r >= 0 && tokens[r] == token;
    }
    if (__syncthreads_or(seen))
        return;
    dW += (size_t)token * (size_t)H;
    for (long at = (long)blockIdx.x; at < end; at += EMBED_NT) {
        long r = at + tid < end ? place(perm, at + tid, T) : -1;
        int n = compact(r >= 0 && tokens[r] == token ? (int)r : -1, hit,
                        warp_hits);

        if (n)
            WITH_TYPE(t, TY, embed_add(dW, TY, dy, hit, n, H, wide););
        __syncthreads();
    }
}

OP(void, embed_bwd)(struct kernels *k, enum dtype t, float *dW,
                    const int32_t *tokens, const void *dy, int T, int V,
                    int H)
{
    struct cuda *c = cuda_of(k);
    int wide = H % 8 == 0 && can_oct(dW) && can_oct(dy);
    const int32_t *perm;

    if (T <= 0)
        return;
    perm = CU(cuda_perm)(c, PERM_ROWS, T, H, T);
    LAUNCH(c, embed_sums,
           perm ? cuda_div((size_t)T, CANON_BLOCK) * CANON_BLOCK
                : (unsigned)T,
           EMBED_NT, 0, dW, t, tokens, dy, perm, T, V, H, wide,
           CU(cuda_bad)(c, BAD_EMBED_BWD, V));
}
