/* rollout - sample responses to prompts: batched generation with a KV cache
 *
 * in      prompts with id and prompt_tokens
 * out     each prompt n times, + sample, seed, response_tokens,
 *         response_logprobs, finish_reason, policy
 * memory  the model, the cache of a batch, the prompts in flight
 * order   preserved; the samples of a prompt adjacent
 *
 * A sample is a function of (seed, step, prompt id, epoch, sample number) and
 * the weights, never of batch size, batch mates, threads or other prompts.
 */
#include "../lib/base/hash.h"
#include "../lib/base/progress.h"
#include "../lib/model/gen.h"
#include "../lib/record/filter.h"
#include "../lib/text/tok.h"
#include "../lib/train/sync.h"
#include "main.h"

static struct filter f = FILTER_INIT;
static const char *dir, *arm_text = "fp32", *device = "auto", *fifo;
static const char *end_ids;
static int threads, batch = 64, samples = 1, top_k, max_new = 256, step = -1;
static int plan;
static double temperature = 1, top_p = 1;
static uint64_t seed;

static const struct opt own[] = {
    {OPT_STR, "model", 0, &dir, "DIR", "the model to sample from", 0, 0},
    {OPT_INT, "samples", 0, &samples, "N", "responses to each prompt", 1,
     1e6},
    {OPT_INT, "max-new", 0, &max_new, "N",
     "tokens in a response, its end token included", 1, 1e7},
    {OPT_F64, "temperature", 0, &temperature, "T",
     "logits are divided by it; 0 takes the most likely token", 0, 1e3},
    {OPT_F64, "top-p", 0, &top_p, "P",
     "sample from the fewest tokens with this probability; 1 is off", 1e-9,
     1},
    {OPT_INT, "top-k", 0, &top_k, "K",
     "sample from the K most likely tokens; 0 is off", 0, 1e9},
    {OPT_U64, "seed", 0, &seed, "N",
     "seed of the samples, and of order=shuffled", 0, 0},
    {OPT_INT, "step", 0, &step, "N",
     "training step: mixed into the seed, and set on the records", 0, 2e9},
    {OPT_STR, "eos", 0, &end_ids, "LIST",
     "end tokens, ids or texts with commas between, instead of the model's",
     0, 0},
    {OPT_HEADING, NULL, 0, NULL, NULL, "Running", 0, 0},
    {OPT_STR, "arm", 0, &arm_text, "ARM",
     "precision arm, NAME[,factor=value...]", 0, 0},
    {OPT_STR, "device", 0, &device, "NAME", "auto, cpu or cuda", 0, 0},
    {OPT_INT, "threads", 0, &threads, "N", "0 = one per processor", 0, 4096},
    {OPT_INT, "batch", 0, &batch, "N",
     "sequences at once; no bit depends on it", 1, 1e6},
    {OPT_STR, "sync", 0, &fifo, "FIFO",
     "do what dapo-step says there: how many prompts, which weights", 0, 0},
    {OPT_FLAG, "plan", 0, &plan, NULL, "say what it would take, and stop", 0,
     0},
    {0}};

static struct opt opts[] = {
    {OPT_GROUP, NULL, 0, (void *)own, NULL, NULL, 0, 0},
    {OPT_HEADING, NULL, 0, NULL, NULL, "Records", 0, 0},
    {OPT_GROUP, NULL, 0, NULL, NULL, NULL, 0, 0},
    {0}};

static const struct cli cli = {
    .name = "rollout",
    .purpose = "sample responses to prompts: batched generation with a KV "
               "cache",
    .usage = "--model DIR [options] [prompts...]",
    .details =
        "Writes each prompt N times, in the order of the input, with sample "
        "(from 0), seed, response_tokens (the end token included), "
        "response_logprobs (nats, of the full softmax at the sampling "
        "temperature; at 1 when that is 0), finish_reason (stop or length) "
        "and policy, the digest of the weights. In the canonical and in a "
        "shuffled order of sums `logprob` gives those log-probabilities "
        "again, all bits.\n\n"
        "The seed of a sample is mixed from --seed and --step; with the "
        "prompt's id, its epoch if there is one, and the number of the "
        "sample, it decides every draw.",
    .example = "tokenize --tokenizer M gsm8k.jsonl | "
               "rollout --model M --samples 8 | tokenize --decode "
               "--tokenizer M | reward | stats",
    .see_also = "tokenize, logprob, reward, dapo-step",
    .opts = opts,
    .max_args = 1024,
};

