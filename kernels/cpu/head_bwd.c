/* head_bwd - from dlogp to the gradients of hidden rows and head weights
 *
 * Logits are made again in chunks of rows, or are those that head_logp left in
 * scratch, and overwritten by their gradients: dlogit = ((onehot - p) dlogp)
 * inv_temperature, rounded to lt like the logits. Where vdpbf16ps sums,
 * gradients of bf16 are stored as such.
 */
#include <string.h>
#include "head.h"

struct job {
    float *L;
    const float *dlogp, *lse;
    const int32_t *target;
    enum dtype t;
    float inv_t;
    long V, ld;
    int scaled; /* L is times inv_t already */
    int halved; /* gradients are stored as bf16 */
};

static void grad_row(const struct job *j, long r)
{
    float *z = j->L + r * j->ld;
    float lse = j->lse[r], g = j->dlogp[r], inv_t = j->inv_t, pt;
    float scale = j->scaled ? 1.0f : inv_t;
    vf vt = vf_set1(inv_t), vl = vf_set1(lse), vg = vf_set1(g);
    vf vs = vf_set1(scale);
    long target = j->target[r];

    pt = canon_exp(z[target] * scale - lse);
    /* a row is made up to whole vectors */
    for (long v = 0; v < j->V; v += VW) {
        vf e = vf_exp(vf_load(z + v) * vs - vl);

        vf_store(z + v, ((vf_set1(0.0f) - e) * vg) * vt);
    }
    z[target] = ((1.0f - pt) * g) * inv_t;
    if (j->t == DT_BF16)
        for (long v = 0; v < j->V; v++)
            z[v] = canon_widen_bf16(canon_round_bf16(z[v]));
    else if (j->t == DT_F16)
        for (long v = 0; v < j->V; v++)
            z[v] = canon_widen_f16(canon_round_f16(z[v]));
}

/* z, whose values fit bf16, stored as bf16 in the first half of its memory. */
static void halve(float *z, long n)
{
    uint16_t *to = (uint16_t *)(void *)z, half[NR];

    for (long i = 0; i < n; i += NR) {
        long w = n - i < NR ? n - i : NR;

        NAME(narrow)(half, DT_BF16, z + i, (size_t)w);
        memcpy(to + i, half, (size_t)w * sizeof *half);
    }
}

static void rows(void *ctx, long lo, long hi, int worker)
{
    const struct job *j = ctx;

    (void)worker;
    for (long r = lo; r < hi; r++) {
        grad_row(j, r);
        if (j->halved)
            halve(j->L + r * j->ld, j->V);
    }
}

static int is_kept(const struct kept_logits *l, const void *x,
                   const struct k_weight *W, const float *lse,
                   float temperature, long T)
{
    return T <= l->n_rows && l->x == x && l->W == W && l->lse == lse &&
           l->temperature == temperature;
}

OP(void, head_bwd)(struct kernels *k, enum dtype t, enum dtype lt, void *dx, float *dW,
                   const float *dlogp, const float *lse, const void *x,
                   const struct k_weight *W, const int32_t *target,
                   float temperature, int after_logp, int T, int V, int H)
{
    struct cpu *c = cpu_of(k);
    long chunk = head_chunk(V, T);
    int kept = after_logp && is_kept(&c->kept, x, W, lse, temperature, T);
    const void *panels;

    if (!(W->uses & WEIGHT_BACKWARD)) {
        cpu_fail(c, "head_bwd: the weight was made without "
                 "WEIGHT_BACKWARD");
        return;
    }
    panels = T > 0 ? NAME(weight_inputs)(c, W) : NULL;
    for (long r = 0; panels && r < T; r += chunk) {
        long n = T - r < chunk ? T - r : chunk;
        struct job j = {.dlogp = dlogp + r, .lse = lse + r,
                        .target = target + r, .t = lt,
                        .inv_t = 1.0f / temperature, .V = V,
                        .ld = head_ld(V), .scaled = kept,
                        .halved = c->dots && lt == DT_BF16};
        enum dtype gt = j.halved ? DT_BF16 : DT_F32;
        long ld = head_ld(V) << j.halved;
        struct gemm g = {.at = gt, .bt = W->t, .yt = t, .rt = t,
                         .panels = panels, .Y = AT_W(dx, t, r * H), .M = n,
                         .N = H, .K = V, .lda = ld, .ldy = H,
                         .what = PERM_K};
        struct gemm_dw w = {gt, t, NULL, AT(x, t, r * H), dW, NULL, n, V,
                            H, ld, H};

        j.L = kept ? cpu_shared(c, S_LOGITS, head_bytes(V, n))
                   : NAME(head_rows)(c, S_LOGITS, t, lt, x, W, r, n, V, H);
        c->kept.n_rows = 0;
        if (!j.L)
            return;
        cpu_for(c, n, 8.0 * V, rows, &j);
        g.A = w.dY = j.L;
        NAME(gemm)(c, &g);
        NAME(gemm_dw)(c, &w);
    }
}

SCRATCH(head_bwd)
{
    const struct k_pass *p = z->p;
    long n = head_chunk(p->vocab, p->R);
    int halved = z->s->order.kind == ORDER_HARDWARE && p->lt == DT_BF16;
    enum dtype gt = halved ? DT_BF16 : DT_F32;

    if (!p->R || !p->backward)
        return;
    NAME(weight_inputs_scratch)(z, p->t, p->vocab, p->hidden);
    NAME(gemm_scratch)(z, n, p->hidden, p->vocab, gt, p->t);
    NAME(gemm_dw_scratch)(z, n, p->vocab, p->hidden, gt, p->t);
}
