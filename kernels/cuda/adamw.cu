/* adamw - one step of AdamW
 *
 * It is as fast as memory: of each value it reads g, w, m, v and writes w,
 * m, v. With fp32 master weights and moments that is 28 bytes, with bf16
 * master weights 24 (Kahan 28), with bf16 moments too 16; 1.5e9 values of the
 * first kind are 42 GB, 12.5 ms at 3.35 TB/s. The arithmetic is about 60
 * instructions a value (two divisions and a root, IEEE), a quarter of what
 * an H100 issues in the time of 28 bytes. Nothing waits for the host.
 */
#include "../torch_step.h"
#include "dev.h"

enum { ADAMW_NT = 128 };

struct adamw_job {
    struct k_adamw h;
    float one_minus_b1, one_minus_b2, step, root2, decay;
    void *w, *comp, *m, *v;
    enum dtype wt, mt, gt;
    const void *g;
    size_t n, octs; /* octs: eights that load8 can take */
    unsigned long long *changed;
};

/* torch's update of value i of the tensor: what is to be taken from *base,
 * which becomes the decayed weight. */
DEV float torch_value(const struct adamw_job *j, enum dtype wt, enum dtype mt,
                      size_t i, float g, float *base, float *m, float *v)
{
    int each = j->h.kind == STEP_FOREACH;
    enum dtype wr = each ? wt : DT_F32, mr = each ? mt : DT_F32;
    struct torch_call c = torch_constants(&j->h, mr);
    int fm = j->h.first + i < j->h.torch.fused_m;
    int fv = j->h.first + i < j->h.torch.fused_v;

    return torch_update(&c, wr, mr, fm, fv, fm && !fv, g, base, m, v);
}

/* Value i: m, v and the compensation move on; the stored bits of the new weight
 * are given. word is the value's random word. */
DEV uint32_t update(const struct adamw_job *j, enum dtype wt, enum dtype mt,
                    size_t i, float g, float w, float *m, float *v,
                    float *comp, uint32_t word)
{
    int random = j->h.stochastic && wt != DT_F32;
    uint32_t bits;
    float d, k, now, base = w;

    g = round_to(j->gt, g * j->h.grad_scale);
    if (j->h.kind == STEP_ULP) {
        *m = canon_fma(j->h.beta1, *m, j->one_minus_b1 * g);
        *v = canon_fma(j->h.beta2, *v, (j->one_minus_b2 * g) * g);
        d = canon_fma(j->decay, w, j->step * (*m / (canon_sqrt(*v) / j->root2 +
                                                    j->h.eps)));
        k = *comp - d;
    } else {
        d = torch_value(j, wt, mt, i, g, &base, m, v);
        k = *comp - ((w - base) + d);
    }
    now = j->comp ? w + k : base - d;
    if (wt == DT_F32) {
        bits = canon_bits(now);
    } else if (wt == DT_BF16) {
        bits = random ? canon_stochastic_bf16(now, word)
                      : canon_round_bf16(now);
        now = canon_widen_bf16((uint16_t)bits);
    } else {
        bits = random ? canon_stochastic_f16(now, word) : round_f16(now);
        now = widen_f16((uint16_t)bits);
    }
    *comp = k - (now - w);
    return bits;
}

/* How many of eight stored values differ. */
DEV unsigned differ(enum dtype t, const struct oct *a, const struct oct *b)
{
    uint32_t x[8], y[8];
    unsigned n = 0;

    words8(a, x);
    words8(b, y);
    for (int k = 0; k < (t == DT_F32 ? 8 : 4); k++) {
        uint32_t d = x[k] ^ y[k];

        n += t == DT_F32 ? d != 0
                         : ((d & 0xFFFF) != 0) + ((d >> 16) != 0);
    }
    return n;
}

