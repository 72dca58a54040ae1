/* order - the training order of prompts; see order.h */
#include "order.h"
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../base/rng.h"

#define STREAM 0x647261770000000u /* "draw": apart from other users of seed */

void order_init(struct order *o, uint64_t seed, uint32_t n)
{
    o->seed = seed;
    o->n = n;
    o->epoch = -1;
    o->perm = xcalloc(n, sizeof *o->perm);
}

void order_free(struct order *o)
{
    free(o->perm);
    memset(o, 0, sizeof *o);
}

uint32_t order_at(struct order *o, int64_t position, int64_t *epoch)
{
    int64_t e = position / o->n;

    if (e != o->epoch) {
        struct rng r;

        rng_init(&r, o->seed, STREAM + (uint64_t)e);
        rng_perm(&r, o->perm, o->n);
        o->epoch = e;
    }
    if (epoch)
        *epoch = e;
    return o->perm[position % o->n];
}
