/* dapo - verl's rule for DAPO, found answer and comparison both
 *
 * verl 0.9.1, utils/reward_score/math_dapo.py, without strict_box_verify.
 * The rule sees the last 300 characters. The last "Answer:" counts, to the end
 * of its line; where there is none, the last \boxed{} of the last 100
 * characters. A line is compared in a normal form of the text, a box as it
 * stands. No mathematics is done: 1/2 is not 0.5.
 *
 * One difference: an end mark of a chat template that closes the response is
 * dropped first, as verl's decoding of tokens does.
 */
#ifndef ULP_VERIFY_DAPO_H
#define ULP_VERIFY_DAPO_H
#include "norm.h"

struct dapo {
    struct text answer; /* in its normal form, in the arena; s is NULL when
                         * there is none */
    int boxed;          /* by the box */
    int correct;
};

/* Both texts are UTF-8. Time is linear in their lengths. */
struct dapo dapo_judge(struct arena *a, struct text gold, struct text response);

/* Its normal form, in the arena (dapo_form.c). */
struct text dapo_form(struct arena *a, struct text t);

#endif
