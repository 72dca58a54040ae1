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
    struct k_order order;
    struct arm as;
    int r;

    memset(x, 0, sizeof *x);
    r = arm_parse(&x->arm, o->arm, e);
    if (r)
        return r;
    arm_seed(&x->arm, o->seed);
    as = o->sampler ? arm_sampler(&x->arm) : x->arm;
    order = as.order.k;
    if (beside && same_order(&beside->k->order, &order)) {
        x->k = beside->k;
        x->k_is_lent = 1;
    } else {
        r = kernels_open(&x->k, o->device, o->threads, order, e);
    }
    if (!r)
        r = model_open_dir(&x->m, o->dir, &as, x->k,
                           o->offload ? MODEL_PARK : 0, x->digest, e);
    if (r && e->no_memory)
        r = err_suffix(
            e, "; the weights alone do not fit%s",
            as.compute == DT_F32 ? " (compute=bf16 in --arm halves them)" : "");
    return r;
}

void engine_say_device(const struct kernels *k, struct progress *p)
{
    char what[128];

    if (!k->why[0])
        return;
    kernels_describe(k, what, sizeof what);
    progress_say(p, "%s; computing on the %s", k->why, what);
}

void engine_note(struct kernels *k, struct progress *p, const char *text)
{
    struct k_memory m;
    char what[128];

    kernels_describe(k, what, sizeof what);
    k->memory(k, &m);
    progress_note(p, "%s%s%s, %.1f MiB at most", text, *text ? ", " : "", what,
                  (double)m.peak / (1 << 20));
}

void engine_close(struct engine *x)
{
    model_close(&x->m);
    if (!x->k_is_lent)
        kernels_close(&x->k);
}
