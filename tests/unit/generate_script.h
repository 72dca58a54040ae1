/* generate_script - requests of a few prompts, and what came of them, for the
 * tests of gen */
#ifndef ULP_GENERATE_SCRIPT_H
#define ULP_GENERATE_SCRIPT_H
#include "model_make.h"
#include "../../lib/generate/gen.h"

#define MAX_NEW 40
#define LONG_NEW 150
#define LONG_PROMPT 300

struct out {
    int32_t tokens[LONG_NEW];
    float logp[LONG_NEW];
    int n, stopped;
};

/* Requests: prompt i / samples, sample i % samples. */
struct script {
    int32_t (*prompt)[LONG_PROMPT];
    const int *len;
    int n, samples, at, n_done;
    int stutter; /* next says "not now" every so often */
    struct out *out;
    int in_order;
};

static int next(void *ctx, struct gen_req *q, struct err *err)
{
    struct script *s = ctx;
    int p = s->at / s->samples;

    (void)err;
    if (s->at == s->n * s->samples)
        return 0;
    if (s->stutter && s->stutter++ % 3 == 0 && s->at > s->n_done)
        return 0;
    *q = (struct gen_req){.prompt = s->prompt[p],
                          .n_prompt = s->len[p],
                          .id_hash = (uint64_t)(p + 1) << 40,
                          .sample = s->at % s->samples,
                          .user = &s->out[s->at]};
    s->at++;
    return 1;
}

static int done(void *ctx, const struct gen_res *r, struct err *err)
{
    struct script *s = ctx;
    struct out *o = r->user;

    (void)err;
    s->in_order &= o == &s->out[s->n_done];
    s->n_done++;
    memcpy(o->tokens, r->tokens, (size_t)r->n * sizeof *r->tokens);
    memcpy(o->logp, r->logp, (size_t)r->n * sizeof *r->logp);
    o->n = r->n;
    o->stopped = r->stopped;
    return 0;
}

static const int lens[] = {5, 33, 1, 64, 2, 12};
static const int long_lens[] = {130, 7, 300, 64, 63, 127};
enum { N_PROMPTS = 6, SAMPLES = 5, N_OUT = N_PROMPTS * SAMPLES };
static int32_t prompts[N_PROMPTS][LONG_PROMPT];

static void make_prompts(int V)
{
    struct rng r;

    rng_init(&r, 8, 8);
    for (int i = 0; i < N_PROMPTS; i++)
        for (int j = 0; j < LONG_PROMPT; j++)
            prompts[i][j] = (int32_t)rng_below(&r, (uint32_t)V);
    /* two prompts of which one begins like the other, one after the other */
    memcpy(prompts[5], prompts[4], sizeof prompts[4]);
}

static struct out *generate_of(struct model *m, const struct gen_opts *o,
                               const int *len, int stutter)
{
    struct script s = {
        prompts, len, N_PROMPTS, SAMPLES,
        0,       0,   stutter,   calloc(N_OUT, sizeof(struct out)),
        1};
    struct gen_io io = {next, done, &s, 0, NULL};

    MUST(gen_run(m, o, &io, &e));
    T_EQ_INT(s.n_done, N_OUT);
    T_CHECK(s.in_order);
    return s.out;
}

static struct out *generate(struct model *m, const struct gen_opts *o,
                            int stutter)
{
    return generate_of(m, o, lens, stutter);
}

static struct gen_opts opts(double t, int batch)
{
    return (struct gen_opts){.sample = {(float)t, 1, 0},
                             .max_new = MAX_NEW,
                             .batch = batch,
                             .seed = 99,
                             .n_eos = 2,
                             .eos = {3, 11}};
}

/* ---- rows of the passes ---- */

static void (*kv_rows)(struct kernels *k, struct k_kv *kv, const int32_t *slot,
                       const int32_t *pos, int T);
static long total_rows;
static int most_rows;

static void count_rows(struct kernels *k, struct k_kv *kv, const int32_t *slot,
                       const int32_t *pos, int T)
{
    total_rows += T;
    most_rows = T > most_rows ? T : most_rows;
    kv_rows(k, kv, slot, pos, T);
}

static void watch_rows(struct kernels *k)
{
    kv_rows = k->kv_rows;
    k->kv_rows = count_rows;
    total_rows = most_rows = 0;
}

#endif
