/* park - weights that wait in the host's memory while the device has none */
#include "impl.h"

void model_park(struct model *m)
{
    if (!m->flat || m->parked)
        return;
    for (int i = 0; i < m->p.n_fused; i++) {
        struct weight *g = &m->weight[i];

        if (g->f.K)
            m->k->weight_free(m->k, g->w);
        g->w = NULL;
    }
    m->parked = 1;
}

int model_unpark(struct model *m, struct err *e)
{
    return m->parked ? model_set_host(m, m->flat, m->t, e) : 0;
}
