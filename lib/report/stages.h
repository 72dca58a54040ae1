/* stages - records in, records out: the stages of an analysis that stats runs
 *
 * Each opens f, writes its header (mode, set, by) and records with the fields
 * of `sets`, and closes f; after an error the caller aborts it. A bad record
 * is left out where --skip-bad covers it.
 */
#ifndef ULP_REPORT_STAGES_H
#define ULP_REPORT_STAGES_H
#include "../base/cli.h"
#include "../record/filter.h"
#include "groupby.h"

/* Records as they are, with the fields of sets. */
int stage_tag(struct filter *f, const struct cli_list *sets, char **inputs,
              int n_inputs, struct err *e) MUST_CHECK;
/* Judged responses to one score record a task (score.h). */
int stage_score(struct filter *f, const struct cli_list *sets, char **inputs,
                int n_inputs, struct err *e) MUST_CHECK;
/* KL records to one mean a task (klscore.h). */
int stage_kl_score(struct filter *f, const struct cli_list *sets, char **inputs,
                   int n_inputs, struct err *e) MUST_CHECK;
/* The texts that g was opened with, or NULL. */
struct stage_by {
    const char *by, *stat;
};
/* Any records to one record a group of g. */
int stage_groups(struct filter *f, const struct cli_list *sets,
                 const struct stage_by *o, struct groupby *g, char **inputs,
                 int n_inputs, struct err *e) MUST_CHECK;
/* The reading alone, of an f that is open. */
int stage_read_groups(struct filter *f, struct groupby *g,
                      struct err *e) MUST_CHECK;

#endif
