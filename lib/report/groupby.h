/* groupby - count, mean, spread, quantiles of any fields, by the values of
 * others
 *
 * A field is what quantity.h says; a record without it does not count for it.
 * Groups come out sorted by their keys, numbers as numbers. Memory: the values
 * of every group.
 */
#ifndef ULP_REPORT_GROUPBY_H
#define ULP_REPORT_GROUPBY_H
#include "../base/cli.h"
#include "../record/rec.h"
#include "table.h"

/* FIELDs and keys of a table, at most. */
enum { GROUPBY_FIELDS = CLI_LIST_MAX, GROUPBY_KEYS = 16 };
struct groupby;

/* by: "task,arm" or NULL; fields are borrowed; stats: "mean,p90" or NULL, as
 * aggregate.h has them. */
int groupby_open(struct groupby **g, const char *by,
                 const struct cli_list *fields, const char *stats,
                 struct err *e) MUST_CHECK;
void groupby_close(struct groupby **g);
int groupby_add(struct groupby *g, struct rec *rec, struct err *e) MUST_CHECK;
/* To be called once, after the last record. A field that no record had is an
 * error (a misspelt name), and so is a result that is not finite. */
int groupby_finish(struct groupby *g, struct err *e) MUST_CHECK;
/* One record a group: the keys, n (records), and FIELD.STAT; sd and se are
 * left out where there are fewer than two values. */
int groupby_each(struct groupby *g,
                 int (*fn)(void *ctx, struct rec *rec, struct err *e),
                 void *ctx, struct err *e) MUST_CHECK;
/* One row per group and field; "-" where there is nothing. */
struct table *groupby_table(const struct groupby *g);

#endif
