/* stats - aggregates, scores and the report
 *
 * in      any records; see the modes below
 * out     records or an aligned table; --report and --html: files in a folder
 * memory  numbers of every group; records of --tag: one
 * order   groups sorted by their keys, tasks as they come
 */
#include <unistd.h>
#include "../lib/base/file.h"
#include "../lib/report/html.h"
#include "../lib/report/report.h"
#include "../lib/report/set.h"
#include "../lib/report/stages.h"
#include "../lib/report/verdict_records.h"
#include "filter_main.h"

static struct filter f = FILTER_INIT;
static struct cli_list without;
static const char *by, *report, *html, *setting, *tasks, *title;
static int do_score, do_kl_score, do_tag, do_verdicts, power, as_table;
static struct cli_list sets;

static const struct opt own[] = {
    { OPT_HEADING, NULL, 0, NULL, NULL, "Aggregates of any fields", 0, 0 },
    { OPT_STR, "by", 0, &by, "FIELD,...",
      "one group for each combination of these fields' values", 0, 0 },
    { OPT_FLAG, "table", 0, &as_table, NULL,
      "write an aligned table (the default on a terminal)", 0, 0 },
    { OPT_HEADING, NULL, 0, NULL, NULL, "Stages of the experiment", 0, 0 },
    { OPT_FLAG, "score", 0, &do_score, NULL,
      "judged responses to one score record a task", 0, 0 },
    { OPT_FLAG, "kl-score", 0, &do_kl_score, NULL,
      "KL records to one mean a task", 0, 0 },
    { OPT_FLAG, "tag", 0, &do_tag, NULL,
      "pass records through with the fields of --set", 0, 0 },
    { OPT_LIST, "set", 0, &sets, "KEY=VALUE",
      "a constant field of every record written; with --report, a line of the "
      "setting", 0, 0 },
    { OPT_FLAG, "verdicts", 0, &do_verdicts, NULL,
      "the records that --report reads to the hypotheses' verdicts and "
      "estimates; each value of a field `experiment` gets its own", 0, 0 },
    { OPT_FLAG, "power", 0, &power, NULL,
      "with --verdicts: what the tests would find at the observed spread, by "
      "simulation", 0, 0 },
    { OPT_HEADING, NULL, 0, NULL, NULL, "The report", 0, 0 },
    { OPT_STR, "report", 0, &report, "DIR",
      "scores, KL scores, sparsity and metrics to DIR/summary.txt, tables/, "
      "plots/*.dat and report.in.html", 0, 0 },
    { OPT_STR, "setting", 0, &setting, "FILE",
      "JSON object: arms, reference, margin, synthetic, and what else to "
      "print of the setting", 0, 0 },
    { OPT_STR, "tasks", 0, &tasks, "FILE",
      "the evaluation tasks: names, roles, samples", 0, 0 },
    { OPT_LIST, "without", 0, &without, "TASK",
      "leave a task of --tasks out of the report", 0, 0 },
    { OPT_STR, "title", 0, &title, "TEXT", "title of the report", 0, 0 },
    { OPT_STR, "html", 0, &html, "DIR",
      "DIR/report.in.html and DIR/plots/*.svg to DIR/report.html", 0, 0 },
    { OPT_HEADING, NULL, 0, NULL, NULL, "Input and output", 0, 0 },
    { 0 }
};

static struct opt opts[] = FILTER_OPTS(own);

static const struct cli cli = {
    .name = "stats",
    .purpose = "aggregates, scores, hypothesis tests and the report",
    .usage = "[--by FIELD,...] [FIELD...] < records\n"
             "       stats --score | --kl-score | --tag [--set KEY=VALUE] "
             "[records...]\n"
             "       stats --report DIR --tasks FILE [--setting FILE] "
             "records...\n"
             "       stats --html DIR",
    .details =
        "Without a mode: n, mean, sd, standard error, least and greatest of "
        "each FIELD (numbers; true is 1; len(FIELD) is the length of an array "
        "or string) in each group, from standard input.\n\n"
        "--report reads any mix of streams whose records carry arm, seed and "
        "task (--set put them there): scores of the base have arm=base and no "
        "seed, KL of the base against itself arm=floor_ARM. The tests and "
        "their rules are explained in the summary itself.",
    .example = "cat a.msgpack b.msgpack | stats --by task,arm correct "
               "'len(response_tokens)'\n"
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
    struct buf b = { 0 };
    struct file *to = NULL;
    int r = file_create(&to, f.out, e);

    table_text(t, 0, &b);
    if (!r)
        r = file_write(to, b.p, b.n, e);
    if (r)
        file_abort(&to);
    else
        r = file_commit(&to, e);
    buf_free(&b);
    table_close(&t);
    return r;
}

/* The table is no stream of records, so the filter's writer stays closed. */
static int table_by(struct groupby *g, struct err *e)
{
    struct rec *rec;
    uint64_t n = 0;
    int r = rec_open(&f.in, "-", e);

    while (!r && !(f.limit && n >= f.limit) &&
           (r = rec_read(f.in, &rec, e)) > 0) {
        n++;
        r = groupby_add(g, rec, e);
        if (r < 0)
            r = filter_skip(&f, e);
    }
    if (!r && !n && !f.allow_empty)
        r = err_set(e, ERR_DATA, "%s: no records (--allow-empty allows that)",
                    rec_name(f.in));
    rec_close(&f.in);
    if (!r)
        r = groupby_check(g, e);
    if (!r && f.n_skipped)
        fprintf(stderr, "stats: %llu bad record%s left out\n",
                (unsigned long long)f.n_skipped,
                f.n_skipped == 1 ? "" : "s");
    return r ? r : write_table(g, e);
}

static int run_by(char **fields, int n, struct err *e)
{
    struct groupby *g;
    int r;

    if (n > GROUPBY_FIELDS)
        return err_set(e, ERR_USAGE, "more than %d fields", GROUPBY_FIELDS);
    if (!f.json && !strcmp(f.out, "-") && isatty(STDOUT_FILENO))
        as_table = 1;
    g = groupby_open(by, fields, n);
    r = as_table ? table_by(g, e) : stage_groups(&f, &sets, by, g, e);
    groupby_close(&g);
    return r;
}

static struct report_opts report_opts(void)
{
    return (struct report_opts){
        .dir = report, .setting = setting, .tasks = tasks, .title = title,
        .sets = &sets, .without = &without,
    };
}

static int run_report(char **args, int n, struct err *e)
{
    const struct report_opts o = report_opts();

    return report_make(&o, args, n, e);
}

static int run(char **args, int n, struct err *e)
{
    int modes = !!by + do_score + do_kl_score + do_tag + do_verdicts +
                !!report + !!html;
    int r = set_check(&sets, e);

    if (r)
        return r;
    if (modes > 1)
        return err_set(e, ERR_USAGE, "more than one of --by, --score, "
                       "--kl-score, --tag, --verdicts, --report, --html");
    if (do_score)
        return stage_score(&f, &sets, args, n, e);
    if (do_kl_score)
        return stage_kl_score(&f, &sets, args, n, e);
    if (do_tag)
        return stage_tag(&f, &sets, args, n, e);
    if (do_verdicts) {
        const struct report_opts o = report_opts();

        return stage_verdicts(&f, &o, power, args, n, e);
    }
    if (report)
        return run_report(args, n, e);
    if (html)
        return html_finish(html, e);
    return run_by(args, n, e);
}

int main(int argc, char **argv)
{
    return filter_main(&cli, opts, &f, argc, argv, run);
}
