/* logprob - score responses: teacher-forced log-probabilities by a model
 *
 * in      responses with prompt_tokens and response_tokens
 * out     + logprobs.NAME, one a response token (nats); with --against DIR
 *         + kl_exact, KL(model || DIR) a token, and logprobs of DIR
 * memory  one or two models, a batch of records
 * order   preserved
 */
#include "../lib/base/progress.h"
#include "../lib/model/model.h"
#include "../lib/record/filter.h"
#include "main.h"

static struct filter f = FILTER_INIT;
static const char *dir, *as, *against, *as_against;
static const char *arm_text = "fp32", *against_arm, *device = "auto";
static int threads, batch = 64, micro, check_rollout, plan;
static double temperature = 1;
static uint64_t seed;

static const struct opt own[] = {
    {OPT_STR, "model", 0, &dir, "DIR", "the model that scores", 0, 0},
    {OPT_STR, "as", 0, &as, "NAME", "write logprobs.NAME", 0, 0},
    {OPT_STR, "against", 0, &against, "DIR",
     "write kl_exact: KL(model || DIR) over the whole vocabulary", 0, 0},
    {OPT_STR, "as-against", 0, &as_against, "NAME",
     "write DIR's log-probabilities as logprobs.NAME", 0, 0},
    {OPT_FLAG, "check-rollout", 0, &check_rollout, NULL,
     "response_logprobs must be the same bits; say the largest gap", 0, 0},
    {OPT_F64, "temperature", 0, &temperature, "T",
     "logits are divided by it", 1e-6, 1e3},
    {OPT_HEADING, NULL, 0, NULL, NULL, "Running", 0, 0},
    {OPT_STR, "arm", 0, &arm_text, "ARM",
     "precision arm, NAME[,factor=value...]", 0, 0},
    {OPT_STR, "against-arm", 0, &against_arm, "ARM",
     "that of --against (the same as --arm)", 0, 0},
    {OPT_U64, "seed", 0, &seed, "N", "seed of order=shuffled", 0, 0},
    {OPT_STR, "device", 0, &device, "NAME", "auto, cpu or cuda", 0, 0},
    {OPT_INT, "threads", 0, &threads, "N", "0 = one per processor", 0, 4096},
    {OPT_INT, "batch", 0, &batch, "N",
     "records gathered while more are waiting; no bit depends on it", 1,
     1e6},
    {OPT_INT, "micro-batch", 0, &micro, "N",
     "tokens in a forward, about; no bit depends on it; 0 = 4096", 0, 1e8},
    {OPT_FLAG, "plan", 0, &plan, NULL, "say what it would take, and stop", 0,
     0},
    {0}};

static struct opt opts[] = {
    {OPT_GROUP, NULL, 0, (void *)own, NULL, NULL, 0, 0},
    {OPT_HEADING, NULL, 0, NULL, NULL, "Records", 0, 0},
    {OPT_GROUP, NULL, 0, NULL, NULL, NULL, 0, 0},
    {0}};

static const struct cli cli = {
    .name = "logprob",
    .purpose = "score responses: teacher-forced log-probabilities by a model",
    .usage = "--model DIR --as NAME [options] [responses...]",
    .details =
        "The log-probability of each response token given the prompt and the "
        "tokens before it, of the full softmax at --temperature, in nats. At "
        "the temperature of the rollout, with its arm and seed, these are "
        "response_logprobs again, all bits (--check-rollout: exit status 3 "
        "where they are not).\n\n"
        "kl_exact is sum_v p(v) (log p(v) - log q(v)), p of --model, q of "
        "--against, at each response token (SCIENCE 5).",
    .example = "rollout --model M p.jsonl | logprob --model M --as policy "
               "--against BASE --as-against base | kl | stats",
    .see_also = "rollout, kl",
    .opts = opts,
    .max_args = 1024,
};

struct side {
    struct arm arm;
    struct kernels *k;
    struct model *m;
    char digest[33];
};

/* Records gathered for one pass, with their tokens end to end. */
struct gathered {
    struct rec **rec;      /* [batch] our copies */
    int n;
    int32_t *start, *first; /* [batch + 1], [batch] */
    int32_t *tokens;
    size_t n_tokens, cap;
    float *logp;            /* [cap] */
};

struct run {
    struct side a, b;
    struct gathered g;
    double gap;             /* largest of --check-rollout */
    uint64_t n_differ, n_checked;
    struct progress *progress;
};

/* ---- records in ---- */

static int check_tokens(const struct run *x, struct rec *rec,
                        const char *field, struct rec_i32s v, struct err *e)
{
    int vocab = model_config(x->a.m)->vocab;

    for (size_t i = 0; i < v.n; i++)
        if (v.v[i] < 0 || v.v[i] >= vocab)
            return rec_bad(rec, e, "%s: %d at position %zu is outside the "
                           "model's vocabulary of %d", field, (int)v.v[i], i,
                           vocab);
    return 0;
}

