/* logits, log-probabilities and gradients against double; bit-invariance */
#include "model_make.h"
#include "model_gradients.h"

static void compare_forward(struct config c, double temp)
{
    static const int len[] = {1, 2, 31, 64, 5, 300};
    float *flat = make_flat(&c, 1);
    struct made x = make_model(&c, "fp32", flat, 2, 0);
    size_t n = model_params(x.m)->n_values, V = (size_t)c.vocab;
    double *w = widen(flat, n);
    struct oracle o = {&c, model_params(x.m), w};
    struct batch *b = make_batch(len, 6, c.vocab, 3);
    size_t T = (size_t)b->n_tokens;
    float *logits = malloc(T * V * sizeof *logits);
    float *logp = malloc(T * sizeof *logp), *ent = malloc(T * sizeof *ent);
    double *want = malloc(T * V * sizeof *want);
    double *want_p = malloc(T * sizeof *want_p);

    MUST(model_logits(x.m, &b->s, logits, &e));
    MUST(model_logp(x.m, &b->s, temp, 0, logp, ent, &e));
    for (int i = 0; i < b->s.n; i++) {
        o_logits(&o, b->tokens + b->start[i], len[i],
                 want + (size_t)b->start[i] * V);
        o_logp(&o, b->tokens + b->start[i], len[i], b->first[i], temp,
               want_p + b->start[i]);
    }
    T_CHECKF(rel_norm(logits, want, T * V) < REL, "logits are off by %g",
             rel_norm(logits, want, T * V));
    T_CHECKF(rel_norm(logp, want_p, T) < REL, "logp is off by %g",
             rel_norm(logp, want_p, T));
    for (int i = 0; i < b->s.n; i++)
        for (int t = b->first[i]; t < len[i]; t++) {
            const double *z = want + (size_t)(b->start[i] + t - 1) * V;
            double h = 0;

            for (int v = 0; v < c.vocab; v++) {
                double l = o_log_softmax(z, c.vocab, v, temp);

                h -= exp(l) * l;
            }
            T_NEAR(ent[b->start[i] + t], h, 1e-5, 1e-5);
        }
    free(logits);
    free(logp);
    free(ent);
    free(want);
    free(want_p);
    free(w);
    free(flat);
    drop_batch(b);
    drop_model(&x);
}

static void forward_matches_double(void)
{
    compare_forward(make_config(32, 4, 2, 61), 1);
}

static void forward_matches_double_tied(void)
{
    struct config c = make_config(32, 2, 2, 64);

    c.tied = 1;
    c.rope_theta = 1e6;
    compare_forward(c, 0.7);
}

static void forward_matches_double_wide_heads(void)
{
    struct config c = make_config(24, 6, 1, 33);

    c.head_dim = 10;
    c.layers = 3;
    compare_forward(c, 1);
}

static void compare_gradients(struct config c, double temp)
{
    static const int len[] = {3, 1, 9, 6};
    float *flat = make_flat(&c, 2);
    struct made x = make_model(&c, "fp32", flat, 1, MODEL_TRAIN);
    struct batch *b = make_batch(len, 4, c.vocab, 3);
    float *dlogp = make_weights(b->n_tokens), *g;
    float *logp = malloc(sizeof *logp * (size_t)b->n_tokens);

    MUST(model_forward(x.m, &b->s, temp, 0, 0, logp, NULL, &e));
    MUST(model_backward(x.m, dlogp, &e));
    g = gradients(&x);
    check_gradients(&x, b, dlogp, temp, flat, g);
    free(g);
    free(dlogp);
    free(logp);
    free(flat);
    drop_batch(b);
    drop_model(&x);
}

static void gradients_match_differences(void)
{
    compare_gradients(make_config(8, 4, 2, 11), 1);
}

static void gradients_match_differences_tied(void)
{
    struct config c = make_config(8, 2, 1, 9);

    c.tied = 1;
    compare_gradients(c, 0.7);
}

/* ---- bits ---- */

static const char *const arms[] = {"fp32", "bf16-mixed", "fp16-mixed",
                                   "bf16-weights,order=canonical,dropout=0.1",
                                   "fp32,dropout=0.2"};
