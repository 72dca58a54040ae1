/* set - constant fields given on the command line: --set arm=bf16
 *
 * A value that reads as a whole number becomes an integer, one that reads as
 * another finite number a float, true and false become bools, everything
 * else a string. "x=" sets the empty string.
 */
#ifndef ULP_REPORT_SET_H
#define ULP_REPORT_SET_H
#include "../base/cli.h"
#include "../record/rec.h"

/* Every item is KEY=VALUE; ERR_USAGE names the one that is not. */
int set_check(const struct cli_list *l, struct err *e) MUST_CHECK;
void set_apply(const struct cli_list *l, struct rec *rec);

#endif
