/* adamw - one step of AdamW with decoupled decay on n values (SCIENCE 3)
 *
 * Arithmetic in fp32 whatever the stored types; m and v enter the update
 * before they are rounded for storage, but for torch's foreach step.
 * NUMERICS.md has the formulas in order.
 */
#include <stdatomic.h>
#include <string.h>
#include "../torch_step.h"
#include "adamw_bf16.h"
#include "cpu.h"
#include "simd.h"
#include "words.h"

enum { PIECE = 4 * WORDS_MAX - 4 }; /* any start fits WORDS_MAX */

struct job {
    const struct k_adamw *h;
    void *w, *comp, *m, *v;
    enum dtype wt, mt, gt;
    const void *g;
    _Atomic uint64_t changed;
};

struct consts {
    float one_minus_b1, one_minus_b2, step, root2, decay;
};

/* d = the decrease of each weight; m and v move on. */
static void moments(const struct k_adamw *h, const struct consts *c, long n,
                    const float *g, const float *w, float *m, float *v,
                    float *d)
{
    for (long i = 0; i < n; i++) {
        float gs = g[i] * h->grad_scale;
        float denom;

        m[i] = canon_fma(h->beta1, m[i], c->one_minus_b1 * gs);
        v[i] = canon_fma(h->beta2, v[i], (c->one_minus_b2 * gs) * gs);
        denom = canon_sqrt(v[i]) / c->root2 + h->eps;
        d[i] = canon_fma(c->decay, w[i], c->step * (m[i] / denom));
    }
}

/* torch_round in vectors; types are constants after inlining. */
INLINE vf round_as(enum dtype t, vf x)
{
    vi u = (vi)x;

    if (t == DT_BF16)
        return (vf)((u + 0x7FFFu + ((u >> 16) & 1u)) & 0xFFFF0000u);
    return t == DT_F16 ? vf_round_f16(x) : x;
}

/* torch_update where both multiply-adds are fused. */
INLINE void torch_vector(const struct torch_call *c, enum dtype wt,
                         enum dtype mt, vf g, float *base, float *m, float *v,
                         float *d)
{
    vf w = vf_load(base), mm = vf_load(m), vv = vf_load(v), dd;

    vf_store(base, round_as(wt, w * vf_set1(c->keep)));
    mm = round_as(mt, vf_fma(vf_set1(c->b1), g - mm, mm));
    vv = round_as(mt, vv * vf_set1(c->beta2));
    vv = round_as(mt, vf_fma(vf_set1(c->b2) * g, g, vv));
    vf_store(m, mm);
    vf_store(v, vv);
    dd = round_as(mt, vf_sqrt(vv));
    dd = round_as(mt, dd / vf_set1(c->root2));
    dd = round_as(mt, dd + vf_set1(c->eps));
    vf_store(d, (vf_set1(c->rate) * mm) / dd);
}

/* Values at `at` .. at + n - 1 of the tensor, with their multiply-adds as the
 * tensor has them there, and gradients g * scale. base = the decayed
 * weights. */
static void torch_values(const struct job *j, size_t at, long n, float scale,
                         const float *g, float *base, float *m, float *v,
                         float *d)
{
    const struct k_adamw *h = j->h;
    int each = h->kind == STEP_FOREACH;
    enum dtype wt = each ? j->wt : DT_F32, mt = each ? j->mt : DT_F32;
    struct torch_call c = torch_constants(h, mt);
    size_t end = at + (size_t)n;
    int fused = end <= h->torch.fused_m && end <= h->torch.fused_v;
    long i = 0;

#define VECTORS(w_t, m_t)                                                     \
    for (; i + VW <= n; i += VW)                                              \
    torch_vector(&c, w_t, m_t, vf_load(g + i) * vf_set1(scale), base + i,     \
                 m + i, v + i, d + i)
    if (fused && wt == DT_F32 && mt == DT_F32)
        VECTORS(DT_F32, DT_F32);
    else if (fused && mt == DT_F32)
        VECTORS(wt, DT_F32);
    else if (fused && mt == DT_BF16)
        VECTORS(wt, DT_BF16);
    else if (fused)
        VECTORS(wt, DT_F16);
#undef VECTORS
    for (at += (size_t)i; i < n; i++, at++) {
        int fm = at < h->torch.fused_m, fv = at < h->torch.fused_v;

        d[i] = torch_update(&c, wt, mt, fm, fv, fm && !fv, g[i] * scale,
                            base + i, m + i, v + i);
    }
}

/* All in bf16, rounded to nearest and nothing compensated, as the arm bf16 has
 * it? */
static int all_bf16(const struct job *j)
{
    const struct k_adamw *h = j->h;

    return h->kind != STEP_ULP && j->wt == DT_BF16 && j->mt == DT_BF16 &&
           j->gt == DT_BF16 && !h->stochastic && !j->comp &&
           h->torch.fused_m == SIZE_MAX && h->torch.fused_v == SIZE_MAX;
}

/* The gradients: fp32 in place; others widened, scaled and rounded in buf, and
 * *h then has no scale left. */
