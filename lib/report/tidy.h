/* tidy - every number of a stream, one a row, for other people's tools
 *
 * A row has the columns of tidy_columns: where the number belongs, the field's
 * name (metric) and the value. What a record lacks is NA in tab-separated
 * values, and left out of JSON lines.
 */
#ifndef ULP_REPORT_TIDY_H
#define ULP_REPORT_TIDY_H
#include "../base/cli.h"
#include "../record/filter.h"

/* Records of f's inputs, with the fields of sets, to f->out: JSON lines where
 * f->json is set. Memory: one record. */
int stage_tidy(struct filter *f, const struct cli_list *sets, char **inputs,
               int n_inputs, struct err *e) MUST_CHECK;

#endif