struct prompt {
    struct rec *rec; /* our copy; lives until its last sample is written */
    char name[200];
    struct rec_i32s tokens;
    uint64_t id_hash;
    int issued, written;
    struct prompt *next;
};

struct run {
    struct kernels *k;
    struct model *m;
    struct arm arm;
    struct gen_opts g;
    char policy[33];
    struct prompt *first, **last; /* in flight, in order of the input */
    struct prompt *open; /* the last of them, while it has samples to issue */
    uint64_t in_flight;  /* samples issued and not written */
    int64_t allowed;     /* prompts that may be read; -1: all */
    int64_t step;        /* of the records, or -1 */
    int ended;           /* the input has */
    struct progress *progress;
};

/* splitmix64's step */
static uint64_t mix(uint64_t x)
{
    x += 0x9E3779B97F4A7C15ull;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ull;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBull;
    return x ^ (x >> 31);
}

/* The seed that the samples of a step share. */
static uint64_t step_seed(int64_t at)
{
    return mix(mix(seed) + (uint64_t)(at < 0 ? 0 : at));
}

/* ---- prompts in ---- */

static int check_prompt(const struct run *x, struct rec *rec,
                        const struct prompt *p, struct err *e)
{
    const struct config *c = model_config(x->m);

    if (!p->tokens.n)
        return rec_bad(rec, e, "prompt_tokens is empty");
    if (p->tokens.n + (size_t)max_new > (size_t)c->max_pos)
        return rec_bad(rec, e, "prompt_tokens has %zu tokens, with %d new "
                       "ones more than the model's context of %d",
                       p->tokens.n, max_new, c->max_pos);
    for (size_t i = 0; i < p->tokens.n; i++)
        if (p->tokens.v[i] < 0 || p->tokens.v[i] >= c->vocab)
            return rec_bad(rec, e, "prompt_tokens: %d at position %zu is "
                           "outside the model's vocabulary of %d",
                           (int)p->tokens.v[i], i, c->vocab);
    return 0;
}

static int read_prompt(const struct run *x, struct prompt *p, struct rec *rec,
                       struct err *e)
{
    struct rec_str id;
    int64_t epoch = 0;
    int r = rec_need_str(rec, "id", &id, e);

    if (!r)
        r = rec_need_i32s(rec, "prompt_tokens", &p->tokens, e);
    if (!r)
        r = check_prompt(x, rec, p, e);
    if (r)
        return r;
    p->id_hash = hash_bytes(id.s, id.n);
    r = rec_get_i64(rec, "epoch", &epoch, e);
    if (r < 0)
        return r;
    if (r)
        p->id_hash = mix(p->id_hash + mix((uint64_t)epoch));
    snprintf(p->name, sizeof p->name, "%.120s: record %llu",
             rec_name(f.in), (unsigned long long)rec_count(f.in));
    p->rec = rec_copy(rec);
    r = rec_need_i32s(p->rec, "prompt_tokens", &p->tokens, e);
    if (!r && x->step >= 0)
        rec_set_i64(p->rec, "step", x->step);
    return r;
}

static void drop_first(struct run *x)
{
    struct prompt *p = x->first;

    x->first = p->next;
    if (!x->first)
        x->last = &x->first;
    rec_free(&p->rec);
    free(p);
}

