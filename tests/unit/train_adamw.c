/* train_adamw - the optimizer against torch and float64; precision arms
 *
 * adamw_torch.h: ten steps of torch.optim.AdamW (make_adamw.py beside it).
 */
#include "../../lib/base/rng.h"
#include "../../lib/train/adamw.h"
#include "../golden/train/adamw_torch.h"
#include "t.h"

enum { N_MATRIX = 24, N_VECTOR = 8, N_ALL = 32, STEPS = 10 };

static const struct adamw_opts usual = {0.9, 0.999, 1e-8, 0.01, 1, 3, 0, 0, 0};

/* One matrix with decay, one vector without. */
static void two_tensors(struct params *p, struct param v[2])
{
    memset(v, 0, 2 * sizeof *v);
    strcpy(v[0].name, "matrix");
    v[0].rows = 6;
    v[0].cols = 4;
    v[0].n = N_MATRIX;
    v[0].decay = 1;
    strcpy(v[1].name, "vector");
    v[1].rows = N_VECTOR;
    v[1].n = N_VECTOR;
    v[1].offset = N_MATRIX;
    p->n = 2;
    p->v = v;
    p->n_values = N_ALL;
}

static void one_tensor(struct params *p, struct param *v, int n)
{
    memset(v, 0, sizeof *v);
    strcpy(v->name, "w");
    v->rows = n;
    v->n = (size_t)n;
    p->n = 1;
    p->v = v;
    p->n_values = (size_t)n;
}

static struct kernels *cpu(void)
{
    struct k_order order = {ORDER_CANONICAL, 0};
    struct kernels *k = NULL;
    struct err e = {0};

    if (kernels_open(&k, "cpu", 1, order, &e))
        t_fail(__FILE__, __LINE__, "%s", e.msg);
    return k;
}

static struct adamw *open_arm(struct kernels *k, const struct params *p,
                              const char *arm, const struct adamw_opts *o)
{
    struct adamw *a = NULL;
    struct arm parsed;
    struct err e = {0};

    if (arm_parse(&parsed, arm, &e) || adamw_open(&a, k, p, &parsed, o, &e))
        t_fail(__FILE__, __LINE__, "%s", e.msg);
    return a;
}

static void ten_steps_match_torch(void)
{
    struct kernels *k = cpu();
    struct params p;
    struct param v[2];
    struct adamw *a;
    struct err e = {0};

    two_tensors(&p, v);
    a = open_arm(k, &p, "fp32", &usual);
    T_EQ_INT(adamw_set_master(a, torch_start[0], &e), 0);
    for (int s = 0; s < STEPS; s++) {
        struct adamw_result r;
        float w[N_ALL], g[N_ALL];

        memcpy(g, torch_grad[s], sizeof g);
        T_EQ_INT(adamw_update(a, g, 1e-3, &r, &e), 0);
        T_NEAR(r.norm, torch_norm[s], 0, 1e-6);
        k->download(k, w, a->master, sizeof w);
        for (int i = 0; i < N_ALL; i++)
            /* parameters within 1e-6 relative */
            T_CHECKF(fabs((double)w[i] - (double)torch_after[s][i]) <=
                         1e-6 * fabs((double)torch_after[s][i]) + 1e-9,
                     "step %d, value %d: %.9g, torch %.9g", s, i, (double)w[i],
                     (double)torch_after[s][i]);
    }
    T_EQ_INT(a->updates, STEPS);
    adamw_close(&a);
    kernels_close(&k);
}

/* AdamW as in its paper, in double. */
struct oracle {
    double m, v, w;
};

static void oracle_step(struct oracle *o, double g, double lr, int step)
{
    o->m = 0.9 * o->m + 0.1 * g;
    o->v = 0.999 * o->v + 0.001 * g * g;
    o->w -= lr * (o->m / (1 - pow(0.9, step)) /
                  (sqrt(o->v / (1 - pow(0.999, step))) + 1e-8));
}

enum { N_WALK = 512, WALK = 200 };

struct walk {
    double frozen; /* fraction of weights that never moved */
    double error;  /* rms distance to float64, in units of the rms move */
    double bias;   /* mean signed distance, in the same unit */
    uint64_t changed;
};

