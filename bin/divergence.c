/* divergence - how far two runs of a seed are apart: weights and rollouts
 *
 * in      three checkpoints: directories or safetensors files; rollouts of both
 *         runs
 * out     one record
 * memory  the files are mapped; a record of each stream
 */
#include "../lib/compare/distance.h"
#include "../lib/compare/responses.h"
#include "../lib/record/rec.h"
#include "main.h"

static const char *out = "-", *rollouts, *others;
static int json, quiet, step = -1;

static const struct opt opts[] = {
    {OPT_STR, "rollouts", 0, &rollouts, "FILE", "the rollouts of CKPT's run", 0,
     0},
    {OPT_STR, "against", 0, &others, "FILE", "those of OTHER's run", 0, 0},
    {OPT_INT, "step", 0, &step, "N", "steps trained: set on the record", 0,
     2e9},
    {OPT_STR, "output", 'o', &out, "FILE", "where to write", 0, 0},
    {OPT_FLAG, "json", 0, &json, NULL, "write JSON lines", 0, 0},
    {OPT_FLAG, "quiet", 0, &quiet, NULL, "accepted; there is no progress", 0,
     0},
    {0}};

static const struct cli cli = {
    .name = "divergence",
    .purpose = "how far two runs of a seed are apart: weights and rollouts",
    .usage = "[options] BASE CKPT OTHER",
    .details =
        "CKPT and OTHER are checkpoints of two runs after the same number of "
        "steps, such as two noise draws of a seed; BASE is the model from "
        "which both began. Fields: weights (how many), apart = |OTHER - "
        "CKPT|, update = |CKPT - BASE|, Euclidean norms, and divergence = "
        "apart / update, absent where update is 0.\n\n"
        "With --rollouts and --against: same_responses, how many come before "
        "the first difference; where there is one, first_step, "
        "first_response (its number in that step) and first_token, absent "
        "where another prompt was sampled or one side ends.",
    .example = "divergence base a/step-20/checkpoint b/step-20/checkpoint "
               "--rollouts a/step-20/rollouts.msgpack.zst --against "
               "b/step-20/rollouts.msgpack.zst | show",
    .see_also = "sparsity, dapo-step, stats",
    .opts = opts,
    .min_args = 3,
    .max_args = 3,
};

static int set_weights(struct rec *rec, char **args, struct err *e)
{
    struct distance d;
    int r = distance_of(&d, args[0], args[1], args[2], e);

    if (r)
        return r;
    rec_set_u64(rec, "weights", d.n);
    rec_set_f64(rec, "apart", d.apart);
    rec_set_f64(rec, "update", d.update);
    if (d.update > 0)
        rec_set_f64(rec, "divergence", d.apart / d.update);
    return 0;
}

static int set_rollouts(struct rec *rec, struct err *e)
{
    struct first_difference d;
    int r = responses_compare(&d, rollouts, others, e);

    if (r)
        return r;
    rec_set_u64(rec, "same_responses", d.same);
    if (d.found && d.step >= 0)
        rec_set_i64(rec, "first_step", d.step);
    if (d.found)
        rec_set_i64(rec, "first_response", d.response);
    if (d.found && d.token >= 0)
        rec_set_i64(rec, "first_token", d.token);
    return 0;
}

static int write_it(struct rec *rec, char **args, struct err *e)
{
    struct rec_writer *w = NULL;
    int r = set_weights(rec, args, e);

    if (step >= 0)
        rec_set_i64(rec, "step", step);
    if (!r && rollouts)
        r = set_rollouts(rec, e);
    if (!r)
        r = rec_create(&w, out, json ? REC_JSON : REC_AUTO, e);
    if (!r)
        r = rec_header(w, "divergence", "divergence", NULL, e);
    if (!r)
        r = rec_write(w, rec, e);
    if (!r)
        r = rec_commit(&w, e);
    rec_abort(&w);
    return r;
}

int main(int argc, char **argv)
{
    struct err e = {0};
    struct rec *rec;
    char **args;
    int r;

    start(&cli, argc, argv, &args);
    rec = rec_new();
    r = !rollouts == !others
            ? write_it(rec, args, &e)
            : err_set(&e, ERR_USAGE, "--rollouts and --against go together");
    rec_free(&rec);
    return r ? fail(&cli, &e) : finish(&cli);
}