/* 1: x->open is the next prompt; 0: none now. */
static int open_prompt(struct run *x, struct err *e)
{
    struct rec *rec;
    int r;

    if (!x->allowed || x->ended || (x->in_flight && !filter_ready(&f)))
        return 0;
    while ((r = filter_read(&f, &rec, e)) > 0) {
        struct prompt *p = calloc(1, sizeof *p);

        if (!p)
            return err_set(e, ERR_IO, "no memory");
        if (!read_prompt(x, p, rec, e)) {
            x->open = *x->last = p;
            x->last = &p->next;
            if (x->allowed > 0)
                x->allowed--;
            return 1;
        }
        rec_free(&p->rec);
        free(p);
        r = filter_skip(&f, e);
        if (r)
            return r;
    }
    x->ended = !r;
    return r;
}

static int next(void *ctx, struct gen_req *q, struct err *e)
{
    struct run *x = ctx;
    struct prompt *p;
    int r = x->open ? 1 : open_prompt(x, e);

    if (r <= 0)
        return r;
    p = x->open;
    *q = (struct gen_req){.prompt = p->tokens.v,
                          .n_prompt = (int)p->tokens.n,
                          .id_hash = p->id_hash,
                          .sample = p->issued++,
                          .name = p->name,
                          .user = p};
    x->in_flight++;
    if (p->issued == samples)
        x->open = NULL;
    return 1;
}

/* ---- samples out ---- */

static int done(void *ctx, const struct gen_res *res, struct err *e)
{
    struct run *x = ctx;
    struct prompt *p = res->user;
    struct rec *rec = p->rec;
    int r;

    rec_set_i64(rec, "sample", p->written);
    rec_set_u64(rec, "seed", x->g.seed);
    rec_set_i32s(rec, "response_tokens", res->tokens, (size_t)res->n);
    rec_set_f32s(rec, "response_logprobs", res->logp, (size_t)res->n);
    rec_set_str(rec, "finish_reason", res->stopped ? "stop" : "length",
                res->stopped ? 4 : 6);
    rec_set_str(rec, "policy", x->policy, strlen(x->policy));
    r = filter_write(&f, rec, e);
    progress_add(x->progress, (uint64_t)res->n);
    x->in_flight--;
    if (++p->written == samples)
        drop_first(x);
    return r;
}

/* ---- the run ---- */

static int generate(struct run *x, struct err *e)
{
    struct gen_io io = {next, done, x};

    x->g.seed = step_seed(x->step);
    return gen_run(x->m, &x->g, &io, e);
}

static int take_weights(struct run *x, struct sync_msg *msg, struct err *e)
{
    size_t want = model_params(x->m)->n_values * dtype_size(msg->t);
    int r;

    if (msg->n_bytes != want)
        r = err_set(e, ERR_DATA, "%s: %zu bytes of weights, the model has "
                    "%zu", fifo, msg->n_bytes, want);
    else
        r = model_set_host(x->m, msg->weights, msg->t, e);
    free(msg->weights);
    return r ? r : model_digest(x->m, x->policy, e);
}

static int generate_group(struct run *x, const struct sync_msg *msg,
                          struct err *e)
{
    int r;

    x->step = msg->step;
    x->allowed = msg->prompts;
    r = generate(x, e);
    if (!r && x->allowed)
        r = err_set(e, ERR_DATA, "%s: ended %lld prompts before what step %u "
                    "asked for", rec_name(f.in), (long long)x->allowed,
                    msg->step);
    return r;
}

static int follow(struct run *x, struct err *e)
{
    struct sync *s = NULL;
    struct sync_msg msg = {0};
    int r = sync_open(&s, fifo, 0, e);

    while (!r && !(r = sync_recv(s, &msg, e)) && msg.type != SYNC_END)
        r = msg.type == SYNC_GO ? generate_group(x, &msg, e)
                                : take_weights(x, &msg, e);
    sync_close(&s);
    return r;
}

