/* optim - adamw and the sum of squares (twins: adamw, sumsq) */
#include <stdlib.h>
#include "dev.h"

struct adamw_job {
    struct k_adamw h;
    float one_minus_b1, one_minus_b2, step, root2, decay;
    void *w, *comp, *m, *v;
    enum dtype wt, mt;
    const float *g;
    size_t n;
    unsigned long long *changed;
};

/* The stored bits of x; word is value i's random word. */
DEV uint32_t stored(const struct adamw_job *j, float x, uint32_t word)
{
    if (j->wt == DT_F32)
        return canon_bits(x);
    if (j->wt == DT_BF16)
        return j->h.stochastic ? canon_stochastic_bf16(x, word)
                               : canon_round_bf16(x);
    return j->h.stochastic ? canon_stochastic_f16(x, word)
                           : canon_round_f16(x);
}

DEV uint32_t old_bits(const struct adamw_job *j, size_t i)
{
    return j->wt == DT_F32 ? ((const uint32_t *)j->w)[i]
                           : ((const uint16_t *)j->w)[i];
}

/* Value i; 1 when its stored bits change. */
DEV int update(const struct adamw_job *j, size_t i, uint32_t word)
{
    float g = j->g[i] * j->h.grad_scale, w = get(j->w, j->wt, i);
    float m = get(j->m, j->mt, i);
    float v = get(j->v, j->mt, i), d, now, k = 0.0f;
    uint32_t bits, old = old_bits(j, i);

    m = canon_fma(j->h.beta1, m, j->one_minus_b1 * g);
    v = canon_fma(j->h.beta2, v, (j->one_minus_b2 * g) * g);
    d = canon_fma(j->decay, w,
                  j->step * (m / (canon_sqrt(v) / j->root2 + j->h.eps)));
    put(j->m, j->mt, i, m);
    put(j->v, j->mt, i, v);
    if (j->comp) {
        k = get(j->comp, DT_BF16, i) - d;
        now = w + k;
    } else {
        now = w - d;
    }
    bits = stored(j, now, word);
    if (j->wt == DT_F32)
        ((uint32_t *)j->w)[i] = bits;
    else
        ((uint16_t *)j->w)[i] = (uint16_t)bits;
    if (j->comp)
        put(j->comp, DT_BF16, i, k - (get(j->w, j->wt, i) - w));
    return bits != old;
}

/* A thread takes values 4 q .. 4 q + 3, which share a counter. */
KERNEL adamw_quads(struct adamw_job j)
{
    size_t quads = (j.n + 3) / 4;
    unsigned changed = 0;

    for (size_t q = grid_at(); q < quads; q += grid_step()) {
        uint32_t word[4] = {0, 0, 0, 0};

        if (j.h.stochastic && j.wt != DT_F32)
            canon_rounding_words(j.h.seed, j.h.step, j.h.tensor, q, word);
        for (size_t i = q * 4; i < q * 4 + 4 && i < j.n; i++)
            changed += (unsigned)update(&j, i, word[i % 4]);
    }
    for (int s = 16; s > 0; s >>= 1)
        changed += __shfl_xor_sync(FULL, changed, s);
    if (threadIdx.x % 32 == 0 && changed)
        atomicAdd(j.changed, (unsigned long long)changed);
}

OP(void, adamw)(struct kernels *k, const struct k_adamw *h, void *w,
                enum dtype wt, void *comp, void *m, void *v, enum dtype mt,
                const float *g, size_t n, uint64_t *changed)
{
    struct cuda *c = cuda_of(k);
    struct adamw_job j = {*h, 1.0f - h->beta1, 1.0f - h->beta2,
                          h->lr / h->bias1, canon_sqrt(h->bias2),
                          h->lr * h->weight_decay, w, comp, m, v, wt, mt, g,
                          n, NULL};
    unsigned long long seen = 0;

    if (n == 0)
        return;
    j.changed = (unsigned long long *)CU(cuda_scratch)(c, S_TASKS,
                                                       sizeof seen);
    if (!j.changed)
        return;
    k->zero(k, j.changed, sizeof seen);
    LAUNCH(c, adamw_quads, cuda_blocks(c, (n + 3) / 4, 256), 256, 0, j);
    if (changed) {
        CU(cuda_download)(c, &seen, j.changed, sizeof seen);
        *changed += seen;
    }
}

enum { SQUARES = 65536 };

/* A warp takes a block of SQUARES values. */
KERNEL square_sums(const float *g, size_t n, double *sums)
{
    size_t at = (size_t)blockIdx.x * SQUARES;
    size_t end = n - at < SQUARES ? n : at + SQUARES;
    double s = 0.0;

    for (size_t i = at + threadIdx.x; i < end; i += 32)
        s += (double)g[i] * (double)g[i]; /* the product is exact */
    s = warp_tree64(s);
    if (threadIdx.x == 0)
        sums[blockIdx.x] = s;
}

OP(double, sumsq)(struct kernels *k, const float *g, size_t n)
{
    struct cuda *c = cuda_of(k);
    size_t blocks = (n + SQUARES - 1) / SQUARES;
    double *dev, *host, total = 0.0;

    if (n == 0)
        return 0.0;
    dev = (double *)CU(cuda_scratch)(c, S_TASKS, blocks * sizeof *dev);
    host = (double *)calloc(blocks, sizeof *host);
    if (!host)
        CU(cuda_fail)(c, ERR_IO, "cuda: out of host memory");
    if (dev && host) {
        LAUNCH(c, square_sums, (unsigned)blocks, 32, 0, g, n, dev);
        CU(cuda_download)(c, host, dev, blocks * sizeof *dev);
        for (size_t b = 0; b < blocks; b++)
            total += host[b];
    }
    free(host);
    return total;
}
