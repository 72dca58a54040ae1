/* spread - the compute weights out of the master weights of all ranks */
#ifndef ULP_TRAIN_SPREAD_H
#define ULP_TRAIN_SPREAD_H
#include "adamw.h"

/* m's compute weights become those of a. All ranks call: each casts its slice,
 * and gets the others'. What gradients m has are lost. */
int spread_weights(struct model *m, const struct adamw *a,
                   struct err *e) MUST_CHECK;

#endif
