/* train_step - one DAPO step through the model: its gradient, its metrics
 *
 * The gradient is read back from the first moment after one update from
 * nothing (m = 0.1 g), and compared with central differences of the loss as
 * SCIENCE 3 writes it, through model_logp alone.
 */
#include "../../lib/base/rng.h"
#include "../../lib/train/pretrain.h"
#include "../../lib/train/step.h"
#include "t.h"

enum { N_GROUPS = 2, N_SAMPLES = 6, MAX = 8 };

static const struct config shape = {
    .hidden = 8,
    .layers = 2,
    .heads = 2,
    .kv_heads = 1,
    .head_dim = 4,
    .ffn = 12,
    .vocab = 16,
    .max_pos = 16,
    .tied = 1,
    .arch = &arch_qwen2,
    .rope_theta = 10000,
    .rms_eps = 1e-6,
    .n_eos = 1,
    .eos = {0},
};

struct rig {
    struct kernels *k;
    struct model *m;
    struct adamw *a;
    struct gradient g;
    struct arm arm;
    float *w0;
    size_t n;
    struct group group[N_GROUPS];
    struct batch b;
    int32_t tokens[N_GROUPS * N_SAMPLES][MAX];
    float logp[N_GROUPS * N_SAMPLES][MAX];
    struct sample s[N_GROUPS * N_SAMPLES];
    double old[N_GROUPS * N_SAMPLES * MAX];
};

/* Samples of a group have its prompt, and begin like its first one for a while;
 * the last is the same as the first. */
static void fill_batch(struct rig *t)
{
    struct rng r;

    rng_init(&r, 4, 4);
    for (int i = 0; i < N_GROUPS * N_SAMPLES; i++) {
        struct sample *s = &t->s[i];

        s->tokens = t->tokens[i];
        s->logp = t->logp[i];
        s->n_prompt = 2 + i / N_SAMPLES;
        s->n = s->n_prompt + 1 + i % 4; /* lengths differ */
        for (int j = 0; j < s->n; j++)
            s->tokens[j] = rng_range(&r, 0, shape.vocab - 1);
        if (i % N_SAMPLES == N_SAMPLES - 1)
            s->n = s[1 - N_SAMPLES].n;
        memmove(s->tokens, t->tokens[i - i % N_SAMPLES],
                (size_t)(i % N_SAMPLES == N_SAMPLES - 1 ? s->n
                                                        : s->n_prompt + i % 3) *
                    sizeof *s->tokens);
        s->correct = i % N_SAMPLES == 0;
        s->reward = s->correct ? 1 : -1 - 0.1 * i;
        s->id = (uint64_t)i;
    }
    for (int i = 0; i < N_GROUPS; i++) {
        t->group[i].v = t->s + i * N_SAMPLES;
        t->group[i].n = N_SAMPLES;
        group_advantages(&t->group[i], 1);
    }
    t->b.v = t->group;
    t->b.n = N_GROUPS;
}

static void open_rig(struct rig *t, const char *arm)
{
    static const struct adamw_opts o = {0.9, 0.999, 1e-8, 0.01, 0, 1, 0, 0, 0};
    struct err e = {0};

    memset(t, 0, sizeof *t);
    if (arm_parse(&t->arm, arm, &e) ||
        kernels_open(&t->k, "cpu", 1, t->arm.order.k, &e) ||
        model_open(&t->m, &shape, &t->arm, t->k, MODEL_TRAIN, &e) ||
        adamw_open(&t->a, t->k, model_params(t->m), &t->arm, &o, &e)) {
        t_fail(__FILE__, __LINE__, "%s", e.msg);
        return;
    }
    gradient_open(&t->g, t->m, t->k, &t->arm, &t->a->s);
    t->n = model_params(t->m)->n_values;
    t->w0 = calloc(t->n, sizeof *t->w0);
    pretrain_init(t->w0, model_params(t->m), &shape, 0.3, 1);
    fill_batch(t);
}

static void set_weights(struct rig *t, const float *w)
{
    struct err e = {0};

    if (adamw_set_master(t->a, w, &e) ||
        model_set(t->m, t->a->master, t->arm.master, &e))
        t_fail(__FILE__, __LINE__, "%s", e.msg);
}

static void close_rig(struct rig *t)
{
    free(t->w0);
    gradient_trim(&t->g);
    adamw_close(&t->a);
    model_close(&t->m);
    kernels_close(&t->k);
}

/* The loss of the whole batch under the model's weights; old[] are filled
 * when `fix`. */
