/* value_exact - exact forms: rational functions and Calcium numbers
 *
 * Each returns 1 equal, 0 different, -1 undecided or not of that kind.
 */
#ifndef ULP_VERIFY_VALUE_EXACT_H
#define ULP_VERIFY_VALUE_EXACT_H
#include "expr.h"

int exact_rational_functions(const struct expr *x, const struct expr *y,
                             const char *const *names, int n);
int exact_constants(const struct expr *x, const struct expr *y);

#endif
