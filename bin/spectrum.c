/* spectrum - what an update did to the weight matrices (SCIENCE 6b)
 *
 * in      two checkpoints: directories or safetensors files
 * out     a record per matrix, then per kind, per layer, and in total
 * memory  the files are mapped; a matrix and its workspace a thread
 * order   of the second checkpoint's tensors
 */
#include "../lib/compare/sparsity.h"
#include "../lib/spectrum/spectrum.h"
#include "engine_opts.h"
#include "main.h"

static struct spectrum_opts o = {
    .matrix = {.parts = SPECTRUM_ALL, .k = 64, .eta = SPARSITY_ETA}};
static const char *out = "-", *only;
static int json, plan, top = 64;

static const struct opt opts[] = {
    {OPT_INT, "top", 'k', &top, "K",
     "leading singular vectors and values; at most the shorter side", 1,
     1 << 20},
    {OPT_STR, "only", 0, &only, "PARTS",
     "of drift, angles, delta, overlap: those alone", 0, 0},
    {OPT_FLAG, "values", 0, &o.matrix.values, NULL,
     "with drift: add all singular values", 0, 0},
    {OPT_F64, "eta", 0, &o.matrix.eta, "X",
     "relative tolerance of the rule of change", 0, 1},
    {OPT_INT, "threads", 'j', &o.threads, "N",
     "0 = one per processor; the bytes do not depend on it; one where "
     "OpenBLAS is a build without threads (Debian: openblas-serial)",
     0, POOL_MOST},
    OPT_PLAN(&plan),
    {OPT_STR, "output", 'o', &out, "FILE", "where to write", 0, 0},
    {OPT_FLAG, "json", 0, &json, NULL, "write JSON lines", 0, 0},
    {OPT_FLAG, "quiet", 0, &o.quiet, NULL, "no progress", 0, 0},
    {0}};

static const struct cli cli = {
    .name = "spectrum",
    .purpose = "what an update did to singular values and vectors",
    .usage = "[options] BASE CKPT",
    .details =
        "Scopes: matrix, kind, layer, total. In float64.\n\n"
        "drift: nss = |s(CKPT) - s(BASE)| / |s(BASE)| over all singular "
        "values, with nss_error, a bound on its error.\n\n"
        "angles: the largest and the mean principal angle, in degrees, "
        "between the leading K left (and right) singular vectors of both, "
        "with angle_error; 90 there means that values K and K+1 are equal, so "
        "that the subspace is not defined. K is at most the rank of both.\n\n"
        "delta: of D = CKPT - BASE its Frobenius norm, stable rank |D|_F^2 / "
        "|D|_2^2, and the part of |D|_F^2 in its first K values.\n\n"
        "overlap: the part of the changed weights (the rule of sparsity) that "
        "lies in the top half of the base's rank-K reconstruction "
        "(principal), in the bottom half of its weights (low), and in low but "
        "not in principal (low_only), each beside what chance would give.\n\n"
        "--only angles, overlap or both takes less time where the shorter side "
        "of a matrix is at least 12 K and 256: leading vectors are then "
        "refined until angle_error is at most 3e-6 degrees, and there is no "
        "whole decomposition unless values K and K+1 are too close.\n\n"
        "A value that is not finite is an error.",
    .example = "spectrum base ckpt-0300 | show --where 'scope == \"kind\"'",
    .see_also = "sparsity, dapo-step, stats",
    .opts = opts,
    .min_args = 2,
    .max_args = 2,
};

static int write_all(struct spectrum *x, struct err *e)
{
    struct rec_writer *w = NULL;
    int r = rec_create(&w, out, json ? REC_JSON : REC_AUTO, e);

    if (!r)
        r = spectrum_write(x, w, e);
    if (!r)
        r = rec_commit(&w, e);
    rec_abort(&w);
    return r;
}

int main(int argc, char **argv)
{
    struct err e = {0};
    struct spectrum *x = NULL;
    char **args;
    int r = 0;

    start(&cli, argc, argv, &args);
    o.base = args[0];
    o.ckpt = args[1];
    o.matrix.k = (size_t)top;
    if (only)
        r = spectrum_parts(&o.matrix.parts, only, "--only", &e);
    if (!r)
        r = spectrum_open(&x, &o, &e);
    if (!r && plan)
        spectrum_plan(x, stdout);
    else if (!r)
        r = write_all(x, &e);
    spectrum_close(&x);
    return r ? fail(&cli, &e) : finish(&cli);
}
