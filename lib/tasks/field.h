/* field - the fields of an upstream row, by the names that they go by
 *
 * Publishers write `problem`, `Problem` and `PROBLEM`: a name matches exactly,
 * else in any case of its ASCII letters. A field that is null is not there.
 */
#ifndef ULP_TASKS_FIELD_H
#define ULP_TASKS_FIELD_H
#include "item.h"

/* NULL when o has no such field. */
json_t *field(const json_t *o, const char *name);
/* A text that is not blank and holds no NUL character; else NULL. */
const char *field_text(const json_t *o, const char *name);
/* The problem, which goes by several names; else NULL. */
const char *field_problem(const json_t *o);
/* A new string: the text as it is, or the digits of a number as its source
 * has them (27.0 is 27, as amc23 writes whole numbers). NULL and *why set when
 * v is no such value, or is blank. */
json_t *field_answer(const struct item *it, const json_t *v, const char **why);
/* Nothing but white space, no-break and zero-width spaces. */
int text_is_blank(const char *s, size_t n);
/* A new string without outer ASCII white space. */
json_t *text_trimmed(const char *s, size_t n);

#endif
