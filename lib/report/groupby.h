/* groupby - count, mean, spread of any fields, by the values of others
 *
 * A field is a dotted path of numbers or bools (true is 1), or len(PATH): the
 * length of an array, or of a string in bytes. A record without the field does
 * not count for it. Groups come out sorted by their keys, numbers as numbers.
 * Memory: the values of every group.
 */
#ifndef ULP_REPORT_GROUPBY_H
#define ULP_REPORT_GROUPBY_H
#include "../record/rec.h"
#include "table.h"

enum { GROUPBY_FIELDS = 64 };
struct groupby;

/* by: "task,arm" or NULL. fields are borrowed, at most
 * GROUPBY_FIELDS. */
struct groupby *groupby_open(const char *by, char **fields, int n_fields);
void groupby_close(struct groupby **g);
int groupby_add(struct groupby *g, struct rec *rec, struct err *e) MUST_CHECK;
/* A field that no record had is an error (a misspelt name). */
int groupby_check(const struct groupby *g, struct err *e) MUST_CHECK;
/* One record a group: the keys, n (records), and FIELD.{n,mean,sd,se,min,max};
 * sd and se are left out where n < 2. */
int groupby_each(struct groupby *g,
                 int (*fn)(void *ctx, struct rec *rec, struct err *e),
                 void *ctx, struct err *e) MUST_CHECK;
/* One row per group and field; "-" where there is nothing. */
struct table *groupby_table(struct groupby *g);

#endif
