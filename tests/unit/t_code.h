/* t_code - one item of code, judged now */
#ifndef ULP_TESTS_T_CODE_H
#define ULP_TESTS_T_CODE_H
#include "../../lib/verify/code.h"

/* Not to be mixed with items still to be collected. */
static inline int code_verify(struct code_verifier *v,
                              const struct code_item *item,
                              struct code_verdict *out, struct err *e)
{
    int r = code_submit(v, item, e);

    return r ? r : code_collect(v, out) == 1 ? 0 : -1;
}

#endif
