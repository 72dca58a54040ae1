/* stats - aggregates, scores and the report
 *
 * in      any records; see the modes below
 * out     records or an aligned table; --report and --html: files in a folder
 * memory  numbers of every group; records of --tag: one
 * order   groups sorted by their keys, tasks as they come
 */
#include <unistd.h>
#include "../lib/base/file.h"
#include "../lib/report/design_records.h"
#include "../lib/report/html.h"
#include "../lib/report/report.h"
#include "../lib/report/set.h"
#include "../lib/report/stages.h"
#include "../lib/report/tensorboard.h"
#include "../lib/report/tidy.h"
#include "../lib/report/verdict_records.h"
#include "filter_main.h"

static struct filter f = FILTER_INIT;
static struct cli_list without;
static const char *by, *stat, *report, *sweep, *html, *setting, *tasks, *title,
    *responses, *tensorboard;
static int do_score, do_kl_score, do_tag, do_tidy, do_verdicts, do_design,
    do_ablation, power, as_table, partial;
static struct cli_list sets, fields;

static const struct opt own[] = {
    {OPT_HEADING, NULL, 0, NULL, NULL, "Aggregates of any fields", 0, 0},
    {OPT_STR, "by", 0, &by, "FIELD,...",
     "one group for each combination of these fields' values", 0, 0},
    {OPT_LIST, "field", 0, &fields, "FIELD,...",
     "a field to aggregate, whether or not a file has its name", 0, 0},
    {OPT_STR, "stat", 0, &stat, "STAT,...",
     "n, sum, mean, sd, se, min, max, median, p0 to p100 (p90: what 90 in "
     "100 values do not exceed); by default n,mean,sd,se,min,max",
     0, 0},
    {OPT_FLAG, "table", 0, &as_table, NULL,
     "write an aligned table (the default on a terminal)", 0, 0},
    {OPT_HEADING, NULL, 0, NULL, NULL, "Stages of the experiment", 0, 0},
    {OPT_FLAG, "score", 0, &do_score, NULL,
     "judged responses to one score record a task", 0, 0},
    {OPT_FLAG, "kl-score", 0, &do_kl_score, NULL,
     "KL records to one mean a task", 0, 0},
    {OPT_FLAG, "tag", 0, &do_tag, NULL,
     "pass records through with the fields of --set", 0, 0},
    {OPT_LIST, "set", 0, &sets, "KEY=VALUE",
     "a constant field of every record written; with --report, a line of the "
     "setting",
     0, 0},
    {OPT_FLAG, "verdicts", 0, &do_verdicts, NULL,
     "the records that --report reads to the hypotheses' verdicts and "
     "estimates; each value of a field `experiment` gets its own",
     0, 0},
    {OPT_FLAG, "power", 0, &power, NULL,
     "with --verdicts: what the tests would find at the observed spread, by "
     "simulation",
     0, 0},
    {OPT_FLAG, "design", 0, &do_design, NULL,
     "the same records to the seeds, draws and samples that would decide each "
     "hypothesis at the least cost; --set 'cost=train=SECONDS eval=SECONDS "
     "rest=SECONDS' is what a run takes",
     0, 0},
    {OPT_HEADING, NULL, 0, NULL, NULL, "For other tools", 0, 0},
    {OPT_FLAG, "tidy", 0, &do_tidy, NULL,
     "every number on a row of tab-separated values: kind, run, arm, task, "
     "seed, draw, replicate, step, scope, part, layer, tensor, metric, value; "
     "NA where a record lacks one; --json: JSON lines",
     0, 0},
    {OPT_STR, "tensorboard", 0, &tensorboard, "DIR",
     "an event file for each run, DIR/RUN/events.out.tfevents.0.ulp", 0, 0},
    {OPT_HEADING, NULL, 0, NULL, NULL, "The report", 0, 0},
    {OPT_STR, "report", 0, &report, "DIR",
     "scores, KL scores, sparsity and metrics to DIR/summary.txt, tables/, "
     "plots/*.dat and report.in.html",
     0, 0},
    {OPT_STR, "setting", 0, &setting, "FILE",
     "JSON object: arms, reference, margin, synthetic, and what else to "
     "print of the setting",
     0, 0},
    {OPT_STR, "tasks", 0, &tasks, "FILE",
     "the evaluation tasks: names, roles, samples", 0, 0},
    {OPT_LIST, "without", 0, &without, "TASK",
     "leave a task of --tasks out of the report", 0, 0},
    {OPT_STR, "title", 0, &title, "TEXT", "title of the report", 0, 0},
    {OPT_STR, "sweep", 0, &sweep, "DIR",
     "the same of arms at several learning rates to DIR/summary.txt and "
     "tables/; --set 'point NAME=ARM LR' says which each is",
     0, 0},
    {OPT_FLAG, "ablation", 0, &do_ablation, NULL,
     "scores, KL scores and sparsity to the page of which factor carries "
     "which part; the arms are those of --set arms=..., the first the "
     "reference, the last the whole",
     0, 0},
    {OPT_FLAG, "partial", 0, &partial, NULL,
     "with --report: the experiment is under way; arms may lack records, the "
     "page says what is missing and gives no verdict",
     0, 0},
    {OPT_STR, "responses", 0, &responses, "DIR",
     "the page shows answers of DIR/RUN/TASK.responses.msgpack.zst", 0, 0},
    {OPT_STR, "html", 0, &html, "DIR",
     "DIR/report.in.html and DIR/plots/*.svg to DIR/report.html", 0, 0},
    {OPT_HEADING, NULL, 0, NULL, NULL, "Input and output", 0, 0},
    {0}};

