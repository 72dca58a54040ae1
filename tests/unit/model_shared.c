/* model_shared - sequences that begin alike: the rows of what they share are
 * computed once, and have the gradient of the sum */
#include "../../lib/model/micro.h"
#include "model_gradients.h"

/* Prompt and response tokens; the same `group` is the same prompt. `again` of
 * the response are as in the sequence before. */
static const struct member {
    int group, prompt, response, again;
} members[] = {
    {0, 5, 4, 0},  {0, 5, 1, 0},   {0, 5, 7, 1},   {0, 5, 7, 5}, /* a tree */
    {1, 9, 6, 0},                                                /* alone */
    {2, 1, 3, 0},  {2, 1, 9, 0},   {2, 1, 4, 2}, /* nothing in common, then */
    {3, 6, 0, 0},  {3, 6, 2, 0},   {3, 6, 2, 2}, /* the same twice */
    {3, 6, 11, 2}, {3, 6, 11, 10}, {3, 6, 11, 11}, {3, 6, 5, 4},
    {3, 6, 0, 0},  {4, 2, 0, 0}, /* nothing scored */
    {5, 33, 3, 0}, {5, 33, 40, 2}, {5, 33, 4, 3},  {5, 33, 1, 1},
    {6, 3, 6, 0},  {6, 3, 6, 6},   {6, 3, 6, 6}, /* ends with a copy */
};
enum { N = sizeof members / sizeof *members };

static int32_t marks[N + 1];

/* n of the members, at most `most` tokens of a prompt and of a response. */
static struct batch *families(int V, int n, int most)
{
    int len[N], again;
    struct batch *b;

    for (int i = 0; i < n; i++) {
        int p = members[i].prompt, r = members[i].response;

        len[i] = (p < most ? p : most) + (r < most ? r : most);
    }
    b = make_batch(len, n, V, 3);
    for (int i = 0; i < n; i++) {
        int p = members[i].prompt < most ? members[i].prompt : most;
        const int32_t *t = b->start + i;

        b->first[i] = p;
        marks[i] = 0;
        if (!i || members[i].group != members[i - 1].group)
            continue;
        again = members[i].again < most ? members[i].again : most;
        memcpy(b->tokens + t[0], b->tokens + t[-1],
               (size_t)(p + again) * sizeof *b->tokens);
        marks[i] = common_rows(b->tokens + t[-1], (size_t)(t[0] - t[-1]), p,
                               b->tokens + t[0], (size_t)(t[1] - t[0]), p);
    }
    b->s.shared = marks;
    return b;
}

static const char *const arms[] = {"fp32", "bf16-mixed", "fp16-mixed",
                                   "fp32,dropout=0.2"};

static void scores_are_the_same_bits(void)
{
    struct config c = make_config(48, 4, 2, 97);
    float *flat = make_flat(&c, 5), *flat2 = make_flat(&c, 6);
    struct batch *b = families(97, N, 64);
    struct seqs apart = b->s;
    size_t bytes = sizeof(float) * (size_t)b->n_tokens;
    float *one = malloc(bytes), *two = malloc(bytes);
    float *ent = malloc(bytes), *ent2 = malloc(bytes);

    apart.shared = NULL;
    for (int a = 0; a < 3; a++)
        for (int micro = 0; micro < 90; micro += 1 + micro * 7) {
            struct made x = make_model(&c, arms[a], flat, 2, MODEL_TRAIN);
            struct made y = make_model(&c, arms[a], flat2, 2, 0);

            MUST(model_logp(x.m, &apart, 0.7, micro, one, ent, &e));
            MUST(model_logp(x.m, &b->s, 0.7, micro, two, ent2, &e));
            T_CHECKF(!memcmp(one, two, bytes) && !memcmp(ent, ent2, bytes),
                     "%s, micro-batch %d", arms[a], micro);
            MUST(model_kl(x.m, y.m, &apart, 1, micro, one, &e));
            MUST(model_kl(x.m, y.m, &b->s, 1, micro, two, &e));
            T_CHECKF(!memcmp(one, two, bytes), "%s, micro-batch %d: kl",
                     arms[a], micro);
            MUST(model_logp(x.m, &apart, 1, micro, one, ent, &e));
            MUST(model_forward(x.m, &b->s, 1, 1, 1, two, ent2, &e));
            T_CHECKF(!memcmp(one, two, bytes) && !memcmp(ent, ent2, bytes),
                     "%s: training", arms[a]);
            drop_model(&x);
            drop_model(&y);
        }
    free(one);
    free(two);
    free(ent);
    free(ent2);
    free(flat);
    free(flat2);
    drop_batch(b);
}

