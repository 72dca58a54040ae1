/* attn_bwd - gradients of causal attention
 *
 * dq: a block has a tile of query rows and goes over keys ascending. dk, dv:
 * a block has a tile of keys and goes over the group's heads, and in each
 * over queries ascending. Scores are made anew in both.
 */
#include <stdlib.h>
#include "attn_tile.h"

struct bwd_task {
    int row, len, at, head; /* a sequence's first row and length; a tile */
};

struct bwd_job {
    enum dtype t;
    struct k_attn_shape s;
    long ld, ldo; /* of qkv and of o */
    float scale;
    void *dqkv;
    const void *d_o, *o, *qkv;
    const float *lse;
    float *delta; /* [T][n_heads] */
    const struct bwd_task *tasks;
};

KERNEL row_deltas(struct bwd_job j, long n)
{
    long i = (long)blockIdx.x * 4 + threadIdx.x / 32;
    int D = j.s.head_dim;
    float s = 0.0f;

    if (i >= n)
        return;
    for (int d = (int)threadIdx.x % 32; d < D; d += 32)
        s = canon_fma(get(j.d_o, j.t, (size_t)(i * D + d)),
                      get(j.o, j.t, (size_t)(i * D + d)), s);
    s = warp_tree(s);
    if (threadIdx.x % 32 == 0)
        j.delta[i] = s;
}

/* From a score and do . v: p, and ds in place of dp. */
DEV float grads(float s, float *dp, int in, float scale, float lse,
                float delta)
{
    float p = in ? canon_exp(s * scale - lse) : 0.0f;

    *dp = in ? (p * (*dp - delta)) * scale : 0.0f;
    return p;
}

KERNEL __launch_bounds__(ATTN_NT) query_tiles(struct bwd_job j)
{
    DYNAMIC_SHARED(shared);
    struct bwd_task w = j.tasks[blockIdx.x];
    int tid = (int)threadIdx.x, tx = tid % 16, ty = tid / 16;
    int D = j.s.head_dim, Dp = attn_pad(D), heads = j.s.n_heads;
    int rows = w.len - w.at < TILE ? w.len - w.at : TILE;
    long row = w.row + w.at, key0;
    float *q = shared, *dO = q + TILE * Dp, *k = dO + TILE * Dp;
    float *v = k + TILE * Dp, *P = v + TILE * Dp;
    float s[2][2], dp[2][2], lse[2], delta[2], acc[QUADS][4];

    key0 = w.row * j.ld +
           (heads + w.head / (heads / j.s.n_kv_heads)) * D;
    tile_clear(acc);
    for (int i = 0; i < 2; i++) {
        long at = (row + ty + 16 * i) * heads + w.head;
        int in = ty + 16 * i < rows;

        lse[i] = in ? j.lse[at] : 0.0f;
        delta[i] = in ? j.delta[at] : 0.0f;
    }
    tile_in(q, Dp, j.qkv, j.t, row * j.ld + w.head * D, j.ld, rows, D);
    tile_in(dO, Dp, j.d_o, j.t, row * j.ldo + w.head * D, j.ldo, rows, D);
    for (int j0 = 0; j0 < w.at + rows; j0 += TILE) {
        long at = key0 + j0 * j.ld;

        __syncthreads();
        tile_in(k, Dp, j.qkv, j.t, at, j.ld, w.len - j0, D);
        tile_in(v, Dp, j.qkv, j.t, at + j.s.n_kv_heads * D, j.ld,
                w.len - j0, D);
        __syncthreads();
        tile_scores(s, q, k, Dp, D);
        tile_scores(dp, dO, v, Dp, D);
        for (int i = 0; i < 2; i++)
            for (int n = 0; n < 2; n++) {
                int me = ty + 16 * i, key = j0 + tx + 16 * n;

                grads(s[i][n], &dp[i][n], me < rows && key <= w.at + me,
                      j.scale, lse[i], delta[i]);
                P[me * LDP + tx + 16 * n] = dp[i][n];
            }
        __syncthreads();
        tile_apply(acc, P, k, Dp, D);
    }
    if (tid / 8 < rows)
        tile_out(j.dqkv, j.t, (row + tid / 8) * j.ld + w.head * D, acc, 1.0f,
                 D);
}