/* WALK steps at lr 1e-6 from N(0, 0.02) weights, constant-sign gradients. */
static struct walk walk(const char *arm)
{
    struct adamw_opts o = usual;
    struct kernels *k = cpu();
    struct params p;
    struct param v;
    struct adamw *a;
    struct err e = {0};
    struct rng r;
    struct walk out = {0};
    struct oracle want[N_WALK];
    float w0[N_WALK], g[N_WALK];
    double move = 0, miss = 0, sum = 0;

    memset(want, 0, sizeof want);
    o.grad_clip = 0;
    one_tensor(&p, &v, N_WALK);
    a = open_arm(k, &p, arm, &o);
    rng_init(&r, 11, 0);
    for (int i = 0; i < N_WALK; i++)
        w0[i] = (float)(0.02 * rng_normal(&r));
    T_EQ_INT(adamw_set_master(a, w0, &e), 0);
    k->cast(k, w0, DT_F32, a->master, a->arm.master, N_WALK);
    for (int i = 0; i < N_WALK; i++)
        want[i].w = (double)w0[i];
    for (int s = 1; s <= WALK; s++) {
        struct adamw_result res;

        for (int i = 0; i < N_WALK; i++) {
            g[i] = (float)(1 + 0.5 * rng_normal(&r)) * (i % 2 ? 1 : -1);
            oracle_step(&want[i], (double)g[i], 1e-6, s);
        }
        T_EQ_INT(adamw_update(a, g, 1e-6, &res, &e), 0);
        out.changed += res.changed;
    }
    k->cast(k, g, DT_F32, a->master, a->arm.master, N_WALK);
    for (int i = 0; i < N_WALK; i++) {
        double d = (double)g[i] - want[i].w, m = want[i].w - (double)w0[i];

        out.frozen += g[i] == w0[i];
        move += m * m;
        miss += d * d;
        sum += d * (i % 2 ? 1 : -1);
    }
    out.frozen /= N_WALK;
    out.error = sqrt(miss / move);
    out.bias = sum / N_WALK / sqrt(move / N_WALK);
    adamw_close(&a);
    kernels_close(&k);
    return out;
}

static void nearest_bf16_freezes_small_updates(void)
{
    struct walk w = walk("bf16-weights,order=canonical");

    /* SCIENCE 2: about 98% of N(0, 0.02) weights can never move; an update of
     * 1e-6 moves |w| below 2^-11 or so: P(|z| < 0.0244) = 1.9% */
    T_CHECKF(w.frozen > 0.96 && w.frozen < 1, "frozen %.4f", w.frozen);
}

static void fp32_masters_track_float64(void)
{
    struct walk w = walk("fp32"), mixed = walk("bf16-mixed");

    T_CHECKF(w.frozen == 0, "frozen %.4f", w.frozen);
    /* a step of 1e-6 is 500 ulps of a weight of 0.02; 200 steps */
    T_CHECKF(w.error < 2e-3, "error %.2e", w.error);
    T_CHECK(w.error == mixed.error);
}

static void kahan_tracks_float64(void)
{
    struct walk w = walk("bf16-kahan");

    /* the bf16 sum carries its error on: what is left is one rounding of
     * the weight, ulp/2 = 2^-15 at 0.02, against a move of 2e-4 */
    T_CHECKF(w.frozen < 0.5, "frozen %.4f", w.frozen);
    T_CHECKF(fabs(w.bias) < 0.02, "bias %.4f", w.bias);
    T_CHECKF(w.error < 0.25, "error %.4f", w.error);
}

static void stochastic_rounding_is_unbiased(void)
{
    struct walk w = walk("bf16-sr"), again = walk("bf16-sr");
    struct walk nearest = walk("bf16-weights,order=canonical");

    T_CHECKF(fabs(w.bias) < 0.1, "bias %.4f", w.bias);
    T_CHECKF(fabs(nearest.bias) > 0.8, "bias %.4f", nearest.bias);
    T_CHECK(w.changed > 20 * nearest.changed / 10);
    T_CHECK(w.error == again.error && w.changed == again.changed);
}

