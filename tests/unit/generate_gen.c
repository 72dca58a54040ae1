/* generation: the same bits for any batch, threads and prefill; = scoring */
#include "generate_script.h"

/* The scorer's log-probabilities of what was generated are the same bits. */
static void check_scores(struct made *x, const struct out *out, double temp,
                         const char *arm)
{
    for (int i = 0; i < N_OUT; i++) {
        int p = i / SAMPLES, n = lens[p] + out[i].n;
        int32_t tokens[128], start[2] = {0, n}, first[1] = {lens[p]};
        struct seqs s = {1, start, tokens, first, NULL, NULL};
        float logp[128];

        memcpy(tokens, prompts[p], sizeof *tokens * (size_t)lens[p]);
        memcpy(tokens + lens[p], out[i].tokens,
               sizeof *tokens * (size_t)out[i].n);
        MUST(model_logp(x->m, &s, temp, 0, logp, NULL, &e));
        T_CHECKF(!memcmp(logp + lens[p], out[i].logp,
                         sizeof *logp * (size_t)out[i].n),
                 "%s, temperature %g: output %d is scored otherwise", arm, temp,
                 i);
    }
}

static void bits_ignore_batch_threads_and_arrival(void)
{
    static const char *const arms[] = {"fp32", "bf16", "bf16-mixed",
                                       "fp16-mixed"};
    static const double temps[] = {1, 0.7, 0};
    static const int batches[] = {1, 7, 64};
    struct config c = make_config(32, 4, 2, 53);
    float *flat = make_flat(&c, 5);
    int stops = 0;

    make_prompts(c.vocab);
    for (int a = 0; a < 4; a++) {
        for (int t = 0; t < 3; t++) {
            struct out *one = NULL;

            for (int b = 0; b < 3; b++) {
                struct made x = make_model(&c, arms[a], flat, b + 1, 0);
                struct gen_opts o = opts(temps[t], batches[b]);
                struct out *two = generate(x.m, &o, b == 1);

                T_CHECKF(!one || !memcmp(one, two, sizeof *one * N_OUT),
                         "%s: batch %d, %d threads give other samples", arms[a],
                         batches[b], b + 1);
                if (!one) {
                    one = two;
                    check_scores(&x, one, temps[t], arms[a]);
                } else {
                    free(two);
                }
                drop_model(&x);
            }
            for (int i = 0; i < N_OUT; i++)
                stops += one[i].stopped;
            free(one);
        }
    }
    T_CHECK(stops > 20);
    free(flat);
}

static void ends_at_an_end_token_or_at_max_new(void)
{
    struct config c = make_config(16, 2, 1, 20);
    float *flat = make_flat(&c, 5);
    struct made x = make_model(&c, "fp32", flat, 1, 0);
    struct gen_opts o = opts(1, 8);
    struct out *out;

    make_prompts(c.vocab);
    out = generate(x.m, &o, 0);
    for (int i = 0; i < N_OUT; i++) {
        for (int t = 0; t < out[i].n; t++) {
            int end = out[i].tokens[t] == 3 || out[i].tokens[t] == 11;

            T_CHECK(end == (out[i].stopped && t == out[i].n - 1));
        }
        T_CHECK(out[i].stopped || out[i].n == MAX_NEW);
    }
    free(out);
    free(flat);
    drop_model(&x);
}

static void greedy_takes_the_largest_logit(void)
{
    struct config c = make_config(16, 2, 1, 20);
    float *flat = make_flat(&c, 5), logits[80 * 20];
    struct made x = make_model(&c, "fp32", flat, 1, 0);
    struct gen_opts o = opts(0, 8);
    struct out *out;

    make_prompts(c.vocab);
    out = generate(x.m, &o, 0);
    for (int i = 0; i < 2 * SAMPLES; i++) {
        int p = i / SAMPLES, n = lens[p] + out[i].n;
        int32_t tokens[128], start[2] = {0, n}, first[1] = {1};
        struct seqs s = {1, start, tokens, first, NULL, NULL};

        memcpy(tokens, prompts[p], sizeof *tokens * (size_t)lens[p]);
        memcpy(tokens + lens[p], out[i].tokens,
               sizeof *tokens * (size_t)out[i].n);
        MUST(model_logits(x.m, &s, logits, &e));
        for (int t = 0; t < out[i].n; t++) {
            const float *z = logits + (lens[p] + t - 1) * 20;
            int best = 0;

            for (int v = 1; v < 20; v++)
                best = z[v] > z[best] ? v : best;
            T_EQ_INT(out[i].tokens[t], best);
        }
    }
    free(out);
    free(flat);
    drop_model(&x);
}

