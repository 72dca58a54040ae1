/* rollout - sample responses to prompts: batched generation with a KV cache
 *
 * in      prompts with id and prompt_tokens
 * out     each prompt n times, + sample, seed, response_tokens,
 *         response_logprobs, finish_reason, policy
 * memory  the model, the cache of the tokens in flight, their prompts
 * order   preserved; the samples of a prompt adjacent
 *
 * A sample is a function of (seed, step, prompt id, epoch, sample number) and
 * the weights, never of batch size, batch mates, threads or other prompts.
 */
#include "../lib/text/tok.h"
#include "../lib/generate/gen.h"
#include "../lib/generate/sampler.h"
#include "engine_opts.h"
#include "filter_main.h"
#include "ranks.h"
#include "sampling_opts.h"

static struct filter f = FILTER_INIT;
static struct engine_opts m = {.arm = "fp32", .device = "auto"};
static struct sampler_opts o = {
    .all = {.samples = 1, .max_new = 256, .temperature = 1, .top_p = 1},
    .batch = 64};
static int step = -1, plan;
static struct ranks_opts ranks;
static struct cli_list tasks;

static const struct opt own[] = {
    {OPT_STR, "model", 0, &m.dir, "DIR", "the model to sample from", 0, 0},
    OPT_SAMPLING(&o.all),
    {OPT_INT, "top-k", 0, &o.top_k, "K",
     "sample from the K most likely tokens; 0 is off", 0, 1e9},
    {OPT_U64, "seed", 0, &m.seed, "N",
     "seed of the samples, and of order=shuffled", 0, 0},
    {OPT_INT, "step", 0, &step, "N",
     "training step: mixed into the seed, and set on the records", 0, 2e9},
    {OPT_STR, "eos", 0, &o.ends, "LIST",
     "end tokens, ids or texts with commas between, instead of the model's", 0,
     0},
    {OPT_LIST, "task", 0, &tasks, "NAME:KEY=VALUE,...",
     "prompts whose field task is NAME are sampled otherwise: samples, "
     "max-new, temperature or top-p; limit=N takes N of them at most",
     0, 0},
    {OPT_HEADING, NULL, 0, NULL, NULL, "Running", 0, 0},
    OPT_ARM(&m.arm),
    OPT_DEVICE(&m.device, &m.threads),
    {OPT_INT, "batch", 0, &o.batch, "N",
     "maximum number of sequences in a batch; results do not depend on it", 1,
     1e6},
    {OPT_SIZE, "kv-memory", 0, &o.kv_bytes, "SIZE",
     "maximum memory of the KV cache, such as 40G; when it is full the "
     "newest sequences are preempted and recomputed, with the same results; "
     "0 = what they need, within " CLI_TEXT(
         GEN_PART_OF_HOST) " of the host's "
                           "free memory or " CLI_TEXT(
                               GEN_PART_OF_DEVICE) " of a device's",
     0, 0},
    {OPT_STR, "sync", 0, &o.fifo, "FIFO",
     "FIFO from dapo-step --sync, which says how many prompts to sample and "
     "sends weights",
     0, 0},
    OPT_RELEASE(&o.release, ""),
    {OPT_FLAG, "offload", 0, &o.offload, NULL,
     "with --sync: the weights too, which wait in the host's memory", 0, 0},
    OPT_RANKS(&ranks),
    OPT_PLAN(&plan),
    {OPT_HEADING, NULL, 0, NULL, NULL, "Records", 0, 0},
    {0}};

static struct opt opts[] = FILTER_OPTS(own);

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
               "--tokenizer M | reward | stats correct",
    .see_also = "tokenize, logprob, reward, dapo-step",
    .opts = opts,
    .max_args = 1024,
};

/* What it would take, from shapes alone. */
struct takes {
    size_t params, weights; /* the latter in bytes */
    size_t page, pages;     /* bytes of a page of the cache; pages at most */
    double flop, flop_each; /* of a token, and more for each before it */
    int context;
};

static int takes(struct takes *t, const struct arm *a, struct err *e)
{
    struct config c;
    struct model_plan p;
    size_t all;
    int r = config_read(&c, m.dir, e);

    if (r)
        return r;
    t->context = c.max_pos;
    t->page = model_page_bytes(&c, a->compute);
    all = (size_t)kv_pages_for(c.max_pos) * (size_t)o.batch;
    t->pages = o.kv_bytes ? o.kv_bytes / t->page : all;
    t->pages = t->pages < all ? t->pages : all;
    model_plan(&p, &c, a, 1);
    t->params = p.n_params;
    t->weights = p.weight_bytes;
    t->flop = p.flops_per_token;
    model_plan(&p, &c, a, 2);
    t->flop_each = p.flops_per_token - t->flop;
    return 0;
}

