/* boxed - the answer that a worked solution puts into its last box */
#ifndef ULP_TASKS_BOXED_H
#define ULP_TASKS_BOXED_H
#include <jansson.h>

/* A new string: what the last \boxed or \fbox holds, outer space cut. Braces
 * nest. A box without them ("\boxed 5", "\boxed\frac12", "\boxed 3.5.") holds
 * what stands up to white space or the end of the formula, less the
 * punctuation of a sentence. NULL and *why set when there is no box, or it
 * does not end or is empty. */
json_t *boxed_last(const char *solution, const char **why);

#endif
