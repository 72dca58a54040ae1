/* attn_bwd - gradients of causal attention
 *
 * dq: a block has a tile of query rows and goes over keys ascending. dk, dv:
 * a block has a tile of keys and goes over the group's heads, and in each
 * over queries ascending; it clears dq of those of its rows that have no
 * query. Scores are made anew in both.
 */
#include "attn_tile.h"
#include "tiles.h"

enum { DELTAS_NT = 128 };

struct bwd_job {
    enum dtype t;
    struct k_attn_shape s;
    long ld, ldo; /* of qkv and of o */
    float scale;
    int wide;
    void *dqkv;
    const void *d_o, *o, *qkv;
    const float *lse;
    float *delta; /* [T][n_heads] */
    struct attn_tiles tiles;
};

/* per: blocks of a tile. */
KERNEL row_deltas(struct bwd_job j, unsigned per)
{
    struct attn_tile w = j.tiles.queries[blockIdx.x / per];
    int rows = w.len - w.at < TILE ? w.len - w.at : TILE;
    int at = (int)(blockIdx.x % per * DELTAS_NT + threadIdx.x) / 32;
    long i = (long)(w.row + w.at) * j.s.n_heads + at;
    int D = j.s.head_dim;
    float s = 0.0f;

    if (at >= rows * j.s.n_heads)
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

template <int Q>
KERNEL __launch_bounds__(ATTN_NT, Q > 4 ? 1 : 2) query_tiles(struct bwd_job j)
{
    DYNAMIC_SHARED(shared);
    int tid = (int)threadIdx.x, tx = tid % 16, ty = tid / 16;
    int D = j.s.head_dim, Dp = attn_pad(D), heads = j.s.n_heads;
    int head = (int)blockIdx.x % heads;
    struct attn_tile w = j.tiles.queries[(int)blockIdx.x / heads];
    int rows = w.len - w.at < TILE ? w.len - w.at : TILE;
    long row = w.row + w.at, key0;
    float *q = shared, *dO = q + TILE * Dp, *k = dO + TILE * Dp;
    float *v = k + TILE * Dp, *P = v + TILE * Dp;
    float s[2][2], dp[2][2], lse[2], delta[2], acc[Q][4];

    key0 = w.row * j.ld +
           (heads + head / (heads / j.s.n_kv_heads)) * D;
    tile_clear(acc);
    for (int i = 0; i < 2; i++) {
        long at = (row + ty + 16 * i) * heads + head;
        int in = ty + 16 * i < rows;

        lse[i] = in ? j.lse[at] : 0.0f;
        delta[i] = in ? j.delta[at] : 0.0f;
    }
    tile_in(q, Dp, j.qkv, j.t, row * j.ld + head * D, j.ld, rows, D, j.wide);
    tile_in(dO, Dp, j.d_o, j.t, row * j.ldo + head * D, j.ldo, rows, D,
            j.wide);
    for (int j0 = 0; j0 < w.at + rows; j0 += TILE) {
        long at = key0 + j0 * j.ld;

        __syncthreads();
        tile_in(k, Dp, j.qkv, j.t, at, j.ld, w.len - j0, D, j.wide);
        tile_in(v, Dp, j.qkv, j.t, at + j.s.n_kv_heads * D, j.ld,
                w.len - j0, D, j.wide);
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
        tile_out(j.dqkv, j.t, (row + tid / 8) * j.ld + head * D, acc, 1.0f,
                 D);
}

/* dq = +0 in n rows from row on, of the heads that share kv. */
DEV void clear_dq(struct bwd_job j, long row, int n, int kv)
{
    int wide = j.s.n_heads / j.s.n_kv_heads * j.s.head_dim;

    for (int r = 0; r < n; r++)
        for (int d = (int)threadIdx.x; d < wide; d += ATTN_NT)
            put(j.dqkv, j.t, (size_t)((row + r) * j.ld + kv * wide + d),
                0.0f);
}

template <int Q>
KERNEL __launch_bounds__(ATTN_NT, Q > 4 ? 1 : 2) key_tiles(struct bwd_job j)
{
    DYNAMIC_SHARED(shared);
    int tid = (int)threadIdx.x, tx = tid % 16, ty = tid / 16;
    int D = j.s.head_dim, Dp = attn_pad(D), heads = j.s.n_heads;
    int kv = (int)blockIdx.x % j.s.n_kv_heads, group = heads / j.s.n_kv_heads;
    struct attn_tile w = j.tiles.keys[(int)blockIdx.x / j.s.n_kv_heads];
    int keys = w.len - w.at < TILE ? w.len - w.at : TILE;
    long at_k = (w.row + w.at) * j.ld + (heads + kv) * D;
    long at_v = at_k + j.s.n_kv_heads * D;
    float *q = shared, *dO = q + TILE * Dp, *k = dO + TILE * Dp;
    float *v = k + TILE * Dp, *P = v + TILE * Dp, *dS = P + TILE * LDP;
    float s[2][2], dp[2][2], dk[Q][4], dv[Q][4];

    clear_dq(j, w.row + w.at, w.from - w.at < keys ? w.from - w.at : keys,
             kv);
    tile_clear(dk);
    tile_clear(dv);
    tile_in(k, Dp, j.qkv, j.t, at_k, j.ld, keys, D, j.wide);
    tile_in(v, Dp, j.qkv, j.t, at_v, j.ld, keys, D, j.wide);
    for (int h = kv * group; h < (kv + 1) * group; h++)
        for (int i0 = w.from; i0 < w.len; i0 += TILE) {
            long row = w.row + i0;
            int rows = w.len - i0 < TILE ? w.len - i0 : TILE;

            __syncthreads();
            tile_in(q, Dp, j.qkv, j.t, row * j.ld + h * D, j.ld, rows, D,
                    j.wide);
            tile_in(dO, Dp, j.d_o, j.t, row * j.ldo + h * D, j.ldo, rows, D,
                    j.wide);
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

OP(void, attn_bwd)(struct kernels *k, enum dtype t, void *dqkv,
                   const void *d_o, const void *o, const void *qkv,
                   const float *lse, struct k_attn_shape s, struct k_seqs q,
                   int T)
{
    struct cuda *c = cuda_of(k);
    long D = s.head_dim, rows = (long)T * s.n_heads;
    struct bwd_job j = {t, s, (s.n_heads + 2 * s.n_kv_heads) * D,
                        s.n_heads * D, attn_scale(s.head_dim),
                        attn_wide(qkv, s.head_dim) &&
                            attn_wide(d_o, s.head_dim),
                        dqkv, d_o, o, qkv, lse, NULL, {}};
    auto attention_dq = ATTN_FOR(s.head_dim, query_tiles);
    auto attention_dkv = ATTN_FOR(s.head_dim, key_tiles);
    unsigned per = cuda_div((size_t)TILE * (size_t)s.n_heads * 32, DELTAS_NT);
    size_t dq, dkv;

    if (T <= 0)
        return;
    j.delta = (float *)CU(cuda_scratch)(c, S_ROWS,
                                        (size_t)rows * sizeof *j.delta);
    dq = ATTN_SHARED(c, attention_dq, s.head_dim, 4, 1);
    dkv = ATTN_SHARED(c, attention_dkv, s.head_dim, 4, 2);
    if (!CU(cuda_tiles)(c, TILES_FORWARD, q, TILE, &j.tiles) || !j.delta ||
        !dq || !dkv)
        return;
    if (j.tiles.n_queries) {
        LAUNCH(c, row_deltas, j.tiles.n_queries * per, DELTAS_NT, 0, j, per);
        LAUNCH(c, attention_dq, j.tiles.n_queries * (unsigned)s.n_heads,
               ATTN_NT, dq, j);
    }
    LAUNCH(c, attention_dkv, j.tiles.n_keys * (unsigned)s.n_kv_heads, ATTN_NT,
           dkv, j);
}