static void a_norm_that_is_not_finite_skips(void)
{
    struct kernels *k = cpu();
    struct params p;
    struct param v[2];
    struct adamw *a;
    struct adamw_result r;
    struct err e = {0};
    float g[N_ALL] = {0}, w[N_ALL];

    two_tensors(&p, v);
    a = open_arm(k, &p, "fp32", &usual);
    T_EQ_INT(adamw_set_master(a, torch_start[0], &e), 0);
    for (int bad = 0; bad < 2; bad++) {
        g[3] = bad ? NAN : INFINITY;
        T_EQ_INT(adamw_update(a, g, 1e-3, &r, &e), 0);
        T_CHECK(r.skipped && r.changed == 0);
    }
    k->download(k, w, a->master, sizeof w);
    T_CHECK(!memcmp(w, torch_start, sizeof w));
    T_CHECK(a->updates == 0 && a->skipped == 2 && a->loss_scale == 1);
    adamw_close(&a);
    kernels_close(&k);
}

static void the_loss_scale_halves_and_doubles(void)
{
    struct kernels *k = cpu();
    struct params p;
    struct param v[2];
    struct adamw *a, *plain;
    struct adamw_result r, q;
    struct err e = {0};
    float g[N_ALL], scaled[N_ALL], x[N_ALL], y[N_ALL];

    two_tensors(&p, v);
    a = open_arm(k, &p, "fp16-mixed", &usual);
    plain = open_arm(k, &p, "fp32", &usual);
    T_CHECK(a->loss_scale == 65536);
    memcpy(g, torch_grad[0], sizeof g);
    for (int i = 0; i < N_ALL; i++)
        scaled[i] = g[i] * 65536;
    T_EQ_INT(adamw_update(a, scaled, 1e-3, &r, &e), 0);
    T_EQ_INT(adamw_update(plain, g, 1e-3, &q, &e), 0);
    k->download(k, x, a->master, sizeof x);
    k->download(k, y, plain->master, sizeof y);
    /* powers of two scale exactly */
    T_CHECK(r.norm == q.norm && !memcmp(x, y, sizeof x));
    scaled[0] = INFINITY;
    T_EQ_INT(adamw_update(a, scaled, 1e-3, &r, &e), 0);
    T_CHECK(r.skipped && a->loss_scale == 32768 && a->good == 0);
    for (int i = 0; i < 1999; i++)
        T_EQ_INT(adamw_update(a, g, 0, &r, &e), 0);
    T_CHECK(a->loss_scale == 32768);
    T_EQ_INT(adamw_update(a, g, 0, &r, &e), 0);
    T_CHECK(a->loss_scale == 65536 && a->good == 0 && a->skipped == 1);
    adamw_close(&a);
    adamw_close(&plain);
    kernels_close(&k);
}

struct pieces {
    char v[2 * N_ALL];
    size_t n;
};

static int collect(void *ctx, const void *p, size_t n, struct err *e)
{
    struct pieces *w = ctx;

    (void)e;
    if (w->n + n <= sizeof w->v)
        memcpy(w->v + w->n, p, n);
    w->n += n;
    return 0;
}

static void compute_weights_are_the_masters_rounded(void)
{
    struct kernels *k = cpu();
    struct params p;
    struct param v[2];
    struct adamw *a;
    struct err e = {0};
    uint16_t want[N_ALL];
    struct pieces got = {.n = 0};

    two_tensors(&p, v);
    a = open_arm(k, &p, "bf16-mixed", &usual);
    T_EQ_INT(adamw_set_master(a, torch_start[0], &e), 0);
    T_EQ_INT(adamw_compute_weights(a, DT_BF16, collect, &got, &e), 0);
    k->cast(k, want, DT_BF16, a->master, DT_F32, N_ALL);
    T_EQ_INT(got.n, sizeof want);
    T_CHECK(!memcmp(got.v, want, sizeof want));
    adamw_close(&a);
    kernels_close(&k);
}

int main(void)
{
    T_RUN(ten_steps_match_torch);
    T_RUN(nearest_bf16_freezes_small_updates);
    T_RUN(fp32_masters_track_float64);
    T_RUN(kahan_tracks_float64);
    T_RUN(stochastic_rounding_is_unbiased);
    T_RUN(a_norm_that_is_not_finite_skips);
    T_RUN(the_loss_scale_halves_and_doubles);
    T_RUN(compute_weights_are_the_masters_rounded);
    T_DONE();
}
