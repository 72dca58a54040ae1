/* compare - are two answers the same? (runs inside the worker) */
#ifndef ULP_VERIFY_COMPARE_H
#define ULP_VERIFY_COMPARE_H
#include "norm.h"
#include "verify.h"

struct outcome {
    int correct, well_formed;
    const char *rule;
    const char *gold_tree, *answer_tree; /* with explain */
};

/* Called with a provisional outcome before a step that may not end. */
typedef void compare_note(void *ctx, const struct outcome *r, int final);

/* Fills *r: does answer mean what gold does? Trees and strings of *r live in
 * a. */
void compare_texts(struct arena *a, struct text gold, struct text answer,
                   const struct verify_opts *o, struct outcome *r,
                   compare_note *note, void *ctx);

#endif
