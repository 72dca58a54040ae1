/* generation as a tree: samples that begin alike share rows, and the head,
 * until they part; the same tokens and log-probabilities */
#include "generate_script.h"

/* Rows that no sample before has: of each prompt's samples, the prefixes that
 * are fed and begin like no other's. */
static long distinct_rows(const struct out *out)
{
    long rows = 0;

    for (int i = 0; i < N_OUT; i++) {
        int shared = 0;

        for (int j = i - i % SAMPLES; j < i; j++) {
            int n = 0;

            while (n < out[i].n - 1 && n < out[j].n - 1 &&
                   out[i].tokens[n] == out[j].tokens[n])
                n++;
            shared = n > shared ? n : shared;
        }
        rows += out[i].n - 1 - shared;
    }
    return rows;
}

static long all_rows(const struct out *out)
{
    long rows = 0;

    for (int i = 0; i < N_OUT; i++)
        rows += out[i].n - 1;
    return rows;
}

/* Each prompt is computed once, and so is what samples that enter together have
 * in common; who enters after that step computes one row and its own. */
static void check_rows(struct made *x, double temp, int batch, size_t cache)
{
    struct gen_opts o = opts(temp, batch);
    struct out *out;
    long once = 0, least, most;

    o.kv_bytes = cache;
    watch_rows(x->k);
    out = generate_of(x->m, &o, long_lens, 0);
    for (int j = 0; j < N_PROMPTS; j++)
        once += long_lens[j];
    least = once + distinct_rows(out);
    most = once + all_rows(out) + N_PROMPTS * (SAMPLES - 1);
    if (batch == 1)
        T_EQ_INT(total_rows, most);
    else if (batch == 64 && !cache)
        T_EQ_INT(total_rows, least);
    else
        T_CHECKF(total_rows >= least && total_rows <= most,
                 "batch %d: %ld rows, of %ld to %ld", batch, total_rows, least,
                 most);
    free(out);
}

static void samples_share_what_they_have_in_common(void)
{
    static const int batches[] = {1, 3, SAMPLES, 64};
    static const double temps[] = {1, 0.1, 0};
    struct config c = make_config(32, 4, 2, 53);
    float *flat;

    c.max_pos = 500;
    flat = make_flat(&c, 5);
    make_prompts(c.vocab);
    for (int i = 0; i < 4; i++)
        for (int t = 0; t < 3; t++)
            for (int pages = 0; pages <= 40; pages += 40) {
                struct made x = make_model(&c, "fp32", flat, 1, 0);

                check_rows(&x, temps[t], batches[i],
                           (size_t)pages * model_page_bytes(&c, DT_F32));
                drop_model(&x);
            }
    free(flat);
}

/* ---- the head ---- */

static void (*head_sample)(struct kernels *k, enum dtype t, enum dtype lt,
                           int32_t *token, float *logp, const void *x,
                           const struct k_weight *W, const float *u,
                           const int32_t *first, struct k_sample s, int T,
                           int V, int H);
static long head_rows, draws;

static void count_heads(struct kernels *k, enum dtype t, enum dtype lt,
                        int32_t *token, float *logp, const void *x,
                        const struct k_weight *W, const float *u,
                        const int32_t *first, struct k_sample s, int T, int V,
                        int H)
{
    head_rows += T;
    draws += first ? first[T] : T;
    head_sample(k, t, lt, token, logp, x, W, u, first, s, T, V, H);
}

static void watch_heads(struct kernels *k)
{
    head_sample = k->head_sample;
    k->head_sample = count_heads;
    head_rows = draws = 0;
}

static const struct k_sample ways[] = {{1, 1, 0},       {0.3f, 1, 0},
                                       {0.6f, 0.8f, 0}, {1, 1, 7},
                                       {0.8f, 0.9f, 5}, {0, 1, 0}};
enum { N_WAYS = sizeof ways / sizeof *ways };

/* One sample at a time, which shares nothing, beside all at once on two
 * threads. */
static void same_bits(const struct config *c, const float *flat,
                      const char *arm, int way)
{
    struct gen_opts o = opts(1, 1);
    struct made x = make_model(c, arm, flat, 1, 0);
    struct out *alone, *tree;
    long most = 0;

    o.sample = ways[way];
    alone = generate(x.m, &o, 0);
    drop_model(&x);
    for (int i = 0; i < N_OUT; i++)
        most += alone[i].n;
    x = make_model(c, arm, flat, 2, 0);
    watch_heads(x.k);
    o.batch = 64;
    tree = generate(x.m, &o, 0);
    drop_model(&x);
    T_CHECKF(!memcmp(alone, tree, sizeof *alone * N_OUT),
             "%s, sampling %d: other samples than one at a time", arm, way);
    T_EQ_INT(draws, most);
    T_EQ_INT(head_rows, N_PROMPTS + distinct_rows(alone));
    T_CHECKF(head_rows < draws, "%s, sampling %d: nothing is shared", arm, way);
    free(alone);
    free(tree);
}

static void the_head_is_computed_once_a_node_with_the_same_bits(void)
{
    static const char *const arms[] = {"fp32",
                                       "bf16",
                                       "bf16-mixed",
                                       "fp16-mixed",
                                       "fp32,order=shuffled:3",
                                       "bf16,order=shuffled:5",
                                       "bf16,head=fp32"};
    struct config c = make_config(32, 4, 2, 53);
    float *flat = make_flat(&c, 5);

    make_prompts(c.vocab);
    for (size_t a = 0; a < sizeof arms / sizeof *arms; a++)
        for (int w = 0; w < N_WAYS; w++)
            same_bits(&c, flat, arms[a], w);
    free(flat);
}

/* As on a GPU under order=hardware, where the bits of a row may depend on how
 * many rows there are: only what gen asks for is looked at. */
static void where_rows_are_not_alone_only_prompts_are_shared(void)
{
    struct config c = make_config(32, 4, 2, 53);
    float *flat;
    struct out *out;
    struct made x;
    struct gen_opts o = opts(0.1, 64);
    long once = 0;

    c.max_pos = 500;
    flat = make_flat(&c, 5);
    make_prompts(c.vocab);
    x = make_model(&c, "fp32", flat, 1, 0);
    x.k->sizes.can.alone = 0;
    watch_rows(x.k);
    watch_heads(x.k);
    out = generate_of(x.m, &o, long_lens, 0);
    for (int i = 0; i < N_PROMPTS; i++)
        once += long_lens[i];
    T_EQ_INT(total_rows, once + all_rows(out));
    T_EQ_INT(head_rows, draws);
    T_EQ_INT(draws, N_OUT + all_rows(out));
    T_CHECK(distinct_rows(out) < all_rows(out));
    free(out);
    free(flat);
    drop_model(&x);
}

int main(void)
{
    T_RUN(samples_share_what_they_have_in_common);
    T_RUN(the_head_is_computed_once_a_node_with_the_same_bits);
    T_RUN(where_rows_are_not_alone_only_prompts_are_shared);
    T_DONE();
}
