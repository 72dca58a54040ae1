/* where - a condition on a record
 *
 *     correct == 0 and task == "gsm8k"
 *     not (len(response_tokens) < 40 or reward > -0.5)
 *     extracted_answer == null
 *
 * Operands are numbers, strings in " or ' (with \n \t \r \\ \" \'), true,
 * false, null, dotted names of fields, and len(NAME): elements of an array,
 * pairs of a map, bytes of a string. A name of other characters, or that is a
 * word of the language, stands in ` `. Operators: == != < <= > >=, and, or,
 * not, parentheses; not binds tightest, then and.
 *
 * - true is 1 and false 0. A name alone holds when it is not 0.
 * - A field that a record lacks is null, and so is its length. null equals
 *   null alone; < <= > >= with null do not hold.
 * - A number and a string differ; which is less is an error of the record.
 *   Arrays and maps can be compared with null alone.
 * - A float32 field is compared with a number rounded to float32, so that what
 *   is shown can be asked for.
 */
#ifndef ULP_RECORD_WHERE_H
#define ULP_RECORD_WHERE_H
#include "rec.h"

struct where;

/* ERR_USAGE: "--where: column 9: found '=', expected ==". */
int where_open(struct where **w, const char *text, struct err *e) MUST_CHECK;
void where_close(struct where **w);
/* 1: the record meets it; 0: not; ERR_DATA: what cannot be compared. */
int where_test(struct where *w, struct rec *rec, struct err *e) MUST_CHECK;
/* A name that no record tested so far had (misspelt?), or NULL. Names that are
 * compared with null are known to be missing at times. */
const char *where_unknown(const struct where *w);

#endif