static const int mixed[] = {7, 1, 33, 64, 2, 17, 40, 5};

static void logp_ignores_threads_and_batch(void)
{
    struct config c = make_config(48, 4, 2, 97);
    float *flat = make_flat(&c, 5);
    struct batch *b = make_batch(mixed, 8, c.vocab, 6);
    size_t bytes = sizeof(float) * (size_t)b->n_tokens;
    float *one = malloc(bytes), *two = malloc(bytes);
    float *ent = malloc(bytes), *ent2 = malloc(bytes);

    for (int a = 0; a < 4; a++) {
        for (int threads = 1; threads <= 3; threads++) {
            struct made x = make_model(&c, arms[a], flat, threads, 0);
            int32_t start[65];

            MUST(model_logp(x.m, &b->s, 0.7, 0, threads == 1 ? one : two,
                            threads == 1 ? ent : ent2, &e));
            T_CHECKF(threads == 1 || !memcmp(one, two, bytes),
                     "%s: %d threads give different bits", arms[a], threads);
            MUST(model_logp(x.m, &b->s, 0.7, 1, two, ent2, &e));
            T_CHECKF(!memcmp(one, two, bytes) && !memcmp(ent, ent2, bytes),
                     "%s: one sequence at a time gives different bits",
                     arms[a]);
            MUST(model_logp(x.m, &b->s, 0.7, 50, two, NULL, &e));
            T_CHECKF(!memcmp(one, two, bytes),
                     "%s: micro-batches of 50 give different bits", arms[a]);
            for (int i = 0; i < 8; i++) {
                struct seqs s = view(b, i, i + 1, start);

                MUST(model_logp(x.m, &s, 0.7, 0, two + b->start[i], NULL, &e));
            }
            T_CHECKF(!memcmp(one, two, bytes), "%s: alone gives different bits",
                     arms[a]);
            drop_model(&x);
        }
    }
    free(one);
    free(two);
    free(ent);
    free(ent2);
    free(flat);
    drop_batch(b);
}

static void gradients_ignore_threads_and_micro_batch(void)
{
    for (int tied = 0; tied < 2; tied++) {
        struct config c = make_config(48, 4, 2, 97);
        float *flat, *dlogp, *one = NULL;
        struct batch *b = make_batch(mixed, 8, c.vocab, 6);

        c.tied = tied;
        flat = make_flat(&c, 5);
        dlogp = make_weights(b->n_tokens);
        for (int a = 0; a < 5; a++) {
            for (int threads = 1; threads <= 3; threads++) {
                struct made x = make_model(&c, arms[a], flat, threads,
                                           MODEL_TRAIN);
                size_t n = model_params(x.m)->n_values * 4;

                for (int per = 8; per > 0; per = per == 8 ? 3 : per == 3) {
                    float *g = train_in(&x, b, dlogp, per);

                    if (!one)
                        one = g;
                    T_CHECKF(!memcmp(one, g, n),
                             "%s%s: %d threads, %d "
                             "sequences at once give different bits",
                             arms[a], tied ? " tied" : "", threads, per);
                    if (g != one)
                        free(g);
                    if (per == 1)
                        break;
                }
                drop_model(&x);
            }
            free(one);
            one = NULL;
        }
        free(flat);
        free(dlogp);
        drop_batch(b);
    }
}

/* A training forward without dropout gives the scorer's bits. */
static void training_forward_is_scoring(void)
{
    struct config c = make_config(48, 4, 2, 97);
    float *flat = make_flat(&c, 5);
    struct batch *b = make_batch(mixed, 8, c.vocab, 6);
    size_t bytes = sizeof(float) * (size_t)b->n_tokens;
    float *one = malloc(bytes), *two = malloc(bytes);

    for (int a = 0; a < 4; a++) {
        struct made x = make_model(&c, arms[a], flat, 2, MODEL_TRAIN);

        if (x.arm.dropout > 0) {
            drop_model(&x);
            continue;
        }
        MUST(model_logp(x.m, &b->s, 1, 0, one, NULL, &e));
        MUST(model_forward(x.m, &b->s, 1, 1, 1, two, NULL, &e));
        T_CHECKF(!memcmp(one, two, bytes), "%s", arms[a]);
        drop_model(&x);
    }
    free(one);
    free(two);
    free(flat);
    drop_batch(b);
}

