/* sizes - what the CPU backend takes, from shapes alone
 *
 * One function for each operation that asks for scratch, beside the same
 * arithmetic in that operation's file; a slot keeps the most that any asked
 * for. tests/unit/train_memory.c holds the sum against what is measured.
 */
#include "attn_lanes.h"
#include "dw.h"
#include "head.h"

struct scratch_sizes {
    size_t shared[MAX_SCRATCH], worker[MAX_SCRATCH];
};

static void most(size_t *slot, size_t bytes)
{
    bytes = bytes ? account_room(bytes) : 0;
    *slot = bytes > *slot ? bytes : *slot;
}

static long blocks_of(long n, long size)
{
    return (n + size - 1) / size;
}

/* Y[M][N] = A[M][K] B, types of A and B */
static void gemm(struct scratch_sizes *z, const struct k_sizes *s, long M,
                 long N, long K, enum dtype at, enum dtype bt)
{
    int shuffled = s->order.kind == ORDER_SHUFFLED && K > CANON_BLOCK;
    size_t bytes = (size_t)(N * K) * dtype_size(bt);
    long mc = bytes > LARGE_BYTES ? MC_LARGE : MC_SMALL;
    long seg = shuffled ? CANON_BLOCK : gemm_segment(M, K);
    long rows = blocks_of(M, blocks_of(M, mc));
    long group = K > seg ? PG : 1;

    most(&z->worker[W_C], (size_t)(group * rows * NR) * sizeof(float));
    if (at != DT_F32)
        most(&z->worker[W_A], (size_t)(rows * K) * sizeof(float));
    if (bt != DT_F32 && rows > 2 * MR)
        most(&z->worker[W_B], (size_t)(seg * NR) * sizeof(float));
}

/* dW[N][K] += dY^T X over T rows, types of dY and X */
static void gemm_dw(struct scratch_sizes *z, const struct k_sizes *s, long T,
                    long N, long K, enum dtype yt, enum dtype xt)
{
    struct dw_cut d = dw_cut(s->n_threads, yt, xt, T, N, K, N, K);
    long panels = blocks_of(K, NR), nc = 0;

    for (long i = 0; i < d.n_blocks; i++) {
        long n = dw_columns(N, d.n_blocks, i + 1) -
                 dw_columns(N, d.n_blocks, i);

        nc = n > nc ? n : nc;
    }
    if (!d.x_near)
        most(&z->shared[S_PACK],
             (size_t)(panels * d.tb * NR) * sizeof(float));
    most(&z->worker[W_C], (size_t)(nc * NR) * sizeof(float));
    if (!d.dy_near)
        most(&z->worker[W_A], (size_t)(d.tb * nc) * sizeof(float));
}

static void linear(struct scratch_sizes *z, const struct k_sizes *s,
                   const struct k_pass *p, long N, long K)
{
    gemm(z, s, p->T, N, K, p->t, p->t);
    if (!p->backward)
        return;
    gemm(z, s, p->T, K, N, p->t, p->t);
    gemm_dw(z, s, p->T, N, K, p->t, p->t);
}

static void attention(struct scratch_sizes *z, const struct k_pass *p)
{
    long D = p->attn.head_dim, L = p->longest, ld = lanes_block(L);
    long kv = p->attn.n_kv_heads, stride = (p->attn.n_heads + 2 * kv) * D;

    if (p->t != DT_F32 || stride > ATTN_NEAR) {
        most(&z->shared[S_PACK], (size_t)(p->T * kv * D) * sizeof(float));
        most(&z->shared[S_ROWS], (size_t)(p->T * kv * D) * sizeof(float));
    }
    most(&z->shared[S_TASKS], attn_pieces(p->T, p->n_seqs, p->attn.n_heads,
                                          ld) * 3 * sizeof(int));
    most(&z->worker[W_S], attn_floats(L, D, ld) * sizeof(float));
    if (p->backward)
        most(&z->worker[W_S], attn_bwd_floats(L, D, ld) * sizeof(float));
}

static void head(struct scratch_sizes *z, const struct k_sizes *s,
                 const struct k_pass *p)
{
    long V = p->vocab, H = p->hidden, n = head_chunk(V, p->R);

    if (!p->R)
        return;
    most(&z->shared[S_LOGITS], (size_t)(n * PAD32(V)) * sizeof(float));
    gemm(z, s, n, V, H, p->t, p->t);
    if (!p->backward)
        return;
    gemm(z, s, n, H, V, DT_F32, p->t);
    gemm_dw(z, s, n, V, H, DT_F32, p->t);
}

static size_t scratch(const struct k_sizes *s, const struct k_pass *p)
{
    long qkv = (long)(p->attn.n_heads + 2 * p->attn.n_kv_heads) *
               p->attn.head_dim;
    struct scratch_sizes z = {{0}, {0}};
    size_t n = 0;

    linear(&z, s, p, qkv, p->hidden);
    linear(&z, s, p, p->hidden, (long)p->attn.n_heads * p->attn.head_dim);
    linear(&z, s, p, 2L * p->ffn, p->hidden);
    linear(&z, s, p, p->hidden, p->ffn);
    attention(&z, p);
    head(&z, s, p);
    /* rmsnorm's rows, as backward has them; weight_set's row */
    most(&z.worker[W_ROW], 5 * (size_t)p->hidden * sizeof(float));
    most(&z.worker[W_ROW], (size_t)p->ffn * sizeof(float));
    if (p->backward)
        most(&z.shared[S_TASKS], p->n_params / 65536 * sizeof(double));
    for (int i = 0; i < MAX_SCRATCH; i++)
        n += z.shared[i] + (size_t)s->n_threads * z.worker[i];
    return n;
}

static size_t panel_bytes(enum dtype t, long cols, long depth)
{
    return (size_t)(blocks_of(cols, NR) * NR * depth) * dtype_size(t);
}

static size_t weight(const struct k_sizes *s, enum dtype t, int N, int K,
                     int uses)
{
    (void)s;
    if (!(uses & (WEIGHT_FORWARD | WEIGHT_BACKWARD)))
        return (size_t)N * (size_t)K * dtype_size(t);
    return (uses & WEIGHT_FORWARD ? panel_bytes(t, N, K) : 0) +
           (uses & WEIGHT_BACKWARD ? panel_bytes(t, K, N) : 0);
}

void NAME(cpu_sizes)(struct k_sizes *s)
{
    s->weight = weight;
    s->scratch = scratch;
}
