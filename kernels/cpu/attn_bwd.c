/* attn_bwd - gradients of causal attention
 *
 * A task is one sequence and one key/value head: dk and dv are chains over
 * the query heads of the group, then over queries ascending. Scores and
 * probabilities are recomputed in blocks of rows; nothing of rows x keys
 * outlives a block.
 */
#include <string.h>
#include "attn.h"
#include "row.h"

enum { RB = ATTN_BWD_ROWS };

struct job {
    struct cpu *c;
    enum dtype t;
    struct k_attn_shape s;
    const int32_t *start;
    const void *qkv, *d_o, *o;
    void *dqkv;
    const float *lse;
};

/* One task's fp32 working set. */
struct work {
    long L, Dp, ld;
    float *kt, *vt;     /* panels of NR keys */
    float *k, *q, *dO;  /* [L][Dp] */
    float *dk, *dv;     /* [L][Dp] */
    float *P, *dS;      /* [RB][ld] */
    float *delta, *row; /* [L], [RB][Dp] */
};

static int work_get(struct work *w, struct cpu *c, int worker, long L, long D)
{
    long Dp = PAD_VW(D), Ln = PAD_NR(L), ld = PAD32(Ln);
    size_t n = (size_t)(2 * Ln * D + 5 * L * Dp + 2 * RB * ld + L + RB * Dp);
    float *p = NAME(cpu_worker)(c, worker, W_S, n * sizeof *p);

    if (!p)
        return 0;
    w->L = L;
    w->Dp = Dp;
    w->ld = ld;
    w->P = p;
    w->dS = w->P + RB * ld;
    w->kt = w->dS + RB * ld;
    w->vt = w->kt + Ln * D;
    w->k = w->vt + Ln * D;
    w->q = w->k + L * Dp;
    w->dO = w->q + L * Dp;
    w->dk = w->dO + L * Dp;
    w->dv = w->dk + L * Dp;
    w->row = w->dv + L * Dp;
    w->delta = w->row + RB * Dp;
    memset(w->dk, 0, (size_t)(2 * L * Dp) * sizeof *p);
    return 1;
}

static void rows_in(float *dst, long Dp, long L, int D, enum dtype t,
                    const void *src, size_t at, size_t stride)
{
    for (long r = 0; r < L; r++) {
        NAME(widen)(dst + r * Dp, AT(src, t, at + (size_t)r * stride), t,
                    (size_t)D);
        for (long d = D; d < Dp; d++)
            dst[r * Dp + d] = 0.0f;
    }
}

static void rows_out(float *src, long Dp, long L, int D, enum dtype t,
                     void *dst, size_t at, size_t stride)
{
    for (long r = 0; r < L; r++) {
        for (long d = 0; d < D; d++)
            src[r * Dp + d] += 0.0f; /* -0 becomes +0: see NUMERICS.md */
        NAME(narrow)(AT_W(dst, t, at + (size_t)r * stride), t, src + r * Dp,
                     (size_t)D);
    }
}

/* C[rows][ld] = A[rows][Dp] times the first nk keys' panels */
static void times_panels(float *C, long ld, const float *A, long Dp,
                         long rows, const float *panels, int D, long nk)
{
    for (long j = 0; j < nk; j += NR) {
        long n = nk - j < NR ? nk - j : NR;

        NAME(gemm_rows)(DT_F32, 0, rows, (int)((n + VW - 1) / VW), D, A, Dp,
                        panels + j * D, NR, C + j, ld, 0);
    }
}

/* C[M][Dp] (+)= A B, B [K][Dp] */
static void times_rows(float *C, int kmajor, long M, long K, const float *A,
                       long lda, const float *B, long Dp, int accumulate)
{
    for (long d = 0; d < Dp; d += NR) {
        long n = Dp - d < NR ? Dp - d : NR;

        NAME(gemm_rows)(DT_F32, kmajor, M, (int)(n / VW), K, A, lda, B + d,
                        Dp, C + d, Dp, accumulate);
    }
}

/* s, dp -> p, ds for keys 0 .. n-1, zero for the rest of nk. Whole vectors:
 * what stands past n is computed and dropped. */
static void row_grads(float *p, float *ds, long n, long nk, float scale,
                      float lse, float delta)
{
    for (long i = 0; i < nk; i += 16)
        for (int j = 0; j < 16; j++) {
            int in = j < (int)(n - i);
            float s = in ? p[i + j] * scale - lse : 0.0f;
            float e = canon_exp(s);
            float d = (e * (ds[i + j] - delta)) * scale;

            p[i + j] = in ? e : 0.0f;
            ds[i + j] = in ? d : 0.0f;
        }
}