static void shuffled_order_repeats_and_differs(void)
{
    struct config c = make_config(96, 4, 2, 97);
    float *flat = make_flat(&c, 5), *g[4];
    struct batch *b = make_batch(mixed, 8, c.vocab, 6);
    float *dlogp = make_weights(b->n_tokens);
    static const char *const order[] = {"fp32", "fp32,order=shuffled:1",
                                        "fp32,order=shuffled:1",
                                        "fp32,order=shuffled:2"};
    size_t n = 0;
    double *w;
    struct params p;

    MUST(params_list(&p, &c, &e));
    for (int i = 0; i < 4; i++) {
        struct made x = make_model(&c, order[i], flat, 1 + i % 2, MODEL_TRAIN);

        n = model_params(x.m)->n_values;
        g[i] = train_in(&x, b, dlogp, 8);
        drop_model(&x);
    }
    w = widen(g[0], n);
    T_CHECK(memcmp(g[0], g[1], n * 4));
    T_CHECK(!memcmp(g[1], g[2], n * 4));
    T_CHECK(memcmp(g[1], g[3], n * 4));
    for (int i = 0; i < p.n; i++)
        for (int j = 1; j < 4; j += 2) {
            double r = rel_norm(g[j] + p.v[i].offset, w + p.v[i].offset,
                                p.v[i].n);

            T_CHECKF(r < REL, "%s: gradient of %s is off by %g", order[j],
                     p.v[i].name, r);
        }
    params_free(&p);
    for (int i = 0; i < 4; i++)
        free(g[i]);
    free(w);
    free(flat);
    free(dlogp);
    drop_batch(b);
}

/* The weighted sum of log-probabilities of a training forward. */
static double dropped_objective(struct made *x, const struct batch *b,
                                const float *flat, const float *weight)
{
    float *logp = malloc(sizeof *logp * (size_t)b->n_tokens);
    double s = 0;

    MUST(model_set_host(x->m, flat, DT_F32, &e));
    MUST(model_forward(x->m, &b->s, 1, 5, 6, logp, NULL, &e));
    for (int i = 0; i < b->n_tokens; i++)
        s += (double)weight[i] * (double)logp[i];
    free(logp);
    return s;
}

/* With dropout: the slope along a random direction of each tensor. fp32
 * differences over h = 2^-7 are good to a few 1e-3 of the largest slope. */
static void gradients_follow_dropout(void)
{
    struct config c = make_config(16, 4, 2, 19);
    float *flat = make_flat(&c, 5), *moved, *g;
    struct batch *b = make_batch(mixed, 8, c.vocab, 6);
    float *dlogp = make_weights(b->n_tokens);
    struct made x = make_model(&c, "fp32,dropout=0.3", flat, 1, MODEL_TRAIN);
    const struct params *p = model_params(x.m);
    double one, two, largest = 0, slope[40], want[40];
    struct rng r;

    moved = malloc(p->n_values * sizeof *moved);
    (void)dropped_objective(&x, b, flat, dlogp);
    MUST(model_backward(x.m, dlogp, &e));
    g = gradients(&x);
    rng_init(&r, 3, 3);
    for (int i = 0; i < p->n; i++) {
        const struct param *q = &p->v[i];
        double h = 0x1p-7 / sqrt((double)q->n), sign[5000];

        slope[i] = 0;
        for (size_t j = 0; j < q->n; j++) {
            sign[j] = rng_below(&r, 2) ? 1 : -1;
            slope[i] += sign[j] * (double)g[q->offset + j];
        }
        for (int side = -1; side <= 1; side += 2) {
            memcpy(moved, flat, p->n_values * sizeof *moved);
            for (size_t j = 0; j < q->n; j++)
                moved[q->offset + j] += (float)(side * h * sign[j]);
            one = dropped_objective(&x, b, moved, dlogp);
            want[i] = side < 0 ? -one : want[i] + one;
        }
        want[i] /= 2 * h;
        two = fabs(want[i]) / sqrt((double)q->n);
        largest = two > largest ? two : largest;
    }
    for (int i = 0; i < p->n; i++)
        T_CHECKF(
            fabs(slope[i] - want[i]) < 0.01 * largest * sqrt((double)p->v[i].n),
            "%s: slope %g, difference %g", p->v[i].name, slope[i], want[i]);
    free(moved);
    free(g);
    free(dlogp);
    free(flat);
    drop_batch(b);
    drop_model(&x);
}