static int plan_record(const struct takes *t, const struct arm *a,
                       struct err *e)
{
    struct rec *rec = rec_new();
    const char *compute = dtype_name(a->compute);
    int r;

    rec_set_str(rec, "program", "rollout", 7);
    rec_set_str(rec, "compute", compute, strlen(compute));
    rec_set_u64(rec, "parameters", t->params);
    rec_set_u64(rec, "weight_bytes", t->weights);
    rec_set_u64(rec, "cache_bytes_per_token", t->page / KV_PAGE);
    rec_set_i64(rec, "cache_page_tokens", KV_PAGE);
    rec_set_u64(rec, "cache_bytes_at_most", t->pages * t->page);
    rec_set_i64(rec, "batch_sequences", o.batch);
    rec_set_f64(rec, "flop_per_token", t->flop);
    rec_set_f64(rec, "flop_per_token_of_context", t->flop_each);
    rec_set_i64(rec, "context_tokens", t->context);
    r = rec_print(rec, f.out, e);
    rec_free(&rec);
    return r;
}

static int print_plan(const struct arm *a, struct err *e)
{
    struct takes t;
    int r = takes(&t, a, e);

    if (r || f.json)
        return r ? r : plan_record(&t, a, e);
    printf("parameters          %zu\n", t.params);
    printf("weights             %zu bytes\n", t.weights);
    printf("cache a token       %zu bytes, in pages of %d tokens\n",
           t.page / KV_PAGE, KV_PAGE);
    printf("cache at most       %zu bytes%s: %zu tokens of at most %d "
           "sequences\n",
           t.pages * t.page, o.kv_bytes ? "" : " and what is free",
           t.pages * KV_PAGE, o.batch);
    printf("arithmetic          %.4g FLOP a token, and %.4g for each token "
           "before it\n",
           t.flop, t.flop_each);
    printf("context             %d tokens\n", t.context);
    return 0;
}

/* The end tokens of --eos may be texts, which the tokenizer knows. */
static int read_ends(const struct config *c, struct err *e)
{
    int n = o.ends ? tok_list(m.dir, o.ends, "--eos", o.end, CONFIG_MAX_EOS, e)
                   : c->n_eos;

    for (int i = 0; o.ends && i < n; i++)
        if (o.end[i] >= c->vocab)
            return err_set(e, ERR_USAGE,
                           "--eos: token %d is outside the "
                           "model's vocabulary of %d",
                           (int)o.end[i], c->vocab);
    if (!n && !comm_rank(o.comm))
        fprintf(say_to(), "rollout: the model has no end token: every response "
                          "runs to --max-new (--eos names end tokens)\n");
    o.n_end = n;
    return n < 0 ? n : 0;
}

/* Rank 0 reads and writes for all. */
static int sample(char **args, int n, struct err *e)
{
    struct engine x = {0};
    int first = !comm_rank(o.comm), r = engine_open(&x, &m, NULL, e);

    f.quiet |= !first;
    if (!r)
        r = read_ends(model_config(x.m), e);
    if (!r && first)
        r = filter_open(&f, "rollout", "rollouts", args, n, e);
    if (!r)
        r = sampler_run(&x, &o, &f, e);
    if (r && comm_size(o.comm) > 1)
        return r; /* the queue's thread may still read the model */
    engine_close(&x);
    return r || !first ? r : filter_close(&f, e);
}

static int run(char **args, int n, struct err *e)
{
    struct arm a;
    int r;

    if (!m.dir)
        return err_set(e, ERR_USAGE, "--model DIR is needed");
    if (plan) {
        r = arm_parse(&a, m.arm, e);
        a = arm_sampler(&a);
        return r ? r : print_plan(&a, e);
    }
    o.seed = m.seed;
    o.threads = m.threads;
    m.sampler = 1;
    m.offload = o.offload && o.fifo;
    o.step = step;
    r = sampling_tasks(&o.task, &o.n_tasks, &tasks, &o.all, e);
    if (!r)
        r = ranks_begin(&ranks, &o.comm, e);
    if (r)
        return r < 0 ? r : 0;
    r = sample(args, n, e);
    return r ? r : ranks_finish(&o.comm, e);
}

int main(int argc, char **argv)
{
    return filter_main(&cli, opts, &f, argc, argv, run);
}
