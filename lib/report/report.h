/* report - the experiment's records become summary.txt, tables, plot data and
 * report.in.html
 *
 *   DIR/summary.txt       the page: setting, results, hypotheses, self-tests
 *   DIR/tables/NAME.tsv   each of its tables
 *   DIR/plots/NAME.dat    what the gnuplot scripts draw, and params.gp
 *   DIR/report.in.html    the same page with places for the plots (html.h)
 *
 * The bytes depend on the records, the setting and the tasks alone.
 */
#ifndef ULP_REPORT_REPORT_H
#define ULP_REPORT_REPORT_H
#include "../base/cli.h"

struct report_opts {
    const char *dir;
    const char *setting;   /* JSON file or NULL */
    const char *tasks;     /* JSON file; NULL: every task is off-task */
    const char *title;     /* or NULL */
    const char *responses; /* folder of RUN/TASK.responses.msgpack.zst, whose
                              answers the page shows; or NULL */
    const struct cli_list *without; /* tasks left out of the report */
    const struct cli_list *sets;    /* KEY=VALUE over the setting's */
    int partial; /* the experiment is under way: arms may lack records, and the
                    page says what is missing (sections.h, sec_missing) */
};

/* Reads the inputs and writes the files above. */
int report_make(const struct report_opts *o, char **inputs, int n_inputs,
                struct err *e) MUST_CHECK;
/* DIR/summary.txt and DIR/tables of a sweep over learning rates (sweep.h). */
int report_sweep(const struct report_opts *o, char **inputs, int n_inputs,
                 struct err *e) MUST_CHECK;
/* The page of make ablation (ablation.h) into the file `out`, "-" for standard
 * output, from scores, KL scores and sparsity; the arms are the setting's. */
int report_ablation(const struct report_opts *o, const char *out, char **inputs,
                    int n_inputs, struct err *e) MUST_CHECK;

#endif