static double loss(struct rig *t, int fix)
{
    double sum = 0, n_tokens = 0;

    for (int i = 0; i < N_GROUPS * N_SAMPLES; i++) {
        const struct sample *s = &t->s[i];
        const struct sample *g = t->s + i / N_SAMPLES * N_SAMPLES;
        int32_t start[2] = {0, s->n}, first = s->n_prompt;
        uint64_t id = 0;
        struct seqs q = {1, start, s->tokens, &first, &id, NULL};
        float lp[MAX];
        double mean = 0, var = 0, adv;
        struct err e = {0};

        for (int j = 0; j < N_SAMPLES; j++)
            mean += g[j].reward / N_SAMPLES;
        for (int j = 0; j < N_SAMPLES; j++)
            var += (g[j].reward - mean) * (g[j].reward - mean) /
                   (N_SAMPLES - 1);
        adv = (s->reward - mean) / (sqrt(var) + 1e-6);
        T_EQ_INT(model_logp(t->m, &q, 1, 0, lp, NULL, &e), 0);
        for (int j = s->n_prompt; j < s->n; j++) {
            if (fix)
                t->old[i * MAX + j] = (double)lp[j];
            sum -= adv * exp((double)lp[j] - t->old[i * MAX + j]);
            n_tokens++;
        }
    }
    return sum / n_tokens;
}

static const struct step_opts one_update = {.dapo = {0.2, 0.28, 10, 0},
                                            .gap = {-1, 0},
                                            .mini_batch = N_GROUPS,
                                            .epochs = 1,
                                            .temperature = 1,
                                            .micro_tokens = 7,
                                            .lr = 1e-3,
                                            .seed = 1};

static void the_gradient_is_that_of_the_token_mean(void)
{
    struct rig t;
    struct step_stats st;
    struct err e = {0};
    float *m, *w;
    double largest = 0;
    int checked = 0;

    open_rig(&t, "fp32");
    m = calloc(t.n, sizeof *m);
    w = calloc(t.n, sizeof *w);
    set_weights(&t, t.w0);
    T_EQ_INT(step_run(&t.g, t.a, &t.b, &one_update, &st, &e), 0);
    T_CHECK(st.updates == 1 && st.skipped == 0);
    t.k->download(t.k, m, t.a->m, t.n * sizeof *m);
    for (size_t i = 0; i < t.n; i++)
        largest = fmax(largest, fabs(10 * (double)m[i]));
    set_weights(&t, t.w0);
    (void)loss(&t, 1);
    for (size_t i = 0; i < t.n; i += 13, checked++) {
        double h = 1e-2, up, down;

        memcpy(w, t.w0, t.n * sizeof *w);
        w[i] = t.w0[i] + (float)h;
        set_weights(&t, w);
        up = loss(&t, 0);
        w[i] = t.w0[i] - (float)h;
        set_weights(&t, w);
        down = loss(&t, 0);
        /* curvature h^2 and fp32 noise 1e-6 / h; a wrong weight of a
         * sequence or token would be off by its whole share */
        T_NEAR(10 * (double)m[i], (up - down) / (2 * h), 3e-3 * largest, 1e-2);
    }
    T_CHECK(checked > 60);
    free(m);
    free(w);
    close_rig(&t);
}

/* Two shards, a group each: the tokens that the loss is divided by are those of the whole
 * mini-batch. */
static void shards_share_the_loss_of_the_mini_batch(void)
{
    struct step_stats st[2];
    double far = 0, norm = 0;
    float *m[2];

    for (int i = 0; i < 2; i++) {
        struct rig t;
        struct err e = {0};

        open_rig(&t, i ? "fp32,shards=8" : "fp32");
        set_weights(&t, t.w0);
        T_EQ_INT(step_run(&t.g, t.a, &t.b, &one_update, &st[i], &e), 0);
        m[i] = calloc(t.n, sizeof **m);
        t.k->download(t.k, m[i], t.a->m, t.n * sizeof **m);
        for (size_t j = 0; i && j < t.n; j++) {
            double d = (double)m[1][j] - (double)m[0][j];

            far += d * d;
            norm += (double)m[0][j] * (double)m[0][j];
        }
        T_CHECK(!i || memcmp(m[0], m[1], t.n * sizeof **m));
        close_rig(&t);
    }
    /* the same sum in another order: some units of 2^-24 */
    T_CHECKF(sqrt(far / norm) < 1e-6, "off by %g", sqrt(far / norm));
    T_CHECK(!memcmp(&st[0].loss, &st[1].loss, sizeof st[0].loss));
    T_NEAR(st[1].norm, st[0].norm, 0, 1e-6);
    free(m[0]);
    free(m[1]);
}

