/* hw_head - log-probabilities, entropy, gradients and KL over the vocabulary
 * under order=hardware
 *
 * A product makes a chunk of rows of logits, stored in their type lt; one
 * kernel then reads each row once (hw_row.h). The backward makes the logits
 * again, overwrites them by their gradients, and takes two more products.
 */
#include "hw_row.h"

size_t CU(hw_head_bytes) = HW_HEAD_BYTES;

int CU(hw_head_logits)(struct cuda *c, void *L, enum dtype t, enum dtype lt,
                       const void *x, const struct k_weight *W, long rows,
                       long V, long H)
{
    struct gemm g = {t, W->t, lt, lt, x, W->rows, NULL, L, NULL, rows, V, H, H,
                     1, H, 1, hw_head_ld(V), 0};

    if (!L)
        return 0;
    if (!CU(cuda_may)(c, W, WEIGHT_FORWARD, "head"))
        return 0;
    CU(hw_gemm)(c, g);
    return 1;
}

/* ---- log-probabilities ---- */
struct logp_job {
    const void *L;
    enum dtype t;
    float *logp, *lse, *entropy; /* of this chunk's first row; or NULL */
    const int32_t *target;
    float it, c;
    long V, ld, row0;
    unsigned long long *bad;
};

KERNEL __launch_bounds__(ROW_NT) hw_logp_rows(struct logp_job j)
{
    __shared__ struct row_shared h;
    long r = (long)blockIdx.x;
    const char *l = row_of(j.L, j.t, r, j.ld);
    struct row_sums s = {0, 0, 0, 0};
    int32_t v;

    WITH_TYPE(j.t, T, {
        if (j.entropy)
            s = row_read(l, T, j.V, j.c, 1);
        else
            s = row_read(l, T, j.V, j.c, 0);
    });
    s = row_merge(s, j.c, &h);
    if (threadIdx.x)
        return;
    v = j.target[r];
    j.lse[r] = canon_fma(s.m, j.it, canon_log(s.S));
    if (v >= 0 && v < j.V)
        j.logp[r] = row_logp(&s, get(l, j.t, (size_t)v), j.it);
    else
        atomicMin(j.bad, (unsigned long long)(j.row0 + r) << 32 | (uint32_t)v);
    if (j.entropy)
        j.entropy[r] = canon_log(s.S) - s.Q * LN2 / s.S;
}

HW(void, head_logp)(struct kernels *k, enum dtype t, enum dtype lt, float *logp, float *lse,
                    float *entropy, const void *x, const struct k_weight *W,
                    const int32_t *target, float temperature, int T, int V,
                    int H)
{
    struct cuda *c = cuda_of(k);
    long chunk = hw_head_rows(CU(hw_head_bytes), dtype_size(lt), V, T);
    float it = 1.0f / temperature;

    for (long r = 0; r < T; r += chunk) {
        long rows = cuda_min(chunk, T - r);
        void *L = hw_head_room(c, S_LOGITS, lt, chunk, V);
        struct logp_job j = {L, lt, logp + r, lse + r,
                             entropy ? entropy + r : NULL, target + r, it,
                             it * LOG2E, V, hw_head_ld(V), r,
                             CU(cuda_bad)(c, BAD_LOGP, V)};

        if (!CU(hw_head_logits)(c, L, t, lt, head_row(x, t, r, H), W, rows, V, H))
            return;
        LAUNCH(c, hw_logp_rows, (unsigned)rows, row_threads(V), 0, j);
    }
}

/* ---- gradients ---- */
enum { GRAD_NT = 256, GRAD_PART = GRAD_NT * 8 * 4 };

struct grad_job {
    void *L;
    enum dtype t;
    const float *dlogp, *lse;
    const int32_t *target;
    float it;
    long V, ld;
    unsigned parts; /* of a row, GRAD_PART values each */
};

/* Logits become their gradients in place. What lies between V and the next
 * row is left as it comes out: no product reads it. */
