/* attn_bwd - gradients of causal attention
 *
 * A task is one sequence and one key/value head: dk and dv are chains over
 * the query heads of the group, then over queries ascending. Scores and
 * probabilities are recomputed for a block of queries; nothing of queries x
 * keys outlives a block. Scores and dq take as many queries at a time as
 * registers hold, each a lane (attn_lanes.h). Sums over queries take the whole
 * block, so that dk and dv are seldom loaded and stored.
 */
#include <string.h>
#include "attn_lanes.h"
#include "row.h"

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
    int in_place;         /* rows are read and written where they are */
    const float *k, *v;   /* rows at a distance of ldk */
    float *dk, *dv;       /* [L][Dp] */
    float *q_rows, *dO_rows; /* [ld][Dp]: copies of a block's rows */
    float *Q, *DO;        /* the same transposed, [D][ld] */
    float *o_rows;        /* [ld][Dp]: o, then dq */
    float *P, *dS;        /* [L][ld] */
    float *delta, *lse;   /* [ld] */
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

/* Memory for the longest sequence; keys and values of this one. */
static int work_get(struct work *w, const struct job *j, int worker, long r0,
                    long L, int kvh)
{
    long D = j->s.head_dim, Dp = PAD_VW(D), ld = block_rows(j->longest);
    size_t at = (size_t)(r0 * stride(j) + (j->s.n_heads + kvh) * D);
    size_t at_v = at + (size_t)(j->s.n_kv_heads * D);
    float *p = cpu_worker(j->c, worker, W_S,
                          attn_bwd_floats(j->longest, D, ld) *
                              sizeof *p);

    if (!p)
        return 0;
    *w = (struct work){.L = L, .D = D, .Dp = Dp, .ld = ld, .ldk = Dp};
    w->in_place = j->t == DT_F32 && stride(j) <= ATTN_IN_PLACE && D == Dp;
    w->P = p;
    w->dS = w->P + L * ld;
    w->Q = w->dS + L * ld;
    w->DO = w->Q + D * ld;
    w->q_rows = w->DO + D * ld;
    w->dO_rows = w->q_rows + ld * Dp;
    w->o_rows = w->dO_rows + ld * Dp;
    w->dk = w->o_rows + ld * Dp;
    w->dv = w->dk + L * Dp;
    w->delta = w->dv + L * Dp;
    w->lse = w->delta + ld;
    p = w->lse + ld;
    if (w->in_place) {
        w->k = (const float *)j->qkv + at;
        w->v = (const float *)j->qkv + at_v;
        w->ldk = stride(j);
    } else {
        rows_in(p, Dp, L, D, j->t, j->qkv, at, stride(j));
        rows_in(p + L * Dp, Dp, L, D, j->t, j->qkv, at_v, stride(j));
        w->k = p;
        w->v = p + L * Dp;
    }
    return 1;
}

#if VW == 8
/* row_dot of two rows of D values, whole vectors, before the sum of the last
 * eight lanes. */
INLINE v8 eight_lanes(const float *a, const float *b, long D)
{
    vf lane[ROW_VS];
    long i = row_dot_lanes(lane, a, b, D);

#pragma GCC unroll 4
    for (int j = 0; j < ROW_VS - 1; j++)
        if (i + j * VW < D)
            lane[j] = vf_fma(vf_load(a + i + j * VW), vf_load(b + i + j * VW),
                             lane[j]);
    return (lane[0] + lane[2]) + (lane[1] + lane[3]);
}

/* row_dot of eight rows: the lanes of four and four are summed as vectors. */
INLINE void eight_dots(float *dst, struct rows a, struct rows b, long D)
{
    v8 x[4], lo, hi;

#pragma GCC unroll 4
    for (int r = 0; r < 4; r++) {
        lo = eight_lanes(a.p + r * a.ld, b.p + r * b.ld, D);
        hi = eight_lanes(a.p + (r + 4) * a.ld, b.p + (r + 4) * b.ld, D);
        x[r] = __builtin_shufflevector(lo, hi, 0, 1, 2, 3, 8, 9, 10, 11) +
               __builtin_shufflevector(lo, hi, 4, 5, 6, 7, 12, 13, 14, 15);
    }
    for (int r = 0; r < 4; r += 2)
        x[r] = __builtin_shufflevector(x[r], x[r + 1], 0, 8, 1, 9, 4, 12, 5,
                                       13) +
               __builtin_shufflevector(x[r], x[r + 1], 2, 10, 3, 11, 6, 14, 7,
                                       15);
    vf_store(dst, __builtin_shufflevector(x[0], x[2], 0, 1, 8, 9, 4, 5, 12,
                                          13) +
                      __builtin_shufflevector(x[0], x[2], 2, 3, 10, 11, 6, 7,
                                              14, 15));
}
#endif

