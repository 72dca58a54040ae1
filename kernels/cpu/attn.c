/* attn - causal attention over packed sequences
 *
 * A task is one head and a block of queries (attn_lanes.h). Keys and values
 * that are not fp32, or far apart, are first laid out as rows for all tasks.
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
    float *k, *v; /* laid out: [kv head][token][head_dim], or NULL */
    float *lse;
    const struct piece *pieces;
    long T, longest;
};

static long stride(const struct job *j)
{
    return (long)(j->s.n_heads + 2 * j->s.n_kv_heads) * j->s.head_dim;
}

/* Tokens of one key/value head. */
static void lay_out(void *ctx, long lo, long hi, int worker)
{
    const struct job *j = ctx;
    long D = j->s.head_dim, kv = j->s.n_kv_heads;

    (void)worker;
    for (long i = lo; i < hi; i++)
        for (long h = 0; h < kv; h++) {
            long at = i * stride(j) + (j->s.n_heads + h) * D;
            long to = (h * j->T + i) * D;

            NAME(widen)(j->k + to, AT(j->qkv, j->t, at), j->t, (size_t)D);
            NAME(widen)(j->v + to, AT(j->qkv, j->t, at + kv * D), j->t,
                        (size_t)D);
        }
}

/* S = exp(scores * scale - max), the sums of each lane, and their logs. The
 * 32 lanes of a row sum are 32 vectors here. */
static void softmax(const struct lanes *b, int v, float *S, float scale_s,
                    float *sums, float *lse)
{
    vf scale = vf_set1(scale_s), low = vf_set1(-CANON_INF), m = low;
    vf sum[32];
    long all = b->i0 + v * VW, j, end;
    int n = 16;

    lanes_step(b, v, &j, &end);
    S += v * VW;
    for (j = 0; j < all; j++)
        m = vf_max(vf_load(S + j * b->ld) * scale, m);
    for (; j < end; j++)
        m = vf_max(vf_from((int)(j - all), vf_load(S + j * b->ld) * scale,
                           low), m);
    for (j = 0; j < 32; j++)
        sum[j] = vf_set1(0.0f);
    for (j = 0; j < all; j++) {
        vf e = vf_exp(vf_load(S + j * b->ld) * scale - m);

        sum[j % 32] += e;
        vf_store(S + j * b->ld, e);
    }
    for (; j < end; j++) {
        vf e = vf_exp(vf_load(S + j * b->ld) * scale - m);

        e = vf_from((int)(j - all), e, vf_set1(0.0f));
        sum[j % 32] += e;
        vf_store(S + j * b->ld, e);
    }
    while (n >= end) /* those lanes are +0 */
        n >>= 1;
    for (; n > 0; n >>= 1)
        for (j = 0; j < n; j++)
            sum[j] += sum[j + n];
    vf_store(sums + v * VW, sum[0]);
    vf_store(lse + v * VW, m + vf_log(sum[0]));
}

static void block(const struct job *j, const struct piece *p, float *mem)
{
    long D = j->s.head_dim, ld = lanes_block(j->longest), ldk = D;
    long r0 = j->start[p->seq], L = j->start[p->seq + 1] - r0, row;
    struct lanes b = lanes_at(p->i0, L, ld);
    int kv = p->head / (j->s.n_heads / j->s.n_kv_heads);
    float *Q = mem, *O = Q + D * ld, *S = O + D * ld, *rows = S + L * ld;
    float sums[NR], lse[NR];
    const float *k, *v;

    if (j->k) {
        k = j->k + (kv * j->T + r0) * D;
        v = j->v + (kv * j->T + r0) * D;
    } else {
        k = (const float *)j->qkv + r0 * stride(j) + (j->s.n_heads + kv) * D;
        v = k + j->s.n_kv_heads * D;
        ldk = stride(j);
    }
    row = r0 + p->i0;
    lanes_in(&b, Q, j->t, j->qkv, (size_t)(row * stride(j) + p->head * D),
             stride(j), D, rows);
    lanes_products(&b, S, k, ldk, D, Q);
    for (int i = 0; i < b.nv; i++)
        softmax(&b, i, S, attn_scale((int)D), sums, lse);
    for (long i = 0; j->lse && i < b.rows; i++)
        j->lse[(row + i) * j->s.n_heads + p->head] = lse[i];
    lanes_sums(&b, O, v, ldk, D, S);
    for (long d = 0; d < D; d++)
        for (int i = 0; i < b.nv * VW; i += VW)
            vf_store(O + d * b.ld + i, (vf_load(O + d * b.ld + i) +
                                        vf_set1(0.0f)) / vf_load(sums + i));
    lanes_out(&b, j->t, j->o, (size_t)((row * j->s.n_heads + p->head) * D),
              j->s.n_heads * D, O, D, rows);
}

static void pieces(void *ctx, long lo, long hi, int worker)
{
    const struct job *j = ctx;
    float *mem = NAME(cpu_worker)(
        j->c, worker, W_S,
        attn_floats(j->longest, j->s.head_dim,
                    lanes_block(j->longest)) * sizeof *mem);

    for (long i = lo; mem && i < hi; i++)
        block(j, &j->pieces[i], mem);
}

/* Bytes of keys, and of values, laid out as fp32; 0: read where they are. */
static size_t near_bytes(enum dtype t, struct k_attn_shape s, long T)
{
    long width = (long)(s.n_heads + 2 * s.n_kv_heads) * s.head_dim;

    return t != DT_F32 || width > ATTN_NEAR
               ? (size_t)(T * s.n_kv_heads * s.head_dim) * sizeof(float)
               : 0;
}

SCRATCH(attn)
{
    const struct k_pass *p = z->p;
    long ld = lanes_block(p->longest);
    size_t bytes = near_bytes(p->t, p->attn, p->T);

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
    size_t bytes = near_bytes(t, s, T);
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
    p = NAME(cpu_shared)(c, S_TASKS, attn_pieces(T, q.n, s.n_heads,
                                                 block_rows) * sizeof *p);
    if (!p)
        return;
    for (int i = 0; i < q.n; i++)
        for (int h = 0; h < s.n_heads; h++)
            for (long r = q.from ? q.from[i] : 0;
                 r < q.start_host[i + 1] - q.start_host[i]; r += block_rows)
                p[n++] = (struct piece){i, h, (int)r};
    if (bytes) {
        j.k = NAME(cpu_shared)(c, S_PACK, bytes);
        j.v = NAME(cpu_shared)(c, S_ROWS, bytes);
        if (!j.k || !j.v)
            return;
        NAME(cpu_for)(c, T, 4.0 * s.head_dim * s.n_kv_heads, lay_out, &j);
    }
    j.pieces = p;
    if (n)
        NAME(cpu_for)(c, n, cost / (double)n, pieces, &j);
}
