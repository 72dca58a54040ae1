/* engine - a model opened in an arm on a device */
#include <string.h>
#include "engine.h"

static int same_order(const struct k_order *a, const struct k_order *b)
{
    return a->kind == b->kind && a->seed == b->seed;
}

int engine_open(struct engine *x, const struct engine_opts *o,
                const struct engine *beside, struct err *e)
{
    int r;

    memset(x, 0, sizeof *x);
    r = arm_parse(&x->arm, o->arm, e);
    if (r)
        return r;
    arm_seed(&x->arm, o->seed);
    if (beside && same_order(&beside->arm.order, &x->arm.order)) {
        x->k = beside->k;
        x->k_is_lent = 1;
    } else {
        r = kernels_open(&x->k, o->device, o->threads, x->arm.order, e);
    }
    return r ? r : model_open_dir(&x->m, o->dir, &x->arm, x->k, 0, x->digest,
                                  e);
}

void engine_close(struct engine *x)
{
    model_close(&x->m);
    if (!x->k_is_lent)
        kernels_close(&x->k);
}
