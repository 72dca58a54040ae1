/* attn - causal attention over packed sequences
 *
 * Keys are laid out in panels, so that scores are register blocks over keys;
 * the weighted sum of values is a register block over head_dim. A block of
 * rows takes the keys of its last row: a weight of +0 adds nothing to a chain
 * but may turn -0 into +0, so the chain's result has +0 added before it is
 * divided (NUMERICS.md).
 */
#include <string.h>
#include "attn.h"
#include "row.h"

enum { ROW_TASK = ATTN_ROW_TASK };

void NAME(put_key)(enum dtype t, void *kp, long j, const void *key, int D)
{
    long at = j / NR * NR * D + j % NR;

    if (t == DT_F32)
        for (int d = 0; d < D; d++)
            ((float *)kp)[at + d * NR] = ((const float *)key)[d];
    else
        for (int d = 0; d < D; d++)
            ((uint16_t *)kp)[at + d * NR] = ((const uint16_t *)key)[d];
}

void NAME(put_value)(enum dtype t, void *vr, long j, const void *v, int D)
{
    size_t Dp = (size_t)PAD_VW(D), size = dtype_size(t);
    char *d = (char *)vr + (size_t)j * Dp * size;

    memcpy(d, v, (size_t)D * size);
    memset(d + (size_t)D * size, 0, (Dp - (size_t)D) * size);
}

/* S[rows][ld] = q K^T for the first nk keys */
static void scores(const struct attend *a, long rows, const float *q,
                   long ldq, long nk, float *S, long ld)
{
    for (long j = 0; j < nk; j += NR) {
        long n = nk - j < NR ? nk - j : NR;

        NAME(gemm_rows)(a->t, 0, rows, (int)((n + VW - 1) / VW), a->head_dim,
                        q, ldq, AT(a->kp, a->t, j * a->head_dim), NR, S + j,
                        ld, 0);
    }
}

/* s = exp(s * scale - max) over n keys, zero from there to nk32; gives the
 * sum and the log of the sum. */
static float softmax(float *s, long n, long nk32, float scale, float *lse)
{
    float max, sum;
    long n32 = PAD32(n);

    max = row_scale_max(s, n, scale);
    for (long j = n32; j < nk32; j++)
        s[j] = 0.0f;
    sum = row_exp_sum(s, n32, max);
    *lse = max + canon_log(sum);
    return sum;
}

static void block(const struct attend *a, long m0, long rows, const float *q,
                  long ldq, float *S, long ld, float *o)
{
    long D = a->head_dim, Dp = PAD_VW(D), nk = 0, nk32;
    float sum[MR], lse;

    for (long m = 0; m < rows; m++)
        nk = a->limit[m0 + m] > nk ? a->limit[m0 + m] : nk;
    nk32 = PAD32(nk);
    scores(a, rows, q, ldq, nk, S, ld);
    for (long m = 0; m < rows; m++) {
        sum[m] = softmax(S + m * ld, a->limit[m0 + m], nk32, a->scale, &lse);
        if (a->lse)
            a->lse[(m0 + m) * a->ld_lse] = lse;
    }
    for (long d = 0; d < Dp; d += NR) {
        long n = Dp - d < NR ? Dp - d : NR;

        NAME(gemm_rows)(a->t, 0, rows, (int)(n / VW), nk, S, ld,
                        AT(a->vr, a->t, d), Dp, o + d, Dp, 0);
    }
    for (long m = 0; m < rows; m++) {
        for (long d = 0; d < D; d++)
            o[m * Dp + d] = (o[m * Dp + d] + 0.0f) / sum[m];
        NAME(narrow)(AT_W(a->o, a->t, (m0 + m) * a->ldo), a->t, o + m * Dp,
                     (size_t)D);
    }
}

void NAME(attend)(struct cpu *c, int worker, const struct attend *a)
{
    long D = a->head_dim, nk = 0, ld;
    float *S, *o, *q;

    for (long m = 0; m < a->rows; m++)
        nk = a->limit[m] > nk ? a->limit[m] : nk;
    ld = PAD32(PAD_NR(nk));
    S = NAME(cpu_worker)(c, worker, W_S, (size_t)(MR * ld) * sizeof *S);
    o = NAME(cpu_worker)(c, worker, W_C,
                         (size_t)(MR * PAD_VW(D)) * sizeof *o);
    q = NAME(cpu_worker)(c, worker, W_A, (size_t)(MR * D) * sizeof *q);
    if (!S || !o || !q)
        return;
    for (long m = 0; m < a->rows; m += MR) {
        long rows = a->rows - m < MR ? a->rows - m : MR;
        const float *qb = (const float *)a->q + m * a->ldq;
        long ldq = a->ldq;

        if (a->t != DT_F32) {
            for (long r = 0; r < rows; r++)
                NAME(widen)(q + r * D, AT(a->q, a->t, (m + r) * a->ldq), a->t,
                            (size_t)D);
            qb = q;
            ldq = D;
        }
        block(a, m, rows, qb, ldq, S, ld, o);
    }
}

