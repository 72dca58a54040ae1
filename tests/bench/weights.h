/* weights - values for a model that is timed: in [-0.03, 0.03), by their index */
#ifndef ULP_BENCH_WEIGHTS_H
#define ULP_BENCH_WEIGHTS_H
#include <stdlib.h>
#include "../../lib/model/model.h"

static inline int bench_weights(struct model *m, struct err *e)
{
    size_t n = model_params(m)->n_values;
    float *flat = malloc(n * sizeof *flat);
    int r;

    if (!flat)
        return err_set(e, ERR_IO, "out of memory");
    for (size_t i = 0; i < n; i++)
        flat[i] = (float)((uint32_t)i * 2654435761u >> 8) * 0x1p-24f * 0.06f -
                  0.03f;
    r = model_set_host(m, flat, DT_F32, e);
    free(flat);
    return r;
}

#endif
