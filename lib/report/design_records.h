/* design_records - the cheapest designs as records
 *
 * Of the records that --report reads. The setting's `cost` says what a run
 * takes: "train=SECONDS eval=SECONDS rest=SECONDS".
 */
#ifndef ULP_REPORT_DESIGN_RECORDS_H
#define ULP_REPORT_DESIGN_RECORDS_H
#include "../record/filter.h"
#include "report.h"

/* Reads the inputs, writes kind "designs" (SCHEMA.md), closes f. */
int stage_design(struct filter *f, const struct report_opts *o, char **inputs,
                 int n_inputs, struct err *e) MUST_CHECK;

#endif
