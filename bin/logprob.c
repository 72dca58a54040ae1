/* logprob - score responses: teacher-forced log-probabilities by a model
 *
 * in      responses with prompt_tokens and response_tokens
 * out     + logprobs.NAME, one a response token (nats); with --against DIR
 *         + kl_exact, KL(model || DIR) a token, and logprobs of DIR
 * memory  one or two models, a batch of records
 * order   preserved
 */
#include "../lib/score/scorer.h"
#include "engine_opts.h"
#include "filter_main.h"
#include "ranks.h"

static struct filter f = FILTER_INIT;
static struct engine_opts m = {.arm = "fp32", .device = "auto"};
static struct scorer_opts o = {.batch = 64, .temperature = 1};
static const char *against, *against_arm;
static int plan;
static struct ranks_opts ranks;

static const struct opt own[] = {
    {OPT_STR, "model", 0, &m.dir, "DIR", "the model that scores", 0, 0},
    {OPT_STR, "as", 0, &o.as, "NAME", "write logprobs.NAME", 0, 0},
    {OPT_STR, "against", 0, &against, "DIR",
     "write kl_exact: KL(model || DIR) over the whole vocabulary", 0, 0},
    {OPT_STR, "as-against", 0, &o.as_against, "NAME",
     "write DIR's log-probabilities as logprobs.NAME", 0, 0},
    {OPT_FLAG, "check-rollout", 0, &o.check_rollout, NULL,
     "response_logprobs must be the same bits; say the largest gap", 0, 0},
    OPT_TEMPERATURE(&o.temperature, 1,
                    "logits are divided by it; 0 is 1, as for rollout"),
    {OPT_HEADING, NULL, 0, NULL, NULL, "Running", 0, 0},
    OPT_ARM(&m.arm),
    OPT_ARM_AS("against-arm", &against_arm,
               "that of --against (the same as --arm)"),
    {OPT_U64, "seed", 0, &m.seed, "N", "seed of order=shuffled", 0, 0},
    OPT_DEVICE(&m.device, &m.threads),
    {OPT_INT, "batch", 0, &o.batch, "N",
     "most records read before a forward; results do not depend on it", 1, 1e6},
    {OPT_INT, "micro-batch", 0, &o.micro, "N",
     "tokens in a forward, about; results do not depend on it; 0 = " CLI_TEXT(
         MICRO_TOKENS),
     0, 1e8},
    OPT_RANKS(&ranks),
    OPT_PLAN(&plan),
    {OPT_HEADING, NULL, 0, NULL, NULL, "Records", 0, 0},
    {0}};

static struct opt opts[] = FILTER_OPTS(own);

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
    .example =
        "tokenize --tokenizer M p.jsonl | rollout --model M | logprob --model "
        "M --as policy --against BASE --as-against base | kl | stats "
        "kl.token.exact",
    .see_also = "rollout, kl",
    .opts = opts,
    .max_args = 1024,
};

static int report(const struct scorer_check *c, struct err *e)
{
    if (!o.check_rollout)
        return 0;
    fprintf(say_to(), "logprob: %llu tokens checked, largest gap %.9g\n",
            (unsigned long long)c->n, c->gap);
    if (!c->n_differ)
        return 0;
    return err_set(e, ERR_DATA,
                   "%s: %llu of %llu response_logprobs differ, by "
                   "up to %.9g",
                   rec_name(f.in), (unsigned long long)c->n_differ,
                   (unsigned long long)c->n, c->gap);
}

static int print_plan(const struct arm *a, struct err *e)
{
    struct config c;
    struct model_plan p;
    int micro = o.micro ? o.micro : MICRO_TOKENS, r = config_read(&c, m.dir, e);
    struct rec *rec;

    if (r)
        return r;
    model_plan(&p, &c, a, c.max_pos);
    if (!f.json) {
        printf("parameters   %zu\n", p.n_params);
        printf("weights      %zu bytes\n", p.weight_bytes);
        printf("arithmetic   %.4g FLOP a token at most\n", p.flops_per_token);
        return 0;
    }
    rec = rec_new();
    rec_set_str(rec, "program", "logprob", 7);
    rec_set_u64(rec, "parameters", p.n_params);
    rec_set_u64(rec, "weight_bytes", p.weight_bytes);
    rec_set_f64(rec, "flop_per_token_at_most", p.flops_per_token);
    rec_set_i64(rec, "context_tokens", c.max_pos);
    rec_set_i64(rec, "micro_batch_tokens", micro);
    r = rec_print(rec, f.out, e);
    rec_free(&rec);
    return r;
}

/* x, and y where --against is given: the same options, another directory. */
static int open_both(struct engine *x, struct engine *y, struct err *e)
{
    struct engine_opts other = m;
    int r = engine_open(x, &m, NULL, e);

    other.dir = against;
    if (against_arm)
        other.arm = against_arm;
    return r || !against ? r : engine_open(y, &other, x, e);
}

/* Rank 0 reads and writes for all. */
static int score(char **args, int n, struct err *e)
{
    struct engine x = {0}, y = {0};
    struct scorer_check check;
    int first = !comm_rank(o.comm), r = open_both(&x, &y, e);

    f.quiet |= !first;
    if (!r && first)
        r = filter_open(&f, "logprob", "rollouts", args, n, e);
    if (!r)
        r = scorer_run(&x, against ? &y : NULL, &o, &f, &check, e);
    if (r && comm_size(o.comm) > 1)
        return r; /* the queue's thread may still read the models */
    if (!r && first)
        r = report(&check, e);
    engine_close(&y);
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
        return r ? r : print_plan(&a, e);
    }
    if (!o.as && !against && !o.check_rollout)
        return err_set(e, ERR_USAGE,
                       "nothing to do: --as NAME, --against "
                       "DIR or --check-rollout");
    if (o.as_against && !against)
        return err_set(e, ERR_USAGE, "--as-against needs --against DIR");
    o.seed = m.seed;
    r = ranks_begin(&ranks, &o.comm, e);
    if (r)
        return r < 0 ? r : 0;
    r = score(args, n, e);
    return r ? r : ranks_finish(&o.comm, e);
}

int main(int argc, char **argv)
{
    return filter_main(&cli, opts, &f, argc, argv, run);
}