static int context(const struct run *x)
{
    int a = model_config(x->a.m)->max_pos;
    int b = x->b.m ? model_config(x->b.m)->max_pos : a;

    return a < b ? a : b;
}

static void append(struct gathered *g, struct rec_i32s v)
{
    if (v.n)
        memcpy(g->tokens + g->n_tokens, v.v, v.n * sizeof *v.v);
    g->n_tokens += v.n;
}

static int gather(struct run *x, struct rec *rec, struct err *e)
{
    struct gathered *g = &x->g;
    struct rec_i32s p, q;
    size_t n;
    int r = rec_need_i32s(rec, "prompt_tokens", &p, e);

    if (!r)
        r = rec_need_i32s(rec, "response_tokens", &q, e);
    if (!r)
        r = check_tokens(x, rec, "prompt_tokens", p, e);
    if (!r)
        r = check_tokens(x, rec, "response_tokens", q, e);
    if (r)
        return r;
    if (!p.n)
        return rec_bad(rec, e, "prompt_tokens is empty");
    n = p.n + q.n;
    if (n > (size_t)context(x))
        return rec_bad(rec, e, "%zu tokens of prompt and response, the "
                       "model's context is %d", n, context(x));
    if (g->n_tokens + n > g->cap) {
        g->cap = 2 * (g->n_tokens + n);
        g->tokens = xrealloc(g->tokens, g->cap, sizeof *g->tokens);
        g->logp = xrealloc(g->logp, g->cap, sizeof *g->logp);
    }
    g->first[g->n] = (int32_t)p.n;
    append(g, p);
    append(g, q);
    g->rec[g->n++] = rec_copy(rec);
    g->start[g->n] = (int32_t)g->n_tokens;
    return 0;
}

/* ---- scores out ---- */

static float *response(const struct gathered *g, int i, size_t *n)
{
    *n = (size_t)(g->start[i + 1] - g->start[i] - g->first[i]);
    return g->logp + g->start[i] + g->first[i];
}

static void set_column(struct gathered *g, const char *path)
{
    for (int i = 0; i < g->n; i++) {
        size_t n;
        float *v = response(g, i, &n);

        rec_set_f32s(g->rec[i], path, v, n);
    }
}

static int check_column(struct run *x, struct err *e)
{
    struct gathered *g = &x->g;

    for (int i = 0; i < g->n; i++) {
        struct rec_f32s was;
        size_t n;
        float *v = response(g, i, &n);
        int r = rec_need_f32s(g->rec[i], "response_logprobs", &was, e);

        if (r)
            return r;
        if (was.n != n)
            return rec_bad(g->rec[i], e, "response_logprobs has %zu values, "
                           "response_tokens %zu", was.n, n);
        for (size_t t = 0; t < n; t++) {
            double gap = (double)v[t] - (double)was.v[t];

            gap = gap < 0 ? -gap : gap;
            x->gap = gap > x->gap ? gap : x->gap;
            x->n_differ += memcmp(&v[t], &was.v[t], sizeof *v) != 0;
        }
        x->n_checked += n;
    }
    return 0;
}

static int score(struct run *x, struct side *s, const struct seqs *q,
                 const char *name, struct err *e)
{
    char path[300];
    int r = model_logp(s->m, q, temperature, micro, x->g.logp, NULL, e);

    if (r)
        return r;
    if (s == &x->a && check_rollout)
        r = check_column(x, e);
    if (!r && name) {
        snprintf(path, sizeof path, "logprobs.%s", name);
        set_column(&x->g, path);
    }
    return r;
}

static int write_all(struct run *x, struct err *e)
{
    struct gathered *g = &x->g;
    int r = 0;

    for (int i = 0; i < g->n; i++) {
        if (!r)
            r = filter_write(&f, g->rec[i], e);
        rec_free(&g->rec[i]);
    }
    progress_add(x->progress, g->n_tokens);
    g->n = 0;
    g->n_tokens = 0;
    return r;
}

static int flush(struct run *x, struct err *e)
{
    struct gathered *g = &x->g;
    struct seqs q = {g->n, g->start, g->tokens, g->first, NULL};
    int r = 0;

    if (!g->n)
        return 0;
    if (as || check_rollout)
        r = score(x, &x->a, &q, as, e);
    if (!r && as_against)
        r = score(x, &x->b, &q, as_against, e);
    if (!r && against) {
        r = model_kl(x->a.m, x->b.m, &q, temperature, micro, g->logp, e);
        if (!r)
            set_column(g, "kl_exact");
    }
    return r ? r : write_all(x, e);
}

/* A batch ends when it is full, or when the input has nothing more to say
 * for now. */
static int score_all(struct run *x, struct err *e)
{
    struct rec *rec;
    int r = 0;

    for (;;) {
        if (x->g.n && (x->g.n == batch || !filter_ready(&f)))
            r = flush(x, e);
        if (!r)
            r = filter_read(&f, &rec, e);
        if (r <= 0)
            break;
        r = gather(x, rec, e);
        if (r)
            r = filter_skip(&f, e);
        if (r)
            break;
    }
    return r ? r : flush(x, e);
}