static struct opt opts[] = FILTER_OPTS(own);

static const struct cli cli = {
    .name = "stats",
    .purpose = "aggregates, scores, hypothesis tests and the report",
    .usage = "[--by FIELD,...] [--stat STAT,...] [FIELD...] [records...]\n"
             "       stats --score | --kl-score | --tag [--set KEY=VALUE] "
             "[records...]\n"
             "       stats --tidy | --tensorboard DIR [--set KEY=VALUE] "
             "[records...]\n"
             "       stats --report DIR --tasks FILE [--setting FILE] "
             "records...\n"
             "       stats --sweep DIR --tasks FILE --set 'point NAME=ARM LR' "
             "... records...\n"
             "       stats --ablation --tasks FILE --set 'arms=ARM...' "
             "records...\n"
             "       stats --html DIR",
    .details =
        "Without a mode: statistics of each FIELD in each group. A word that "
        "names a file, or has a slash in it, is an input; any other is a "
        "FIELD. A FIELD is a number or a bool (true is 1), or an array of "
        "them, each element then counting as one value. len(FIELD) is the "
        "length of an array or string; sum, mean, min and max(FIELD) make one "
        "number of each record's array. A record that lacks FIELD does not "
        "count for it; a FIELD that no record has is an error.\n\n"
        "--report reads any mix of streams whose records carry arm, seed and "
        "task (--set put them there): scores of the base have arm=base and no "
        "seed, KL of the base against itself arm=floor_ARM. The tests and "
        "their rules are explained in the summary itself.",
    .example = "cat a.msgpack b.msgpack | stats --by task,arm correct "
               "'len(response_tokens)'\n"
               "stats --table --by task --stat mean,median,p90 kl_exact "
               "scored.msgpack.zst\n"
               "stats --score --set arm=bf16 --set seed=3 "
               "math500.responses.msgpack.zst -o scores.msgpack",
    .see_also = "reward, kl, sparsity, show",
    .opts = opts,
    .min_args = 0,
    .max_args = 4096,
};

static int write_table(struct groupby *g, struct err *e)
{
    struct table *t = groupby_table(g);
    struct buf b = {0};
    int r;

    table_text(t, 0, &b);
    r = file_put(f.out, b.p, b.n, e);
    buf_free(&b);
    table_close(&t);
    return r;
}