/* delta of n queries: the row sums of a b. */
NOINLINE void deltas(float *dst, struct rows a, struct rows b, long n, long D)
{
    long i = 0;

#if VW == 8
    for (; D % VW == 0 && i + 8 <= n; i += 8)
        eight_dots(dst + i, (struct rows){a.p + i * a.ld, a.ld},
                   (struct rows){b.p + i * b.ld, b.ld}, D);
#endif
    for (; i < n; i++)
        dst[i] = row_dot(a.p + i * a.ld, b.p + i * b.ld, D);
}

/* n keys, a constant after inlining, the first being `first` keys after the
 * first query. */
INLINE void some_grads(float *P, float *dS, long ld, vf scale, vf lse,
                       vf delta, long first, const int masked, const int n)
{
    vf zero = vf_set1(0.0f), e[4], d[4];

#pragma GCC unroll 4
    for (int i = 0; i < n; i++)
        e[i] = vf_load(P + i * ld) * scale - lse;
    vf_exps(e, n);
#pragma GCC unroll 4
    for (int i = 0; i < n; i++) {
        d[i] = (e[i] * (vf_load(dS + i * ld) - delta)) * scale;
        if (masked) {
            e[i] = vf_from(first + i > 0 ? (int)first + i : 0, e[i], zero);
            d[i] = vf_from(first + i > 0 ? (int)first + i : 0, d[i], zero);
        }
        vf_store(P + i * ld, e[i]);
        vf_store(dS + i * ld, d[i]);
    }
}

/* P: scores to probabilities; dS: their gradients to those of scores. Vector v
 * of part b, whose first column is `at`. */
NOINLINE void score_grads(const struct lanes *b, const struct work *w, long at,
                        int v)
{
    vf scale = vf_set1(attn_scale((int)w->D));
    vf lse = vf_load(w->lse + at + v * VW);
    vf delta = vf_load(w->delta + at + v * VW);
    float *P = w->P + at + v * VW, *dS = w->dS + at + v * VW;
    long all = b->i0 + v * VW, ld = b->ld, j, end;

    lanes_step(b, v, &j, &end);
    for (j = 0; j + 4 <= all; j += 4)
        some_grads(P + j * ld, dS + j * ld, ld, scale, lse, delta, 0, 0, 4);
    for (; j + 4 <= end; j += 4)
        some_grads(P + j * ld, dS + j * ld, ld, scale, lse, delta, j - all, 1,
                   4);
    for (; j < end; j++)
        some_grads(P + j * ld, dS + j * ld, ld, scale, lse, delta, j - all, 1,
                   1);
    for (; j < b->i0 + b->rows; j++) /* the part's last keys */
        vf_store(dS + j * ld, vf_set1(0.0f));
}

/* Where sums over queries come from and go to. */
struct key_sums {
    const float *in; /* [keys][Dp], or NULL: +0 */
    float *out;
    long ldo;
    int add_zero;    /* these are the last queries: the chains are closed */
};

/* out[keys][..] = in + A[keys][queries] B[queries][Dp], queries ascending */
static void key_sums(const struct lanes *b, const struct work *w,
                     const struct key_sums *z, const float *A, struct rows B)
{
    long Dp = w->Dp;

    for (int v = 0; v < b->nv; v++) {
        struct sums s = {.K = b->rows - v * VW, .am = b->ld, .ak = 1,
                         .ldb = B.ld, .ldi = Dp, .ldo = z->ldo,
                         .add_zero = z->add_zero};
        long j0, j1, n;

        lanes_step(b, v, &j0, &j1);
        s.A = A + j0 * b->ld + v * VW;
        for (long d = 0; d < Dp; d += n) {
            n = sums_columns(Dp - d);
            s.B = B.p + v * VW * B.ld + d;
            s.in = z->in ? z->in + j0 * Dp + d : NULL;
            s.out = z->out + j0 * z->ldo + d;
            sums(&s, j1 - j0, (int)(n / VW));
        }
    }
}

/* A block's rows in whole vectors: in place, or copied to buf. */
static struct rows rows_of(const struct job *j, const struct work *w, long n,
                           const void *src, size_t at, long step, float *buf)
{
    if (w->in_place)
        return (struct rows){(const float *)src + at, step};
    rows_in(buf, w->Dp, n, w->D, j->t, src, at, step);
    return (struct rows){buf, w->Dp};
}