/* ---- the run ---- */

static int open_side(struct side *s, const char *model, const char *text,
                     const struct side *share, struct err *e)
{
    int r = arm_parse(&s->arm, text, e);

    if (r)
        return r;
    arm_seed(&s->arm, seed);
    if (share && share->arm.order.kind == s->arm.order.kind &&
        share->arm.order.seed == s->arm.order.seed)
        s->k = share->k;
    else
        r = kernels_open(&s->k, device, threads, s->arm.order, e);
    return r ? r : model_open_dir(&s->m, model, &s->arm, s->k, 0, s->digest,
                                  e);
}

static void made_by_side(const struct side *s, const char *model_key,
                         const char *arm_key)
{
    char arm[256];

    arm_format(&s->arm, arm, sizeof arm);
    filter_made_by(&f, model_key, s->digest);
    filter_made_by(&f, arm_key, arm);
}

static void made_by(const struct run *x)
{
    char v[32];

    made_by_side(&x->a, "model", "arm");
    if (as)
        filter_made_by(&f, "as", as);
    if (against)
        made_by_side(&x->b, "against", "against_arm");
    if (as_against)
        filter_made_by(&f, "as_against", as_against);
    snprintf(v, sizeof v, "%.9g", temperature);
    filter_made_by(&f, "temperature", v);
    snprintf(v, sizeof v, "%llu", (unsigned long long)seed);
    filter_made_by(&f, "seed", v);
}

static int report(const struct run *x, struct err *e)
{
    if (!check_rollout)
        return 0;
    fprintf(stderr, "logprob: %llu tokens checked, largest gap %.9g\n",
            (unsigned long long)x->n_checked, x->gap);
    if (!x->n_differ)
        return 0;
    return err_set(e, ERR_DATA, "%s: %llu of %llu response_logprobs are other "
                   "bits, the largest gap is %.9g", rec_name(f.in),
                   (unsigned long long)x->n_differ,
                   (unsigned long long)x->n_checked, x->gap);
}

static int print_plan(const struct arm *a, struct err *e)
{
    struct config c;
    struct model_plan p;
    int r = config_read(&c, dir, e);

    if (r)
        return r;
    model_plan(&p, &c, a, micro ? micro : 4096, c.max_pos, 1);
    printf("parameters   %zu\n", p.n_params);
    printf("weights      %zu bytes\n", p.weight_bytes);
    printf("arithmetic   %.4g FLOP a token at most\n", p.flops_per_token);
    return 0;
}

static int work(struct run *x, char **args, int n, struct err *e)
{
    struct gathered *g = &x->g;
    int r = open_side(&x->a, dir, arm_text, NULL, e);

    if (!r && against)
        r = open_side(&x->b, against, against_arm ? against_arm : arm_text,
                      &x->a, e);
    if (!r)
        r = filter_open(&f, "logprob", "rollouts", args, n, e);
    if (r)
        return r;
    made_by(x);
    g->rec = xcalloc((size_t)batch, sizeof *g->rec);
    g->start = xcalloc((size_t)batch + 1, sizeof *g->start);
    g->first = xcalloc((size_t)batch, sizeof *g->first);
    x->progress = progress_open("logprob", "tokens", 0, f.quiet);
    r = score_all(x, e);
    progress_close(&x->progress);
    if (!r)
        r = report(x, e);
    return r ? r : filter_close(&f, e);
}

static void drop(struct run *x)
{
    struct gathered *g = &x->g;

    for (int i = 0; i < g->n; i++)
        rec_free(&g->rec[i]);
    free(g->rec);
    free(g->start);
    free(g->first);
    free(g->tokens);
    free(g->logp);
    model_close(&x->a.m);
    model_close(&x->b.m);
    if (x->b.k != x->a.k)
        kernels_close(&x->b.k);
    kernels_close(&x->a.k);
}

static int run(char **args, int n, struct err *e)
{
    struct run x = {0};
    struct arm a;
    int r;

    if (!dir)
        return err_set(e, ERR_USAGE, "--model is missing");
    if (plan) {
        r = arm_parse(&a, arm_text, e);
        return r ? r : print_plan(&a, e);
    }
    if (!as && !against && !check_rollout)
        return err_set(e, ERR_USAGE, "nothing to do: --as NAME, --against "
                       "DIR or --check-rollout");
    if (as_against && !against)
        return err_set(e, ERR_USAGE, "--as-against needs --against DIR");
    r = work(&x, args, n, e);
    if (r)
        filter_abort(&f);
    drop(&x);
    return r;
}

int main(int argc, char **argv)
{
    struct err e = {0};
    char **args;
    int n;

    opts[2].dst = (void *)(uintptr_t)filter_opts(&f);
    n = start(&cli, argc, argv, &args);
    if (run(args, n, &e))
        return fail(&cli, &e);
    return finish(&cli);
}