struct piece {
    int seq, head, row0, row1; /* rows counted from the sequence's start */
};

struct job {
    struct cpu *c;
    enum dtype t;
    struct k_attn_shape s;
    const int32_t *start;
    const void *qkv;
    void *o, *kp, *vr;
    float *lse;
    const struct piece *pieces;
    const int32_t *limits; /* 1, 2, 3, ... */
};

static long stride(const struct job *j)
{
    return (long)(j->s.n_heads + 2 * j->s.n_kv_heads) * j->s.head_dim;
}

static long key_base(const struct job *j, int seq, int kvh)
{
    long len = j->start[seq + 1] - j->start[seq];

    return (j->start[seq] + (long)seq * NR) * j->s.n_kv_heads +
           kvh * PAD_NR(len);
}

static void pack(void *ctx, long lo, long hi, int worker)
{
    const struct job *j = ctx;
    int D = j->s.head_dim;

    (void)worker;
    for (long i = lo; i < hi; i++) {
        int seq = (int)(i / j->s.n_kv_heads), h = (int)(i % j->s.n_kv_heads);
        long r0 = j->start[seq], len = j->start[seq + 1] - r0;
        long base = key_base(j, seq, h);
        void *kp = AT_W(j->kp, j->t, base * D);
        void *vr = AT_W(j->vr, j->t, base * PAD_VW(D));

        for (long r = 0; r < len; r++) {
            long k = (r0 + r) * stride(j) + (long)(j->s.n_heads + h) * D;

            NAME(put_key)(j->t, kp, r, AT(j->qkv, j->t, k), D);
            NAME(put_value)(j->t, vr, r,
                            AT(j->qkv, j->t, k + (long)j->s.n_kv_heads * D),
                            D);
        }
    }
}

static void piece_rows(void *ctx, long lo, long hi, int worker)
{
    const struct job *j = ctx;
    int D = j->s.head_dim, group = j->s.n_heads / j->s.n_kv_heads;

    for (long i = lo; i < hi; i++) {
        const struct piece *p = &j->pieces[i];
        long row = j->start[p->seq] + p->row0;
        long base = key_base(j, p->seq, p->head / group);
        struct attend a = {
            .t = j->t, .rows = p->row1 - p->row0, .ldq = stride(j),
            .ldo = (long)j->s.n_heads * D, .ld_lse = j->s.n_heads,
            .q = AT(j->qkv, j->t, row * stride(j) + p->head * D),
            .limit = j->limits + p->row0,
            .kp = AT(j->kp, j->t, base * D),
            .vr = AT(j->vr, j->t, base * PAD_VW(D)),
            .head_dim = D, .scale = attn_scale(D),
            .o = AT_W(j->o, j->t, row * j->s.n_heads * D + p->head * D),
            .lse = j->lse ? j->lse + row * j->s.n_heads + p->head : NULL};

        NAME(attend)(j->c, worker, &a);
    }
}

OP(void, attn)(struct kernels *k, enum dtype t, void *o, float *lse,
               const void *qkv, struct k_attn_shape s, struct k_seqs q, int T)
{
    struct cpu *c = cpu_of(k);
    struct job j = {.c = c, .t = t, .s = s, .start = q.start_host,
                    .qkv = qkv, .o = o, .lse = lse};
    size_t keys = ((size_t)T + (size_t)q.n * NR) * (size_t)s.n_kv_heads;
    size_t max_pieces = ((size_t)T / ROW_TASK + (size_t)q.n) *
                        (size_t)s.n_heads;
    struct piece *p;
    int32_t *limits;
    double cost = 0;
    long n = 0;

    j.kp = NAME(cpu_shared)(c, S_PACK,
                            keys * (size_t)s.head_dim * dtype_size(t));
    j.vr = NAME(cpu_shared)(c, S_ROWS, keys * (size_t)PAD_VW(s.head_dim) *
                                           dtype_size(t));
    p = NAME(cpu_shared)(c, S_TASKS, max_pieces * sizeof *p +
                                         (size_t)T * sizeof *limits);
    if (!j.kp || !j.vr || !p)
        return;
    limits = (int32_t *)(void *)(p + max_pieces);
    for (int i = 0; i < T; i++)
        limits[i] = i + 1;
    for (int i = 0; i < q.n; i++) {
        int len = q.start_host[i + 1] - q.start_host[i];

        for (int h = 0; h < s.n_heads; h++)
            for (int r = 0; r < len; r += ROW_TASK)
                p[n++] = (struct piece){
                    i, h, r, len - r < ROW_TASK ? len : r + ROW_TASK};
        cost += 2.0 * len * len * (s.head_dim + 8) * s.n_heads;
    }
    j.pieces = p;
    j.limits = limits;
    NAME(cpu_for)(c, (long)q.n * s.n_kv_heads,
                  4.0 * s.head_dim * T / (q.n ? q.n : 1), pack, &j);
    if (n)
        NAME(cpu_for)(c, n, cost / (double)n, piece_rows, &j);
}
