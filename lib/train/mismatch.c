/* mismatch - sampler against trainer; see mismatch.h */
#include "mismatch.h"
#include <math.h>
#include "dapo.h"

#define BOUND 20.0

/* Running means and sums of products of deviations (Welford). */
static void correlate(struct mismatch *m, double p, double q)
{
    double n = (double)m->compared, dp = p - m->mean_p, dq = q - m->mean_q;

    m->mean_p += dp / n;
    m->mean_q += dq / n;
    m->var_p += dp * (p - m->mean_p);
    m->var_q += dq * (q - m->mean_q);
    m->cov += dp * (q - m->mean_q);
}

void mismatch_add(struct mismatch *m, float logp, float logp_sampler,
                  double tis)
{
    double x = (double)logp - (double)logp_sampler, p, q, d, r, w;

    if (!isfinite((double)logp) || !isfinite((double)logp_sampler)) {
        m->non_finite++;
        return;
    }
    m->compared++;
    m->differing += x != 0;
    p = dapo_exp((double)logp);
    q = x != 0 ? dapo_exp((double)logp_sampler) : p;
    d = fabs(p - q);
    m->dp += d;
    m->dp_max = d > m->dp_max ? d : m->dp_max;
    m->kl -= x;
    x = x > BOUND ? BOUND : x < -BOUND ? -BOUND : x;
    r = dapo_exp(x);
    m->k3 += r - x - 1;
    m->rho2 += r * r;
    w = tis > 0 && r > tis ? tis : r;
    m->w += w;
    m->w2 += w * w;
    correlate(m, p, q);
}

void mismatch_set(struct rec *r, const struct mismatch *m)
{
    double n = (double)m->compared, spread = sqrt(m->var_p) * sqrt(m->var_q);

    rec_set_u64(r, "mismatch_compared", m->compared);
    rec_set_u64(r, "mismatch_differing", m->differing);
    rec_set_u64(r, "mismatch_non_finite", m->non_finite);
    if (!m->compared)
        return;
    rec_set_f64(r, "mismatch_dp_mean", m->dp / n);
    rec_set_f64(r, "mismatch_dp_max", m->dp_max);
    if (spread > 0)
        rec_set_f64(r, "mismatch_pearson", m->cov / spread);
    rec_set_f64(r, "mismatch_kl", m->kl / n);
    rec_set_f64(r, "mismatch_k3", m->k3 / n);
    rec_set_f64(r, "mismatch_chi2", m->rho2 / n - 1);
    rec_set_f64(r, "mismatch_ess", m->w * m->w / (n * m->w2));
}
