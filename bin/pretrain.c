/* pretrain - make a small base model from nothing
 *
 * in      rows with prompt and response text
 * out     a Hugging Face model directory
 * memory  the tokens of all rows, the model, gradients, moments
 * order   rows shuffled anew each epoch by --seed
 */
#include "../lib/train/hyper.h"
#include "../lib/train/pretrain.h"
#include "engine_opts.h"
#include "main.h"
#include "ranks.h"

static struct pretrain_opts o = {
    .arm = "fp32",
    .device = "auto",
    .seed = 1,
    .shape = {.hidden = 96,
              .layers = 3,
              .heads = 4,
              .kv_heads = 2,
              .ffn = 256,
              .max_pos = 256,
              .rope_theta = 10000,
              .rms_eps = 1e-6},
    .steps = 1000,
    .batch = 64,
    .warmup = 50,
    .micro_batch = MICRO_TOKENS,
    .lr = 3e-3,
    .beta1 = 0.9,
    .beta2 = 0.95,
    .eps = 1e-8,
    .weight_decay = 0.01,
    .grad_clip = 1,
    .init_std = 0.05, /* small widths learn faster from it than from 0.02 */
};

static struct ranks_opts ranks;

static const struct opt opts[] = {
    {OPT_STR, "output", 'o', &o.out, "DIR", "model directory to write", 0, 0},
    {OPT_STR, "tokenizer", 0, &o.tokenizer, "DIR",
     "tokenizer.json and tokenizer_config.json (with eos_token)", 0, 0},
    {OPT_U64, "seed", 0, &o.seed, "N", "of the weights and the row order", 0,
     0},
    OPT_ARM(&o.arm),
    {OPT_HEADING, NULL, 0, NULL, NULL, "Shape", 0, 0},
    {OPT_STR, "config", 0, &o.config, "DIR",
     "take the shape from DIR/config.json instead", 0, 0},
    {OPT_INT, "hidden", 0, &o.shape.hidden, "N", "hidden size", 2, 1 << 20},
    {OPT_INT, "layers", 0, &o.shape.layers, "N", "layers", 1, 10000},
    {OPT_INT, "heads", 0, &o.shape.heads, "N", "query heads", 1, 65536},
    {OPT_INT, "kv-heads", 0, &o.shape.kv_heads, "N", "key and value heads", 1,
     65536},
    {OPT_INT, "ffn", 0, &o.shape.ffn, "N", "intermediate size of the MLP", 1,
     1 << 20},
    {OPT_INT, "max-pos", 0, &o.shape.max_pos, "N",
     "context length (max_position_embeddings)", 2, 1 << 24},
    {OPT_F64, "rope-theta", 0, &o.shape.rope_theta, "X", "rotary base", 1, 1e9},
    {OPT_FLAG, "untied", 0, &o.untied, NULL,
     "untied head: a matrix of its own instead of the embedding", 0, 0},
    {OPT_F64, "init-std", 0, &o.init_std, "X",
     "standard deviation of the initial weights", 0, 10},
    {OPT_HEADING, NULL, 0, NULL, NULL, "Training", 0, 0},
    {OPT_INT, "steps", 0, &o.steps, "N",
     "updates; 0 writes the initial weights and reads no rows", 0, 1e9},
    {OPT_INT, "batch", 0, &o.batch, "N", "rows in an update", 1, 1e6},
    {OPT_F64, "lr", 0, &o.lr, "X", "peak learning rate", 0, 1e6},
    {OPT_INT, "warmup", 0, &o.warmup, "N",
     "steps of linear warmup to the peak; then cosine decay to a tenth of it",
     0, 1e9},
    {OPT_F64, "beta1", 0, &o.beta1, "B", "decay of the first moment", 0,
     0.999999},
    {OPT_F64, "beta2", 0, &o.beta2, "B", "decay of the second moment", 0,
     0.999999},
    HYPER_ADAMW(HYPER_OPTION){OPT_F64, "prompt-loss", 0, &o.prompt_loss, "W",
                              "weight of prompt tokens in the loss", 0, 1},
    {OPT_HEADING, NULL, 0, NULL, NULL, "Running", 0, 0},
    OPT_MICRO_BATCH(&o.micro_batch),
    OPT_RECOMPUTE(&o.recompute),
    OPT_DEVICE(&o.device, &o.threads),
    OPT_RANKS(&ranks),
    OPT_SHARD_WEIGHTS(&o.shard_weights),
    OPT_TIMELINE(&o.timeline),
    {OPT_U64, "limit", 0, &o.limit, "N", "read at most N rows; 0 = all", 0, 0},
    {OPT_STR, "metrics", 0, &o.metrics, "FILE",
     "write records of loss, learning rate and gradient norm", 0, 0},
    {OPT_FLAG, "json", 0, &o.json, NULL, "write them as JSON lines", 0, 0},
    {OPT_FLAG, "quiet", 0, &o.quiet, NULL, "no progress on stderr", 0, 0},
    {0}};

static const struct cli cli = {
    .name = "pretrain",
    .purpose = "pretrain a small base model from scratch",
    .usage = "[options] --tokenizer DIR -o DIR [rows...]",
    .details =
        "Reads rows with `prompt` and `response`; a sequence is the prompt's "
        "tokens, the response's, and the end token, and the loss is the mean "
        "over response tokens and the end. Writes config.json, the tokenizer "
        "and model.safetensors of a Qwen2 model. The same rows, options and "
        "seed give the same bytes, whatever --threads and --micro-batch.",
    .example = "pretrain --tokenizer data/tokenizer/tiny --steps 700 -o base "
               "corpus.jsonl",
    .see_also = "prepare, rollout, dapo-step",
    .opts = opts,
    .min_args = 0,
    .max_args = 64,
};

static int run(char **args, int n, struct err *e)
{
    int r;

    if (!o.tokenizer || !o.out)
        return err_set(e, ERR_USAGE, "%s DIR is needed",
                       o.out ? "--tokenizer" : "-o");
    if (!o.steps) /* nothing to compute */
        ranks.n = 0;
    r = ranks_begin(&ranks, &o.comm, e);
    if (r)
        return r < 0 ? r : 0;
    r = pretrain_run(&o, "pretrain", args, n, e);
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
