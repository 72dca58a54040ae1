/* init - first weights and the learning rate's schedule; see pretrain.h */
#include <math.h>
#include "../base/rng.h"
#include "pretrain.h"

/* cos(pi x) for x in [0, 1]: a series in double, the same on every machine. */
static double cos_pi(double x)
{
    double y = 3.14159265358979323846 * (x > 0.5 ? 1 - x : x);
    double z = y * y, term = 1, sum = 1;

    for (int k = 1; k <= 11; k++) {
        term *= -z / ((2 * k - 1) * (2 * k));
        sum += term;
    }
    return x > 0.5 ? -sum : sum;
}

double pretrain_schedule(int step, int steps, int warmup)
{
    double x;

    if (step < warmup)
        return (step + 1) / (double)warmup;
    x = (step - warmup) / (double)(steps > warmup ? steps - warmup : 1);
    return 0.1 + 0.45 * (1 + cos_pi(x));
}

void pretrain_init(float *flat, const struct params *p, const struct config *c,
                   double init_std, uint64_t seed)
{
    for (int i = 0; i < p->n; i++) {
        const struct param *q = &p->v[i];
        int out = q->kind == KIND_O || q->kind == KIND_DOWN;
        double std = init_std / (out ? sqrt(2.0 * c->layers) : 1);
        struct rng r;

        rng_init(&r, seed, (uint64_t)i);
        for (size_t j = 0; j < q->n; j++)
            flat[q->offset + j] = q->kind == KIND_NORM ? 1
                                  : q->kind == KIND_BIAS
                                      ? 0
                                      : (float)(std * rng_normal(&r));
    }
}
