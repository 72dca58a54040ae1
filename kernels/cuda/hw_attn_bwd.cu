/* hw_attn_bwd - gradients of causal attention on tensor cores
 *
 * No sum crosses blocks, so nothing is added atomically and a result has one
 * order. dq: a block has query rows and goes over keys; dk and dv: a block
 * has key rows and goes over the group's heads and, in each, over queries; it
 * clears dq of those of its rows that have no query.
 * Both make scores and dp anew: seven products instead of the five of a
 * backward that adds dq by atomics. Key blocks work on transposed scores
 * (keys by queries), so that the weights stay in registers as the left side
 * of the next product, as they do in hw_attn.
 *
 * For 64 keys, 64 queries and 128 dimensions a key block takes 4 MFLOP, 2048
 * cycles of an sm_80's tensor cores, and reads 288 KiB by ldmatrix, 2304
 * cycles: shared memory is the limit, since two sums of 128 dimensions leave
 * registers for 16 rows a warp. A query block takes 1536 and 1792 cycles. With
 * 64 dimensions a warp has 32 rows and tensor cores are the limit.
 *
 * Rows are staged so that each copy has a product to hide behind: while one
 * of the two tiles of a pair is used, the other's successor is on its way.
 */
#include "hw_attn.h"

/* 16-row products of a warp, and rows of the other side in a step. */
#define DQ_M(DP) ((DP) == 64 ? 2 : 1)
#define DQ_KEYS(DP) ((DP) == 64 ? 32 : 64)
#define DKV_M(DP) ((DP) == 64 ? 2 : 1)
#define DKV_QUERIES(DP) ((DP) == 64 ? 32 : 64)
#define BWD_ROWS(DP) (16 * HW_WARPS * DQ_M(DP))
static_assert(BWD_ROWS(64) == 128 && BWD_ROWS(128) == 64, "as attn.h plans");

enum { DELTAS_NT = 256 };

/* delta = do . o; DP / 8 threads a row of a head. per: blocks of a tile. */
template <enum dtype T, int DP>
KERNEL row_deltas(struct hw_attn_job j, unsigned per)
{
    struct attn_tile w = j.tiles.queries[blockIdx.x / per];
    int rows = w.len - w.at < BWD_ROWS(DP) ? w.len - w.at : BWD_ROWS(DP);
    int at = (int)(blockIdx.x % per * DELTAS_NT + threadIdx.x) / (DP / 8);
    long i = (long)(w.row + w.at) * j.s.n_heads + at;
    int in = at < rows * j.s.n_heads;
    int d = (int)threadIdx.x % (DP / 8) * 8, D = j.s.head_dim;
    float sum = 0.0f;

    if (in && d < D) {
        float a[8], b[8];

        get8(j.o, T, (size_t)(i * D + d), a);
        get8(j.d_o, T, (size_t)(i * D + d), b);
#pragma unroll
        for (int e = 0; e < 8; e++)
            sum = canon_fma(a[e], b[e], sum);
    }
#pragma unroll
    for (int x = DP / 16; x > 0; x >>= 1)
        sum += __shfl_xor_sync(FULL, sum, x);
    if (in && d == 0)
        j.delta[i] = sum;
}