/* "2,<|im_end|>": ids and token texts. */
static int parse_ends(struct gen_opts *g, struct err *e)
{
    char text[1024], *save = NULL;
    struct tok *t = NULL;
    int r = 0;

    g->n_eos = 0;
    snprintf(text, sizeof text, "%s", end_ids);
    for (char *s = strtok_r(text, ",", &save); s && !r;
         s = strtok_r(NULL, ",", &save)) {
        char *end;
        long id = strtol(s, &end, 10);

        if (*end || id < 0) {
            r = t ? 0 : tok_open(&t, dir, e);
            id = r ? -1 : tok_id(t, s);
        }
        if (!r && (id < 0 || g->n_eos == CONFIG_MAX_EOS))
            r = err_set(e, ERR_USAGE, id < 0 ? "--eos: no token is '%s'"
                                             : "--eos: too many, at '%s'", s);
        if (!r)
            g->eos[g->n_eos++] = (int32_t)id;
    }
    tok_close(&t);
    return r;
}

static int set_gen(struct run *x, struct err *e)
{
    const struct config *c = model_config(x->m);

    x->g = (struct gen_opts){
        .sample = {(float)temperature, (float)top_p, top_k},
        .max_new = max_new,
        .batch = batch,
        .n_eos = c->n_eos,
    };
    memcpy(x->g.eos, c->eos, sizeof x->g.eos);
    return end_ids ? parse_ends(&x->g, e) : 0;
}

static void made_by(const struct run *x)
{
    char arm[256], v[32];

    arm_format(&x->arm, arm, sizeof arm);
    filter_made_by(&f, "policy", x->policy);
    filter_made_by(&f, "arm", arm);
#define PUT(key, format, value)                                              \
    do {                                                                     \
        snprintf(v, sizeof v, format, value);                                \
        filter_made_by(&f, key, v);                                          \
    } while (0)
    PUT("temperature", "%.9g", temperature);
    PUT("top_p", "%.9g", top_p);
    PUT("top_k", "%d", top_k);
    PUT("max_new", "%d", max_new);
    PUT("samples", "%d", samples);
    PUT("seed", "%llu", (unsigned long long)seed);
    if (step >= 0)
        PUT("step", "%d", step);
#undef PUT
    if (end_ids)
        filter_made_by(&f, "eos", end_ids);
}

static int print_plan(const struct arm *a, struct err *e)
{
    struct config c;
    struct model_plan p;
    double flops;
    int r = config_read(&c, dir, e);

    if (r)
        return r;
    model_plan(&p, &c, a, batch, c.max_pos, batch);
    printf("parameters          %zu\n", p.n_params);
    printf("weights             %zu bytes\n", p.weight_bytes);
    model_plan(&p, &c, a, batch, 1, 1);
    printf("cache a token       %zu bytes\n", p.kv_bytes);
    printf("cache of the batch  %zu bytes for each token of its longest "
           "sequence (%d sequences)\n", p.kv_bytes * (size_t)batch, batch);
    flops = p.flops_per_token;
    model_plan(&p, &c, a, batch, 2, 1);
    printf("arithmetic          %.4g FLOP a token, and %.4g for each token "
           "before it\n", flops, p.flops_per_token - flops);
    printf("context             %d tokens\n", c.max_pos);
    return 0;
}

static int work(struct run *x, char **args, int n, struct err *e)
{
    int r = kernels_open(&x->k, device, threads, x->arm.order, e);

    if (!r)
        r = model_open_dir(&x->m, dir, &x->arm, x->k, 0, x->policy, e);
    if (!r)
        r = set_gen(x, e);
    if (!r)
        r = filter_open(&f, "rollout", "rollouts", args, n, e);
    if (r)
        return r;
    made_by(x);
    x->progress = progress_open("rollout", "tokens", 0, f.quiet);
    r = fifo ? follow(x, e) : generate(x, e);
    progress_close(&x->progress);
    return r ? r : filter_close(&f, e);
}

static int run(char **args, int n, struct err *e)
{
    struct run x = {.allowed = -1, .step = step};
    int r;

    if (!dir)
        return err_set(e, ERR_USAGE, "--model is missing");
    r = arm_parse(&x.arm, arm_text, e);
    if (r)
        return r;
    arm_seed(&x.arm, seed);
    if (plan)
        return print_plan(&x.arm, e);
    x.last = &x.first;
    r = work(&x, args, n, e);
    if (r)
        filter_abort(&f);
    while (x.first)
        drop_first(&x);
    model_close(&x.m);
    kernels_close(&x.k);
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
