/* attn - causal attention: over packed sequences, and against a cache
 *
 * Two passes over the keys of a tile of query rows: the largest score, then
 * weights, their 32-lane sums and the weighted values. Scores are made twice
 * and never stored. A tile's columns are lanes: its keys begin at a multiple
 * of 32.
 */
#include "attn_tile.h"
#include "tiles.h"

/* Keys that row r attends to; without limits all up to itself. */
DEV int limit_of(const struct attn_job *j, const struct attn_task *w, int r)
{
    int l = w->limit0 + r * w->limit_step;

    return j->limit ? j->limit[l] : l;
}

template <int Q>
DEV void attend(struct attn_job j, struct attn_task w, float scale, int wide)
{
    DYNAMIC_SHARED(shared);
    __shared__ float sum[TILE];
    int tid = (int)threadIdx.x, tx = tid % 16, ty = tid / 16, nk = 0, lim[2];
    int D = j.D, Dp = attn_pad(D);
    float *q = shared, *k = q + TILE * Dp, *v = k + TILE * Dp;
    float *P = v + TILE * Dp, s[2][2], max[2], lane[2][2];
    float acc[Q][4];

    for (int r = 0; r < w.rows; r++) {
        int l = limit_of(&j, &w, r);

        nk = l > nk ? l : nk;
    }
    for (int i = 0; i < 2; i++) {
        lim[i] = ty + 16 * i < w.rows ? limit_of(&j, &w, ty + 16 * i) : 0;
        max[i] = -CANON_INF;
        lane[i][0] = lane[i][1] = 0.0f;
    }
    tile_clear(acc);
    tile_in(q, Dp, j.q, j.t, w.q0, w.ldq, w.rows, D, wide);
    for (int j0 = 0; j0 < nk; j0 += TILE) {
        __syncthreads();
        tile_in(k, Dp, w.k, j.t, j0 * j.ldk, j.ldk, nk - j0, D, wide);
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
        tile_in(k, Dp, w.k, j.t, j0 * j.ldk, j.ldk, nk - j0, D, wide);
        tile_in(v, Dp, w.v, j.t, j0 * j.ldk, j.ldk, nk - j0, D, wide);
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

template <int Q>
KERNEL __launch_bounds__(ATTN_NT, Q > 4 ? 1 : 2) attend_tasks(struct attn_job j,
                                                  float scale, int wide)
{
    attend<Q>(j, j.tasks[blockIdx.x], scale, wide);
}

void CU(cuda_attend)(struct cuda *c, struct attn_job j,
                const struct attn_task *tasks, size_t n_tasks,
                const int32_t *limits, size_t n_limits)
{
    size_t bytes = n_tasks * sizeof *tasks, shared;
    auto attend_rows = ATTN_FOR(j.D, attend_tasks);
    int wide = attn_wide(j.q, j.D);
    char *p;

    if (n_tasks == 0)
        return;
    p = (char *)CU(cuda_scratch)(c, S_TASKS,
                                 bytes + n_limits * sizeof *limits);
    shared = ATTN_SHARED(c, attend_rows, j.D, 3, 1);
    if (!p || !shared)
        return;
    for (size_t i = 0; i < n_tasks && wide; i++)
        wide = can_oct(tasks[i].k) && can_oct(tasks[i].v);
    CU(cuda_upload)(c, p, tasks, bytes);
    CU(cuda_upload)(c, p + bytes, limits, n_limits * sizeof *limits);
    j.tasks = (const struct attn_task *)(void *)p;
    j.limit = (const int32_t *)(void *)(p + bytes);
    LAUNCH(c, attend_rows, (unsigned)n_tasks, ATTN_NT, shared, j,
           attn_scale(j.D), wide);
}

/* ---- packed sequences ---- */
template <int Q>
KERNEL __launch_bounds__(ATTN_NT, Q > 4 ? 1 : 2) attend_packed(
    struct attn_job j, struct k_attn_shape s, const struct attn_tile *tiles,
    float scale, int wide)
{
    struct attn_tile at = tiles[blockIdx.x / (unsigned)s.n_heads];
    int head = (int)(blockIdx.x % (unsigned)s.n_heads), group;
    long D = j.D, row = at.row + at.at, key, size = j.t == DT_F32 ? 4 : 2;
    struct attn_task w;

    group = s.n_heads / s.n_kv_heads;
    key = at.row * j.ldk + (s.n_heads + head / group) * D;
    w.k = (const char *)j.q + key * size;
    w.v = (const char *)w.k + s.n_kv_heads * D * size;
    w.q0 = row * j.ldk + head * D;
    w.ldq = j.ldk;
    w.lse0 = row * s.n_heads + head;
    w.o0 = w.lse0 * D;
    w.ldo = s.n_heads * D;
    w.rows = at.len - at.at < TILE ? at.len - at.at : TILE;
    w.limit0 = at.at + 1;
    w.limit_step = 1;
    attend<Q>(j, w, scale, wide);
}

OP(void, attn)(struct kernels *k, enum dtype t, void *o, float *lse,
               const void *qkv, struct k_attn_shape s, struct k_seqs q, int T)
{
    struct cuda *c = cuda_of(k);
    struct attn_job j = {t, s.head_dim, s.n_heads,
                         (long)(s.n_heads + 2 * s.n_kv_heads) * s.head_dim,
                         qkv, o, lse, NULL, NULL};
    auto attention = ATTN_FOR(s.head_dim, attend_packed);
    const struct attn_tile *tiles;
    size_t n = 0, shared;

    (void)T;
    tiles = CU(cuda_tiles)(c, TILES_FORWARD, q, TILE, &n);
    shared = ATTN_SHARED(c, attention, s.head_dim, 3, 1);
    if (tiles && n && shared)
        LAUNCH(c, attention, (unsigned)n * (unsigned)s.n_heads, ATTN_NT,
               shared, j, s, tiles, attn_scale(s.head_dim),
               attn_wide(qkv, s.head_dim));
}