/* Every cut into micro-batches, through the middle of a family too. */
static void gradients_ignore_threads_and_micro_batch(void)
{
    for (int a = 0; a < 8; a++) {
        struct config c = make_config(48, 4, 2, 97);
        struct batch *b = families(97, N, 64);
        float *flat, *dlogp = make_weights(b->n_tokens), *one = NULL;

        c.tied = a & 1;
        flat = make_flat(&c, 5);
        for (int threads = 1; threads <= 2; threads++) {
            int flags = MODEL_TRAIN | (threads == 2 ? MODEL_RECOMPUTE : 0);
            struct made x = make_model(&c, arms[a / 2], flat, threads, flags);
            size_t n = model_params(x.m)->n_values * 4;

            for (int per = N; per > 0; per--) {
                float *g = train_in(&x, b, dlogp, per);

                if (!one)
                    one = g;
                T_CHECKF(!memcmp(one, g, n),
                         "%s%s: %d threads, %d sequences "
                         "at once give different bits",
                         arms[a / 2], c.tied ? " tied" : "", threads, per);
                if (g != one)
                    free(g);
            }
            drop_model(&x);
        }
        free(one);
        free(flat);
        free(dlogp);
        drop_batch(b);
    }
}

/* fewer: rows are shared than could be. */
static void check_differences(int fewer)
{
    struct config c = make_config(8, 4, 2, 11);
    float *flat = make_flat(&c, 2);
    struct made x = make_model(&c, "fp32", flat, 1, MODEL_TRAIN);
    struct batch *b = families(c.vocab, N, 6);
    float *dlogp = make_weights(b->n_tokens), *g;

    for (int i = 0; fewer && i < N; i++)
        marks[i] = marks[i] > 1 ? marks[i] - i % 3 : marks[i];
    g = train_in(&x, b, dlogp, 2);
    check_gradients(&x, b, dlogp, 1, flat, g);
    free(g);
    free(dlogp);
    free(flat);
    drop_batch(b);
    drop_model(&x);
}

static void gradients_match_differences(void)
{
    check_differences(0);
}

static void marks_are_an_upper_bound(void)
{
    check_differences(1);
}

/* Apart, each sample's prompt is rounded by itself; the sums differ in order
 * only, and prefixes=apart and dropout ask for that. */
static void apart_is_another_order(void)
{
    static const char *const arm[] = {"fp32", "fp32,prefixes=apart", "fp32",
                                      "fp32,dropout=0.3",
                                      "fp32,dropout=0.3,prefixes=apart"};
    struct config c = make_config(48, 4, 2, 97);
    float *flat = make_flat(&c, 5), *g[5];
    struct batch *b = families(97, N, 64);
    float *dlogp = make_weights(b->n_tokens);
    size_t n = 0;
    double *d;

    for (int i = 0; i < 5; i++) {
        struct made x = make_model(&c, arm[i], flat, 1, MODEL_TRAIN);

        b->s.shared = i == 2 ? NULL : marks;
        g[i] = train_in(&x, b, dlogp, 3);
        n = model_params(x.m)->n_values;
        drop_model(&x);
    }
    T_CHECK(memcmp(g[0], g[1], 4 * n));
    T_CHECK(!memcmp(g[1], g[2], 4 * n));
    T_CHECK(!memcmp(g[3], g[4], 4 * n));
    d = widen(g[1], n);
    T_CHECKF(rel_norm(g[0], d, n) < 1e-6, "%g", rel_norm(g[0], d, n));
    free(d);
    for (int i = 0; i < 5; i++)
        free(g[i]);
    free(dlogp);
    free(flat);
    drop_batch(b);
}

static void false_marks_are_refused(void)
{
    struct config c = make_config(48, 4, 2, 97);
    float *flat = make_flat(&c, 5);
    struct batch *b = families(97, N, 64);
    float *v = calloc((size_t)b->n_tokens, sizeof *v);
    struct made x = make_model(&c, "fp32", flat, 1, MODEL_TRAIN);
    int32_t start[65];
    struct seqs s = view(b, 0, 2, start);

    MUST(model_forward(x.m, &s, 1, 1, 1, v, NULL, &e));
    MUST(model_backward(x.m, v, &e));
    s = view(b, 4, 5, start); /* not what goes on */
    T_EQ_INT(model_forward(x.m, &s, 1, 1, 1, v, NULL, &e), -ERR_USAGE);
    model_zero_grads(x.m); /* forgets the tree that was not ended */
    MUST(model_forward(x.m, &s, 1, 1, 1, v, NULL, &e));
    MUST(model_backward(x.m, v, &e));
    b->tokens[b->start[2] + 1] ^= 1;
    T_EQ_INT(model_logp(x.m, &b->s, 1, 0, v, NULL, &e), -ERR_USAGE);
    b->tokens[b->start[2] + 1] ^= 1;
    for (int bad = -1; bad <= 6; bad += 7) {
        marks[1] = bad;
        T_EQ_INT(model_logp(x.m, &b->s, 1, 0, v, NULL, &e), -ERR_USAGE);
    }
    marks[1] = 0;
    marks[N] = 9; /* of 8 rows */
    T_EQ_INT(model_logp(x.m, &b->s, 1, 0, v, NULL, &e), -ERR_USAGE);
    marks[N] = 0;
    free(v);
    free(flat);
    drop_batch(b);
    drop_model(&x);
}

int main(void)
{
    T_RUN(scores_are_the_same_bits);
    T_RUN(gradients_ignore_threads_and_micro_batch);
    T_RUN(gradients_match_differences);
    T_RUN(apart_is_another_order);
    T_RUN(marks_are_an_upper_bound);
    T_RUN(false_marks_are_refused);
    T_DONE();
}
