/* head - logits, log-probabilities, entropy and KL over the vocabulary, a
 * bounded number of rows at a time */
#include "head_dev.h"

int CU(cuda_head_rows)(struct cuda *c, float *L, enum dtype t, enum dtype lt,
                       const void *x, const struct k_weight *W, long rows,
                       long V, long H, long ld)
{
    struct gemm g = {t, W->t, DT_F32, lt, x, W->rows, NULL, L, NULL, rows, V,
                     H, H, 1, H, 1, ld, 0};

    if (!L)
        return 0;
    if (!CU(cuda_may)(c, W, WEIGHT_FORWARD, "head"))
        return 0;
    g.perm = CU(cuda_perm)(c, PERM_K, V, H, H);
    CU(cuda_gemm)(c, g);
    return 1;
}

KERNEL __launch_bounds__(HEAD_NT)
    logp_rows(const float *L, float *logp, float *lse, float *entropy,
              const int32_t *target, float it, long V, long ld, long row0,
              unsigned long long *bad)
{
    __shared__ float a[SPAN], b[SPAN], part[HEAD_NT / 32], slot;
    long r = row0 + (long)blockIdx.x;
    const float *l = L + (long)blockIdx.x * ld;
    float m = row_max(l, V, it, part, &slot), lane = 0.0f, S, sum;

    S = row_exp_sum(l, V, it, m, a, &slot);
    if (threadIdx.x == 0) {
        int32_t v = target[r];

        lse[r] = m + canon_log(S);
        if (v >= 0 && v < V)
            logp[r] = l[v] * it - lse[r];
        else
            atomicMin(bad, (unsigned long long)r << 32 | (uint32_t)v);
    }
    if (!entropy)
        return;
    for (long at = 0; at < V; at += SPAN) {
        int n = span_at(at, V);

        for (int i = (int)threadIdx.x; i < n; i += HEAD_NT) {
            float d = l[at + i] * it - m, e = canon_exp(d);

            a[i] = e;
            b[i] = e > 0.0f ? d : 0.0f;
        }
        __syncthreads();
        lane = lanes_fma(lane, a, b, n);
        __syncthreads();
    }
    sum = lanes_sum(lane, &slot);
    if (threadIdx.x == 0)
        entropy[r] = canon_log(S) - sum / S;
}

OP(void, head_logp)(struct kernels *k, enum dtype t, enum dtype lt, float *logp, float *lse,
                    float *entropy, const void *x, const struct k_weight *W,
                    const int32_t *target, float temperature, int T, int V,
                    int H)
{
    struct cuda *c = cuda_of(k);
    long chunk = head_chunk(V, T), ld = head_ld(V);

    for (long r = 0; r < T; r += chunk) {
        long rows = cuda_min(chunk, T - r);
        float *L = head_room(c, S_LOGITS, rows, V);

        if (!CU(cuda_head_rows)(c, L, t, lt, head_row(x, t, r, H), W, rows, V, H, ld))
            return;
        LAUNCH(c, logp_rows, (unsigned)rows, HEAD_NT, 0, L, logp, lse,
               entropy, target, 1.0f / temperature, (long)V, ld, r,
               CU(cuda_bad)(c, BAD_LOGP, V));
    }
}

KERNEL __launch_bounds__(HEAD_NT)
    kl_rows(const float *LA, const float *LB, float *kl, float it, long V,
            long ld)
{
    __shared__ float a[SPAN], b[SPAN], part[HEAD_NT / 32], slot;
    const float *za = LA + (long)blockIdx.x * ld;
    const float *zb = LB + (long)blockIdx.x * ld;
    float ma = row_max(za, V, it, part, &slot);
    float mb = row_max(zb, V, it, part, &slot);
    float la = ma + canon_log(row_exp_sum(za, V, it, ma, a, &slot));
    float lb = mb + canon_log(row_exp_sum(zb, V, it, mb, a, &slot));
    float lane = 0.0f, sum;

    for (long at = 0; at < V; at += SPAN) {
        int n = span_at(at, V);

        for (int i = (int)threadIdx.x; i < n; i += HEAD_NT) {
            float pa = za[at + i] * it - la, pb = zb[at + i] * it - lb;
            float p = canon_exp(pa);

            a[i] = p;
            b[i] = p > 0.0f ? pa - pb : 0.0f;
        }
        __syncthreads();
        lane = lanes_fma(lane, a, b, n);
        __syncthreads();
    }
    sum = lanes_sum(lane, &slot);
    if (threadIdx.x == 0)
        kl[blockIdx.x] = sum;
}

OP(void, head_kl)(struct kernels *k, enum dtype ta, enum dtype la,
                  enum dtype tb, enum dtype lb, float *kl,
                  const void *xa, const struct k_weight *Wa, int Ha,
                  const void *xb, const struct k_weight *Wb, int Hb,
                  float temperature, int T, int V)
{
    struct cuda *c = cuda_of(k);
    long chunk = head_chunk(V, T), ld = head_ld(V);

    for (long r = 0; r < T; r += chunk) {
        long rows = cuda_min(chunk, T - r);
        float *a = head_room(c, S_LOGITS, rows, V);
        float *b = head_room(c, S_LOGITS2, rows, V);

        if (!CU(cuda_head_rows)(c, a, ta, la, head_row(xa, ta, r, Ha), Wa, rows, V,
                                Ha, ld) ||
            !CU(cuda_head_rows)(c, b, tb, lb, head_row(xb, tb, r, Hb), Wb, rows, V,
                                Hb, ld))
            return;
        LAUNCH(c, kl_rows, (unsigned)rows, HEAD_NT, 0, a, b, kl + r,
               1.0f / temperature, (long)V, ld);
    }
}

OP(void, head_logits)(struct kernels *k, enum dtype t, enum dtype lt, float *logits,
                      const void *x, const struct k_weight *W, int T, int V,
                      int H)
{
    CU(cuda_head_rows)(cuda_of(k), logits, t, lt, x, W, T, V, H, V);
}