/* Values i .. i + 7, which share two counters; how many change. */
DEV unsigned update8(const struct adamw_job *j, enum dtype wt, enum dtype mt,
                     size_t i)
{
    struct oct ow = load8(j->w, wt, i);
    struct oct om = load8(j->m, mt, i), ov = load8(j->v, mt, i), now;
    float g[8], w[8], m[8], v[8], c[8] = {0, 0, 0, 0, 0, 0, 0, 0};
    uint32_t word[8] = {0, 0, 0, 0, 0, 0, 0, 0}, bits[8];

    if (j->comp)
        get8(j->comp, DT_BF16, i, c);
    if (j->h.stochastic && wt != DT_F32) {
        size_t at = (j->h.first + i) / 4;

        canon_rounding_words(j->h.seed, j->h.step, j->h.tensor, at, word);
        canon_rounding_words(j->h.seed, j->h.step, j->h.tensor, at + 1,
                             word + 4);
    }
    if (j->gt == DT_F32)
        get8(j->g, DT_F32, i, g);
    else
        get8(j->g, DT_BF16, i, g);
    widen8(&ow, wt, w);
    widen8(&om, mt, m);
    widen8(&ov, mt, v);
    for (int k = 0; k < 8; k++)
        bits[k] = update(j, wt, mt, i + (size_t)k, g[k], w[k], &m[k], &v[k],
                         &c[k], word[k]);
    now = pack8(wt, bits);
    store8(j->w, wt, i, now);
    put8(j->m, mt, i, m);
    put8(j->v, mt, i, v);
    if (j->comp)
        put8(j->comp, DT_BF16, i, c);
    return differ(wt, &ow, &now);
}

/* Value i alone: what eights leave over, or cannot be aligned to. */
DEV unsigned update1(const struct adamw_job *j, enum dtype wt, size_t i)
{
    float w = get(j->w, wt, i), m = get(j->m, j->mt, i);
    float v = get(j->v, j->mt, i);
    float c = j->comp ? get(j->comp, DT_BF16, i) : 0.0f;
    uint32_t word[4], bits, old;

    canon_rounding_words(j->h.seed, j->h.step, j->h.tensor,
                         (j->h.first + i) / 4, word);
    bits = update(j, wt, j->mt, i, get(j->g, j->gt, i), w, &m, &v, &c,
                  word[i % 4]);
    if (wt == DT_F32) {
        old = ((uint32_t *)j->w)[i];
        ((uint32_t *)j->w)[i] = bits;
    } else {
        old = ((uint16_t *)j->w)[i];
        ((uint16_t *)j->w)[i] = (uint16_t)bits;
    }
    put(j->m, j->mt, i, m);
    put(j->v, j->mt, i, v);
    if (j->comp)
        put(j->comp, DT_BF16, i, c);
    return bits != old;
}

KERNEL __launch_bounds__(ADAMW_NT) adamw_values(struct adamw_job j)
{
    unsigned changed = 0;

    WITH_TYPE(j.wt, WT, WITH_TYPE(j.mt, MT, {
        for (size_t i = grid_at(); i < j.octs; i += grid_step())
            changed += update8(&j, WT, MT, i * 8);
    }););
    for (size_t i = j.octs * 8 + grid_at(); i < j.n; i += grid_step())
        changed += update1(&j, j.wt, i);
    if (!j.changed)
        return;
    for (int s = 16; s > 0; s >>= 1)
        changed += __shfl_xor_sync(FULL, changed, s);
    if (threadIdx.x % 32 == 0 && changed)
        atomicAdd(j.changed, (unsigned long long)changed);
}

OP(void, adamw)(struct kernels *k, const struct k_adamw *h, void *w,
                enum dtype wt, void *comp, void *m, void *v, enum dtype mt,
                const void *g, enum dtype gt, size_t n, uint64_t *changed)
{
    struct cuda *c = cuda_of(k);
    int wide = can_oct(w) && can_oct(m) && can_oct(v) && can_oct(g) &&
               can_oct(comp) && gt != DT_F16;
    struct adamw_job j = {*h, 1.0f - h->beta1, 1.0f - h->beta2,
                          h->lr / h->bias1, canon_sqrt(h->bias2),
                          h->lr * h->weight_decay, w, comp, m, v, wt, mt, gt,
                          g, n, wide ? n / 8 : 0,
                          (unsigned long long *)(void *)changed};

    if (n)
        LAUNCH(c, adamw_values,
               cuda_blocks(c, wide ? (n + 7) / 8 : n, ADAMW_NT), ADAMW_NT, 0,
               j);
}
