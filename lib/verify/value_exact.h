/* value_exact - exact forms: rational functions and Calcium numbers
 *
 * Each returns 1 equal, 0 different, -1 undecided or not of that kind.
 */
#ifndef ULP_VERIFY_VALUE_EXACT_H
#define ULP_VERIFY_VALUE_EXACT_H
#include "expr.h"

/* Of the n variables called names (1 to 12): are x and y one rational function
 * over the rationals? */
int exact_rational_functions(const struct expr *x, const struct expr *y,
                             const char *const *names, int n);
/* Are x and y, which have no variables, one number? */
int exact_constants(const struct expr *x, const struct expr *y);

#endif
