/* simulate - experiments whose truth is known, as records for stats --verdicts
 *
 *   simulate TRUTH N [SEED]    N experiments, JSON lines
 *   simulate TRUTH expect      the true values: quantity, arm, task, value
 *   simulate list              the truths, a line each
 *
 * One on-task and seven off-tasks; arms ref, arm, third; a policy's accuracy on
 * a question is that of the base plus a change, an effect of the training seed
 * and one of the noise draw. Answers are Bernoulli draws. A seed's evaluation
 * stream is the same for all arms and draws; where a policy differs its samples
 * decorrelate from it by `fresh`, the share of answers that are drawn anew.
 * KL is lognormal over seeds.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../../lib/base/rng.h"

enum { TASKS = 8, ARMS = 3, MAX_Q = 160, MAX_SEEDS = 40, MAX_DRAWS = 8 };

struct arm_truth {
    double on, off; /* change of accuracy on-task, off-task */
    double seed_sd; /* off-task and on-task, of accuracy */
    double noise_sd;
    double log_kl;  /* of the on-task */
    double log_gap; /* mean log KL off-task minus on-task */
};

struct truth {
    const char *name, *about;
    struct arm_truth a[ARMS];
    int seeds, draws;
    double rho; /* correlation of a seed's effect between tasks */
    double fresh;
    int tail;          /* degrees of freedom of the seed's effect; 0: normal */
    int edges;         /* a task at the floor, one at the ceiling */
    const char *calls; /* words that would be wrong, HYPOTHESIS:WORD[:ARM],
                          of both arms where none is named */
};

#define SAME                                                                   \
    {                                                                          \
        .on = .2, .off = .05, .seed_sd = .02, .noise_sd = .008, .log_kl = -4,  \
        .log_gap = .3                                                          \
    }
#define NULLS                                                                  \
    "H2:supported,H2:contradicted,H2-noise:supported,"                         \
    "H2-noise:contradicted,H3:supported,H3:contradicted,"

static const struct truth truths[] = {
    {"null",
     "all arms alike",
     {SAME, SAME, SAME},
     10,
     3,
     .4,
     .5,
     0,
     0,
     NULLS "H1:contradicted"},
    {"no_noise",
     "no noise of the policy, samples that decorrelate",
     {{.2, .05, .02, 0, -4, .3},
      {.2, .05, .02, 0, -4, .3},
      {.2, .05, .02, 0, -4, .3}},
     10,
     3,
     .4,
     1,
     0,
     0,
     NULLS "H1:contradicted"},
    {"arm_moves_less",
     "the arm moves less, spread alike",
     {SAME, {.1, .0, .02, .008, -5, .3}, SAME},
     10,
     3,
     .4,
     .5,
     0,
     0,
     NULLS "H1:supported:arm"},
    {"reference_moves_less",
     "the reference moves less, spread alike",
     {{.1, .0, .02, .008, -5, .3}, SAME, SAME},
     10,
     3,
     .4,
     .5,
     0,
     0,
     NULLS "H1:supported"},
    {"at_the_margin",
     "on-task accuracy is lower by just the margin",
     {SAME, {.18, .05, .02, .008, -4, .3}, {.18, .05, .02, .008, -4, .3}},
     10,
     3,
     .4,
     .5,
     0,
     0,
     NULLS "H1:supported,H1:contradicted"},
    {"kl_larger_everywhere",
     "KL twice as large on every task, larger off-task",
     {{.2, .05, .02, .008, -4, 1},
      {.2, .05, .02, .008, -3.3, 1},
      {.2, .05, .02, .008, -3.3, 1}},
     10,
     3,
     .4,
     .5,
     0,
     0,
     NULLS "H1:contradicted"},
    {"kl_larger_on_task",
     "KL twice as large on every task, larger on-task",
     {{.2, .05, .02, .008, -4, -1},
      {.2, .05, .02, .008, -3.3, -1},
      {.2, .05, .02, .008, -3.3, -1}},
     10,
     3,
     .4,
     .5,
     0,
     0,
     NULLS "H1:contradicted"},
    {"edges",
     "a task at the floor and one at the ceiling",
     {SAME, SAME, SAME},
     10,
     3,
     .4,
     .5,
     0,
     1,
     NULLS "H1:contradicted"},
    {"tasks_correlate",
     "a seed's effect is nearly the same on all tasks",
     {SAME, SAME, SAME},
     10,
     3,
     .9,
     .5,
     0,
     0,
     NULLS "H1:contradicted"},
    {"heavy_tails",
     "t3 effects of the seed",
     {SAME, SAME, SAME},
     10,
     3,
     .4,
     .5,
     3,
     0,
     NULLS "H1:contradicted"},
    {"one_draw",
     "one noise draw",
     {SAME, SAME, SAME},
     10,
     1,
     .4,
     .5,
     0,
     0,
     "H2:supported,H2:contradicted,H3:supported,H3:contradicted,"
     "H1:contradicted"},
    {"twenty_seeds",
     "all arms alike, 20 seeds",
     {SAME, SAME, SAME},
     20,
     2,
     .4,
     .5,
     0,
     0,
     NULLS "H1:contradicted"},
    {"variance_4",
     "variance over seeds 4 times as large",
     {{.2, .05, .03, 0, -4, .3},
      {.2, .05, .06, 0, -4, .3},
      {.2, .05, .06, 0, -4, .3}},
     20,
     1,
     .3,
     .5,
     0,
     0,
     "H2:contradicted,H3:supported,H3:contradicted,H1:contradicted"},
    {"noise_half",
     "noise of half the seed variance in the arms alone",
     {{.2, .05, .04, 0, -4, .3},
      {.2, .05, .04, .02828427, -4, .3},
      {.2, .05, .04, .02828427, -4, .3}},
     20,
     4,
     .3,
     .5,
     0,
     0,
     "H2:contradicted,H2-noise:contradicted,H3:supported,H3:contradicted,"
     "H1:contradicted"},
};
enum { N_TRUTHS = sizeof truths / sizeof *truths };

