/* families - the forms of the sample problems (see sample.h) */
#ifndef ULP_TASKS_FAMILIES_H
#define ULP_TASKS_FAMILIES_H
#include "sample.h"

/* Each writes one problem with its answer into the zeroed *s, from r alone. */
void family_dm(struct rng *r, struct sample *s);
void family_remainder(struct rng *r, struct sample *s);
void family_sequence(struct rng *r, struct sample *s);
void family_equation(struct rng *r, struct sample *s);
void family_fraction(struct rng *r, struct sample *s);
void family_words(struct rng *r, struct sample *s);
void family_choice(struct rng *r, struct sample *s);
void family_code(struct rng *r, struct sample *s);

#endif
