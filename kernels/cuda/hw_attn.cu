/* hw_attn - causal attention on tensor cores (order=hardware)
 *
 * FlashAttention-2 (Dao 2023): a block has 128 query rows of one head, 32 a
 * warp, and goes over 64 keys at a time; scores, their running maximum and
 * sum, and the output stay in registers. While scores are made from the keys
 * the values are on their way, and the next keys while the values are used.
 * A warp leaves out tiles that the causal mask hides from all of its rows.
 *
 * What limits it, from data sheets: an sm_80 has 2048 FLOP a cycle and SM on
 * tensor cores, 128 bytes of shared memory, 16 exponentials, and some 47 bytes
 * of L2. A tile of 128 rows, 64 keys and 128 dimensions takes
 *   4 * 128 * 64 * 128 FLOP     2048 cycles
 *   4 warps * 40 KiB by ldmatrix   1280 (a key or value serves 32 rows; with
 *                                  16 rows a warp it would be as much as the
 *                                  products)
 *   128 * 64 exponentials        512
 *   32 KiB of keys and values    700, from L2: heads of a group and tiles of
 *                                a sequence read the same
 * so tensor cores are the limit, with two blocks an SM where one's
 * exponentials and barriers hide behind the other's products. With 64
 * dimensions products take 1024 cycles and exponentials still 512. On sm_90
 * mma.sync reaches a part only of what wgmma would.
 */
#include "hw_attn.h"

enum { FWD_M = 2, FWD_KEYS = 64, FWD_ROWS = 16 * FWD_M * HW_WARPS };
static_assert((int)FWD_ROWS == (int)HW_ATTN_ROWS, "what attn.h plans for");

/* Scores of rows `first` + 16 m + g + 8 h, counted from the first key: raw,
 * then the weights exp(s - max); max, sum and what is summed so far follow. */
template <int DP>
DEV void soften(float s[FWD_M][FWD_KEYS / 8][4], float max[FWD_M][2],
                float sum[FWD_M][2], float acc[FWD_M][DP / 8][4], int first,
                float scale)
{
    int lane = (int)threadIdx.x % 32, moved = 0;
    int row = first + lane / 4 - lane % 4 * 2; /* from this thread's key */
    float was[FWD_M][2];

#pragma unroll
    for (int m = 0; m < FWD_M; m++)
#pragma unroll
        for (int h = 0; h < 2; h++) {
            float most = was[m][h] = max[m][h];

#pragma unroll
            for (int n = 0; n < FWD_KEYS / 8; n++)
#pragma unroll
                for (int e = 2 * h; e < 2 * h + 2; e++) {
                    if (FWD_KEYS > first &&
                        n * 8 + e % 2 > row + m * 16 + h * 8)
                        s[m][n][e] = -CANON_INF;
                    most = larger(most, s[m][n][e]);
                }
            most = larger(most, __shfl_xor_sync(FULL, most, 1));
            most = larger(most, __shfl_xor_sync(FULL, most, 2));
            max[m][h] = most;
            moved |= most > was[m][h];
        }
    if (__any_sync(FULL, moved)) {
#pragma unroll
        for (int m = 0; m < FWD_M; m++)
#pragma unroll
            for (int h = 0; h < 2; h++) {
                float by = fast_exp2((was[m][h] - max[m][h]) * scale);

                sum[m][h] *= by;
#pragma unroll
                for (int d = 0; d < DP / 8; d++) {
                    acc[m][d][2 * h] *= by;
                    acc[m][d][2 * h + 1] *= by;
                }
            }
    }
#pragma unroll
    for (int m = 0; m < FWD_M; m++)
#pragma unroll
        for (int n = 0; n < FWD_KEYS / 8; n++)
#pragma unroll
            for (int e = 0; e < 4; e++) {
                s[m][n][e] = fast_exp2(
                    canon_fma(s[m][n][e], scale, -(max[m][e / 2] * scale)));
                sum[m][e / 2] += s[m][n][e];
            }
}

/* Divides by the sums and stores. w comes from shared memory: it would take
 * registers from the loop before. */
template <enum dtype T, int DP>
DEV void finish(struct hw_attn_job j, struct attn_tile w, float max[FWD_M][2],
                float sum[FWD_M][2], float acc[FWD_M][DP / 8][4], uint16_t *s)
{
    int heads = j.s.n_heads, head = (int)blockIdx.x % heads;
    int mine = (int)threadIdx.x / 32 * 16 * FWD_M, lane = (int)threadIdx.x % 32;
    int n = w.len - w.at - mine; /* rows of the warp */
    long row = w.row + w.at + mine;

#pragma unroll
    for (int m = 0; m < FWD_M; m++)
#pragma unroll
        for (int h = 0; h < 2; h++) {
            int r = m * 16 + lane / 4 + h * 8;

            sum[m][h] += __shfl_xor_sync(FULL, sum[m][h], 1);
            sum[m][h] += __shfl_xor_sync(FULL, sum[m][h], 2);
            if (j.lse && lane % 4 == 0 && r < n)
                j.lse[(row + r) * heads + head] =
                    canon_fma(max[m][h], j.scale, canon_log(sum[m][h]));
            sum[m][h] = 1.0f / sum[m][h];
        }
    rows_out<T, DP, FWD_M>(j.out + row * j.ldo + head * j.s.head_dim, j.ldo, n,
                           j.s.head_dim, acc, sum, s);
}

