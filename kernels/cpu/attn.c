/* attn - causal attention over packed sequences
 *
 * A task is one head and a block of queries (attn_lanes.h). Keys and values
 * are read in place when they are fp32, whole vectors and rows of at most
 * ATTN_IN_PLACE values. Others are first copied as rows, once for all tasks.
 * A weight of +0 adds nothing to a chain but may turn -0 into +0, so the
 * chain's result has +0 added before it is divided (NUMERICS.md).
 */
#include "attn_lanes.h"

struct piece {
    int seq, head, i0;
};

struct job {
    struct cpu *c;
    enum dtype t;
    struct k_attn_shape s;
    const int32_t *start;
    const void *qkv;
    void *o;
    float *k, *v; /* copies: [kv head][token][PAD_VW(head_dim)], or NULL */
    float *lse;
    const struct piece *pieces;
    long T, longest;
};

static long stride(const struct job *j)
{
    return (long)(j->s.n_heads + 2 * j->s.n_kv_heads) * j->s.head_dim;
}

/* Keys and values of tokens [lo, hi), all heads. */
static void copy_kv(void *ctx, long lo, long hi, int worker)
{
    const struct job *j = ctx;
    long D = j->s.head_dim, Dp = PAD_VW(D), kv = j->s.n_kv_heads;

    (void)worker;
    for (long h = 0; h < kv; h++) {
        size_t at = (size_t)(lo * stride(j) + (j->s.n_heads + h) * D);
        long to = (h * j->T + lo) * Dp;

        rows_in(j->k + to, Dp, hi - lo, D, j->t, j->qkv, at, stride(j));
        rows_in(j->v + to, Dp, hi - lo, D, j->t, j->qkv,
                at + (size_t)(kv * D), stride(j));
    }
}

/* Some keys from S on: exp(scores * scale - max), the first being `first` keys
 * after the first query. n is a constant after inlining. */
INLINE void weights(float *S, long ld, vf scale, vf max, long first,
                    const int masked, const int n)
{
    vf e[4];

#pragma GCC unroll 4
    for (int i = 0; i < n; i++)
        e[i] = vf_load(S + i * ld) * scale - max;
    vf_exps(e, n);
#pragma GCC unroll 4
    for (int i = 0; i < n; i++)
        vf_store(S + i * ld, masked ? vf_from(first + i > 0 ? (int)first + i : 0, e[i],
                                              vf_set1(0.0f))
                                    : e[i]);
}

/* Lane j of the row sums of n keys. */
INLINE vf lane_sum(const float *S, long ld, long n, long j)
{
    vf sum = j < n ? vf_load(S + j * ld) : vf_set1(0.0f);

    for (j += 32; j < n; j += 32)
        sum += vf_load(S + j * ld);
    return sum;
}

/* Of n keys, their weights not negative: the 32 lanes of a row sum are 32
 * vectors here. */
INLINE vf row_sums(const float *S, long ld, long n)
{
    vf t[8];

    for (int j = 0; j < 8; j++)
        t[j] = (lane_sum(S, ld, n, j) + lane_sum(S, ld, n, j + 16)) +
               (lane_sum(S, ld, n, j + 8) + lane_sum(S, ld, n, j + 24));
    for (int j = 0; j < 4; j++)
        t[j] += t[j + 4];
    return (t[0] + t[2]) + (t[1] + t[3]);
}

/* S = exp(scores * scale - max), with +0 to the block's last key; the sums of
 * each lane, and their logs. */
NOINLINE void softmax(const struct lanes *b, int v, float *S, float scale_s,
                    float *sums, float *lse)
{
    vf scale = vf_set1(scale_s), low = vf_set1(-CANON_INF), m = low, sum;
    long all = b->i0 + v * VW, ld = b->ld, j, end;

    lanes_step(b, v, &j, &end);
    S += v * VW;
    for (j = 0; j < all; j++)
        m = vf_max(vf_load(S + j * ld) * scale, m);
    for (; j < end; j++)
        m = vf_max(vf_from((int)(j - all), vf_load(S + j * ld) * scale, low),
                   m);
    for (j = 0; j + 4 <= all; j += 4)
        weights(S + j * ld, ld, scale, m, j - all, 0, 4);
    for (; j + 4 <= end; j += 4)
        weights(S + j * ld, ld, scale, m, j - all, 1, 4);
    for (; j < end; j++)
        weights(S + j * ld, ld, scale, m, j - all, 1, 1);
    for (; j < b->i0 + b->rows; j++)
        vf_store(S + j * ld, vf_set1(0.0f));
    sum = row_sums(S, ld, end);
    vf_store(sums + v * VW, sum);
    vf_store(lse + v * VW, m + vf_log(sum));
}

