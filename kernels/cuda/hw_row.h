/* hw_row - a block of threads over one row of logits, read once
 *
 * The number of threads follows from V alone and every sum has a fixed order,
 * so that a row's result is the same in any batch, and the same bits in
 * head_logp and head_sample. Warp w has the ids [w part, (w + 1) part); its
 * lanes take eight at a time. Each thread keeps its largest logit m and sums
 * relative to it, scaled down when a larger one comes: with
 * d = (l - m) / (T ln 2), S = sum of 2^d and Q = sum of 2^d d.
 */
#ifndef ULP_CUDA_HW_ROW_H
#define ULP_CUDA_HW_ROW_H
#include "hw.h"
#include "mma.h"
#include "../head.h"

/* Warps and threads of a block, at most; ids that a warp takes at a time. */
enum { ROW_WARPS = 16, ROW_NT = ROW_WARPS * 32, ROW_STEP = 256 };

/* 1 / ln 2; ln 2; the lowest finite fp32. */
#define LOG2E 1.44269504f
#define LN2 0.693147181f
#define LOWEST (-3.40282347e38f)

/* Threads for a row of V logits. */
static inline unsigned row_threads(long V)
{
    long warps = (V + 2047) / 2048;

    return 32 * (unsigned)cuda_min(warps, ROW_WARPS);
}

/* Ids of a warp: a multiple of what it takes at a time. */
DEV long row_part(long V)
{
    long each = (long)blockDim.x / 32 * ROW_STEP;

    return (V + each - 1) / each * ROW_STEP;
}

struct row_sums {
    float m, S, Q;
    int at; /* the first eight that hold m begin here */
};

/* What a block shares of a row. */
struct row_shared {
    float m[ROW_WARPS], S[ROW_WARPS], Q[ROW_WARPS];
    int at[ROW_WARPS];
};

/* (a - b) c, for sums that may be empty: never NaN or -inf. */
DEV float row_down(float a, float b, float c)
{
    return fmaxf((a - b) * c, -1000.0f);
}

/* Eight more logits, from id v on; c = 1 / (T ln 2). */
DEV void row_take(struct row_sums *s, const float x[8], long v, float c,
                  int entropy)
{
    float m = fmaxf(fmaxf(fmaxf(x[0], x[1]), fmaxf(x[2], x[3])),
                    fmaxf(fmaxf(x[4], x[5]), fmaxf(x[6], x[7])));
    float e[8];

    if (m > s->m) {
        float d = row_down(s->m, m, c), f = fast_exp2(d);

        if (entropy)
            s->Q = canon_fma(s->S, d, s->Q) * f;
        s->S *= f;
        s->m = m;
        s->at = (int)v;
    }
    for (int k = 0; k < 8; k++) {
        float d = (x[k] - s->m) * c;

        e[k] = fast_exp2(d); /* NaN where x is: the sum shows it */
        if (entropy)
            s->Q = canon_fma(e[k], fmaxf(d, -1000.0f), s->Q);
    }
    s->S += ((e[0] + e[1]) + (e[2] + e[3])) + ((e[4] + e[5]) + (e[6] + e[7]));
}

/* Logits v .. v + 7, -inf past V. */
DEV void row_get(const void *l, enum dtype t, long v, long V, float x[8])
{
    get8(l, t, (size_t)v, x);
    if (v + 8 > V)
        for (int k = 0; k < 8; k++)
            x[k] = v + k < V ? x[k] : -CANON_INF;
}

/* This thread's share of the row: four loads are under way at a time. */
DEV struct row_sums row_read(const void *l, enum dtype t, long V, float c,
                             int entropy)
{
    struct row_sums s = {LOWEST, 0.0f, 0.0f, 0};
    long part = row_part(V), v = (long)(threadIdx.x / 32) * part, end;

    end = v + part < V ? v + part : V;
    v += (long)(threadIdx.x % 32) * 8;
    for (; v + 3 * ROW_STEP + 8 <= end; v += 4 * ROW_STEP) {
        struct oct o[4];
        float x[8];

#pragma unroll
        for (int u = 0; u < 4; u++)
            o[u] = load8(l, t, (size_t)(v + u * ROW_STEP));
#pragma unroll
        for (int u = 0; u < 4; u++) {
            widen8(&o[u], t, x);
            row_take(&s, x, v + u * ROW_STEP, c, entropy);
        }
    }
    for (; v < end; v += ROW_STEP) {
        float x[8];

        row_get(l, t, v, V, x);
        row_take(&s, x, v, c, entropy);
    }
    return s;
}

/* The sum of a warp, on every lane. */
DEV float warp_sum(float x)
{
    for (int s = 16; s > 0; s >>= 1)
        x += __shfl_xor_sync(FULL, x, s);
    return x;
}

/* The row's sums, on every thread. In h each warp's are left, S and Q
 * relative to the row's m too. at: of the row. */
DEV struct row_sums row_merge(struct row_sums s, float c,
                              struct row_shared *h)
{
    int warp = (int)threadIdx.x / 32, warps = (int)blockDim.x / 32;
    struct row_sums r = {LOWEST, 0.0f, 0.0f, 0x7FFFFFFF};
    float m = s.m, d;

    for (int i = 16; i > 0; i >>= 1)
        m = fmaxf(m, __shfl_xor_sync(FULL, m, i));
    if (threadIdx.x % 32 == 0)
        h->m[warp] = m;
    __syncthreads();
    for (int w = 0; w < warps; w++)
        r.m = fmaxf(r.m, h->m[w]);
    d = row_down(s.m, r.m, c);
    s.Q = warp_sum(canon_fma(s.S, d, s.Q) * fast_exp2(d));
    s.S = warp_sum(s.S * fast_exp2(d));
    s.at = s.m == r.m ? s.at : 0x7FFFFFFF;
    for (int i = 16; i > 0; i >>= 1) {
        int o = __shfl_xor_sync(FULL, s.at, i);

        s.at = o < s.at ? o : s.at;
    }
    if (threadIdx.x % 32 == 0) {
        h->S[warp] = s.S;
        h->Q[warp] = s.Q;
        h->at[warp] = s.at;
    }
    __syncthreads();
    for (int w = 0; w < warps; w++) {
        r.S += h->S[w];
        r.Q += h->Q[w];
        r.at = h->at[w] < r.at ? h->at[w] : r.at;
    }
    return r;
}

/* The address of row r of logits, rows ld values apart. */
DEV const char *row_of(const void *L, enum dtype t, long r, long ld)
{
    return (const char *)L + (size_t)(r * ld) * (t == DT_F32 ? 4 : 2);
}

/* Log-probability of logit l; at most 0. */
DEV float row_logp(const struct row_sums *r, float l, float it)
{
    return canon_fma(l - r->m, it, -canon_log(r->S));
}

/* HW_HEAD_BYTES; tests make it small. */
extern size_t CU(hw_head_bytes);

/* Room for `rows` rows of logits, rows hw_head_ld apart. */
static inline void *hw_head_room(struct cuda *c, int slot, enum dtype t,
                                 long rows, long V)
{
    return CU(cuda_scratch)(c, slot, (size_t)rows * (size_t)hw_head_ld(V) *
                                         dtype_size(t));
}

/* Logits of some rows of x, of type lt, rows hw_head_ld apart; 0 (and the
 * error kept) when it cannot. */
int CU(hw_head_logits)(struct cuda *c, void *L, enum dtype t, enum dtype lt,
                       const void *x, const struct k_weight *W, long rows,
                       long V, long H);

#endif