template <enum dtype T, int DP>
KERNEL __launch_bounds__(HW_NT, 2) attention(struct hw_attn_job j)
{
    DYNAMIC_SHARED(shared);
    __shared__ struct attn_tile tile;
    int heads = j.s.n_heads, head = (int)blockIdx.x % heads, D = j.s.head_dim;
    int kv = head / (heads / j.s.n_kv_heads);
    int mine = (int)threadIdx.x / 32 * 16 * FWD_M;
    struct attn_tile w = j.tiles.queries[blockIdx.x / (unsigned)heads];
    int rows = w.len - w.at < FWD_ROWS ? w.len - w.at : FWD_ROWS;
    int left = w.at + rows, first = w.at + mine; /* keys; row, from a tile's
                                                  * first key */
    const uint16_t *k = j.qkv + w.row * j.ld + (heads + kv) * D;
    uint16_t *Q = (uint16_t *)(void *)shared, *K = Q + FWD_ROWS * HW_LD(DP);
    uint16_t *V = K + FWD_KEYS * HW_LD(DP);
    float acc[FWD_M][DP / 8][4], max[FWD_M][2], sum[FWD_M][2];

    if (threadIdx.x == 0)
        tile = w;
    clear<FWD_M, DP / 8>(acc);
#pragma unroll
    for (int m = 0; m < FWD_M; m++) {
        max[m][0] = max[m][1] = -CANON_INF;
        sum[m][0] = sum[m][1] = 0.0f;
    }
    rows_in<DP, FWD_ROWS>(Q, j.qkv + (w.row + w.at) * j.ld + head * D, j.ld,
                          rows, D);
    rows_in<DP, FWD_KEYS>(K, k, j.ld, left, D);
    cp_commit();
    for (; left > 0; left -= FWD_KEYS, first -= FWD_KEYS) {
        int seen = first + 16 * FWD_M > 0; /* by some row of the warp */
        float s[FWD_M][FWD_KEYS / 8][4];

        cp_wait(0);
        __syncthreads(); /* keys are there, and the last values used */
        rows_in<DP, FWD_KEYS>(V, k + j.s.n_kv_heads * D, j.ld, left, D);
        cp_commit();
        if (seen) {
            rows_by_rows<T, DP, FWD_M, FWD_KEYS>(s, Q + mine * HW_LD(DP), K);
            soften<DP>(s, max, sum, acc, first, j.scale * LOG2E);
        }
        cp_wait(0);
        __syncthreads(); /* values are there, and the keys used */
        k += FWD_KEYS * j.ld;
        if (left > FWD_KEYS)
            rows_in<DP, FWD_KEYS>(K, k, j.ld, left - FWD_KEYS, D);
        cp_commit();
        if (seen)
            weights_by_rows<T, DP, FWD_M, FWD_KEYS>(acc, s, V);
    }
    finish<T, DP>(j, tile, max, sum, acc, Q + mine * HW_LD(DP));
}

typedef void attention_fn(struct hw_attn_job j);
static attention_fn *const attentions[2][2] = {
    {attention<DT_BF16, 64>, attention<DT_BF16, 128>},
    {attention<DT_F16, 64>, attention<DT_F16, 128>}};

HW(void, attn)(struct kernels *k, enum dtype t, void *o, float *lse,
               const void *qkv, struct k_attn_shape s, struct k_seqs q, int T)
{
    struct cuda *c = cuda_of(k);
    int DP = s.head_dim <= 64 ? 64 : 128;
    attention_fn *attention = attentions[t == DT_F16][DP == 128];
    size_t bytes = (size_t)(FWD_ROWS + 2 * FWD_KEYS) * HW_LD(DP) * 2;
    struct hw_attn_job j = {
        s, (long)(s.n_heads + 2 * s.n_kv_heads) * s.head_dim,
        (long)s.n_heads * s.head_dim, 1.0f / canon_sqrt((float)s.head_dim),
        {}, (const uint16_t *)qkv, NULL, NULL, (uint16_t *)o, lse, NULL};

    if (!hw_attn_can(t, s, qkv) || !hw_attn_can(t, s, o)) {
        CU(cuda_attn)(k, t, o, lse, qkv, s, q, T);
        return;
    }
    if (CU(cuda_tiles)(c, TILES_FORWARD, q, FWD_ROWS, &j.tiles) &&
        j.tiles.n_queries &&
        CU(cuda_shared)(c, (const void *)attention, bytes))
        LAUNCH(c, attention, j.tiles.n_queries * (unsigned)s.n_heads, HW_NT,
               bytes, j);
}