static void block(const struct job *j, const struct piece *p, float *mem)
{
    long D = j->s.head_dim, Dp = PAD_VW(D), ld = lanes_block(j->longest);
    long r0 = j->start[p->seq], L = j->start[p->seq + 1] - r0, row, ldk = Dp;
    struct lanes b = lanes_at(p->i0, L, ld);
    int kv = p->head / (j->s.n_heads / j->s.n_kv_heads);
    float *Q = mem, *S = Q + D * ld, *rows = S + L * ld;
    float sum[NR], lse[NR]; /* of the weights of each query */
    size_t at, at_o;
    const float *k, *v;

    row = r0 + p->i0;
    at = (size_t)(row * stride(j) + p->head * D);
    at_o = (size_t)((row * j->s.n_heads + p->head) * D);
    if (j->k) {
        k = j->k + (kv * j->T + r0) * Dp;
        v = j->v + (kv * j->T + r0) * Dp;
        rows_in(rows, Dp, b.rows, D, j->t, j->qkv, at, stride(j));
        lanes_in(&b, Q, rows, Dp, D);
    } else {
        k = (const float *)j->qkv + r0 * stride(j) + (j->s.n_heads + kv) * D;
        v = k + j->s.n_kv_heads * D;
        ldk = stride(j);
        lanes_in(&b, Q, (const float *)j->qkv + at, ldk, D);
    }
    lanes_products(&b, S, k, ldk, D, Q);
    for (int i = 0; i < b.nv; i++)
        softmax(&b, i, S, attn_scale((int)D), sum, lse);
    for (long i = 0; j->lse && i < b.rows; i++)
        j->lse[(row + i) * j->s.n_heads + p->head] = lse[i];
    if (j->k) {
        lanes_sums(&b, rows, Dp, v, ldk, Dp, S, sum);
        rows_out(rows, Dp, b.rows, D, j->t, j->o, at_o, j->s.n_heads * D);
    } else {
        lanes_sums(&b, (float *)j->o + at_o, j->s.n_heads * D, v, ldk, D, S,
                   sum);
    }
}

static void pieces(void *ctx, long lo, long hi, int worker)
{
    const struct job *j = ctx;
    float *mem = cpu_worker(
        j->c, worker, W_S,
        attn_floats(j->longest, j->s.head_dim,
                    lanes_block(j->longest)) * sizeof *mem);

    for (long i = lo; mem && i < hi; i++)
        block(j, &j->pieces[i], mem);
}

/* Bytes of the copy of keys, and as many of values; 0: read in place. */
static size_t copy_bytes(enum dtype t, struct k_attn_shape s, long T)
{
    long width = (long)(s.n_heads + 2 * s.n_kv_heads) * s.head_dim;

    return t != DT_F32 || width > ATTN_IN_PLACE || s.head_dim % VW
               ? (size_t)(T * s.n_kv_heads * PAD_VW(s.head_dim)) *
                     sizeof(float)
               : 0;
}

SCRATCH(attn)
{
    const struct k_pass *p = z->p;
    long ld = lanes_block(p->longest);
    size_t bytes = copy_bytes(p->t, p->attn, p->T);

    scratch_most(&z->shared[S_PACK], bytes);
    scratch_most(&z->shared[S_ROWS], bytes);
    scratch_most(&z->shared[S_TASKS],
                 attn_pieces(p->T, p->n_seqs, p->attn.n_heads, ld) *
                     sizeof(struct piece));
    scratch_most(&z->worker[W_S],
                 attn_floats(p->longest, p->attn.head_dim, ld) *
                     sizeof(float));
}

OP(void, attn)(struct kernels *k, enum dtype t, void *o, float *lse,
               const void *qkv, struct k_attn_shape s, struct k_seqs q, int T)
{
    struct cpu *c = cpu_of(k);
    struct job j = {.c = c, .t = t, .s = s, .start = q.start_host,
                    .qkv = qkv, .o = o, .lse = lse, .T = T};
    size_t bytes = copy_bytes(t, s, T);
    struct piece *p;
    double cost = 0;
    long n = 0, block_rows;

    for (int i = 0; i < q.n; i++) {
        long len = q.start_host[i + 1] - q.start_host[i];
        long from = q.from ? q.from[i] : 0;

        j.longest = len > j.longest ? len : j.longest;
        cost += 2.0 * (double)(len * len - from * from) * (s.head_dim + 8) *
                s.n_heads;
    }
    block_rows = lanes_block(j.longest);
    p = cpu_shared(c, S_TASKS, attn_pieces(T, q.n, s.n_heads,
                                           block_rows) * sizeof *p);
    if (!p)
        return;
    for (int i = 0; i < q.n; i++)
        for (int h = 0; h < s.n_heads; h++)
            for (long r = q.from ? q.from[i] : 0;
                 r < q.start_host[i + 1] - q.start_host[i]; r += block_rows)
                p[n++] = (struct piece){i, h, (int)r};
    if (bytes) {
        j.k = cpu_shared(c, S_PACK, bytes);
        j.v = cpu_shared(c, S_ROWS, bytes);
        if (!j.k || !j.v)
            return;
        cpu_for(c, T, 4.0 * s.head_dim * s.n_kv_heads, copy_kv, &j);
    }
    j.pieces = p;
    if (n)
        cpu_for(c, n, cost / (double)n, pieces, &j);
}
