/* evaluate - pass@k, standard errors, sampling noise, clustered ratios */
#include <math.h>
#include <stdlib.h>
#include "../base/arena.h"
#include "describe.h"
#include "evaluate.h"

double eval_pass_at(int64_t n, int64_t c, int64_t m)
{
    double miss = 1;

    if (n - c < m)
        return 1;
    for (int64_t i = n - c + 1; i <= n; i++)
        miss *= 1 - (double)m / (double)i;
    return 1 - miss;
}

struct eval_score eval_score(const int64_t *c, const int64_t *k, size_t n)
{
    struct eval_score r = {0};
    double *p = xmalloc((n ? n : 1) * sizeof *p), noise = 0;

    for (size_t i = 0; i < n; i++) {
        p[i] = (double)c[i] / (double)k[i];
        if (k[i] < 2)
            r.var_eval_why = "one sample of a question";
        else
            noise += p[i] * (1 - p[i]) / (double)(k[i] - 1);
    }
    if (n == 0) {
        r.se_why = r.var_eval_why = "no questions";
        free(p);
        return r;
    }
    r.j = desc_mean(p, n);
    if (n == 1)
        r.se_why = "one question";
    else
        r.se = sqrt(desc_var(p, n) / (double)n);
    if (!r.var_eval_why)
        r.var_eval = noise / ((double)n * (double)n);
    free(p);
    return r;
}

struct eval_ratio eval_ratio(const double *s, const double *w, size_t g)
{
    struct eval_ratio r = {0};
    double sum = 0, weight = 0, ss = 0;

    for (size_t i = 0; i < g; i++) {
        sum += s[i];
        weight += w[i];
    }
    if (g == 0 || weight <= 0) {
        r.why = r.se_why = "nothing to average";
        return r;
    }
    r.est = sum / weight;
    if (g == 1) {
        r.se_why = "one question";
        return r;
    }
    for (size_t i = 0; i < g; i++) {
        double d = s[i] - r.est * w[i];

        ss += d * d;
    }
    r.se = sqrt((double)g / (double)(g - 1) * ss) / weight;
    return r;
}
