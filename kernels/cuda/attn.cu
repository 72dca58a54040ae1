/* attn - causal attention: over packed sequences, and against a cache
 *
 * Two passes over the keys of a tile of query rows: the largest score, then
 * weights, their 32-lane sums and the weighted values. Scores are made twice
 * and never stored. A tile's columns are lanes: its keys begin at a multiple
 * of 32.
 */
#include <stdlib.h>
#include "attn_tile.h"

KERNEL __launch_bounds__(ATTN_NT) attend_tiles(struct attn_job j, float scale)
{
    DYNAMIC_SHARED(shared);
    __shared__ float sum[TILE];
    struct attn_task w = j.tasks[blockIdx.x];
    int tid = (int)threadIdx.x, tx = tid % 16, ty = tid / 16, nk = 0, lim[2];
    int D = j.D, Dp = attn_pad(D);
    float *q = shared, *k = q + TILE * Dp, *v = k + TILE * Dp;
    float *P = v + TILE * Dp, s[2][2], max[2], lane[2][2];
    float acc[QUADS][4];

    for (int r = 0; r < w.rows; r++) {
        int l = j.limit[w.limit0 + r * w.limit_step];

        nk = l > nk ? l : nk;
    }
    for (int i = 0; i < 2; i++) {
        lim[i] = ty + 16 * i < w.rows
                     ? j.limit[w.limit0 + (ty + 16 * i) * w.limit_step]
                     : 0;
        max[i] = -CANON_INF;
        lane[i][0] = lane[i][1] = 0.0f;
    }
    tile_clear(acc);
    tile_in(q, Dp, j.q, j.t, w.q0, w.ldq, w.rows, D);
    for (int j0 = 0; j0 < nk; j0 += TILE) {
        __syncthreads();
        tile_in(k, Dp, w.k, j.t, j0 * j.ldk, j.ldk, nk - j0, D);
        __syncthreads();
        tile_scores(s, q, k, Dp, D);
        for (int i = 0; i < 2; i++)
            for (int n = 0; n < 2; n++)
                if (j0 + tx + 16 * n < lim[i])
                    max[i] = larger(max[i], s[i][n] * scale);
    }
    for (int i = 0; i < 2; i++)
        for (int x = 8; x > 0; x >>= 1)
            max[i] = larger(max[i], __shfl_xor_sync(FULL, max[i], x));
    for (int j0 = 0; j0 < nk; j0 += TILE) {
        __syncthreads();
        tile_in(k, Dp, w.k, j.t, j0 * j.ldk, j.ldk, nk - j0, D);
        tile_in(v, Dp, w.v, j.t, j0 * j.ldk, j.ldk, nk - j0, D);
        __syncthreads();
        tile_scores(s, q, k, Dp, D);
        for (int i = 0; i < 2; i++)
            for (int n = 0; n < 2; n++) {
                float e = j0 + tx + 16 * n < lim[i]
                              ? canon_exp(s[i][n] * scale - max[i])
                              : 0.0f;

                lane[i][n] += e;
                P[(ty + 16 * i) * LDP + tx + 16 * n] = e;
            }
        __syncthreads();
        tile_apply(acc, P, v, Dp, D);
    }
    __syncthreads();
    for (int i = 0; i < 2; i++)
        for (int n = 0; n < 2; n++)
            P[(ty + 16 * i) * LDP + tx + 16 * n] = lane[i][n];
    __syncthreads();
    for (int r = tid / 32; r < TILE; r += ATTN_NT / 32) {
        float S = warp_tree(P[r * LDP + tid % 32]);

        if (tid % 32 == 0)
            sum[r] = S;
    }
    __syncthreads();
    for (int i = 0; i < 2; i++)
        if (j.lse && tx == 0 && ty + 16 * i < w.rows)
            j.lse[w.lse0 + (ty + 16 * i) * j.ld_lse] =
                max[i] + canon_log(sum[ty + 16 * i]);
    if (tid / 8 < w.rows)
        tile_out(j.o, j.t, w.o0 + tid / 8 * w.ldo, acc, sum[tid / 8], D);
}

void CU(cuda_attend)(struct cuda *c, struct attn_job j,
                const struct attn_task *tasks, size_t n_tasks,
                const int32_t *limits, size_t n_limits)
{
    size_t bytes = n_tasks * sizeof *tasks, shared;
    char *p;

    if (n_tasks == 0)
        return;
    p = (char *)CU(cuda_scratch)(c, S_TASKS,
                                 bytes + n_limits * sizeof *limits);
    shared = ATTN_SHARED(c, attend_tiles, j.D, 3, 1);
    if (!p || !shared)
        return;
    CU(cuda_upload)(c, p, tasks, bytes);
    CU(cuda_upload)(c, p + bytes, limits, n_limits * sizeof *limits);
    j.tasks = (const struct attn_task *)(void *)p;
    j.limit = (const int32_t *)(void *)(p + bytes);
    LAUNCH(c, attend_tiles, (unsigned)n_tasks, ATTN_NT, shared, j,
           attn_scale(j.D));
}

/* ---- packed sequences ---- */
static size_t cut(struct attn_task *p, enum dtype t, const char *qkv,
                  struct k_attn_shape s, struct k_seqs q)
{
    long D = s.head_dim, heads = s.n_heads;
    long ld = (heads + 2 * s.n_kv_heads) * D;
    size_t n = 0;

    for (int i = 0; i < q.n; i++) {
        long r0 = q.start_host[i], L = q.start_host[i + 1] - r0;

        for (long r = 0; r < L; r += TILE)
            for (long h = 0; h < heads; h++) {
                long key = r0 * ld + (heads + h / (heads / s.n_kv_heads)) * D;
                struct attn_task w = {
                    qkv + (size_t)key * dtype_size(t),
                    qkv + (size_t)(key + s.n_kv_heads * D) * dtype_size(t),
                    (r0 + r) * ld + h * D, ((r0 + r) * heads + h) * D,
                    (r0 + r) * heads + h, ld, heads * D,
                    (int)cuda_min(TILE, L - r), (int)r, 1};

                p[n++] = w;
            }
    }
    return n;
}

OP(void, attn)(struct kernels *k, enum dtype t, void *o, float *lse,
               const void *qkv, struct k_attn_shape s, struct k_seqs q, int T)
{
    struct cuda *c = cuda_of(k);
    size_t most = ((size_t)T / TILE + (size_t)q.n) * (size_t)s.n_heads;
    struct attn_task *tasks =
        (struct attn_task *)malloc(most * sizeof *tasks + 1);
    int32_t *limits = (int32_t *)malloc((size_t)T * sizeof *limits + 1);
    struct attn_job j = {t, s.head_dim, s.n_heads,
                         (long)(s.n_heads + 2 * s.n_kv_heads) * s.head_dim,
                         qkv, o, lse, NULL, NULL};

    if (tasks && limits) {
        for (int i = 0; i < T; i++)
            limits[i] = i + 1;
        CU(cuda_attend)(c, j, tasks, cut(tasks, t, (const char *)qkv, s, q),
                   limits, (size_t)T);
    } else {
        CU(cuda_fail)(c, ERR_IO, "cuda: out of host memory");
    }
    free(tasks);
    free(limits);
}
