/* attn_bwd - gradients of causal attention
 *
 * A task is one sequence and one key/value head: dk and dv are chains over
 * the query heads of the group, then over queries ascending. Scores and
 * probabilities are recomputed for a block of queries; nothing of queries x
 * keys outlives a block. Work with queries as lanes takes those that registers
 * hold at a time (attn_lanes.h); sums over queries take the whole block, so
 * that dk and dv are seldom loaded and stored.
 */
#include <string.h>
#include "attn_lanes.h"

struct job {
    struct cpu *c;
    enum dtype t;
    struct k_attn_shape s;
    const int32_t *start, *from;
    const void *qkv, *d_o, *o;
    void *dqkv;
    const float *lse;
    long longest;
};

struct rows {
    const float *p;
    long ld;
};

/* One task's fp32 working set. */
struct work {
    long L, D, Dp, ld, ldk;
    const float *k, *v;   /* rows at a distance of ldk */
    float *dk, *dv;       /* [L][Dp] */
    float *q_rows, *dO_rows; /* [ld][Dp], where a block's rows are laid out */
    float *Q, *DO, *X;    /* the same turned over, [D][ld]; o, then dq */
    float *P, *dS;        /* [L][ld] */
    float *delta, *lse;   /* [ld] */
    float *row;           /* [ld][D] */
};

enum { QUERIES = 64 };

/* Queries of a block: more than registers hold, where P and dS stay in the
 * second cache. */
static long block_rows(long L)
{
    long most = QUERIES / NR * NR;

    while (most > NR && L * most * 8 > (long)256 << 10)
        most -= NR;
    return most > NR ? most : lanes_block(L);
}

static long stride(const struct job *j)
{
    return (long)(j->s.n_heads + 2 * j->s.n_kv_heads) * j->s.head_dim;
}

/* A row of D >= VW values in whole vectors, the last ones overlapping; +0 is
 * added where -0 has to become +0. */
INLINE void row_copy(float *dst, const float *src, long D, int plus_0)
{
    vf zero = vf_set1(0.0f);

    for (long d = 0; d < D; d += VW) {
        long at = D - d < VW ? D - VW : d;
        vf v = vf_load(src + at);

        vf_store(dst + at, plus_0 ? v + zero : v);
    }
}

/* dst[n][Dp] = n rows of src as fp32, columns past D zero. */
static void rows_in(float *dst, long Dp, long n, long D, enum dtype t,
                    const void *src, size_t at, long step)
{
    if (t == DT_F32 && D >= VW) {
        for (long r = 0; r < n; r++) {
            vf_store(dst + r * Dp + Dp - VW, vf_set1(0.0f));
            row_copy(dst + r * Dp, (const float *)src + at + r * step, D, 0);
        }
        return;
    }
    for (long r = 0; r < n; r++) {
        NAME(widen)(dst + r * Dp, AT(src, t, at + (size_t)(r * step)), t,
                    (size_t)D);
        for (long d = D; d < Dp; d++)
            dst[r * Dp + d] = 0.0f;
    }
}

static void rows_out(float *src, long Dp, long n, long D, enum dtype t,
                     void *dst, size_t at, long step)
{
    if (t == DT_F32 && D >= VW) { /* -0 becomes +0: see NUMERICS.md */
        for (long r = 0; r < n; r++)
            row_copy((float *)dst + at + r * step, src + r * Dp, D, 1);
        return;
    }
    for (long r = 0; r < n; r++) {
        for (long d = 0; d < D; d++)
            src[r * Dp + d] += 0.0f;
        NAME(narrow)(AT_W(dst, t, at + (size_t)(r * step)), t, src + r * Dp,
                     (size_t)D);
    }
}

/* Are rows read where they are? */
static int near(const struct job *j)
{
    return j->t == DT_F32 && stride(j) <= ATTN_NEAR;
}

