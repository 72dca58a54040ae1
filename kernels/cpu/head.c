/* head - logits, log-probabilities, entropy and KL over the vocabulary */
#include "head.h"

float *NAME(head_rows)(struct cpu *c, int slot, enum dtype t, enum dtype lt,
                       const void *x, const struct k_weight *W, long row0, long rows, long V,
                       long H)
{
    long ld = head_ld(V);
    float *L = cpu_shared(c, slot, head_bytes(V, rows));
    struct gemm g = {.at = t, .bt = W->t, .yt = DT_F32, .rt = lt,
                     .A = AT(x, t, row0 * H), .panels = W->fwd, .Y = L,
                     .M = rows, .N = V, .K = H, .lda = H, .ldy = ld,
                     .what = PERM_K};

    c->kept.n_rows = 0;
    if (!L)
        return NULL;
    if (!W->fwd) {
        cpu_fail(c, "head: the weight was made without WEIGHT_FORWARD");
        return NULL;
    }
    NAME(gemm)(c, &g);
    for (long r = 0; r < rows; r++)
        for (long v = V; v < ld; v++)
            L[r * ld + v] = -CANON_INF;
    return L;
}

struct job {
    float *L, *L2, *logp, *lse, *entropy, *kl;
    const int32_t *target;
    float inv_t;
    long V, ld;
};

/* x where p > 0, else +0 */
INLINE vf where_positive(vf p, vf x)
{
    return (vf)((vi)(p > vf_set1(0.0f)) & (vi)x);
}

/* S = sum of e = exp(z - max), and *Q = sum of e (z - max); n is a multiple of
 * 32. */
static float exp_sums(const float *z, long n, float max, float *Q)
{
    vf s[ROW_VS], q[ROW_VS], m = vf_set1(max);

    for (int j = 0; j < ROW_VS; j++)
        s[j] = q[j] = vf_set1(0.0f);
    for (long i = 0; i < n; i += 32)
        for (int j = 0; j < ROW_VS; j++) {
            vf d = vf_load(z + i + j * VW) - m, e = vf_exp(d);

            s[j] += e;
            q[j] = vf_fma(e, where_positive(e, d), q[j]);
        }
    *Q = row_tree(q);
    return row_tree(s);
}

static void logp_rows(void *ctx, long lo, long hi, int worker)
{
    const struct job *j = ctx;

    (void)worker;
    for (long r = lo; r < hi; r++) {
        float *z = j->L + r * j->ld, max, sum, log_sum, Q = 0.0f;

        max = row_scale_max(z, j->V, j->inv_t);
        sum = j->entropy ? exp_sums(z, j->ld, max, &Q)
                         : head_exp_sum(z, j->ld, max);
        log_sum = canon_log(sum);
        j->lse[r] = max + log_sum;
        j->logp[r] = z[j->target[r]] - j->lse[r];
        if (j->entropy)
            j->entropy[r] = log_sum - Q / sum;
    }
}

OP(void, head_logp)(struct kernels *k, enum dtype t, enum dtype lt, float *logp, float *lse,
                    float *entropy, const void *x, const struct k_weight *W,
                    const int32_t *target, float temperature, int T, int V,
                    int H)
{
    struct cpu *c = cpu_of(k);
    long chunk = head_chunk(V, T);

    for (int i = 0; i < T; i++)
        if (target[i] < 0 || target[i] >= V) {
            cpu_fail(c, "head_logp: target %d at row %d; the "
                     "vocabulary has %d", (int)target[i], i, V);
            return;
        }
    for (long r = 0; r < T; r += chunk) {
        long rows = T - r < chunk ? T - r : chunk;
        struct job j = {.logp = logp + r, .lse = lse + r,
                        .entropy = entropy ? entropy + r : NULL,
                        .target = target + r, .inv_t = 1.0f / temperature,
                        .V = V, .ld = head_ld(V)};

        j.L = NAME(head_rows)(c, S_LOGITS, t, lt, x, W, r, rows, V, H);
        if (!j.L)
            return;
        cpu_for(c, rows, (entropy ? 12.0 : 8.0) * V, logp_rows, &j);
    }
    if (chunk == T)
        c->kept = (struct kept_logits){x, W, lse, temperature, T};
}

/* The divergence of rows of logits with these log sums; n a multiple of 32. */
static float kl_of(const float *a, float la, const float *b, float lb, long n)
{
    vf lane[ROW_VS], va = vf_set1(la), vb = vf_set1(lb);

    for (int j = 0; j < ROW_VS; j++)
        lane[j] = vf_set1(0.0f);
    for (long i = 0; i < n; i += 32)
        for (int j = 0; j < ROW_VS; j++) {
            vf pa = vf_load(a + i + j * VW) - va;
            vf pb = vf_load(b + i + j * VW) - vb, p = vf_exp(pa);

            lane[j] = vf_fma(p, where_positive(p, pa - pb), lane[j]);
        }
    return row_tree(lane);
}

static void kl_rows(void *ctx, long lo, long hi, int worker)
{
    const struct job *j = ctx;

    (void)worker;
    for (long r = lo; r < hi; r++) {
        float *a = j->L + r * j->ld, *b = j->L2 + r * j->ld, ma, mb, la, lb;

        head_scale(a, j->V, j->inv_t);
        head_scale(b, j->V, j->inv_t);
        ma = row_max(a, j->ld);
        mb = row_max(b, j->ld);
        la = ma + canon_log(head_exp_sum(a, j->ld, ma));
        lb = mb + canon_log(head_exp_sum(b, j->ld, mb));
        j->kl[r] = kl_of(a, la, b, lb, j->ld);
    }
}

OP(void, head_kl)(struct kernels *k, enum dtype ta, enum dtype la,
                  enum dtype tb, enum dtype lb, float *kl,
                  const void *xa, const struct k_weight *Wa, int Ha,
                  const void *xb, const struct k_weight *Wb, int Hb,
                  float temperature, int T, int V)
{
    struct cpu *c = cpu_of(k);
    long chunk = head_chunk(V, T);

    for (long r = 0; r < T; r += chunk) {
        long rows = T - r < chunk ? T - r : chunk;
        struct job j = {.kl = kl + r, .inv_t = 1.0f / temperature, .V = V,
                        .ld = head_ld(V)};

        j.L = NAME(head_rows)(c, S_LOGITS, ta, la, xa, Wa, r, rows, V, Ha);
        j.L2 = NAME(head_rows)(c, S_LOGITS2, tb, lb, xb, Wb, r, rows, V, Hb);
        if (!j.L || !j.L2)
            return;
        cpu_for(c, rows, 24.0 * V, kl_rows, &j);
    }
}

OP(void, head_logits)(struct kernels *k, enum dtype t, enum dtype lt, float *logits,
                      const void *x, const struct k_weight *W, int T, int V,
                      int H)
{
    struct gemm g = {.at = t, .bt = W->t, .yt = DT_F32, .rt = lt, .A = x,
                     .panels = W->fwd, .Y = logits, .M = T, .N = V, .K = H,
                     .lda = H, .ldy = V, .what = PERM_K};

    if (!W->fwd)
        cpu_fail(cpu_of(k), "head_logits: the weight was made without "
                 "WEIGHT_FORWARD");
    else
        NAME(gemm)(cpu_of(k), &g);
}

SCRATCH(head_logp)
{
    const struct k_pass *p = z->p;
    long n = head_chunk(p->vocab, p->R);

    if (!p->R)
        return;
    scratch_most(&z->shared[S_LOGITS], head_bytes(p->vocab, n));
    NAME(gemm_scratch)(z, n, p->vocab, p->hidden, p->t, p->t);
}