/* ---- pages ---- */

/* From a cache that holds one sequence to one that holds all, prompts in
 * pieces of any size: the same bits. */
static void bits_ignore_the_size_of_the_cache(void)
{
    static const int batches[] = {1, 3, 7, 64}, pieces[] = {0, 1, 50};
    struct config c = make_config(32, 4, 2, 53);
    float *flat;
    struct out *one = NULL;
    long least = 0, most = 0;

    c.max_pos = 500;
    flat = make_flat(&c, 5);
    make_prompts(c.vocab);
    for (int b = 0; b < 4; b++)
        for (int pages = 8; pages < 300; pages = pages * 3 / 2 + 1) {
            struct made x = make_model(&c, "fp32", flat, 1, 0);
            struct gen_opts o = opts(1, batches[b]);
            struct out *two;

            o.max_new = LONG_NEW;
            o.n_eos = 1;
            o.kv_bytes = model_page_bytes(&c, DT_F32) * (size_t)pages;
            o.prefill = pieces[(b + pages) % 3];
            watch_rows(x.k);
            two = generate_of(x.m, &o, long_lens, b == 1);
            T_CHECKF(!one || !memcmp(one, two, sizeof *one * N_OUT),
                     "batch %d, %d pages, pieces of %d give other samples",
                     batches[b], pages, o.prefill);
            T_CHECK(!o.prefill || most_rows <= o.prefill + o.batch - 1);
            least = !least || total_rows < least ? total_rows : least;
            most = total_rows > most ? total_rows : most;
            drop_model(&x);
            if (one)
                free(two);
            else
                one = two;
        }
    T_CHECKF(most > least * 5 / 4, "%ld and %ld rows: was none preempted?",
             least, most);
    free(one);
    free(flat);
}

static void *(*alloc)(struct kernels *k, size_t bytes, struct err *e);
static int large, allowed; /* slabs: nothing else is so large */

static void *refuse_some(struct kernels *k, size_t bytes, struct err *err)
{
    if (bytes > 4 << 20 && large++ >= allowed) {
        err_memory(err, "nothing is left");
        return NULL;
    }
    return alloc(k, bytes, err);
}

/* A device that has less than it seemed: the cache is what there was. */
static void memory_that_runs_out_makes_others_wait(void)
{
    struct config c = make_config(256, 2, 2, 53);
    float *flat;
    struct out *want = NULL;

    c.max_pos = 500;
    flat = make_flat(&c, 5);
    make_prompts(c.vocab);
    for (int i = 0; i < 2; i++) {
        struct made x = make_model(&c, "fp32", flat, 1, 0);
        struct gen_opts o = opts(1, 64);
        struct out *out;

        o.prefill = 64; /* so that other buffers are small */
        alloc = x.k->alloc;
        x.k->alloc = refuse_some;
        large = 0;
        allowed = i ? 1 : 100;
        out = generate_of(x.m, &o, long_lens, 0);
        T_CHECKF(large > 1, "%d slabs", large);
        if (want) {
            T_CHECK(!memcmp(want, out, sizeof *out * N_OUT));
            free(out);
        } else {
            want = out;
        }
        drop_model(&x);
    }
    free(want);
    free(flat);
}

