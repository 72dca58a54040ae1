/* verdict_records - verdicts and estimates as records, without a page
 *
 * Records that carry `experiment` (a string or an integer) belong to the
 * experiment of that name; those of one experiment follow each other, and each
 * experiment gets verdicts of its own.
 */
#ifndef ULP_REPORT_VERDICT_RECORDS_H
#define ULP_REPORT_VERDICT_RECORDS_H
#include "../record/filter.h"
#include "report.h"

/* Reads the inputs, writes kind "verdicts" (SCHEMA.md), closes f. power: adds
 * records of the tests' power, which take a second an experiment. */
int stage_verdicts(struct filter *f, const struct report_opts *o, int power,
                   char **inputs, int n_inputs, struct err *e) MUST_CHECK;

#endif