template <enum dtype T, int DP>
KERNEL __launch_bounds__(HW_NT, 2) query_rows(struct hw_attn_job j)
{
    enum { M = DQ_M(DP), N = DQ_KEYS(DP), R = BWD_ROWS(DP) };
    DYNAMIC_SHARED(shared);
    int heads = j.s.n_heads, head = (int)blockIdx.x % heads, D = j.s.head_dim;
    int kv = head / (heads / j.s.n_kv_heads), lane = (int)threadIdx.x % 32;
    int mine = (int)threadIdx.x / 32 * 16 * M;
    struct attn_tile w = j.tiles.queries[blockIdx.x / (unsigned)heads];
    int rows = w.len - w.at < R ? w.len - w.at : R, keys = w.at + rows;
    long row = w.row + w.at;
    const uint16_t *k = j.qkv + w.row * j.ld + (heads + kv) * D;
    const uint16_t *v = k + j.s.n_kv_heads * D;
    uint16_t *Q = (uint16_t *)(void *)shared, *dO = Q + R * HW_LD(DP);
    uint16_t *K = dO + R * HW_LD(DP), *V = K + N * HW_LD(DP);
    float acc[M][DP / 8][4], lse[M][2], delta[M][2], scale = j.scale * LOG2E;

    clear<M, DP / 8>(acc);
    rows_in<DP, R>(dO, j.d_o + row * j.ldo + head * D, j.ldo, rows, D);
    rows_in<DP, N>(V, v, j.ld, keys, D);
    cp_commit();
    rows_in<DP, R>(Q, j.qkv + row * j.ld + head * D, j.ld, rows, D);
    rows_in<DP, N>(K, k, j.ld, keys, D);
    cp_commit();
#pragma unroll
    for (int m = 0; m < M; m++)
#pragma unroll
        for (int h = 0; h < 2; h++) {
            int r = mine + m * 16 + lane / 4 + h * 8;
            long at = (row + (r < rows ? r : 0)) * heads + head;

            lse[m][h] = -(j.lse[at] * LOG2E);
            delta[m][h] = j.delta[at];
        }
    for (int j0 = 0; j0 < keys; j0 += N) {
        int seen = j0 < w.at + mine + 16 * M, more = j0 + N < keys;
        int first = w.at + mine + lane / 4, key = j0 + lane % 4 * 2;
        float s[M][N / 8][4], dp[M][N / 8][4];

        cp_wait(1);
        __syncthreads(); /* values are there */
        if (seen)
            rows_by_rows<T, DP, M, N>(dp, dO + mine * HW_LD(DP), V);
        cp_wait(0);
        __syncthreads(); /* keys are there, and the values used */
        if (more)
            rows_in<DP, N>(V, v + (j0 + N) * j.ld, j.ld, keys - j0 - N, D);
        cp_commit();
        if (seen) {
            rows_by_rows<T, DP, M, N>(s, Q + mine * HW_LD(DP), K);
#pragma unroll
            for (int m = 0; m < M; m++)
#pragma unroll
                for (int n = 0; n < N / 8; n++)
#pragma unroll
                    for (int e = 0; e < 4; e++) {
                        float p = fast_exp2(
                            canon_fma(s[m][n][e], scale, lse[m][e / 2]));

                        if (key + n * 8 + e % 2 > first + m * 16 + e / 2 * 8)
                            s[m][n][e] = 0.0f;
                        else
                            s[m][n][e] = p * (dp[m][n][e] - delta[m][e / 2]);
                    }
            weights_by_rows<T, DP, M, N>(acc, s, K);
        }
        __syncthreads(); /* keys used */
        if (more)
            rows_in<DP, N>(K, k + (j0 + N) * j.ld, j.ld, keys - j0 - N, D);
        cp_commit();
    }
#pragma unroll
    for (int m = 0; m < M; m++)
        lse[m][0] = lse[m][1] = j.scale;
    rows_out<T, DP, M>(j.out + (row + mine) * j.ld + head * D, j.ld,
                       rows - mine, D, acc, lse, Q + mine * HW_LD(DP));
}

/* One step of key_rows: queries i0 .. of one head. */
struct step {
    const uint16_t *q, *d_o;
    const float *lse, *delta;
    int i0, rows;
};

DEV struct step step_at(const struct hw_attn_job *j, struct attn_tile w,
                        int head, int i0, int most)
{
    int D = j->s.head_dim, heads = j->s.n_heads;
    long row = w.row + i0;
    struct step p = {j->qkv + row * j->ld + head * D,
                     j->d_o + row * j->ldo + head * D,
                     j->lse + row * heads + head,
                     j->delta + row * heads + head,
                     i0, w.len - i0 < most ? w.len - i0 : most};

    return p;
}

/* A thread's row of lse and delta, zeros past the end. */
DEV void scalars_in(float *lse, float *delta, struct step p, int heads, int N)
{
    int r = (int)threadIdx.x;

    if (r < N) {
        cp_async4(lse + r, p.lse + (r < p.rows ? r : 0) * (long)heads,
                  r >= p.rows);
        cp_async4(delta + r, p.delta + (r < p.rows ? r : 0) * (long)heads,
                  r >= p.rows);
    }
}

/* Weights p in place of scores, ds in place of dp; keys are rows. Rows of
 * queries past the end are zeros, and so is what they add. */
