/* prepare - make task sets: prompts as JSON lines
 *
 * in      upstream files (--from), or nothing (--sample)
 * out     one JSON object a line: id, task, prompt, answer, verifier, ...
 * memory  one row, and a hash for each prompt
 * order   of the files; of the seed for samples
 */
#include "../lib/tasks/import.h"
#include "../lib/tasks/make.h"
#include "../lib/tasks/record.h"
#include "main.h"

static const char *out = "-", *sample, *from, *task, *source, *record;
static uint64_t n_rows = 100, seed = 1;
static int keep_repeats, quiet;
static struct cli_list exclude;
static struct import im;
static struct buf command; /* for the record, before options are parsed */

static const struct opt opts[] = {
    {OPT_STR, "output", 'o', &out, "FILE", "write here", 0, 0},
    {OPT_HEADING, "Upstream files", 0, NULL, NULL, NULL, 0, 0},
    {OPT_STR, "from", 0, &from, "FORMAT",
     "convert FILEs of this format: gsm8k, math, aime, mmlu, mmlu-csv, "
     "humaneval, dapo, prepared (data/README.md tells where each comes from)",
     0, 0},
    {OPT_STR, "task", 0, &task, "NAME",
     "name of the task set; ids are NAME/0, "
     "NAME/1, ... (needed with --from)",
     0, 0},
    {OPT_STR, "source", 0, &source, "NAME", "add a field `source`", 0, 0},
    {OPT_LIST, "exclude", 0, &exclude, "FILE",
     "drop prompts that occur in this prepared set; may be repeated", 0, 0},
    {OPT_FLAG, "keep-repeats", 0, &keep_repeats, NULL,
     "keep prompts that occur twice", 0, 0},
    {OPT_STR, "record", 0, &record, "FILE",
     "write here what was prepared from what: the command, the account of "
     "rows, and the SHA-256 of every file that was read, excluded and written; "
     "sha256sum -c checks it",
     0, 0},
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
        "Reads a task set in the format in which its authors publish it ("
        "Parquet, JSON lines, JSON or CSV, plain or compressed, told from the "
        "bytes; - is standard input), leaves "
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
    .example = "prepare --from gsm8k --task gsm8k test.parquet -o gsm8k.jsonl "
               "--record gsm8k.sha256\n"
               "prepare --from dapo --task dm_train --exclude gsm8k.jsonl "
               "dapo-math-17k.parquet -o dm_train.jsonl\n"
               "prepare --sample dm_val -n 3",
    .see_also = "tokenize, pretrain, draw",
    .opts = opts,
    .max_args = 1 << 20,
};

static void account(void)
{
    struct buf b = {0};

    import_account(&im, &b);
    for (char *at = buf_str(&b), *end; *at; at = end + 1) {
        end = strchr(at, '\n');
        fprintf(say_to(), "prepare: %s: %.*s\n", im.task, (int)(end - at), at);
    }
    buf_free(&b);
}

/* Files that can be read again, for their digests. */
static int check_record(char **paths, int n, struct err *e)
{
    if (!strcmp(out, "-"))
        return err_set(e, ERR_USAGE, "--record needs -o FILE");
    if (!strcmp(out, record))
        return err_set(e, ERR_USAGE, "--record and -o name the same file");
    for (int i = 0; i < n; i++)
        if (!strcmp(paths[i], "-") || !strcmp(paths[i], record))
            return err_set(e, ERR_USAGE,
                           strcmp(paths[i], "-")
                               ? "--record names a file that is read"
                               : "--record needs files: standard input "
                                 "cannot be read again");
    return 0;
}

static int sums(struct buf *b, const char *title, const char *const *paths,
                int n, struct err *e)
{
    int r = 0;

    if (n)
        buf_printf(b, "# %s\n", title);
    for (int i = 0; !r && i < n; i++)
        r = record_sum(b, paths[i], e);
    return r;
}

/* To be written when the output is there. */
static int write_record(char **paths, int n, struct err *e)
{
    struct buf b = {0};
    int r;

    buf_put(&b, command.p, command.n);
    record_account(&b, &im);
    r = sums(&b, "read", (const char *const *)paths, n, e);
    if (!r)
        r = sums(&b, "excluded", exclude.v, exclude.n, e);
    if (!r)
        r = sums(&b, "written", &out, 1, e);
    if (!r)
        r = file_put(record, b.p, b.n, e);
    buf_free(&b);
    return r;
}

static int no_format(struct err *e)
{
    char names[200] = "";
    size_t at = 0;
    int n;
    const struct upstream *u = upstream_list(&n);

    for (int i = 0; i < n && at < sizeof names; i++)
        at += (size_t)snprintf(names + at, sizeof names - at, " %s", u[i].name);
    return err_set(e, ERR_USAGE, "--from: there is no format '%s'; there are%s",
                   from, names);
}

static int import_all(struct file *f, char **paths, int n, struct err *e)
{
    const struct upstream *u = upstream_find(from);
    int rc = 0;

    im.task = task;
    im.source = source;
    im.keep_repeats = keep_repeats;

    if (!u)
        return no_format(e);
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
        account();
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
    if (record && !from)
        return err_set(e, ERR_USAGE, "--record goes with --from");
    if (record && check_record(paths, n, e))
        return -e->code;
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
    return rc || !record ? rc : write_record(paths, n, e);
}

int main(int argc, char **argv)
{
    char **args;
    struct err e = {0};
    int n;

    start_memory(&cli);
    record_command(&command, argv + 1, argc - 1);
    n = start(&cli, argc, argv, &args);

    n = run(args, n, &e);
    buf_free(&command);
    return n ? fail(&cli, &e) : finish(&cli);
}
