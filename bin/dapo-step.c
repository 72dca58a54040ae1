/* dapo-step - train a model on rewarded rollouts: one or more DAPO steps
 *
 * in      rollouts with reward and correct, the samples of a prompt adjacent
 * out     a checkpoint directory; a metrics record a step on stdout
 * memory  model, gradients, master weights, moments; the rollouts of a step
 * order   of the sums: that of the groups; in a group that of the input, or
 *         with prefixes=shared of the tokens
 */
#include "../lib/train/loop.h"
#include "engine_opts.h"
#include "main.h"
#include "ranks.h"

static struct loop_opts o = LOOP_OPTS_INIT;
static struct ranks_opts ranks;

static const struct opt opts[] = {
    {OPT_STR, "model", 0, &o.model, "DIR",
     "base model, or checkpoint to resume from", 0, 0},
    {OPT_STR, "out", 0, &o.out, "DIR", "checkpoint to write", 0, 0},
    {OPT_INT, "steps", 0, &o.steps, "N", "steps to do", 1, 1e9},
    {OPT_INT, "until", 0, &o.until, "N",
     "instead of --steps: train until the run has N steps in total", 0, 1e9},
    {OPT_STR, "sync", 0, &o.sync, "FIFO",
     "FIFO to rollout --sync, which is told what to generate; without it, "
     "replay kept rollouts",
     0, 0},
    {OPT_FLAG, "sync-full", 0, &o.sync_full, NULL,
     "send all weights to the sampler after each step instead of the changes: "
     "more bytes, the same results, no second copy of the weights in the "
     "host's memory, and in fp32 less time on one host",
     0, 0},
    OPT_ARM(&o.arm),
    {OPT_U64, "seed", 0, &o.seed, "N",
     "seed of the run; order=shuffled:N on --arm is a noise draw apart from it",
     0, 0},
    {OPT_HEADING, NULL, 0, NULL, NULL, "Batch", 0, 0},
    HYPER_BATCH(HYPER_OPTION){
        OPT_FLAG, "off-policy", 0, &o.off_policy, NULL,
        "take rollouts that other weights made: policy, seed, position, number "
        "of groups and log-probabilities may be any; the metrics say "
        "off_policy",
        0, 0},
    {OPT_HEADING, NULL, 0, NULL, NULL, "Loss", 0, 0},
    HYPER_LOSS(HYPER_OPTION){OPT_HEADING, NULL, 0, NULL, NULL, "AdamW", 0, 0},
    HYPER_RATE(HYPER_OPTION) HYPER_ADAMW(HYPER_OPTION){
        OPT_HEADING, NULL, 0, NULL, NULL, "Running", 0, 0},
    OPT_MICRO_BATCH(&o.micro_batch),
    OPT_RECOMPUTE(&o.recompute),
    {OPT_FLAG, "offload", 0, &o.offload, NULL,
     "optimizer offload: AdamW's moments stay in the host's memory and come to "
     "the device a piece at a time: less device memory, more time, the same "
     "bits",
     0, 0},
    OPT_RELEASE(&o.release, " and the optimizer's"),
    OPT_RANKS(&ranks),
    OPT_SHARD_WEIGHTS(&o.shard_weights),
    OPT_TIMELINE(&o.timeline),
    OPT_DEVICE(&o.device, &o.threads),
    {OPT_STR, "output", 'o', &o.metrics, "FILE", "metrics records", 0, 0},
    {OPT_FLAG, "json", 0, &o.json, NULL, "write JSON lines", 0, 0},
    {OPT_STR, "keep", 0, &o.keep, "FILE",
     "write the rollouts read, for a replay", 0, 0},
    {OPT_STR, "save", 0, &o.save, "DIR",
     "save the state of the run periodically: DIR/step-N is a checkpoint with "
     "the metrics and kept rollouts so far. To resume, give it as --model (and "
     "to draw --resume, rollout --model) with the same --save and --until; all "
     "outputs then have the bytes of an uninterrupted run",
     0, 0},
    {OPT_INT, "save-every", 0, &o.save_every, "SECONDS",
     "time between two saves; 0: save after each step", 0, 1e9},
    {OPT_STR, "timing", 0, &o.timing, "FILE",
     "records with the seconds of each step", 0, 0},
    {OPT_STR, "live", 0, &o.live, "FILE",
     "append each step's metrics, memory and seconds as a JSON line when it "
     "ends (make watch reads it)",
     0, 0},
    {OPT_FLAG, "quiet", 0, &o.quiet, NULL, "no progress on stderr", 0, 0},
    {OPT_HEADING, NULL, 0, NULL, NULL, "Planning", 0, 0},
    OPT_PLAN(&o.plan),
    {OPT_SIZE, "device-memory", 0, &o.device_memory, "SIZE",
     "plan for a device of that memory (80G): whether it fits, and the "
     "largest micro-batch that does",
     0, 0},
    {OPT_INT, "longest", 0, &o.longest, "N",
     "plan for sequences of at most N tokens; the default is a micro-batch "
     "of one sequence",
     0, 1 << 24},
    {OPT_INT, "batch", 0, &o.batch, "N",
     "plan for a rollout of N sequences at once beside it", 1, 1e6},
    {0}};