/* Memory for the longest sequence; keys and values of this one. */
static int work_get(struct work *w, const struct job *j, int worker, long r0,
                    long L, int kvh)
{
    long D = j->s.head_dim, Dp = PAD_VW(D), ld = block_rows(j->longest);
    size_t at = (size_t)(r0 * stride(j) + (j->s.n_heads + kvh) * D);
    size_t at_v = at + (size_t)(j->s.n_kv_heads * D);
    float *p = NAME(cpu_worker)(j->c, worker, W_S,
                                attn_bwd_floats(j->longest, D, ld) *
                                    sizeof *p);

    if (!p)
        return 0;
    *w = (struct work){.L = L, .D = D, .Dp = Dp, .ld = ld, .ldk = D};
    w->P = p;
    w->dS = w->P + L * ld;
    w->Q = w->dS + L * ld;
    w->DO = w->Q + D * ld;
    w->X = w->DO + D * ld;
    w->q_rows = w->X + D * ld;
    w->dO_rows = w->q_rows + ld * Dp;
    w->dk = w->dO_rows + ld * Dp;
    w->dv = w->dk + L * Dp;
    w->delta = w->dv + L * Dp;
    w->lse = w->delta + ld;
    w->row = w->lse + ld;
    p = w->row + ld * D;
    if (near(j)) {
        w->k = (const float *)j->qkv + at;
        w->v = (const float *)j->qkv + at_v;
        w->ldk = stride(j);
    } else {
        rows_in(p, D, L, D, j->t, j->qkv, at, stride(j));
        rows_in(p + L * D, D, L, D, j->t, j->qkv, at_v, stride(j));
        w->k = p;
        w->v = p + L * D;
    }
    memset(w->dk, 0, (size_t)(2 * L * Dp) * sizeof *p);
    return 1;
}

/* delta = the row sum of dO o: the 32 lanes of each are 32 vectors. */
static void deltas(const struct lanes *b, const struct work *w)
{
    for (int v = 0; v < b->nv * VW; v += VW) {
        vf sum[32];

        for (long d = 0; d < 32; d++)
            sum[d] = d < w->D ? vf_fma(vf_load(w->DO + d * b->ld + v),
                                       vf_load(w->X + d * b->ld + v),
                                       vf_set1(0.0f))
                              : vf_set1(0.0f);
        for (long d = 32; d < w->D; d++)
            sum[d % 32] = vf_fma(vf_load(w->DO + d * b->ld + v),
                                 vf_load(w->X + d * b->ld + v), sum[d % 32]);
        for (int n = 16; n > 0; n >>= 1)
            for (int i = 0; i < n; i++)
                sum[i] += sum[i + n];
        vf_store(w->delta + v, sum[0]);
    }
}

/* P: scores to probabilities; dS: their gradients to those of scores. Vector v
 * of part b, whose first column is `at`. */
static void score_grads(const struct lanes *b, const struct work *w, long at,
                        int v)
{
    vf scale = vf_set1(attn_scale((int)w->D)), zero = vf_set1(0.0f);
    vf lse, delta, e, d;
    float *P = w->P + at + v * VW, *dS = w->dS + at + v * VW;
    long all = b->i0 + v * VW, j, end;

    lse = vf_load(w->lse + at + v * VW);
    delta = vf_load(w->delta + at + v * VW);
    lanes_step(b, v, &j, &end);
    for (j = 0; j < end; j++) {
        e = vf_exp(vf_load(P + j * b->ld) * scale - lse);
        d = (e * (vf_load(dS + j * b->ld) - delta)) * scale;
        if (j > all) {
            e = vf_from((int)(j - all), e, zero);
            d = vf_from((int)(j - all), d, zero);
        }
        vf_store(P + j * b->ld, e);
        vf_store(dS + j * b->ld, d);
    }
}

/* C[keys][Dp] += A[keys][queries] B[queries][Dp], queries ascending */
static void key_sums(const struct lanes *b, const struct work *w, float *C,
                     const float *A, struct rows B)
{
    long Dp = w->Dp;

    for (int v = 0; v < b->nv; v++) {
        long j0, j1, n;

        lanes_step(b, v, &j0, &j1);
        for (long d = 0; d < Dp; d += n) {
            n = Dp - d == 3 * VW ? 3 * VW : Dp - d < NR ? Dp - d : NR;
            NAME(gemm_rows)(DT_F32, 0, j1 - j0, (int)(n / VW),
                            b->rows - v * VW, A + j0 * b->ld + v * VW, b->ld,
                            B.p + v * VW * B.ld + d, B.ld, C + j0 * Dp + d, Dp,
                            1);
        }
    }
}

/* A block's rows in whole vectors: as they are, or laid out in buf. */
static struct rows rows_of(const struct job *j, const struct work *w, long n,
                           const void *src, size_t at, long step, float *buf)
{
    if (near(j) && w->D == w->Dp)
        return (struct rows){(const float *)src + at, step};
    rows_in(buf, w->Dp, n, w->D, j->t, src, at, step);
    return (struct rows){buf, w->Dp};
}

