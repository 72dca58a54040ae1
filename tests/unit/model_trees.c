/* model_trees - random groups of samples that begin alike: scores have the bits
 * of every sample alone, gradients those of any cut into micro-batches */
#include "../../lib/model/micro.h"
#include "model_gradients.h"

enum { MOST = 48, LONGEST = 40 };

static struct rng rnd;
static int32_t marks[MOST + 1];

static int below(int n)
{
    return (int)rng_below(&rnd, (uint32_t)n);
}

struct text {
    int32_t token[LONGEST];
    int n, prompt;
};

static int by_tokens(const void *x, const void *y)
{
    const struct text *a = x, *b = y;

    for (int i = 0; i < a->n && i < b->n; i++)
        if (a->token[i] != b->token[i])
            return a->token[i] < b->token[i] ? -1 : 1;
    return a->n - b->n;
}

/* Samples of one prompt, out of few or many tokens; most begin like one before
 * them, are its beginning, or are it. */
static void make_group(struct text *t, int n, int V)
{
    int prompt = 1 + below(below(2) ? 1 : 9), most = 1 + below(LONGEST - 12);
    int tokens = below(2) ? 2 : V;

    for (int i = 0; i < n; i++) {
        struct text *x = &t[i];

        x->prompt = prompt;
        x->n = prompt + below(most + 1);
        for (int p = 0; p < LONGEST; p++)
            x->token[p] = i && p < prompt ? t[0].token[p] : below(tokens);
        if (i && below(4)) {
            const struct text *o = &t[below(i)];
            int same = prompt + below(o->n - prompt + 1);

            if (!below(3))
                x->n = same = o->n;
            memcpy(x->token, o->token, (size_t)same * sizeof *x->token);
        }
    }
    if (below(3)) /* as dapo-step has them */
        qsort(t, (size_t)n, sizeof *t, by_tokens);
}

static struct batch *make(int V)
{
    struct text text[MOST];
    struct batch *b;
    int len[MOST], n = 0, fewer = !below(3);

    while (n < MOST / 2) {
        int more = 1 + below(MOST - n < 24 ? MOST - n : 24);

        make_group(text + n, more, V);
        n += more;
    }
    for (int i = 0; i < n; i++)
        len[i] = text[i].n;
    b = make_batch(len, n, V, 1);
    memset(marks, 0, sizeof marks);
    for (int i = 0; i < n; i++) {
        const struct text *x = &text[i];

        memcpy(b->tokens + b->start[i], x->token,
               (size_t)x->n * sizeof *x->token);
        b->first[i] = x->prompt;
        if (i)
            marks[i] = common_rows(x[-1].token, (size_t)x[-1].n, x[-1].prompt,
                                   x->token, (size_t)x->n, x->prompt);
        if (fewer && marks[i] && !below(3)) /* than could be */
            marks[i] = below(marks[i] + 1);
    }
    b->s.shared = marks;
    return b;
}

/* Gradients in micro-batches of up to `most` sequences, and what was scored. */
static float *train(struct made *x, const struct batch *b, const float *dlogp,
                    int most, float *logp, float *entropy)
{
    int32_t start[MOST + 1];

    model_zero_grads(x->m);
    for (int i = 0, j; i < b->s.n; i = j) {
        struct seqs s;
        int at = b->start[i];

        j = i + 1 + below(most);
        j = j < b->s.n ? j : b->s.n;
        s = view(b, i, j, start);
        MUST(model_forward(x->m, &s, 1, 1, 1, logp + at, entropy + at, &e));
        memset(start, 0, sizeof start); /* the batch was the forward's */
        MUST(model_backward(x->m, dlogp + at, &e));
    }
    return gradients(x);
}

struct scores {
    float *logp, *entropy;
    size_t bytes;
};

static struct scores scores_new(const struct batch *b)
{
    size_t n = (size_t)b->n_tokens;

    return (struct scores){calloc(n, 4), calloc(n, 4), 4 * n};
}

static int scores_are(const struct scores *a, const struct scores *b)
{
    return !memcmp(a->logp, b->logp, a->bytes) &&
           !memcmp(a->entropy, b->entropy, a->bytes);
}

static void scores_free(struct scores *s)
{
    free(s->logp);
    free(s->entropy);
}

static const char *const arms[] = {"fp32", "bf16-mixed",
                                   "bf16-weights,order=canonical"};

/* Of one batch: alone, then as a tree with several threads and cuts. */
static void check(const char *arm, const struct config *c, struct batch *b,
                  const float *flat, int tree)
{
    struct scores alone = scores_new(b), got = scores_new(b);
    struct seqs apart = b->s;
    float *dlogp = make_weights(b->n_tokens), *ref = NULL;
    size_t n = 0;

    apart.shared = NULL;
    for (int v = 0; v < 4; v++) {
        struct made x = make_model(c, arm, flat, 1 + v % 3,
                                   MODEL_TRAIN | (v & 1 ? MODEL_RECOMPUTE : 0));
        float *g;

        n = model_params(x.m)->n_values;
        if (!v)
            MUST(model_logp(x.m, &apart, 1, 50, alone.logp, alone.entropy, &e));
        MUST(model_logp(x.m, &b->s, 1, 1 + below(200), got.logp, got.entropy,
                        &e));
        T_CHECKF(scores_are(&alone, &got), "%s, tree %d: scores", arm, tree);
        g = train(&x, b, dlogp, v ? 1 + below(9) : MOST, got.logp, got.entropy);
        T_CHECKF(scores_are(&alone, &got), "%s, tree %d: training's scores",
                 arm, tree);
        if (!ref)
            ref = g;
        T_CHECKF(!memcmp(ref, g, 4 * n),
                 "%s, tree %d: gradients of another "
                 "cut",
                 arm, tree);
        if (g != ref)
            free(g);
        drop_model(&x);
    }
    if (!strcmp(arm, "fp32")) {
        struct made x = make_model(c, "fp32,prefixes=apart", flat, 1,
                                   MODEL_TRAIN);
        float *g = train(&x, b, dlogp, 5, got.logp, got.entropy);
        double *d = widen(g, n);

        T_CHECKF(rel_norm(ref, d, n) < REL, "tree %d: off by %g", tree,
                 rel_norm(ref, d, n));
        free(d);
        free(g);
        drop_model(&x);
    }
    free(ref);
    free(dlogp);
    scores_free(&alone);
    scores_free(&got);
}

static void random_trees(void)
{
    for (int tree = 0; tree < 36; tree++) {
        struct config c;
        struct batch *b;
        float *flat;

        rng_init(&rnd, (uint64_t)tree, 77);
        c = make_config(32, 4, 1 + below(2), 31 + below(60));
        c.tied = below(2);
        c.layers = 1 + below(3);
        flat = make_flat(&c, (uint64_t)tree);
        b = make(c.vocab);
        check(arms[tree % 3], &c, b, flat, tree);
        free(flat);
        drop_batch(b);
    }
}

int main(void)
{
    T_RUN(random_trees);
    T_DONE();
}