DEV void grad_part(const struct grad_job *j, enum dtype t)
{
    long r = (long)(blockIdx.x / j->parts);
    long v = (long)(blockIdx.x % j->parts) * GRAD_PART +
             (long)threadIdx.x * 8;
    char *l = (char *)j->L + (size_t)(r * j->ld) * (t == DT_F32 ? 4 : 2);
    float lse = j->lse[r], g = j->dlogp[r];
    long hot = j->target[r];
    struct oct o[4];

#pragma unroll
    for (int u = 0; u < 4; u++)
        if (v + u * GRAD_NT * 8 < j->V)
            o[u] = load8(l, t, (size_t)(v + u * GRAD_NT * 8));
#pragma unroll
    for (int u = 0; u < 4; u++) {
        long first = v + u * GRAD_NT * 8;
        float x[8];

        if (first >= j->V)
            break;
        widen8(&o[u], t, x);
        for (int k = 0; k < 8; k++) {
            float p = fast_exp2(canon_fma(x[k], j->it, -lse) * LOG2E);

            x[k] = (((first + k == hot ? 1.0f : 0.0f) - p) * g) * j->it;
        }
        put8(l, t, (size_t)first, x);
    }
}

KERNEL __launch_bounds__(GRAD_NT) hw_grad_rows(struct grad_job j)
{
    WITH_TYPE(j.t, T, grad_part(&j, T););
}

HW(void, head_bwd)(struct kernels *k, enum dtype t, enum dtype lt, void *dx, float *dW,
                   const float *dlogp, const float *lse, const void *x,
                   const struct k_weight *W, const int32_t *target,
                   float temperature, int after_logp, int T, int V, int H)
{
    struct cuda *c = cuda_of(k);
    long chunk = hw_head_rows(CU(hw_head_bytes), dtype_size(lt), V, T);
    long ld = hw_head_ld(V);
    unsigned parts = cuda_div((size_t)V, GRAD_PART);

    (void)after_logp; /* they are made again */
    if (!CU(cuda_may)(c, W, WEIGHT_BACKWARD, "head_bwd"))
        return;
    for (long r = 0; r < T; r += chunk) {
        long rows = cuda_min(chunk, T - r);
        void *L = hw_head_room(c, S_LOGITS, lt, chunk, V);
        const void *xr = head_row(x, t, r, H);
        struct grad_job j = {L, lt, dlogp + r, lse + r, target + r,
                             1.0f / temperature, V, ld, parts};
        struct gemm g = {lt, W->t, t, t, L, W->rows, NULL,
                         (char *)dx + (size_t)r * (size_t)H * dtype_size(t),
                         NULL, rows, H, V, ld, 1, 1, H, H, 0};
        struct gemm w = {lt, t, DT_F32, DT_F32, L, xr, NULL, dW, NULL, V, H,
                         rows, 1, ld, 1, H, H, 1};

        if (!CU(hw_head_logits)(c, L, t, lt, xr, W, rows, V, H))
            return;
        LAUNCH(c, hw_grad_rows, (unsigned)rows * parts, GRAD_NT, 0, j);
        CU(hw_gemm)(c, g);
        CU(hw_gemm)(c, w);
    }
}

/* ---- KL ---- */
/* With da, db the distances from the two maxima and p of a: S and R are the
 * sums of 2^da and 2^db, D that of 2^da (da - db). */
struct kl_sums {
    float ma, mb, S, R, D;
};

DEV void kl_take(struct kl_sums *s, const float a[8], const float b[8],
                 float c)
{
    float ma = s->ma, mb = s->mb;

    for (int k = 0; k < 8; k++) {
        ma = fmaxf(ma, a[k]);
        mb = fmaxf(mb, b[k]);
    }
    if (ma > s->ma || mb > s->mb) {
        float da = row_down(s->ma, ma, c), db = row_down(s->mb, mb, c);
        float f = fast_exp2(da);

        s->D = canon_fma(s->S, da - db, s->D) * f;
        s->S *= f;
        s->R *= fast_exp2(db);
        s->ma = ma;
        s->mb = mb;
    }
    for (int k = 0; k < 8; k++) {
        float da = (a[k] - ma) * c, db = (b[k] - mb) * c, p = fast_exp2(da);

        s->S += p;
        s->R += fast_exp2(db);
        s->D = canon_fma(p, p > 0.0f ? da - db : 0.0f, s->D);
    }
}

/* What o has is added to s. */
DEV void kl_join(struct kl_sums *s, const struct kl_sums *o, float c)
{
    float ma = fmaxf(s->ma, o->ma), mb = fmaxf(s->mb, o->mb);
    float xa = row_down(s->ma, ma, c), xb = row_down(s->mb, mb, c);
    float ya = row_down(o->ma, ma, c), yb = row_down(o->mb, mb, c);
    float f = fast_exp2(xa), g = fast_exp2(ya);

    s->D = canon_fma(s->S, xa - xb, s->D) * f +
           canon_fma(o->S, ya - yb, o->D) * g;
    s->S = s->S * f + o->S * g;
    s->R = s->R * fast_exp2(xb) + o->R * fast_exp2(yb);
    s->ma = ma;
    s->mb = mb;
}

