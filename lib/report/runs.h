/* runs - what went wrong in the training runs of an arm, from their metrics
 *
 * The rules are those of lib/train/health.h, over the whole of a run: dapo-step
 * sees no more than a chunk of it.
 */
#ifndef ULP_REPORT_RUNS_H
#define ULP_REPORT_RUNS_H
#include "data.h"

struct runs {
    size_t n, steps;        /* runs (a seed's), their steps */
    size_t idle;            /* runs that made no update, whose rewards never
                               differed within a group, or whose weights never
                               changed */
    size_t judged;          /* runs whose metrics tell of a collapse */
    size_t collapsed;       /* runs whose policy collapsed */
    double missing, groups; /* groups that batches lacked, and all of both */
    size_t short_steps;     /* steps whose batch lacked some */
    int scaling;            /* the arm has loss scaling */
};

/* arm: as in data.arm. All 0 where there are no metrics of training. */
struct runs runs_of(const struct data *d, long arm);

#endif