static void kl_is_the_definition(void)
{
    static const int len[] = {9, 30, 2};
    struct config c = make_config(32, 4, 2, 50);
    float *fa = make_flat(&c, 1), *fb = make_flat(&c, 2);
    struct made a = make_model(&c, "fp32", fa, 1, 0);
    struct made b = make_model(&c, "fp32", fb, 1, 0);
    size_t n = model_params(a.m)->n_values, V = 50;
    double *wa = widen(fa, n), *wb = widen(fb, n);
    struct oracle oa = {&c, model_params(a.m), wa};
    struct oracle ob = {&c, model_params(b.m), wb};
    struct batch *q = make_batch(len, 3, c.vocab, 3);
    float kl[41], self[41];
    double za[30 * 50], zb[30 * 50];

    MUST(model_kl(a.m, b.m, &q->s, 0.7, 10, kl, &e));
    MUST(model_kl(a.m, a.m, &q->s, 0.7, 0, self, &e));
    for (int i = 0; i < 3; i++) {
        o_logits(&oa, q->tokens + q->start[i], len[i], za);
        o_logits(&ob, q->tokens + q->start[i], len[i], zb);
        for (int t = 0; t < len[i]; t++) {
            double s = 0;

            for (size_t v = 0; t >= q->first[i] && v < V; v++) {
                double la = o_log_softmax(za + (size_t)(t - 1) * V, (int)V,
                                          (int)v, 0.7);
                double lb = o_log_softmax(zb + (size_t)(t - 1) * V, (int)V,
                                          (int)v, 0.7);

                s += exp(la) * (la - lb);
            }
            T_NEAR(kl[q->start[i] + t], s, 1e-5, 1e-5);
            T_CHECK(self[q->start[i] + t] == 0);
        }
    }
    free(wa);
    free(wb);
    free(fa);
    free(fb);
    drop_batch(q);
    drop_model(&a);
    drop_model(&b);
}

static void bad_batches_are_refused(void)
{
    static const int len[] = {4, 4};
    struct config c = make_config(16, 2, 1, 20);
    float *flat = make_flat(&c, 1), logp[8];
    struct made x = make_model(&c, "fp32", flat, 1, 0);
    struct batch *b = make_batch(len, 2, c.vocab, 3);

    b->tokens[5] = 20;
    T_CHECK(model_logp(x.m, &b->s, 1, 0, logp, NULL, &e) == -ERR_DATA);
    T_EQ_STR(e.msg, "sequence 1: token 20 at position 1 is outside the "
                    "vocabulary of 20");
    b->tokens[5] = 2;
    b->first[0] = 0;
    T_CHECK(model_logp(x.m, &b->s, 1, 0, logp, NULL, &e) == -ERR_DATA);
    b->first[0] = 4; /* nothing wanted */
    T_CHECK(model_logp(x.m, &b->s, 1, 0, logp, NULL, &e) == 0);
    T_CHECK(model_backward(x.m, logp, &e) < 0);
    free(flat);
    drop_batch(b);
    drop_model(&x);
}

int main(void)
{
    T_RUN(forward_matches_double);
    T_RUN(forward_matches_double_tied);
    T_RUN(forward_matches_double_wide_heads);
    T_RUN(gradients_match_differences);
    T_RUN(gradients_match_differences_tied);
    T_RUN(logp_ignores_threads_and_batch);
    T_RUN(gradients_ignore_threads_and_micro_batch);
    T_RUN(training_forward_is_scoring);
    T_RUN(shuffled_order_repeats_and_differs);
    T_RUN(gradients_follow_dropout);
    T_RUN(kl_is_the_definition);
    T_RUN(bad_batches_are_refused);
    T_DONE();
}
