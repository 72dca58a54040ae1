/* simple - plain numbers, decided on the spot
 *
 * Integers of any length, decimals and fractions of up to 18 digits. No
 * allocation, linear time: safe outside the worker.
 */
#ifndef ULP_VERIFY_SIMPLE_H
#define ULP_VERIFY_SIMPLE_H
#include "norm.h"

/* Of two forms (norm_form): 1 equal, 0 different, -1 not for us. Never says
 * "different" where the gold is a decimal that may be rounded. */
int simple_equal(struct text gold, struct text answer);

#endif
