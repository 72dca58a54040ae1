/* model_gradients - gradients of a batch, and those of double */
#ifndef ULP_MODEL_GRADIENTS_H
#define ULP_MODEL_GRADIENTS_H
#include "model_make.h"
#include "model_oracle.h"

/* fp32 against double: the norm of the error stays below this (1e-5 is asked);
 * a dot product of 64 terms carries a few 1e-7. */
#define REL 1e-5

__attribute__((unused)) static double *widen(const float *w, size_t n)
{
    double *d = malloc(n * sizeof *d);

    for (size_t i = 0; i < n; i++)
        d[i] = (double)w[i];
    return d;
}

/* sum of weight[t] * logp[t] over the batch, in double */
__attribute__((unused)) static double objective(const struct oracle *o,
                                                const struct batch *b,
                                                const float *weight,
                                                double temp)
{
    double s = 0, lp[64];

    for (int i = 0; i < b->s.n; i++) {
        int n = b->start[i + 1] - b->start[i];

        o_logp(o, b->tokens + b->start[i], n, b->first[i], temp, lp);
        for (int t = 0; t < n; t++)
            s += (double)weight[b->start[i] + t] * lp[t];
    }
    return s;
}

/* Per-token weights with both signs, some of them 0. */
__attribute__((unused)) static float *make_weights(int n)
{
    float *v = malloc((size_t)n * sizeof *v);
    struct rng r;

    rng_init(&r, 4, 4);
    for (int i = 0; i < n; i++)
        v[i] = i % 7 == 3 ? 0 : (float)rng_normal(&r);
    return v;
}

__attribute__((unused)) static float *gradients(struct made *x)
{
    size_t n = model_params(x->m)->n_values * 4;
    float *g = malloc(n);

    x->k->download(x->k, g, model_grads(x->m), n);
    return g;
}

/* Forward and backward in micro-batches of `per` sequences. */
__attribute__((unused)) static void
pass_in(struct made *x, const struct batch *b, const float *dlogp, int per)
{
    float *logp = malloc(sizeof *logp * (size_t)b->n_tokens);
    int32_t start[65];

    model_zero_grads(x->m);
    for (int i = 0; i < b->s.n; i += per) {
        int j = i + per < b->s.n ? i + per : b->s.n;
        struct seqs s = view(b, i, j, start);

        MUST(model_forward(x->m, &s, 1, 11, 3, logp, NULL, &e));
        MUST(model_backward(x->m, dlogp + b->start[i], &e));
    }
    free(logp);
}

/* Gradients of that. */
__attribute__((unused)) static float *
train_in(struct made *x, const struct batch *b, const float *dlogp, int per)
{
    pass_in(x, b, dlogp, per);
    return gradients(x);
}

/* g against central differences of the oracle, tensor by tensor. */
__attribute__((unused)) static void
check_gradients(struct made *x, const struct batch *b, const float *dlogp,
                double temp, const float *flat, const float *g)
{
    const struct params *p = model_params(x->m);
    double *w = widen(flat, p->n_values);
    double *want = malloc(p->n_values * sizeof *want);
    struct oracle o = {model_config(x->m), p, w};

    for (size_t i = 0; i < p->n_values; i++) {
        double keep = w[i], h = 1e-5, hi, lo;

        w[i] = keep + h;
        hi = objective(&o, b, dlogp, temp);
        w[i] = keep - h;
        lo = objective(&o, b, dlogp, temp);
        w[i] = keep;
        want[i] = (hi - lo) / (2 * h);
    }
    /* central differences are good to about 1e-9 of the objective */
    for (int i = 0; i < p->n; i++) {
        double r = rel_norm(g + p->v[i].offset, want + p->v[i].offset,
                            p->v[i].n);

        T_CHECKF(r < REL, "%s: gradient is off by %g", p->v[i].name, r);
    }
    free(want);
    free(w);
}

#endif
