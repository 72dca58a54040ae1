/* temperature - the limits of a sampling temperature, the same in every program
 *
 * At less than TEMPERATURE_MIN the reciprocal, and logits times it, come near
 * the end of fp32's range. 0 stands apart: greedy sampling, whose
 * log-probabilities are those at 1.
 */
#ifndef ULP_MODEL_TEMPERATURE_H
#define ULP_MODEL_TEMPERATURE_H
#include "../base/err.h"

/* The limits. */
#define TEMPERATURE_MIN 1e-6
#define TEMPERATURE_MAX 1e3

/* 0 when t is 0 or within the limits; else ERR_USAGE with the limits. */
MUST_CHECK static inline int temperature_check(float t, struct err *e)
{
    if (t == 0 || (t >= (float)TEMPERATURE_MIN && t <= (float)TEMPERATURE_MAX))
        return 0;
    return err_set(e, ERR_USAGE,
                   "temperature: %g is not 0 or a number from "
                   "%g to %g",
                   (double)t, TEMPERATURE_MIN, TEMPERATURE_MAX);
}

#endif
