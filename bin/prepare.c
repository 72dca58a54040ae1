/* prepare - make task sets: prompts as JSON lines
 *
 * in      upstream files (--from), or nothing (--sample)
 * out     one JSON object a line: id, task, prompt, answer, verifier, ...
 * memory  one row, and a hash for each prompt
 * order   of the files; of the seed for samples
 */
#include "../lib/tasks/import.h"
#include "../lib/tasks/make.h"
#include "main.h"

static const char *out = "-", *sample, *from, *task, *source;
static uint64_t n_rows = 100, seed = 1;
static int keep_repeats, quiet;
static struct cli_list exclude;

static const struct opt opts[] = {
    {OPT_STR, "output", 'o', &out, "FILE", "write here", 0, 0},
    {OPT_HEADING, "Upstream files", 0, NULL, NULL, NULL, 0, 0},
    {OPT_STR, "from", 0, &from, "FORMAT",
     "convert FILEs of this format: gsm8k, math, aime, mmlu, mmlu-csv, "
     "humaneval, dapo, prepared (data/README.md tells where each comes from)",
     0, 0},
    {OPT_STR, "task", 0, &task, "NAME", "name of the task set; ids are NAME/0, "
     "NAME/1, ... (needed with --from)", 0, 0},
    {OPT_STR, "source", 0, &source, "NAME", "add a field `source`", 0, 0},
    {OPT_LIST, "exclude", 0, &exclude, "FILE",
     "drop prompts that occur in this prepared set; may be repeated", 0, 0},
    {OPT_FLAG, "keep-repeats", 0, &keep_repeats, NULL,
     "keep prompts that occur twice", 0, 0},
    {OPT_FLAG, "quiet", 0, &quiet, NULL, "no account on stderr", 0, 0},
    {OPT_HEADING, "Sample problems", 0, NULL, NULL, NULL, 0, 0},
    {OPT_STR, "sample", 0, &sample, "TASK",
     "make sample problems: dm_train, dm_val, aime24, aime25, amc23, math500, "
     "gsm8k, mmlu_stem, humaneval, or corpus (pretraining text of all forms)",
     0, 0},
    {OPT_U64, "rows", 'n', &n_rows, "N", "how many sample rows", 0, 0},
    {OPT_U64, "seed", 0, &seed, "N", "seed of the sample problems", 0, 0},
    {0}};

static const struct cli cli = {
    .name = "prepare",
    .purpose = "make task sets: prompts as JSON lines",
    .usage = "--from FORMAT --task NAME [options] FILE...\n"
             "       prepare --sample TASK [-n N] [--seed N] [-o FILE]",
    .details =
        "Reads a task set in the format in which its authors publish it (JSON "
        "lines, JSON or CSV, plain or compressed; - is standard input), leaves "
        "out repeated problems and those of the excluded sets, and says on "
        "stderr how many rows it read, kept and dropped, and why. Problems "
        "with the same text and other choices are different problems. A number "
        "that is an answer keeps the digits of its source. Of a list of chat "
        "messages the last one, the user's, is the prompt; a system message is "
        "kept in the field `system`, earlier turns in `history`.\n\n"
        "Sample tasks are synthetic stand-ins for the task sets whose names "
        "they bear: small arithmetic and word problems of graded difficulty, "
        "each set in a form of its own. No prompt is shared between the "
        "corpus, dm_train and an evaluation set, whatever the seeds.",
    .example =
        "  prepare --from gsm8k --task gsm8k test.jsonl -o data/gsm8k.jsonl\n"
        "  prepare --sample dm_val -n 3",
    .see_also = "tokenize, pretrain, draw",
    .opts = opts,
    .max_args = 1 << 20,
};

static void account(const struct import *im)
{
    const struct import_reason *why = im->reason;

    fprintf(stderr,
            "prepare: %s: %lu rows read, %lu kept; dropped: %lu repeats, %lu "
            "repeats with another answer, %lu in an excluded set, %lu "
            "unusable",
            im->task, im->read, im->kept, im->repeats, im->conflicts,
            im->in_eval, im->unusable);
    if (im->unusable)
        fprintf(stderr, " (first: %s: %s)", why->first, why->why);
    fprintf(stderr, "\n");
    for (int i = 0; im->n_reasons > 1 && i < im->n_reasons; i++)
        fprintf(stderr, "prepare: %s: %lu unusable: %s (first: %s)\n",
                im->task, why[i].n, why[i].why, why[i].first);
    if (im->with_system)
        fprintf(stderr, "prepare: %s: %lu with a system message, kept in "
                "`system`\n", im->task, im->with_system);
    if (im->with_history)
        fprintf(stderr, "prepare: %s: %lu with earlier turns, kept in "
                "`history`; the prompt is the last turn alone\n", im->task,
                im->with_history);
}

static int import_all(struct file *f, char **paths, int n, struct err *e)
{
    const struct upstream *u = upstream_find(from);
    struct import im = {.task = task, .source = source,
                        .keep_repeats = keep_repeats};
    int rc = 0;

    if (!u)
        return err_set(e, ERR_USAGE, "--from: there is no format '%s'", from);
    if (!task || !n)
        return err_set(e, ERR_USAGE, "--from needs --task NAME and a FILE");
    im.seen = seen_open();
    im.excluded = seen_open();
    for (int i = 0; !rc && i < exclude.n; i++)
        rc = import_exclude(im.excluded, exclude.v[i], e);
    for (int i = 0; !rc && i < n; i++)
        rc = import_file(&im, u, paths[i], f, e);
    if (!rc && !im.kept)
        rc = err_set(e, ERR_DATA, "%s: no usable row of format %s%s%s%s%s",
                     paths[0], from, im.unusable ? "; " : "",
                     im.unusable ? im.reason[0].first : "",
                     im.unusable ? ": " : "",
                     im.unusable ? im.reason[0].why : "");
    if (!rc && !quiet)
        account(&im);
    seen_close(&im.seen);
    seen_close(&im.excluded);
    return rc;
}

static int run(char **paths, int n, struct err *e)
{
    struct file *f = NULL;
    int rc;

    if (!sample == !from)
        return err_set(e, ERR_USAGE, "one of --from and --sample is needed");
    if (sample && n)
        return err_set(e, ERR_USAGE, "--sample reads no FILE");
    if (file_create(&f, out, e))
        return -e->code;
    if (from)
        rc = import_all(f, paths, n, e);
    else if (!strcmp(sample, "corpus"))
        rc = make_corpus(f, n_rows, seed, e);
    else
        rc = make_prompts(f, sample, n_rows, seed, e);
    if (!rc)
        rc = file_commit(&f, e);
    file_abort(&f);
    return rc;
}

int main(int argc, char **argv)
{
    char **args;
    struct err e = {0};
    int n = start(&cli, argc, argv, &args);

    if (run(args, n, &e))
        return fail(&cli, &e);
    return finish(&cli);
}