static void one_that_cannot_fit_says_what_to_raise(void)
{
    struct config c = make_config(32, 4, 2, 53);
    float *flat;
    struct gen_opts o = opts(1, 8);
    struct out out[N_OUT];
    struct script s = {prompts, long_lens, N_PROMPTS, SAMPLES, 0, 0, 0, out, 1};
    struct gen_io io = {next, done, &s, 0, NULL};
    struct made x;

    c.max_pos = 500;
    flat = make_flat(&c, 5);
    make_prompts(c.vocab);
    x = make_model(&c, "fp32", flat, 1, 0);
    o.kv_bytes = 5 * model_page_bytes(&c, DT_F32);
    T_EQ_INT(gen_run(x.m, &o, &io, &e), -ERR_IO);
    T_CHECKF(strstr(e.msg, "a prompt of 300 tokens and 40 new ones") &&
                 strstr(e.msg, "raise --kv-memory") && e.no_memory,
             "%s", e.msg);
    s.at = s.n_done = 0;
    o.kv_bytes = 6 * model_page_bytes(&c, DT_F32);
    MUST(gen_run(x.m, &o, &io, &e));
    T_EQ_INT(s.n_done, N_OUT);
    alloc = x.k->alloc;
    x.k->alloc = refuse_some;
    large = allowed = s.at = s.n_done = 0;
    o.kv_bytes = (size_t)1 << 30;
    o.batch = 64;
    T_EQ_INT(gen_run(x.m, &o, &io, &e), -ERR_IO);
    T_CHECKF(strstr(e.msg, "nothing is left") && strstr(e.msg, "--kv-memory"),
             "%s", e.msg);
    free(flat);
    drop_model(&x);
}

static int stop_done(void *ctx, const struct gen_res *r, struct err *err)
{
    (void)ctx;
    (void)r;
    return err_set(err, ERR_IO, "enough");
}

static void errors_name_the_record(void)
{
    struct config c = make_config(16, 2, 1, 20);
    float *flat;
    struct made x;
    struct gen_opts o = opts(1, 8);
    struct out out[N_OUT];
    struct script s = {prompts, lens, N_PROMPTS, SAMPLES, 0, 0, 0, out, 1};
    struct gen_io io = {next, stop_done, &s, 0, NULL};
    float *bad;

    c.max_pos = 100;
    flat = make_flat(&c, 5);
    make_prompts(c.vocab);
    x = make_model(&c, "fp32", flat, 1, 0);
    T_EQ_INT(gen_run(x.m, &o, &io, &e), -ERR_IO);
    T_EQ_STR(e.msg, "enough");
    s.at = 0;
    io.done = done;
    T_EQ_INT(gen_run(x.m, &o, &io, &e), -ERR_DATA);
    T_EQ_STR(e.msg, "a prompt of 64 tokens and 40 new ones (--max-new) exceed "
                    "the model's context length of 100");
    bad = malloc(sizeof *bad * model_params(x.m)->n_values);
    memcpy(bad, flat, sizeof *bad * model_params(x.m)->n_values);
    bad[5] = NAN;
    T_EQ_INT(model_set_host(x.m, bad, DT_F32, &e), -ERR_DATA);
    T_CHECKF(strstr(e.msg, "value 5 is nan"), "%s", e.msg);
    /* finite, but sums of them are not */
    for (size_t i = 0; i < model_params(x.m)->n_values; i++)
        bad[i] = 3e38f;
    MUST(model_set_host(x.m, bad, DT_F32, &e));
    s.at = 0;
    T_EQ_INT(gen_run(x.m, &o, &io, &e), -ERR_DATA);
    T_CHECKF(strstr(e.msg, "non-finite logits"), "%s", e.msg);
    free(bad);
    free(flat);
    drop_model(&x);
}

int main(void)
{
    T_RUN(bits_ignore_batch_threads_and_arrival);
    T_RUN(ends_at_an_end_token_or_at_max_new);
    T_RUN(greedy_takes_the_largest_logit);
    T_RUN(bits_ignore_the_size_of_the_cache);
    T_RUN(memory_that_runs_out_makes_others_wait);
    T_RUN(one_that_cannot_fit_says_what_to_raise);
    T_RUN(errors_name_the_record);
    T_DONE();
}
