/* sparsity - how many weights an update left unchanged (SCIENCE 6)
 *
 * in      two checkpoints: directories or safetensors files
 * out     a record per tensor, then per kind, per layer, and in total
 * memory  the files are mapped; on a device a piece of each at a time
 * order   of the second checkpoint's tensors
 */
#include "../lib/compare/compare.h"
#include "../lib/compare/sparsity.h"
#include "engine_opts.h"
#include "main.h"

static struct compare_opts o = { .eta = SPARSITY_ETA };
static const char *out = "-", *device = "auto";
static int json, quiet, threads;

static const struct opt opts[] = {
    { OPT_F64, "eta", 0, &o.eta, "X", "relative tolerance of the rule", 0, 1 },
    { OPT_STR, "against", 0, &o.against, "CKPT2",
      "add the overlap with what changed from BASE to CKPT2", 0, 0 },
    OPT_DEVICE(&device, &threads),
    { OPT_STR, "output", 'o', &out, "FILE", "where to write", 0, 0 },
    { OPT_FLAG, "json", 0, &json, NULL, "write JSON lines", 0, 0 },
    { OPT_FLAG, "quiet", 0, &quiet, NULL, "accepted; there is no progress", 0,
      0 },
    { 0 }
};

static const struct cli cli = {
    .name = "sparsity",
    .purpose = "how many weights an update left unchanged",
    .usage = "[options] BASE CKPT",
    .details =
        "Casts both to bf16 and calls a weight unchanged iff |w - w'| <= eta "
        "max(|w|, |w'|). Fields: scope (tensor, kind, layer or total), "
        "tensor, kind, layer, n, unchanged, non_finite (NaN or Inf on either "
        "side, neither changed nor unchanged), sparsity = unchanged / (n - "
        "non_finite). Where CKPT is fp32 also sparsity_f32, the same rule on "
        "the fp32 values, and sparsity_abs1e-5, |w - w'| <= 1e-5.\n\n"
        "With --against: jaccard, the overlap of the two sets of changed "
        "weights, and jaccard_chance, what independent sets of those sizes "
        "would give.",
    .example = "sparsity base ckpt-0300 | show",
    .see_also = "dapo-step, stats",
    .opts = opts,
    .min_args = 2,
    .max_args = 2,
};

int main(int argc, char **argv)
{
    struct err e = { 0 };
    struct compare *x = NULL;
    struct rec_writer *w = NULL;
    char **args;
    int r;

    start(&cli, argc, argv, &args);
    o.base = args[0];
    o.ckpt = args[1];
    r = kernels_open(&o.k, device, threads,
                     (struct k_order){ ORDER_CANONICAL, 0 }, &e);
    if (!r)
        r = compare_open(&x, &o, &e);
    if (!r)
        r = rec_create(&w, out, json ? REC_JSON : REC_AUTO, &e);
    if (!r)
        r = compare_write(x, w, &e);
    if (!r)
        r = rec_commit(&w, &e);
    rec_abort(&w);
    compare_close(&x);
    kernels_close(&o.k);
    return r ? fail(&cli, &e) : finish(&cli);
}