/* P, dS and dq of the queries from column `at` that registers hold. */
static void part(const struct work *w, const struct lanes *b, long at)
{
    long rows = b->rows - at < NR ? b->rows - at : NR;
    const struct lanes p = {b->i0 + at, rows, b->ld,
                            (int)((rows + VW - 1) / VW)};

    lanes_products(&p, w->P + at, w->k, w->ldk, w->D, w->Q + at);
    lanes_products(&p, w->dS + at, w->v, w->ldk, w->D, w->DO + at);
    for (int v = 0; v < p.nv; v++)
        score_grads(&p, w, at, v);
    lanes_sums(&p, w->X + at, w->k, w->ldk, w->D, w->dS + at);
}

static void block(const struct job *j, const struct work *w,
                  const struct lanes *b, long r0, int head)
{
    long D = w->D, row = r0 + b->i0, ldo = j->s.n_heads * D;
    size_t at = (size_t)(row * stride(j) + head * D);
    size_t at_o = (size_t)(row * ldo + head * D);
    struct rows q = rows_of(j, w, b->rows, j->qkv, at, stride(j), w->q_rows);
    struct rows dO = rows_of(j, w, b->rows, j->d_o, at_o, ldo, w->dO_rows);

    lanes_in(b, w->Q, DT_F32, q.p, 0, q.ld, D, NULL);
    lanes_in(b, w->DO, DT_F32, dO.p, 0, dO.ld, D, NULL);
    lanes_in(b, w->X, j->t, j->o, at_o, ldo, D, w->row);
    deltas(b, w);
    for (long i = 0; i < b->nv * VW; i++)
        w->lse[i] = i < b->rows ? j->lse[(row + i) * j->s.n_heads + head]
                                : 0.0f;
    for (long i = 0; i < b->rows; i += NR)
        part(w, b, i);
    for (long d = 0; d < D; d++)
        for (int i = 0; i < b->nv * VW; i += VW)
            vf_store(w->X + d * b->ld + i,
                     vf_load(w->X + d * b->ld + i) + vf_set1(0.0f));
    lanes_out(b, j->t, j->dqkv, at, stride(j), w->X, D, w->row);
    key_sums(b, w, w->dk, w->dS, q);
    key_sums(b, w, w->dv, w->P, dO);
}

static void task(const struct job *j, int seq, int kvh, int worker)
{
    int group = j->s.n_heads / j->s.n_kv_heads;
    long r0 = j->start[seq], L = j->start[seq + 1] - r0, D = j->s.head_dim;
    long from = j->from ? j->from[seq] : 0;
    size_t at = (size_t)(r0 * stride(j) + (j->s.n_heads + kvh) * D);
    struct work w;

    if (L == 0 || !work_get(&w, j, worker, r0, L, kvh))
        return;
    for (int h = kvh * group; h < (kvh + 1) * group; h++)
        for (long i = from; i < L; i += w.ld) {
            struct lanes b = lanes_at(i, L, w.ld);

            block(j, &w, &b, r0, h);
        }
    for (long i = 0; i < from; i++)
        memset(AT_W(j->dqkv, j->t, (r0 + i) * stride(j) + kvh * group * D), 0,
               (size_t)(group * D) * dtype_size(j->t));
    rows_out(w.dk, w.Dp, L, D, j->t, j->dqkv, at, stride(j));
    rows_out(w.dv, w.Dp, L, D, j->t, j->dqkv,
             at + (size_t)(j->s.n_kv_heads * D), stride(j));
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
    struct job j = {cpu_of(k), t, s, q.start_host, q.from, qkv, d_o, o, dqkv,
                    lse, 0};
    double mean = q.n ? (double)T / q.n : 0;

    for (int i = 0; i < q.n; i++)
        if (q.start_host[i + 1] - q.start_host[i] > j.longest)
            j.longest = q.start_host[i + 1] - q.start_host[i];
    NAME(cpu_for)(j.c, (long)q.n * s.n_kv_heads,
                  5.0 * mean * mean * s.head_dim * s.n_heads / s.n_kv_heads,
                  tasks, &j);
}

SCRATCH(attn_bwd)
{
    const struct k_pass *p = z->p;

    if (p->backward)
        scratch_most(&z->worker[W_S],
                     attn_bwd_floats(p->longest, p->attn.head_dim,
                                     block_rows(p->longest)) *
                         sizeof(float));
}
