/* setting - what the experiment was: tasks, arms, margin, and lines to print
 *
 * The setting is a JSON object (--setting) and KEY=VALUE items over it (--set).
 * Keys with a meaning:
 *   arms        list, or words in a string: the order of the report; default:
 *               as they come in the records
 *   reference   the arm that others are compared with; default: the first
 *   canonical   arms whose sums have the canonical order, so that their
 *               self-tests must give exactly 0; default: the reference
 *   margin      H1's equivalence margin in accuracy; default 0.02
 *   synthetic   true: the tasks are stand-ins made by the project
 *   seeds       list or words: the runs that there should be (for the count)
 *   looks       list or words: the numbers of seeds at which verdicts are
 *               given, each at its share of the level; default: any number
 *   noise draws a number, and words after it: draws of each arm and seed
 *   steps       training steps of each run
 *   runs        names of the runs that there should be, ARM_seedN or
 *               ARM_seedN_drawR; default: each arm at each seed and draw
 * The last three matter to a partial report alone.
 * All keys are printed, in their order.
 *
 * Tasks are {"tasks": [{"name": ..., "role": "on" or "off", "samples": ...,
 * "temperature": ..., "top_p": ..., "max_new": ..., "chance": ..., ...}, ...]}.
 * chance: accuracy of a model that guesses, default 0.
 */
#ifndef ULP_REPORT_SETTING_H
#define ULP_REPORT_SETTING_H
#include "names.h"
#include "report.h"

struct task_info {
    int on;
    long samples, max_new; /* -1 when not given */
    double temperature, top_p, chance;
};

struct setting {
    struct names keys; /* printed lines, in order */
    char **value;      /* by key */
    struct names arms; /* given; may be empty */
    struct names canonical, seeds;
    char *reference; /* or NULL */
    double margin;
    long *look;
    size_t n_looks;
    int synthetic;
    int partial;       /* the report is of an experiment under way */
    long draws, steps; /* 0: not given */
    struct names runs;
    struct names tasks;
    struct task_info *task;
};

/* The JSON, the KEY=VALUE items over it, and the tasks. setting_free is due,
 * on error too. */
int setting_read(struct setting *s, const struct report_opts *o,
                 struct err *e) MUST_CHECK;
void setting_free(struct setting *s);

#endif