KERNEL __launch_bounds__(ATTN_NT) key_tiles(struct bwd_job j)
{
    DYNAMIC_SHARED(shared);
    struct bwd_task w = j.tasks[blockIdx.x];
    int tid = (int)threadIdx.x, tx = tid % 16, ty = tid / 16;
    int D = j.s.head_dim, Dp = attn_pad(D), heads = j.s.n_heads;
    int group = heads / j.s.n_kv_heads;
    int keys = w.len - w.at < TILE ? w.len - w.at : TILE;
    long at_k = (w.row + w.at) * j.ld + (heads + w.head) * D;
    long at_v = at_k + j.s.n_kv_heads * D;
    float *q = shared, *dO = q + TILE * Dp, *k = dO + TILE * Dp;
    float *v = k + TILE * Dp, *P = v + TILE * Dp, *dS = P + TILE * LDP;
    float s[2][2], dp[2][2], dk[QUADS][4], dv[QUADS][4];

    tile_clear(dk);
    tile_clear(dv);
    tile_in(k, Dp, j.qkv, j.t, at_k, j.ld, keys, D);
    tile_in(v, Dp, j.qkv, j.t, at_v, j.ld, keys, D);
    for (int h = w.head * group; h < (w.head + 1) * group; h++)
        for (int i0 = w.at; i0 < w.len; i0 += TILE) {
            long row = w.row + i0;
            int rows = w.len - i0 < TILE ? w.len - i0 : TILE;

            __syncthreads();
            tile_in(q, Dp, j.qkv, j.t, row * j.ld + h * D, j.ld, rows, D);
            tile_in(dO, Dp, j.d_o, j.t, row * j.ldo + h * D, j.ldo, rows, D);
            __syncthreads();
            tile_scores(s, q, k, Dp, D);
            tile_scores(dp, dO, v, Dp, D);
            for (int i = 0; i < 2; i++)
                for (int n = 0; n < 2; n++) {
                    int me = ty + 16 * i, key = tx + 16 * n;
                    int in = me < rows && w.at + key <= i0 + me;
                    long at = (row + (in ? me : 0)) * heads + h;

                    P[key * LDP + me] =
                        grads(s[i][n], &dp[i][n], in, j.scale, j.lse[at],
                              j.delta[at]);
                    dS[key * LDP + me] = dp[i][n];
                }
            __syncthreads();
            tile_apply(dk, dS, q, Dp, D);
            tile_apply(dv, P, dO, Dp, D);
        }
    if (tid / 8 < keys) {
        tile_out(j.dqkv, j.t, at_k + tid / 8 * j.ld, dk, 1.0f, D);
        tile_out(j.dqkv, j.t, at_v + tid / 8 * j.ld, dv, 1.0f, D);
    }
}

static size_t cut(struct bwd_task *p, struct k_seqs q, int heads)
{
    size_t n = 0;

    for (int i = 0; i < q.n; i++) {
        int r0 = q.start_host[i], L = q.start_host[i + 1] - r0;

        for (int r = 0; r < L; r += TILE)
            for (int h = 0; h < heads; h++) {
                struct bwd_task w = {r0, L, r, h};

                p[n++] = w;
            }
    }
    return n;
}

OP(void, attn_bwd)(struct kernels *k, enum dtype t, void *dqkv,
                   const void *d_o, const void *o, const void *qkv,
                   const float *lse, struct k_attn_shape s, struct k_seqs q,
                   int T)
{
    struct cuda *c = cuda_of(k);
    long D = s.head_dim, rows = (long)T * s.n_heads;
    struct bwd_job j = {t, s, (s.n_heads + 2 * s.n_kv_heads) * D,
                        s.n_heads * D, attn_scale(s.head_dim), dqkv, d_o, o,
                        qkv, lse, NULL, NULL};
    size_t tiles = (size_t)T / TILE + (size_t)q.n, nq, nk, dq, dkv;
    size_t most = tiles * (size_t)(s.n_heads + s.n_kv_heads);
    struct bwd_task *host, *dev;

    if (T <= 0)
        return;
    host = (struct bwd_task *)malloc(most * sizeof *host + 1);
    dev = (struct bwd_task *)CU(cuda_scratch)(c, S_TASKS,
                                              most * sizeof *dev);
    j.delta = (float *)CU(cuda_scratch)(c, S_ROWS,
                                        (size_t)rows * sizeof *j.delta);
    dq = ATTN_SHARED(c, query_tiles, s.head_dim, 4, 1);
    if (!host)
        CU(cuda_fail)(c, ERR_IO, "cuda: out of host memory");
    if (host && dev && j.delta && dq) {
        nq = cut(host, q, s.n_heads);
        nk = cut(host + nq, q, s.n_kv_heads);
        CU(cuda_upload)(c, dev, host, (nq + nk) * sizeof *dev);
        LAUNCH(c, row_deltas, cuda_div((size_t)rows, 4), 128, 0, j, rows);
        j.tasks = dev;
        LAUNCH(c, query_tiles, (unsigned)nq, ATTN_NT, dq, j);
        j.tasks = dev + nq;
        dkv = ATTN_SHARED(c, key_tiles, s.head_dim, 4, 2);
        if (dkv)
            LAUNCH(c, key_tiles, (unsigned)nk, ATTN_NT, dkv, j);
    }
    free(host);
}