DEV struct kl_sums kl_shuffle(struct kl_sums s, int step)
{
    struct kl_sums o;

    o.ma = __shfl_xor_sync(FULL, s.ma, step);
    o.mb = __shfl_xor_sync(FULL, s.mb, step);
    o.S = __shfl_xor_sync(FULL, s.S, step);
    o.R = __shfl_xor_sync(FULL, s.R, step);
    o.D = __shfl_xor_sync(FULL, s.D, step);
    return o;
}

struct kl_job {
    const void *LA, *LB;
    enum dtype ta, tb;
    float *kl;
    float c;
    long V, ld;
};

DEV struct kl_sums kl_read(const struct kl_job *j, enum dtype ta,
                           enum dtype tb)
{
    const char *a = row_of(j->LA, ta, (long)blockIdx.x, j->ld);
    const char *b = row_of(j->LB, tb, (long)blockIdx.x, j->ld);
    struct kl_sums s = {LOWEST, LOWEST, 0.0f, 0.0f, 0.0f};

    for (long v = (long)threadIdx.x * 8; v < j->V;
         v += (long)blockDim.x * 8) {
        float x[8], y[8];

        row_get(a, ta, v, j->V, x);
        row_get(b, tb, v, j->V, y);
        kl_take(&s, x, y, j->c);
    }
    return s;
}

KERNEL __launch_bounds__(ROW_NT) hw_kl_rows(struct kl_job j)
{
    __shared__ struct kl_sums part[ROW_WARPS];
    struct kl_sums s = {0, 0, 0, 0, 0};

    WITH_TYPE(j.ta, TA, WITH_TYPE(j.tb, TB, s = kl_read(&j, TA, TB);););
    for (int i = 16; i > 0; i >>= 1) {
        struct kl_sums o = kl_shuffle(s, i);

        /* the lower lane first, so that both have the same sum */
        if (threadIdx.x & (unsigned)i) {
            kl_join(&o, &s, j.c);
            s = o;
        } else {
            kl_join(&s, &o, j.c);
        }
    }
    if (threadIdx.x % 32 == 0)
        part[threadIdx.x / 32] = s;
    __syncthreads();
    if (threadIdx.x)
        return;
    for (int w = 1; w < (int)blockDim.x / 32; w++)
        kl_join(&s, &part[w], j.c);
    j.kl[blockIdx.x] =
        s.D * LN2 / s.S - (canon_log(s.S) - canon_log(s.R));
}

HW(void, head_kl)(struct kernels *k, enum dtype ta, enum dtype la,
                  enum dtype tb, enum dtype lb, float *kl,
                  const void *xa, const struct k_weight *Wa, int Ha,
                  const void *xb, const struct k_weight *Wb, int Hb,
                  float temperature, int T, int V)
{
    struct cuda *c = cuda_of(k);
    long ld = hw_head_ld(V);
    long chunk = hw_head_rows(CU(hw_head_bytes),
                              dtype_size(la) + dtype_size(lb), V, T);

    for (long r = 0; r < T; r += chunk) {
        long rows = cuda_min(chunk, T - r);
        void *a = hw_head_room(c, S_LOGITS, la, chunk, V);
        void *b = hw_head_room(c, S_LOGITS2, lb, chunk, V);
        struct kl_job j = {a, b, la, lb, kl + r, LOG2E / temperature, V, ld};

        if (!CU(hw_head_logits)(c, a, ta, la, head_row(xa, ta, r, Ha), Wa, rows, V,
                                Ha) ||
            !CU(hw_head_logits)(c, b, tb, lb, head_row(xb, tb, r, Hb), Wb, rows, V,
                                Hb))
            return;
        LAUNCH(c, hw_kl_rows, (unsigned)rows, row_threads(V), 0, j);
    }
}

HW(void, head_logits)(struct kernels *k, enum dtype t, enum dtype lt, float *logits,
                      const void *x, const struct k_weight *W, int T, int V,
                      int H)
{
    struct cuda *c = cuda_of(k);
    struct gemm g = {t, W->t, DT_F32, lt, x, W->rows, NULL, logits, NULL, T, V,
                     H, H, 1, H, 1, V, 0};

    if (CU(cuda_may)(c, W, WEIGHT_FORWARD, "head"))
        CU(hw_gemm)(c, g);
}
