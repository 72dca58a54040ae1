/* equal_scalar - values compared by value alone (equal.h) */
#include "equal.h"

int equal_scalar(struct equal *q, const struct expr *x, const struct expr *y)
{
    static const char *const rules[] = {
        "", "", "rational", "normal_form", "exact", "numeric", "rounded"};
    struct value_opts o = q->v;
    if (q->depth > 1) /* an entry's yes is not yet the answer's */
        o.provisional = NULL;
    enum value_verdict v = value_equal(q->a, x, y, &o);

    if (v <= VALUE_DIFFERENT)
        return 0;
    q->rule = rules[v];
    return 1;
}