/* The table is no stream of records: the filter's own output stays empty. */
static int table_by(struct groupby *g, char **files, int n, struct err *e)
{
    int r = filter_open_input(&f, "stats", files, n, e);

    if (!r)
        r = stage_read_groups(&f, g, e);
    if (!r)
        filter_say_skipped(&f);
    rec_close(&f.in);
    return r ? r : write_table(g, e);
}

/* A word that names a file, or standard input, is one; others are fields. */
static int split(char **args, int n, char **files, struct err *e)
{
    int n_files = 0;

    for (int i = 0; i < n; i++) {
        if (!strcmp(args[i], "-") || strchr(args[i], '/') ||
            file_exists(args[i]))
            files[n_files++] = args[i];
        else if (fields.n == CLI_LIST_MAX)
            return err_set(e, ERR_USAGE, "more than %d fields", CLI_LIST_MAX);
        else
            fields.v[fields.n++] = args[i];
    }
    return n_files;
}

static int run_by(char **args, int n, struct err *e)
{
    struct cli_list given = fields;
    struct stage_by o = {by, stat};
    struct groupby *g = NULL;
    int n_files, r = 0;

    fields.n = 0;
    for (int i = 0; i < given.n && !r; i++)
        r = cli_split(&fields, given.v[i], "--field", e);
    n_files = r ? r : split(args, n, args, e);
    if (n_files < 0)
        return n_files;
    if (!f.json && !strcmp(f.out, "-") && isatty(STDOUT_FILENO))
        as_table = 1;
    r = groupby_open(&g, by, &fields, stat, e);
    if (!r)
        r = as_table ? table_by(g, args, n_files, e)
                     : stage_groups(&f, &sets, &o, g, args, n_files, e);
    groupby_close(&g);
    return r;
}

static struct report_opts report_opts(void)
{
    return (struct report_opts){
        .dir = report ? report : sweep,
        .setting = setting,
        .tasks = tasks,
        .title = title,
        .sets = &sets,
        .without = &without,
        .responses = responses,
        .partial = partial,
    };
}

static int run_report(char **args, int n, struct err *e)
{
    const struct report_opts o = report_opts();

    if (do_ablation)
        return report_ablation(&o, f.out, args, n, e);
    return report ? report_make(&o, args, n, e) : report_sweep(&o, args, n, e);
}

static int run(char **args, int n, struct err *e)
{
    int modes = !!by + do_score + do_kl_score + do_tag + do_tidy + do_verdicts +
                do_design + do_ablation + !!tensorboard + !!report + !!sweep +
                !!html;
    int r = set_check(&sets, e);

    if (r)
        return r;
    if (modes > 1)
        return err_set(e, ERR_USAGE,
                       "more than one of --by, --score, "
                       "--kl-score, --tag, --tidy, --tensorboard, --verdicts, "
                       "--design, --report, --sweep, --ablation, --html");
    if (partial && !report)
        return err_set(e, ERR_USAGE, "--partial without --report");
    if (do_score)
        return stage_score(&f, &sets, args, n, e);
    if (do_kl_score)
        return stage_kl_score(&f, &sets, args, n, e);
    if (do_tag)
        return stage_tag(&f, &sets, args, n, e);
    if (do_tidy)
        return stage_tidy(&f, &sets, args, n, e);
    if (tensorboard)
        return stage_tensorboard(&f, &sets, tensorboard, args, n, e);
    if (do_verdicts) {
        const struct report_opts o = report_opts();

        return stage_verdicts(&f, &o, power, args, n, e);
    }
    if (do_design) {
        const struct report_opts o = report_opts();

        return stage_design(&f, &o, args, n, e);
    }
    if (report || sweep || do_ablation)
        return run_report(args, n, e);
    if (html)
        return html_finish(html, e);
    return run_by(args, n, e);
}

int main(int argc, char **argv)
{
    return filter_main(&cli, opts, &f, argc, argv, run);
}