template <int M, int N>
DEV void grads(float s[M][N / 8][4], float dp[M][N / 8][4], const float *lse,
               const float *delta, int key, int query, float scale)
{
    int q = (int)threadIdx.x % 4 * 2;

#pragma unroll
    for (int n = 0; n < N / 8; n++) {
        float minus[2], d[2];

#pragma unroll
        for (int i = 0; i < 2; i++) {
            minus[i] = -(lse[n * 8 + q + i] * LOG2E);
            d[i] = delta[n * 8 + q + i];
        }
#pragma unroll
        for (int m = 0; m < M; m++)
#pragma unroll
            for (int e = 0; e < 4; e++) {
                float p = fast_exp2(
                    canon_fma(s[m][n][e], scale, minus[e % 2]));

                if (key + m * 16 + e / 2 * 8 > query + n * 8 + e % 2) {
                    s[m][n][e] = dp[m][n][e] = 0.0f;
                } else {
                    s[m][n][e] = p;
                    dp[m][n][e] = p * (dp[m][n][e] - d[e % 2]);
                }
            }
    }
}

/* dq = +0 in n rows from row on, of the heads that share kv. */
DEV void clear_dq(const struct hw_attn_job *j, long row, int n, int kv)
{
    int wide = j->s.n_heads / j->s.n_kv_heads * j->s.head_dim;
    uint16_t *p = j->out + row * j->ld + kv * wide;

#pragma unroll 1
    for (int r = 0; r < n; r++, p += j->ld)
#pragma unroll 1
        for (int d = (int)threadIdx.x * 8; d < wide; d += HW_NT * 8)
            *(uint4 *)(void *)(p + d) = {0, 0, 0, 0};
}

template <enum dtype T, int DP>
KERNEL __launch_bounds__(HW_NT, 2) key_rows(struct hw_attn_job j)
{
    enum { M = DKV_M(DP), N = DKV_QUERIES(DP), R = BWD_ROWS(DP) };
    DYNAMIC_SHARED(shared);
    int heads = j.s.n_heads, kvh = j.s.n_kv_heads, group = heads / kvh;
    int kv = (int)blockIdx.x % kvh, D = j.s.head_dim;
    int lane = (int)threadIdx.x % 32, mine = (int)threadIdx.x / 32 * 16 * M;
    struct attn_tile w = j.tiles.keys[blockIdx.x / (unsigned)kvh];
    int at = w.at, keys = w.len - at < R ? w.len - at : R;
    long to = (w.row + at) * j.ld + (heads + kv) * D;
    int per = (w.len - w.from + N - 1) / N, steps = per * group;
    uint16_t *K = (uint16_t *)(void *)shared, *V = K + R * HW_LD(DP);
    uint16_t *Q = V + R * HW_LD(DP), *dO = Q + N * HW_LD(DP);
    float *lse = (float *)(void *)(dO + N * HW_LD(DP)), *delta = lse + N;
    float dk[M][DP / 8][4], dv[M][DP / 8][4], by[M][2];
    struct step p = step_at(&j, w, kv * group, w.from, N);

    clear_dq(&j, w.row + at, w.from - at < keys ? w.from - at : keys, kv);
    clear<M, DP / 8>(dk);
    clear<M, DP / 8>(dv);
    rows_in<DP, R>(V, j.qkv + to + kvh * D, j.ld, keys, D);
    rows_in<DP, N>(dO, p.d_o, j.ldo, p.rows, D);
    cp_commit();
    rows_in<DP, R>(K, j.qkv + to, j.ld, keys, D);
    rows_in<DP, N>(Q, p.q, j.ld, p.rows, D);
    scalars_in(lse, delta, p, heads, N);
    cp_commit();
    for (int i = 0; i < steps; i++) {
        int i0 = p.i0, seen = i0 + N > at + mine; /* by some key of the warp */
        float s[M][N / 8][4], dp[M][N / 8][4];

        if (i + 1 < steps)
            p = step_at(&j, w, kv * group + (i + 1) / per,
                        w.from + (i + 1) % per * N, N);
        cp_wait(1);
        __syncthreads(); /* do is there */
        if (seen)
            rows_by_rows<T, DP, M, N>(dp, V + mine * HW_LD(DP), dO);
        cp_wait(0);
        __syncthreads(); /* q is there */
        if (seen) {
            rows_by_rows<T, DP, M, N>(s, K + mine * HW_LD(DP), Q);
            grads<M, N>(s, dp, lse, delta, at + mine + lane / 4,
                        i0 + lane % 4 * 2, j.scale * LOG2E);
            weights_by_rows<T, DP, M, N>(dv, s, dO);
        }
        __syncthreads(); /* do used */
        if (i + 1 < steps)
            rows_in<DP, N>(dO, p.d_o, j.ldo, p.rows, D);
        cp_commit();
        if (seen)
            weights_by_rows<T, DP, M, N>(dk, dp, Q);
        __syncthreads(); /* q used */
        if (i + 1 < steps) {
            rows_in<DP, N>(Q, p.q, j.ld, p.rows, D);
            scalars_in(lse, delta, p, heads, N);
        }
        cp_commit();
    }
    cp_wait(0);
    __syncthreads(); /* where there was no step, too */
#pragma unroll
    for (int m = 0; m < M; m++)
        by[m][0] = by[m][1] = j.scale;
    rows_out<T, DP, M>(j.out + to + mine * j.ld, j.ld, keys - mine, D, dk, by,
                       K + mine * HW_LD(DP));
#pragma unroll
    for (int m = 0; m < M; m++)
        by[m][0] = by[m][1] = 1.0f;
    rows_out<T, DP, M>(j.out + to + kvh * D + mine * j.ld, j.ld, keys - mine,
                       D, dv, by, V + mine * HW_LD(DP));
}