static void head_rows(const struct job *j, const struct work *w, long r0,
                      int head)
{
    int D = j->s.head_dim;
    long Dp = w->Dp, ld = w->ld;
    float scale = attn_scale(D);
    size_t stride = (size_t)(j->s.n_heads + 2 * j->s.n_kv_heads) * (size_t)D;

    for (long i0 = 0; i0 < w->L; i0 += RB) {
        long rows = w->L - i0 < RB ? w->L - i0 : RB, nk = i0 + rows;

        times_panels(w->P, ld, w->q + i0 * Dp, Dp, rows, w->kt, D, nk);
        times_panels(w->dS, ld, w->dO + i0 * Dp, Dp, rows, w->vt, D, nk);
        for (long r = 0; r < rows; r++)
            row_grads(w->P + r * ld, w->dS + r * ld, i0 + r + 1, nk, scale,
                      j->lse[(r0 + i0 + r) * j->s.n_heads + head],
                      w->delta[i0 + r]);
        times_rows(w->row, 0, rows, nk, w->dS, ld, w->k, Dp, 0);
        rows_out(w->row, Dp, rows, D, j->t, j->dqkv,
                 (size_t)(r0 + i0) * stride + (size_t)(head * D), stride);
        times_rows(w->dk, 1, nk, rows, w->dS, ld, w->q + i0 * Dp, Dp, 1);
        times_rows(w->dv, 1, nk, rows, w->P, ld, w->dO + i0 * Dp, Dp, 1);
    }
}

static void task(const struct job *j, int seq, int kvh, int worker)
{
    int D = j->s.head_dim, group = j->s.n_heads / j->s.n_kv_heads;
    size_t stride = (size_t)(j->s.n_heads + 2 * j->s.n_kv_heads) * (size_t)D;
    size_t o_stride = (size_t)j->s.n_heads * (size_t)D;
    long r0 = j->start[seq], L = j->start[seq + 1] - r0;
    size_t at_k = (size_t)r0 * stride + (size_t)((j->s.n_heads + kvh) * D);
    size_t at_v = at_k + (size_t)(j->s.n_kv_heads * D);
    struct work w;

    if (L == 0 || !work_get(&w, j->c, worker, L, D))
        return;
    rows_in(w.k, w.Dp, L, D, j->t, j->qkv, at_v, stride);
    for (long r = 0; r < L; r++)
        NAME(put_key)(DT_F32, w.vt, r, w.k + r * w.Dp, D);
    rows_in(w.k, w.Dp, L, D, j->t, j->qkv, at_k, stride);
    for (long r = 0; r < L; r++)
        NAME(put_key)(DT_F32, w.kt, r, w.k + r * w.Dp, D);
    for (int h = kvh * group; h < (kvh + 1) * group; h++) {
        size_t at_o = (size_t)r0 * o_stride + (size_t)(h * D);

        rows_in(w.q, w.Dp, L, D, j->t, j->o, at_o, o_stride);
        rows_in(w.dO, w.Dp, L, D, j->t, j->d_o, at_o, o_stride);
        for (long r = 0; r < L; r++)
            w.delta[r] = row_dot(w.dO + r * w.Dp, w.q + r * w.Dp, D);
        rows_in(w.q, w.Dp, L, D, j->t, j->qkv,
                (size_t)r0 * stride + (size_t)(h * D), stride);
        head_rows(j, &w, r0, h);
    }
    rows_out(w.dk, w.Dp, L, D, j->t, j->dqkv, at_k, stride);
    rows_out(w.dv, w.Dp, L, D, j->t, j->dqkv, at_v, stride);
}

static void tasks(void *ctx, long lo, long hi, int worker)
{
    const struct job *j = ctx;

    for (long i = lo; i < hi; i++)
        task(j, (int)(i / j->s.n_kv_heads), (int)(i % j->s.n_kv_heads),
             worker);
}

OP(void, attn_bwd)(struct kernels *k, enum dtype t, void *dqkv,
                   const void *d_o, const void *o, const void *qkv,
                   const float *lse, struct k_attn_shape s, struct k_seqs q,
                   int T)
{
    struct job j = {cpu_of(k), t, s, q.start_host, qkv, d_o, o, dqkv, lse};
    double mean = q.n ? (double)T / q.n : 0;

    NAME(cpu_for)(j.c, (long)q.n * s.n_kv_heads,
                  5.0 * mean * mean * s.head_dim * s.n_heads / s.n_kv_heads,
                  tasks, &j);
}
