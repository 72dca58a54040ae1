/* kl - add KL estimates to a stream of scored responses (SCIENCE 5)
 *
 * in      responses with two columns of logprobs (nats), kl_exact if there
 * out     + kl.token.{exact,k1,k2,k3}, the mean over response tokens, and
 *         kl.sequence.{...}, the sum; unknown fields pass through
 * memory  one record
 * order   preserved
 */
#include <math.h>
#include "filter_main.h"

static struct filter f = FILTER_INIT;
static const char *policy = "policy", *base = "base";

static const struct opt own[] = {
    {OPT_STR, "policy", 0, &policy, "NAME",
     "column of the model that wrote the responses", 0, 0},
    {OPT_STR, "base", 0, &base, "NAME", "column of the base model", 0, 0},
    {0}};

static struct opt opts[] = FILTER_OPTS(own);

static const struct cli cli = {
    .name = "kl",
    .purpose = "add KL estimates to a stream of scored responses",
    .usage = "[options] [responses...]",
    .details =
        "KL(policy || base) of responses that the policy wrote at temperature "
        "1, top-p 1. With log r = logprobs.base - logprobs.policy at a token: "
        "k1 = -log r, k2 = (log r)^2 / 2, k3 = r - 1 - log r. exact is the "
        "sum over the vocabulary that `logprob --against` put into kl_exact; "
        "it is left out where that is missing. kl.token is the mean over "
        "response tokens, kl.sequence the sum; both in nats.",
    .example =
        "tokenize --tokenizer M p.jsonl | rollout --model M | "
        "logprob --model M --as policy --against B --as-against base | kl | "
        "stats kl.token.exact",
    .see_also = "logprob, rollout, stats",
    .opts = opts,
    .min_args = 0,
    .max_args = 1024,
};

/* exp(x) - 1 - x without cancellation near 0, and without libm, whose last
 * bit differs between machines: a series for x halved to below 1/2, then
 * g(2y) = (y + g(y))^2 + 2 g(y). */
static double k3(double x)
{
    double y = x, g = 0;
    int halvings = 0;

    while (y > 0.5 || y < -0.5) {
        y /= 2;
        halvings++;
    }
    for (int k = 17; k >= 2; k--)
        g = (1 + g) * y / k;
    g *= y;
    for (; halvings; halvings--) {
        g = (y + g) * (y + g) + 2 * g;
        y *= 2;
    }
    return g;
}

struct sums {
    double exact, k1, k2, k3;
};

static int column(struct rec *rec, const char *path, size_t n,
                  struct rec_f32s *out, struct err *e)
{
    if (out->n != n)
        return rec_bad(rec, e, "%s has %zu values, response_tokens %zu", path,
                       out->n, n);
    for (size_t i = 0; i < n; i++)
        if (!isfinite(out->v[i]))
            return rec_bad(rec, e, "%s: value %zu is not finite", path, i);
    return 0;
}

static int need(struct rec *rec, const char *prefix, const char *name, size_t n,
                struct rec_f32s *out, struct err *e)
{
    char path[256];
    int r;

    snprintf(path, sizeof path, "%s%s", prefix, name);
    r = rec_need_f32s(rec, path, out, e);
    return r ? r : column(rec, path, n, out, e);
}

static void set(struct rec *rec, const char *scope, const struct sums *s,
                double n, int exact)
{
    char path[64];

    if (exact) {
        snprintf(path, sizeof path, "kl.%s.exact", scope);
        rec_set_f64(rec, path, s->exact / n);
    }
    snprintf(path, sizeof path, "kl.%s.k1", scope);
    rec_set_f64(rec, path, s->k1 / n);
    snprintf(path, sizeof path, "kl.%s.k2", scope);
    rec_set_f64(rec, path, s->k2 / n);
    snprintf(path, sizeof path, "kl.%s.k3", scope);
    rec_set_f64(rec, path, s->k3 / n);
}

static int work(struct rec *rec, struct err *e)
{
    struct rec_i32s tokens;
    struct rec_f32s p, b, x = {0};
    struct sums s = {0};
    int exact, r = rec_need_i32s(rec, "response_tokens", &tokens, e);

    if (!r && tokens.n == 0)
        r = rec_bad(rec, e, "response_tokens: empty");
    if (!r)
        r = need(rec, "logprobs.", policy, tokens.n, &p, e);
    if (!r)
        r = need(rec, "logprobs.", base, tokens.n, &b, e);
    if (r)
        return r;
    exact = rec_get_f32s(rec, "kl_exact", &x, e);
    if (exact > 0)
        r = column(rec, "kl_exact", tokens.n, &x, e);
    if (r || exact < 0)
        return r ? r : exact;
    for (size_t i = 0; i < tokens.n; i++) {
        double log_r = (double)b.v[i] - (double)p.v[i];

        s.exact += exact ? (double)x.v[i] : 0;
        s.k1 -= log_r;
        s.k2 += log_r * log_r / 2;
        s.k3 += k3(log_r);
    }
    if (!isfinite(s.k3))
        return rec_bad(rec, e, "logprobs.%s: k3 overflows", base);
    set(rec, "token", &s, (double)tokens.n, exact);
    set(rec, "sequence", &s, 1, exact);
    return 0;
}

static int run(char **args, int n, struct err *e)
{
    struct rec *rec;
    int r = filter_open(&f, "kl", "rollouts", args, n, e);

    if (r)
        return r;
    filter_made_by(&f, "policy", policy);
    filter_made_by(&f, "base", base);
    while ((r = filter_read(&f, &rec, e)) > 0) {
        r = work(rec, e);
        r = r ? filter_skip(&f, e) : filter_write(&f, rec, e);
        if (r)
            return r;
    }
    return r ? r : filter_close(&f, e);
}

int main(int argc, char **argv)
{
    return filter_main(&cli, opts, &f, argc, argv, run);
}