static const struct cli cli = {
    .name = "dapo-step",
    .purpose = "train a model on rewarded rollouts: one or more DAPO steps",
    .usage = "[options] --model DIR --out DIR < rewarded rollouts",
    .details =
        "Reads rollouts: id, sample, prompt_tokens, response_tokens, "
        "response_logprobs, reward, correct, and step where there is one. "
        "The samples of a prompt are adjacent and in order. Steps count "
        "from 0, as does the field `step` of rollouts and metrics. A run "
        "started from a checkpoint continues where that one ended, and "
        "needs its arm, seed and hyperparameters.\n\n"
        "With --sync it drives `rollout --sync` on the same FIFO: it asks "
        "for prompts, and sends the new weights after each step. Where too "
        "few groups have both right and wrong answers it asks for more, in "
        "at most --max-gen-batches rounds. A batch that is then not full "
        "is trained on as it is; groups_missing in the metrics counts what "
        "lacks. Without --sync it replays what --keep kept, to the same "
        "bytes.\n\n"
        "Unless --off-policy is given, rollouts must be those of this "
        "run:\n- `policy` is the digest of the weights.\n- `position` "
        "continues from the prompts consumed so far. None is repeated, and "
        "none is left out but those that a filter of the live run skipped "
        "(--skip-bad; the field `skipped` counts them).\n- A step has all "
        "groups that its sampler made, with one `seed`.\n- "
        "Log-probabilities are the trainer's own, of what is trained on "
        "(in a replay, of all). In canonical order they are the same bits. "
        "Else they are within 0.01 + |logp| / 1024 nats where fp32 "
        "computes, and 1 + |logp| / 16 where a half type does.\n- Rewards "
        "are at most 1e30 in size.\n\n"
        "Warnings, also under --quiet:\n- a batch lacks groups;\n- an "
        "update was skipped (but for loss scaling);\n- in all steps there "
        "was no update, no advantage or no changed weight;\n- the "
        "`advantage` of kept rollouts is different now;\n- the policy "
        "collapsed: all samples of each prompt are the same and not all "
        "right, or accuracy (or, while that fell, the share of groups with "
        "right and wrong answers) is less than half of what it was.\n\n"
        "With dropout the old log-probabilities are computed without it, "
        "and the training pass with it.\n\n"
        "Settings of another run, and a run that is already done "
        "(--until), are misuse: exit status 2.",
    .example =
        "mkfifo f; tokenize --tokenizer M p.jsonl | draw --resume M | "
        "rollout --model M --samples 16 --sync f | "
        "tokenize --decode --tokenizer M | reward | "
        "dapo-step --model M --samples 16 --sync f --steps 10 --out ckpt-0010",
    .see_also = "rollout, reward, draw, sparsity",
    .opts = opts,
    .min_args = 0,
    .max_args = 64,
};

static int run(char **args, int n, struct err *e)
{
    int r;

    if (!o.model)
        return err_set(e, ERR_USAGE, "--model DIR is needed");
    o.plan_ranks = ranks.n;
    o.plan_apart = !ranks_is_local(&ranks);
    if (o.plan)
        return loop_plan(&o, stdout, e);
    if (!o.out)
        return err_set(e, ERR_USAGE, "--out DIR is needed");
    if (o.beta1 >= 1 || o.beta2 >= 1)
        return err_set(e, ERR_USAGE, "--beta1 and --beta2 are below 1");
    r = ranks_begin(&ranks, &o.comm, e);
    if (r)
        return r < 0 ? r : 0;
    r = loop_run(&o, "dapo-step", args, n, e);
    return r ? r : ranks_finish(&o.comm, e);
}

int main(int argc, char **argv)
{
    char **args;
    int n = start(&cli, argc, argv, &args);
    struct err e = {0};

    if (run(args, n, &e))
        return fail(&cli, &e);
    return finish(&cli);
}