static const char *const arm_name[ARMS] = {"ref", "arm", "third"};
static const int questions[TASKS] = {128, 30, 30, 40, 100, 100, 100, 50};
static const int samples[TASKS] = {4, 16, 16, 8, 4, 4, 4, 4};

static void task_name(char name[16], int k)
{
    if (k)
        snprintf(name, 16, "off%d", k);
    else
        strcpy(name, "on");
}

/* Accuracy of the base on question i: spread between 0.3 and 0.6. */
static double base_p(const struct truth *t, int task, int i)
{
    if (t->edges && task == 6)
        return 0;
    if (t->edges && task == 7)
        return 1;
    return 0.3 + 0.3 * (i + 0.5) / questions[task];
}

static double effect(struct rng *g, const struct truth *t)
{
    double z = rng_normal(g), s = 0;

    for (int i = 0; i < t->tail; i++) {
        double x = rng_normal(g);

        s += x * x;
    }
    /* t3 has variance 3 */
    return t->tail ? z / sqrt(s / t->tail) / sqrt(3) : z;
}

struct counts {
    double j, var_eval, se, half[2];
};

/* Answers to all questions at accuracy p(i) + shift. u: the seed's stream. */
static struct counts answer(struct rng *g, const struct truth *t, int task,
                            double shift, const double *u, double fresh)
{
    int n = questions[task], k = samples[task];
    double sum2 = 0;
    struct counts c = {0};

    for (int i = 0; i < n; i++) {
        double p = base_p(t, task, i), right[2] = {0}, ph;

        if (p > 0 && p < 1)
            p = fmin(1, fmax(0, p + shift));
        for (int s = 0; s < k; s++) {
            double x = fresh > 0 && rng_double(g) < fresh ? rng_double(g)
                                                          : u[i * k + s];

            right[s & 1] += x < p;
        }
        ph = (right[0] + right[1]) / k;
        c.half[0] += right[0] / (k / 2) / n;
        c.half[1] += right[1] / (k / 2) / n;
        c.j += ph / n;
        sum2 += ph * ph;
        c.var_eval += ph * (1 - ph) / (k - 1) / n / n;
    }
    c.se = sqrt(fmax(0, (sum2 - n * c.j * c.j) / (n - 1) / n));
    return c;
}

static void put_score(int x, const char *arm, int seed, int draw, int task,
                      const struct counts *c)
{
    char name[16];

    task_name(name, task);
    printf("{\"experiment\":%d,\"arm\":\"%s\",\"seed\":%d,\"draw\":%d,"
           "\"task\":\"%s\",\"j\":%.9g,\"se\":%.6g,\"var_eval\":%.9g,"
           "\"j_even\":%.9g,\"j_odd\":%.9g}\n",
           x, arm, seed, draw, name, c->j, c->se, c->var_eval, c->half[0],
           c->half[1]);
}

