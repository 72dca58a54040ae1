/* stat_collapse - how often the rule is wrong: on runs that stay as they are,
 * and on runs whose policy is ruined */
#include "../../lib/base/rng.h"
#include "../../lib/stat/collapse.h"
#include "t.h"

/* A policy: a share `sure` of prompts is always answered alike (right with p),
 * the others with p for each sample. */
struct policy {
    double p, sure;
};

static struct answers step(struct rng *r, struct policy x, int want,
                           int samples, int rounds)
{
    struct answers a = {0, 0, 0};

    /* dynamic sampling: rounds of `want` groups until so many are mixed */
    for (int i = 0; i < rounds && a.mixed < want; i++)
        for (int g = 0; g < want; g++) {
            int alike = rng_double(r) < x.sure, right = 0;
            int first = rng_double(r) < x.p;

            for (int s = 0; s < samples; s++)
                right += alike ? first : rng_double(r) < x.p;
            a.groups++;
            a.right += (double)right / samples;
            a.mixed += right > 0 && right < samples;
        }
    return a;
}

static struct answers tenth(struct rng *r, struct policy x, int steps, int want,
                            int samples)
{
    struct answers a = {0, 0, 0};

    for (int i = 0; i < steps; i++) {
        struct answers b = step(r, x, want, samples, 10);

        a.groups += b.groups;
        a.right += b.right;
        a.mixed += b.mixed;
    }
    return a;
}

static int found(struct rng *r, struct policy was, struct policy is, int runs)
{
    static const int shape[][3] = {
        {1, 4, 4}, {1, 16, 8}, {4, 16, 8}, {1, 8, 2}, {2, 32, 16}};
    int n = 0;

    for (int i = 0; i < runs; i++) {
        const int *s = shape[i % 5];

        n += stat_collapsed(tenth(r, was, s[0], s[1], s[2]),
                            tenth(r, is, s[0], s[1], s[2]));
    }
    return n;
}

static void a_policy_that_stays_is_hardly_ever_called_collapsed(void)
{
    static const double p[] = {0.005, 0.02, 0.1, 0.25, 0.5, 0.8, 0.98};
    static const double sure[] = {0, 0.3, 0.7, 1};
    struct rng r;
    int worst = 0, all = 0;

    rng_init(&r, 11, 1);
    for (int i = 0; i < 28; i++) {
        const struct policy x = {p[i / 4], sure[i % 4]};
        int n = found(&r, x, x, 1000);

        worst = n > worst ? n : worst;
        all += n;
    }
    /* measured: none */
    T_CHECKF(all == 0, "%d of 28000, at worst %d of 1000", all, worst);
}

static void nor_is_one_that_learns(void)
{
    struct rng r;

    rng_init(&r, 12, 1);
    T_EQ_INT(
        found(&r, (struct policy){0.2, 0.3}, (struct policy){0.99, 0.9}, 2000),
        0);
    T_EQ_INT(found(&r, (struct policy){0.02, 0}, (struct policy){0.1, 0.5},
                   2000) < 5,
             1);
}

static void a_ruined_one_is_found(void)
{
    const struct policy gone = {0, 1};
    struct rng r;

    rng_init(&r, 13, 1);
    for (int i = 0; i < 500; i++) {
        T_CHECK(stat_collapsed(tenth(&r, (struct policy){0.3, 0.3}, 1, 16, 8),
                               tenth(&r, gone, 1, 16, 8)));
        /* next to nothing right, but a full batch at first */
        T_CHECK(stat_collapsed((struct answers){100, 1, 4},
                               (struct answers){800, 0, 0}));
    }
    T_CHECK(
        !stat_collapsed((struct answers){0, 0, 0}, (struct answers){9, 0, 0}));
    T_CHECK(
        !stat_collapsed((struct answers){9, 0, 0}, (struct answers){9, 0, 0}));
}

int main(void)
{
    T_RUN(a_policy_that_stays_is_hardly_ever_called_collapsed);
    T_RUN(nor_is_one_that_learns);
    T_RUN(a_ruined_one_is_found);
    T_DONE();
}
