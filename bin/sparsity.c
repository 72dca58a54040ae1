/* sparsity - how many weights an update left unchanged (SCIENCE 6)
 *
 * in      two checkpoints: directories or safetensors files
 * out     a record per tensor, then per kind, per layer, and in total
 * memory  the files are mapped; on a device a piece of each at a time
 * order   of the second checkpoint's tensors
 */
#include "../lib/compare/compare.h"
#include "../lib/compare/sparsity.h"
#include "../lib/compare/updates.h"
#include "engine_opts.h"
#include "main.h"

static struct compare_opts o = {.eta = SPARSITY_ETA};
static const char *out = "-", *device = "auto";
static const char *runs;
static int json, quiet, threads, consecutive, overlap, totals;

static const struct opt opts[] = {
    {OPT_F64, "eta", 0, &o.eta, "X", "relative tolerance of the rule", 0, 1},
    {OPT_STR, "against", 0, &o.against, "CKPT2",
     "add the overlap with what changed from BASE to CKPT2", 0, 0},
    {OPT_FLAG, "consecutive", 0, &consecutive, NULL,
     "checkpoints of a run, in order: each against the one before", 0, 0},
    {OPT_FLAG, "overlap", 0, &overlap, NULL,
     "pairs BEFORE AFTER: which weights several updates moved", 0, 0},
    {OPT_STR, "runs", 0, &runs, "LIST",
     "with --overlap: whose update each pair is, words ARM/SEED/DRAW", 0, 0},
    {OPT_FLAG, "totals", 0, &totals, NULL,
     "with --consecutive and --overlap: no records of single tensors", 0, 0},
    OPT_DEVICE(&device, &threads),
    {OPT_STR, "output", 'o', &out, "FILE", "where to write", 0, 0},
    {OPT_FLAG, "json", 0, &json, NULL, "write JSON lines", 0, 0},
    {OPT_FLAG, "quiet", 0, &quiet, NULL, "accepted; there is no progress", 0,
     0},
    {0}};

static const struct cli cli = {
    .name = "sparsity",
    .purpose = "how many weights an update left unchanged",
    .usage = "[options] BASE CKPT\n"
             "       sparsity --consecutive CKPT CKPT...\n"
             "       sparsity --overlap BEFORE AFTER BEFORE AFTER...",
    .details =
        "Casts both to bf16 and calls a weight unchanged iff |w - w'| <= eta "
        "max(|w|, |w'|). Fields: scope (tensor, kind, layer or total), "
        "tensor, kind, layer, n, unchanged, non_finite (NaN or Inf on either "
        "side, neither changed nor unchanged), sparsity = unchanged / (n - "
        "non_finite). Where CKPT is fp32 also sparsity_f32, the same rule on "
        "the fp32 values, and sparsity_abs1e-5, |w - w'| <= 1e-5.\n\n"
        "With --against: jaccard, the overlap of the two sets of changed "
        "weights, and jaccard_chance, what independent sets of those sizes "
        "would give.\n\n"
        "--consecutive and --overlap read all checkpoints in one pass on the "
        "CPU. Their records have measure and update. measure=update: visible, "
        "the share whose bf16 cast changed; with --consecutive also "
        "visible_cumulative, the same since the first checkpoint, and "
        "jaccard with the update before; rows_moved and cols_moved, the share "
        "of rows and columns of matrices with a changed weight; row_most and "
        "col_most, the largest share of changed weights in one.\n\n"
        "--overlap also writes measure=pair for each two updates (jaccard), "
        "and measure=consensus: weights moved by exactly 0, 1, ... updates "
        "(moved_by.0 ...), and consensus, the part of those moved by any that "
        "all moved, beside consensus_chance. With --runs these "
        "are of each two runs, and of all, that differ in `over` alone: arm, "
        "seed or draw.",
    .example = "sparsity base ckpt-0300 | show\n"
               "sparsity --overlap base seed1 base seed2 | show --where "
               "'measure == \"pair\"'",
    .see_also = "dapo-step, stats",
    .opts = opts,
    .min_args = 2,
    .max_args = 1024,
};

/* BASE CKPT, on a device. */
static int two(struct rec_writer *w, char **args, struct err *e)
{
    struct compare *x = NULL;
    int r;

    o.base = args[0];
    o.ckpt = args[1];
    r = kernels_open(&o.k, device, threads,
                     (struct k_order){ORDER_CANONICAL, 0}, e);
    if (!r)
        r = compare_open(&x, &o, e);
    if (!r)
        r = compare_write(x, w, e);
    compare_close(&x);
    kernels_close(&o.k);
    return r;
}

static int several(struct rec_writer *w, char **args, int n, struct err *e)
{
    struct updates_opts u = {.mode = overlap ? UPDATES_OVERLAP
                                             : UPDATES_CONSECUTIVE,
                             .path = args,
                             .n_paths = n,
                             .runs = runs,
                             .totals = totals,
                             .eta = o.eta,
                             .threads = threads};
    struct updates *x = NULL;
    int r = updates_open(&x, &u, e);

    if (!r)
        r = updates_write(x, w, e);
    updates_close(&x);
    return r;
}

static int check_args(int n, struct err *e)
{
    if (overlap && consecutive)
        return err_set(e, ERR_USAGE,
                       "--overlap and --consecutive exclude "
                       "each other");
    if ((overlap || consecutive) && o.against)
        return err_set(e, ERR_USAGE, "--against is for BASE CKPT alone");
    if (runs && !overlap)
        return err_set(e, ERR_USAGE, "--runs goes with --overlap");
    if (totals && !overlap && !consecutive)
        return err_set(e, ERR_USAGE,
                       "--totals goes with --consecutive or --overlap");
    if (!overlap && !consecutive && n != 2)
        return err_set(e, ERR_USAGE,
                       "found %d checkpoints, expected BASE "
                       "CKPT, or --consecutive or --overlap",
                       n);
    return 0;
}

int main(int argc, char **argv)
{
    struct err e = {0};
    struct rec_writer *w = NULL;
    char **args;
    int n = start(&cli, argc, argv, &args);
    int r = check_args(n, &e);

    if (!r)
        r = rec_create(&w, out, json ? REC_JSON : REC_AUTO, &e);
    if (!r)
        r = overlap || consecutive ? several(w, args, n, &e) : two(w, args, &e);
    if (!r)
        r = rec_commit(&w, &e);
    rec_abort(&w);
    return r ? fail(&cli, &e) : finish(&cli);
}