typedef void deltas_fn(struct hw_attn_job j, unsigned per);
typedef void rows_fn(struct hw_attn_job j);

template <enum dtype T, int DP>
static void backward(struct cuda *c, struct hw_attn_job j, struct k_seqs q)
{
    deltas_fn *attention_deltas = row_deltas<T, DP>;
    rows_fn *attention_dq = query_rows<T, DP>;
    rows_fn *attention_dkv = key_rows<T, DP>;
    unsigned heads = (unsigned)j.s.n_heads;
    unsigned per = cuda_div(BWD_ROWS(DP) * heads * (DP / 8), DELTAS_NT);
    size_t dq = 2 * HW_LD(DP) * 2 * (BWD_ROWS(DP) + DQ_KEYS(DP));
    size_t dkv = 2 * HW_LD(DP) * 2 * (BWD_ROWS(DP) + DKV_QUERIES(DP)) +
              2 * DKV_QUERIES(DP) * sizeof(float);

    if (!CU(cuda_tiles)(c, TILES_BACKWARD, q, BWD_ROWS(DP), &j.tiles) ||
        !CU(cuda_shared)(c, (const void *)attention_dq, dq) ||
        !CU(cuda_shared)(c, (const void *)attention_dkv, dkv))
        return;
    if (j.tiles.n_queries) {
        LAUNCH(c, attention_deltas, j.tiles.n_queries * per, DELTAS_NT, 0, j,
               per);
        LAUNCH(c, attention_dq, j.tiles.n_queries * heads, HW_NT, dq, j);
    }
    LAUNCH(c, attention_dkv, j.tiles.n_keys * (unsigned)j.s.n_kv_heads, HW_NT,
           dkv, j);
}

HW(void, attn_bwd)(struct kernels *k, enum dtype t, void *dqkv,
                   const void *d_o, const void *o, const void *qkv,
                   const float *lse, struct k_attn_shape s, struct k_seqs q,
                   int T)
{
    struct cuda *c = cuda_of(k);
    struct hw_attn_job j = {
        s, (long)(s.n_heads + 2 * s.n_kv_heads) * s.head_dim,
        (long)s.n_heads * s.head_dim, 1.0f / canon_sqrt((float)s.head_dim),
        {}, (const uint16_t *)qkv, (const uint16_t *)o,
        (const uint16_t *)d_o, (uint16_t *)dqkv, (float *)(uintptr_t)lse,
        NULL};

    if (!hw_attn_can(t, s, qkv) || !hw_attn_can(t, s, o) ||
        !hw_attn_can(t, s, d_o) || !hw_attn_can(t, s, dqkv)) {
        CU(cuda_attn_bwd)(k, t, dqkv, d_o, o, qkv, lse, s, q, T);
        return;
    }
    if (T <= 0)
        return;
    j.delta = (float *)CU(cuda_scratch)(
        c, S_ROWS, (size_t)T * (size_t)s.n_heads * sizeof *j.delta);
    if (!j.delta)
        return;
    if (t == DT_BF16 && s.head_dim <= 64)
        backward<DT_BF16, 64>(c, j, q);
    else if (t == DT_BF16)
        backward<DT_BF16, 128>(c, j, q);
    else if (s.head_dim <= 64)
        backward<DT_F16, 64>(c, j, q);
    else
        backward<DT_F16, 128>(c, j, q);
}
