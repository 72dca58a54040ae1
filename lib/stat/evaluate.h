/* evaluate - accuracy of sampled answers and what its noise is (SCIENCE 4)
 *
 * A task has n questions; question i has k[i] samples of which c[i] are right.
 */
#ifndef ULP_STAT_EVALUATE_H
#define ULP_STAT_EVALUATE_H
#include <stddef.h>
#include <stdint.h>

/* Unbiased pass@m of one question: 1 - C(n-c, m)/C(n, m) (arXiv 2107.03374).
 * 1 <= m <= n. */
double eval_pass_at(int64_t n, int64_t c, int64_t m);

struct eval_score {
    double j;           /* pass@1: mean over questions of c/k */
    double se;          /* over questions and samples: sqrt(Var) of SCIENCE 4 */
    double var_eval;    /* sampling part with the questions fixed:
                          sum_i p(1-p)/(k-1) / n^2 */
    const char *se_why; /* not computable: one question */
    const char *var_eval_why; /* not computable: one sample of a question */
};

/* Var = Var_q(p)/n + mean(p(1-p))/(n k), each part estimated without bias from
 * the observed p^: Var_q = s^2(p^) - mean p^(1-p^)/(k-1), and the sampling part
 * mean p^(1-p^)/(k-1)/n. Their sum is s^2(p^)/n whatever the k are. */
struct eval_score eval_score(const int64_t *c, const int64_t *k, size_t n);

/* Ratio sum(s)/sum(w) over clusters (questions) with its clustered standard
 * error: sqrt(G/(G-1) sum (s_g - m w_g)^2) / sum w. KL per token: s the sums of
 * KL over a question's tokens, w their counts. G = 1: se_why is set. */
struct eval_ratio {
    double est, se;
    const char *why, *se_why;
};
struct eval_ratio eval_ratio(const double *s, const double *w, size_t g);

#endif