static void sampler_and_trainer_agree_or_the_gap_shows(void)
{
    struct rig t;
    struct step_stats st;
    struct err e = {0};

    open_rig(&t, "bf16");
    set_weights(&t, t.w0);
    (void)loss(&t, 1);
    for (int i = 0; i < N_GROUPS * N_SAMPLES; i++)
        for (int j = t.s[i].n_prompt; j < t.s[i].n; j++)
            t.logp[i][j - t.s[i].n_prompt] = (float)t.old[i * MAX + j];
    T_EQ_INT(step_run(&t.g, t.a, &t.b, &one_update, &st, &e), 0);
    T_CHECKF(st.logp_gap == 0, "gap %g", st.logp_gap);
    set_weights(&t, t.w0);
    t.logp[1][0] -= 0.25f;
    T_EQ_INT(step_run(&t.g, t.a, &t.b, &one_update, &st, &e), 0);
    T_NEAR(st.logp_gap, 0.25, 1e-6, 0);
    close_rig(&t);
}

static void mini_batches_and_epochs_make_updates(void)
{
    struct rig t;
    struct step_opts o = one_update;
    struct step_stats st;
    struct err e = {0};

    o.mini_batch = 1;
    o.epochs = 3;
    o.lr = 0.02;
    open_rig(&t, "fp32");
    set_weights(&t, t.w0);
    T_EQ_INT(step_run(&t.g, t.a, &t.b, &o, &st, &e), 0);
    T_EQ_INT(st.updates, 6);
    T_EQ_INT(t.a->updates, 6);
    T_EQ_INT(st.tokens * 3, st.loss.tokens);
    T_CHECK(st.loss.low + st.loss.high > 0 && st.loss.neg_d != 0);
    T_CHECK(st.changed > 3 * t.n && st.changed <= 6 * t.n);
    close_rig(&t);
}

static void scoring_twice_gives_the_same_bits(void)
{
    static const char *const arms[] = {"fp32", "bf16-mixed", "bf16-kahan",
                                       "fp32,prefixes=apart", "llmc-sr"};

    for (size_t i = 0; i < sizeof arms / sizeof *arms; i++) {
        struct rig t;
        struct step_opts o = one_update;
        struct step_stats st[2];
        struct err e = {0};
        float *w[2];

        o.mini_batch = 1;
        o.lr = 0.02;
        memset(st, 0, sizeof st);
        for (int all = 0; all < 2; all++) {
            open_rig(&t, arms[i]);
            set_weights(&t, t.w0);
            o.score_all = all;
            T_EQ_INT(step_run(&t.g, t.a, &t.b, &o, &st[all], &e), 0);
            w[all] = calloc(t.n, sizeof **w);
            t.k->download(t.k, w[all], t.a->master,
                          t.n * dtype_size(t.arm.master));
            if (all)
                T_CHECK(!memcmp(w[0], w[1], t.n * sizeof **w));
            close_rig(&t);
        }
        T_CHECK(!memcmp(&st[0].loss, &st[1].loss, sizeof st[0].loss));
        T_CHECK(st[0].logp_gap == st[1].logp_gap && st[0].logp_gap > 0);
        T_CHECK(st[0].tokens == st[1].tokens);
        /* the sum is over the same values in another order of calls */
        T_NEAR(st[0].entropy, st[1].entropy, 0, 1e-14);
        free(w[0]);
        free(w[1]);
    }
}

static void weights_that_are_nan_skip_the_update(void)
{
    static const char *const arms[] = {"fp32", "fp32,shards=2"};

    for (int i = 0; i < 2; i++) {
        struct rig t;
        struct step_stats st;
        struct err e = {0};

        open_rig(&t, arms[i]);
        t.w0[t.n - 1] = NAN;
        t.w0[3] = NAN;
        set_weights(&t, t.w0);
        T_EQ_INT(step_run(&t.g, t.a, &t.b, &one_update, &st, &e), 0);
        T_CHECK(st.updates == 0 && st.skipped == 1 && t.a->skipped == 1);
        close_rig(&t);
    }
}

int main(void)
{
    T_RUN(the_gradient_is_that_of_the_token_mean);
    T_RUN(shards_share_the_loss_of_the_mini_batch);
    T_RUN(sampler_and_trainer_agree_or_the_gap_shows);
    T_RUN(mini_batches_and_epochs_make_updates);
    T_RUN(scoring_twice_gives_the_same_bits);
    T_RUN(weights_that_are_nan_skip_the_update);
    T_DONE();
}
