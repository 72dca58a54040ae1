/* words - answers that are words: yes and no, numbers and sets spelled out */
#ifndef ULP_VERIFY_WORDS_H
#define ULP_VERIFY_WORDS_H
#include "norm.h"

/* "twelve", "no solution", "all real numbers": the formula where the whole
 * text is such words. */
struct text words_to_formula(struct arena *a, struct text t);
/* The rule by which two texts are the same without mathematics, or NULL. */
const char *words_equal(struct arena *a, struct text gold, struct text answer);

#endif