static void put_kl(int x, const char *arm, int seed, int draw, int task,
                   double kl)
{
    char name[16];

    task_name(name, task);
    printf("{\"experiment\":%d,\"arm\":\"%s\",\"seed\":%d,\"draw\":%d,"
           "\"task\":\"%s\",\"kl_token\":{\"exact\":%.9g}}\n",
           x, arm, seed, draw, name, kl);
}

/* One arm at one seed: its effects on the tasks, then its draws. */
static void run(struct rng *g, const struct truth *t, int x, int seed, int a,
                double u[TASKS][MAX_Q * 16])
{
    const struct arm_truth *w = &t->a[a];
    double all = effect(g, t), by_task[TASKS], kl_on = rng_normal(g) * .2;

    for (int k = 0; k < TASKS; k++)
        by_task[k] = w->seed_sd *
                     (sqrt(t->rho) * all + sqrt(1 - t->rho) * effect(g, t));
    for (int r = 0; r < t->draws; r++)
        for (int k = 0; k < TASKS; k++) {
            double shift = (k ? w->off : w->on) + by_task[k] +
                           w->noise_sd * rng_normal(g);
            struct counts c = answer(g, t, k, shift, u[k], t->fresh);

            put_score(x, arm_name[a], seed, r, k, &c);
            put_kl(x, arm_name[a], seed, r, k,
                   exp(w->log_kl + kl_on + (k ? w->log_gap : 0) +
                       .1 * rng_normal(g)));
        }
}

static void experiment(struct rng *g, const struct truth *t, int x)
{
    static double u[TASKS][MAX_Q * 16];

    for (int seed = 1; seed <= t->seeds; seed++) {
        for (int k = 0; k < TASKS; k++)
            for (int i = 0; i < questions[k] * samples[k]; i++)
                u[k][i] = rng_double(g);
        for (int k = 0; k < TASKS; k++) {
            struct counts c = answer(g, t, k, 0, u[k], 0);

            put_score(x, "base", seed, 0, k, &c);
        }
        for (int a = 0; a < ARMS; a++)
            run(g, t, x, seed, a, u);
    }
}

/* What the estimates should cover, and the words that would be wrong. */
static void expect(const struct truth *t)
{
    for (int a = 0; a < ARMS; a++) {
        const struct arm_truth *w = &t->a[a];
        char name[16];

        for (int k = 0; k < (t->edges ? TASKS - 2 : TASKS); k++) {
            task_name(name, k);
            printf("delta_j %s %s %.9g\n", arm_name[a], name,
                   k ? w->off : w->on);
            printf("seed_variance %s %s %.9g\n", arm_name[a], name,
                   w->seed_sd * w->seed_sd);
        }
        printf("seed_variance %s off %.9g\n", arm_name[a],
               w->seed_sd * w->seed_sd);
        printf("noise_variance %s off %.9g\n", arm_name[a],
               w->noise_sd * w->noise_sd);
        if (a) {
            const struct arm_truth *z = &t->a[0];

            printf("H2 %s - %.9g\n", arm_name[a],
                   (w->seed_sd * w->seed_sd + w->noise_sd * w->noise_sd) /
                       (z->seed_sd * z->seed_sd + z->noise_sd * z->noise_sd));
            printf("H2-noise %s - %.9g\n", arm_name[a],
                   w->noise_sd * w->noise_sd - z->noise_sd * z->noise_sd);
            printf("H3 %s - %.9g\n", arm_name[a], exp(w->log_gap - z->log_gap));
            printf("H1 %s - %.9g\n", arm_name[a], w->on - z->on);
        }
    }
    /* an interval that assumes normal values is shown, not judged */
    if (t->tail)
        puts("normal seed_variance mean_seed_variance");
    printf("wrong %s\n", t->calls);
}

int main(int argc, char **argv)
{
    const struct truth *t = NULL;
    struct rng g;

    if (argc == 2 && !strcmp(argv[1], "list")) {
        for (int i = 0; i < N_TRUTHS; i++)
            printf("%s %s\n", truths[i].name, truths[i].about);
        return 0;
    }
    for (int i = 0; argc >= 3 && i < N_TRUTHS; i++)
        if (!strcmp(argv[1], truths[i].name))
            t = &truths[i];
    if (!t) {
        fputs("usage: simulate TRUTH N|expect [SEED], or simulate list\n",
              stderr);
        return 2;
    }
    if (!strcmp(argv[2], "expect")) {
        expect(t);
        return 0;
    }
    rng_init(&g, argc > 3 ? strtoull(argv[3], NULL, 10) : 1, 0x63616c69);
    for (int x = 0; x < atoi(argv[2]); x++)
        experiment(&g, t, x);
    return 0;
}