/* P, dS and dq of the queries from column `at` that registers hold. */
static void part(const struct work *w, const struct lanes *b, long at,
                 float *dq, long ldq)
{
    long rows = b->rows - at < NR ? b->rows - at : NR;
    const struct lanes p = {b->i0 + at, rows, b->ld,
                            (int)((rows + VW - 1) / VW)};

    lanes_products(&p, w->P + at, w->k, w->ldk, w->D, w->Q + at);
    lanes_products(&p, w->dS + at, w->v, w->ldk, w->D, w->DO + at);
    for (int v = 0; v < p.nv; v++)
        score_grads(&p, w, at, v);
    lanes_sums(&p, dq + at * ldq, ldq, w->k, w->ldk, w->Dp, w->dS + at, NULL);
}

/* n rows of D values, at a distance of step. */
static void prefetch_rows(enum dtype t, const void *src, size_t at, long n,
                          long D, long step)
{
    size_t bytes = (size_t)D * dtype_size(t);

    for (long r = 0; r < n; r++) {
        const char *p = AT(src, t, at + (size_t)(r * step));

        for (size_t i = 0; i < bytes; i += 64)
            __builtin_prefetch(p + i);
        __builtin_prefetch(p + bytes - 1);
    }
}

/* dq of block b; its part of dk and dv: first and last of those that add to
 * them. */
static void block(const struct job *j, const struct work *w,
                  const struct lanes *b, long r0, int head, int first,
                  int last)
{
    long D = w->D, row = r0 + b->i0, ldo = j->s.n_heads * D, ld = stride(j);
    size_t at = (size_t)(row * ld + head * D);
    size_t at_o = (size_t)(row * ldo + head * D);
    struct rows q = rows_of(j, w, b->rows, j->qkv, at, ld, w->q_rows);
    struct rows dO = rows_of(j, w, b->rows, j->d_o, at_o, ldo, w->dO_rows);
    struct rows o = rows_of(j, w, b->rows, j->o, at_o, ldo, w->o_rows);
    struct key_sums dk = {first ? NULL : w->dk, w->dk, w->Dp, last};
    struct key_sums dv = {first ? NULL : w->dv, w->dv, w->Dp, last};

    lanes_in(b, w->Q, q.p, q.ld, D);
    lanes_in(b, w->DO, dO.p, dO.ld, D);
    vf_store(w->delta + b->nv * VW - VW, vf_set1(0.0f));
    deltas(w->delta, dO, o, b->rows, D);
    for (long i = 0; i < b->nv * VW; i++)
        w->lse[i] = i < b->rows ? j->lse[(row + i) * j->s.n_heads + head]
                                : 0.0f;
    if (head + 1 < j->s.n_heads) {
        prefetch_rows(j->t, j->qkv, at + (size_t)D, b->rows, D, ld);
        prefetch_rows(j->t, j->d_o, at_o + (size_t)D, b->rows, D, ldo);
        prefetch_rows(j->t, j->o, at_o + (size_t)D, b->rows, D, ldo);
    }
    for (long i = 0; i < b->rows; i += NR)
        part(w, b, i, w->in_place ? (float *)j->dqkv + at : w->o_rows,
             w->in_place ? ld : w->Dp);
    if (!w->in_place)
        rows_out(w->o_rows, w->Dp, b->rows, D, j->t, j->dqkv, at, ld);
    if (last && w->in_place) {
        dk.out = (float *)j->dqkv + (w->k - (const float *)j->qkv);
        dv.out = (float *)j->dqkv + (w->v - (const float *)j->qkv);
        dk.ldo = dv.ldo = ld;
    }
    key_sums(b, w, &dk, w->dS, q);
    key_sums(b, w, &dv, w->P, dO);
}

static void task(const struct job *j, int seq, int kvh, int worker)
{
    int group = j->s.n_heads / j->s.n_kv_heads;
    long r0 = j->start[seq], L = j->start[seq + 1] - r0, D = j->s.head_dim;
    long from = j->from ? j->from[seq] : 0;
    size_t at = (size_t)(r0 * stride(j) + (j->s.n_heads + kvh) * D);
    struct work w;
    int one;

    if (L == 0 || !work_get(&w, j, worker, r0, L, kvh))
        return;
    one = L - from <= w.ld && from < L;
    if (!one) /* blocks begin with other keys */
        memset(w.dk, 0, (size_t)(2 * L * w.Dp) * sizeof *w.dk);
    for (int h = kvh * group; h < (kvh + 1) * group; h++)
        for (long i = from; i < L; i += w.ld) {
            struct lanes b = lanes_at(i, L, w.ld);

            block(j, &w, &b, r0, h, one && h == kvh * group,
                  h == (kvh + 1) * group - 1 && L - i <= w.ld);
        }
    for (long i = 0; i < from; i++)
        memset(AT_W(j->dqkv, j->t, (r0 + i) * stride(j) + kvh * group * D), 0,
               (size_t)(group * D) * dtype_size(j->t));
    if (w.in_place && from < L)
        return;
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
    cpu_for(j.c, (long)q.n * s.n_kv_heads,
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