static const float *gradients(const struct job *j, struct k_adamw *h, long at,
                              long n, float *buf)
{
    float scale = j->h->grad_scale;
    long i = 0;

    if (j->gt == DT_F32)
        return (const float *)j->g + at;
#define VECTORS(t)                                                            \
    for (; i + VW <= n; i += VW)                                              \
    vf_store(buf + i, round_as(t, vf_load_t(t, j->g, at + i) * vf_set1(scale)))
    if (j->gt == DT_BF16)
        VECTORS(DT_BF16);
    else
        VECTORS(DT_F16);
#undef VECTORS
    NAME(widen)(buf + i, AT(j->g, j->gt, at + i), j->gt, (size_t)(n - i));
    for (; i < n; i++)
        buf[i] = torch_round(j->gt, buf[i] * scale);
    h->grad_scale = 1.0f;
    return buf;
}

static void round_random(const struct job *j, long at, long n, const float *w,
                         uint16_t *out)
{
    uint32_t buf[4 * WORDS_MAX], *r = buf + at % 4;

    words_rounding(buf, j->h->seed, j->h->step, j->h->tensor,
                   j->h->first + (uint64_t)at, n);
    if (j->wt == DT_BF16)
        for (long i = 0; i < n; i++)
            out[i] = canon_stochastic_bf16(w[i], r[i]);
    else
        for (long i = 0; i < n; i++)
            out[i] = canon_stochastic_f16(w[i], r[i]);
}

static uint64_t store(struct job *j, long at, long n, const float *w)
{
    uint64_t changed = 0;

    if (j->wt == DT_F32) {
        float *old = (float *)j->w + at;

        for (long i = 0; i < n; i++)
            changed += canon_bits(old[i]) != canon_bits(w[i]);
        memcpy(old, w, (size_t)n * sizeof *w);
    } else {
        uint16_t *old = (uint16_t *)j->w + at, now[PIECE];

        if (j->h->stochastic)
            round_random(j, at, n, w, now);
        else
            NAME(narrow)(now, j->wt, w, (size_t)n);
        for (long i = 0; i < n; i++)
            changed += old[i] != now[i];
        memcpy(old, now, (size_t)n * sizeof *now);
    }
    return changed;
}

static void part(void *ctx, long lo, long hi, int worker)
{
    struct job *j = ctx;
    struct k_adamw one = *j->h, *h = &one;
    struct consts c = {1.0f - h->beta1, 1.0f - h->beta2, h->lr / h->bias1,
                       canon_sqrt(h->bias2), h->lr * h->weight_decay};
    float w[PIECE], m[PIECE], v[PIECE], d[PIECE], k[PIECE], now[PIECE];
    float decayed[PIECE], wide[PIECE];
    const float *base = h->kind == STEP_ULP ? w : decayed;
    uint64_t changed = 0;

    (void)worker;
    if (all_bf16(j)) {
        changed = NAME(adamw_bf16)(h, hi - lo, AT_W(j->w, DT_BF16, lo),
                                   AT_W(j->m, DT_BF16, lo),
                                   AT_W(j->v, DT_BF16, lo),
                                   AT(j->g, DT_BF16, lo));
        atomic_fetch_add_explicit(&j->changed, changed, memory_order_relaxed);
        return;
    }
    for (long i = lo; i < hi; i += PIECE) {
        long n = hi - i < PIECE ? hi - i : PIECE;
        size_t un = (size_t)n;

        NAME(widen)(w, AT(j->w, j->wt, i), j->wt, un);
        NAME(widen)(m, AT(j->m, j->mt, i), j->mt, un);
        NAME(widen)(v, AT(j->v, j->mt, i), j->mt, un);
        if (h->kind == STEP_ULP) {
            moments(h, &c, n, gradients(j, h, i, n, wide), w, m, v, d);
        } else {
            const float *g = gradients(j, h, i, n, wide);

            memcpy(decayed, w, un * sizeof *w);
            torch_values(j, h->first + (size_t)i, n, h->grad_scale, g,
                         decayed, m, v, d);
        }
        NAME(narrow)(AT_W(j->m, j->mt, i), j->mt, m, un);
        NAME(narrow)(AT_W(j->v, j->mt, i), j->mt, v, un);
        if (!j->comp) {
            for (long s = 0; s < n; s++)
                now[s] = base[s] - d[s];
            changed += store(j, i, n, now);
            continue;
        }
        for (long s = 0; s < n && base != w; s++)
            d[s] = (w[s] - base[s]) + d[s]; /* the decay, and the update */
        NAME(widen)(k, AT(j->comp, DT_BF16, i), DT_BF16, un);
        for (long s = 0; s < n; s++) {
            k[s] = k[s] - d[s];
            now[s] = w[s] + k[s];
        }
        changed += store(j, i, n, now);
        NAME(widen)(now, AT(j->w, j->wt, i), j->wt, un);
        for (long s = 0; s < n; s++)
            k[s] = k[s] - (now[s] - w[s]);
        NAME(narrow)(AT_W(j->comp, DT_BF16, i), DT_BF16, k, un);
    }
    atomic_fetch_add_explicit(&j->changed, changed, memory_order_relaxed);
}

OP(void, adamw)(struct kernels *k, const struct k_adamw *h, void *w,
                enum dtype wt, void *comp, void *m, void *v, enum dtype mt,
                const void *g, enum dtype gt, size_t n, uint64_t *changed)
{
    struct job j = {h, w, comp, m, v, wt, mt, gt, g, 0};

    cpu_for(cpu_of(k), (long)n, 6, part, &j);
    if (changed)
        *changed += j.changed;
}
