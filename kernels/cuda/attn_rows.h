/* attn_rows - a tile of query rows against the keys of one head
 *
 * Two passes over the keys: the largest score, then weights, their 32-lane
 * sums and the weighted values. Scores are made twice and never stored. A
 * tile's columns are lanes: its keys begin at a multiple of 32.
 */
#ifndef ULP_CUDA_ATTN_ROWS_H
#define ULP_CUDA_ATTN_ROWS_H
#include "attn_tile.h"

/* Row r of the tile is q[q0 + r ldq], goes to o[o0 + r ldo] and lse[lse0 + r
 * ld_lse], and attends to the first limit[limit0 + r limit_step] keys (without
 * limit[], to so many as its index says). Key j is row j of those at address
 * k, ldk values apart; in pages it is row j % KV_PAGE of those k bytes into
 * page j / KV_PAGE. Values likewise. */
struct attn_rows {
    enum dtype t;
    int D, rows, limit0, limit_step, ld_lse;
    int wide; /* tile_in may take eight values at a time */
    const void *q;
    void *o;
    float *lse; /* or NULL */
    const int32_t *limit;
    const uint64_t *pages; /* addresses, or NULL */
    uint64_t k, v;
    long q0, o0, lse0, ldq, ldo, ldk;
    float scale;
};

/* Keys that row r attends to. */
DEV int limit_of(const struct attn_rows *w, int r)
{
    int l = w->limit0 + r * w->limit_step;

    return w->limit ? w->limit[l] : l;
}

/* Keys (at = k) or values (at = v) j0 .. j0 + 31; those from n on are zero. */
DEV void keys_in(float *s, int Dp, const struct attn_rows *w, uint64_t at,
                 int j0, int n)
{
    long row = j0;

    if (w->pages) {
        at += w->pages[j0 / KV_PAGE];
        row = j0 % KV_PAGE;
    }
    tile_in(s, Dp, (const void *)(uintptr_t)at, w->t, row * w->ldk, w->ldk, n,
            w->D, w->wide);
}

/* The tile of w, by one block of ATTN_NT threads. Q: of attn_tile.h. */
template <int Q> DEV void attend_rows(const struct attn_rows w)
{
    DYNAMIC_SHARED(shared);
    __shared__ float sum[TILE];
    int tid = (int)threadIdx.x, tx = tid % 16, ty = tid / 16, nk = 0, lim[2];
    int D = w.D, Dp = attn_pad(D);
    float *q = shared, *k = q + TILE * Dp, *v = k + TILE * Dp;
    float *P = v + TILE * Dp, s[2][2], max[2], lane[2][2];
    float acc[Q][4];

    for (int r = 0; r < w.rows; r++) {
        int l = limit_of(&w, r);

        nk = l > nk ? l : nk;
    }
    for (int i = 0; i < 2; i++) {
        lim[i] = ty + 16 * i < w.rows ? limit_of(&w, ty + 16 * i) : 0;
        max[i] = -CANON_INF;
        lane[i][0] = lane[i][1] = 0.0f;
    }
    tile_clear(acc);
    tile_in(q, Dp, w.q, w.t, w.q0, w.ldq, w.rows, D, w.wide);
    for (int j0 = 0; j0 < nk; j0 += TILE) {
        __syncthreads();
        keys_in(k, Dp, &w, w.k, j0, nk - j0);
        __syncthreads();
        tile_scores(s, q, k, Dp, D);
        for (int i = 0; i < 2; i++)
            for (int n = 0; n < 2; n++)
                if (j0 + tx + 16 * n < lim[i])
                    max[i] = larger(max[i], s[i][n] * w.scale);
    }
    for (int i = 0; i < 2; i++)
        for (int x = 8; x > 0; x >>= 1)
            max[i] = larger(max[i], __shfl_xor_sync(FULL, max[i], x));
    for (int j0 = 0; j0 < nk; j0 += TILE) {
        __syncthreads();
        keys_in(k, Dp, &w, w.k, j0, nk - j0);
        keys_in(v, Dp, &w, w.v, j0, nk - j0);
        __syncthreads();
        tile_scores(s, q, k, Dp, D);
        for (int i = 0; i < 2; i++)
            for (int n = 0; n < 2; n++) {
                float e = j0 + tx + 16 * n < lim[i]
                              ? canon_exp(s[i][n] * w.scale - max[i])
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
        if (w.lse && tx == 0 && ty + 16 * i < w.rows)
            w.lse[w.lse0 + (ty + 16 * i) * w.ld_lse] =
                max[i] + canon_log(sum[ty + 16 * i]);
    if (tid / 8 < w.rows)
        tile_out(w.o, w.t, w.o0 + tid / 8 * w.ldo, acc, sum[tid / 8], D);
}

#endif
