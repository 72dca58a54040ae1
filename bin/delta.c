/* delta - keep a checkpoint's weights as the exact difference to another's
 *
 * in      model directories
 * out     DIR/model.delta in the place of DIR/model.safetensors, or back
 * memory  a model
 */
#include "../lib/model/delta.h"
#include "main.h"
#include <errno.h>

static int expand, drop;

static const struct opt opts[] = {
    {OPT_FLAG, "expand", 0, &expand, NULL,
     "the other way round: every argument gets its model.safetensors back", 0,
     0},
    {OPT_FLAG, "drop-optimizer", 0, &drop, NULL,
     "remove DIR/optimizer.safetensors as well: training cannot be resumed "
     "from DIR then",
     0, 0},
    {0}};

static const struct cli cli = {
    .name = "delta",
    .purpose = "keep a checkpoint's weights as the exact difference to "
               "another's",
    .usage = "[options] DIR SUCCESSOR\n       delta --expand DIR...",
    .details =
        "Writes DIR/model.delta, reads it back, compares, and removes "
        "DIR/model.safetensors. Every program reads DIR as before: the weights "
        "are rebuilt in memory, bit for bit, and checked against their "
        "digests. Of weights in shards each has its own delta. A run that was "
        "killed is taken up by the same command. SUCCESSOR, as a rule the run's next checkpoint, must stay "
        "where it is, seen from DIR; it may be kept as a delta itself. Weights "
        "of bf16, fp16 and fp32. A link of such a chain that is missing, "
        "damaged or changed is an error that names it.",
    .example = "delta run/step-20/checkpoint run/step-40/checkpoint\n"
               "delta --expand run/step-20/checkpoint",
    .see_also = "dapo-step, sparsity, checksum",
    .opts = opts,
    .min_args = 1,
    .max_args = 1000,
};

static int drop_optimizer(const char *dir, struct err *e)
{
    char *path = file_in(dir, "optimizer.safetensors");
    int r = unlink(path) && errno != ENOENT ? err_errno(e, ERR_IO, "%s", path)
                                            : 0;

    free(path);
    return r;
}

static int run(char **args, int n, struct err *e)
{
    int r = 0;

    if (!expand && n != 2)
        return err_set(e, ERR_USAGE,
                       "found %d directories, expected DIR "
                       "SUCCESSOR, or --expand",
                       n);
    if (expand && drop)
        return err_set(e, ERR_USAGE,
                       "--drop-optimizer goes without "
                       "--expand");
    for (int i = 0; i < n && expand && !r; i++)
        r = delta_expand(args[i], e);
    if (!r && !expand)
        r = delta_make(args[0], args[1], e);
    return r || !drop ? r : drop_optimizer(args[0], e);
}

int main(int argc, char **argv)
{
    struct err e = {0};
    char **args;
    int n = start(&cli, argc, argv, &args);

    return run(args, n, &e) ? fail(&cli, &e) : finish(&cli);
}
