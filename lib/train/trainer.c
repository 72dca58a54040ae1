/* trainer - device, model and optimizer of a run; see trainer.h */
#include "trainer.h"
#include "../model/engine.h"
#include "side_stream.h"
#include "plan.h"
#include "compute_weights.h"

int trainer_arm(struct arm *a, const char *text, const struct config *c,
                uint64_t seed, struct err *e)
{
    int r = arm_parse(a, text, e);

    if (r)
        return r;
    arm_resolve(a, c->attention_dropout);
    arm_seed(a, seed);
    return 0;
}

/* The gradients come with the first pass, so that the sampler has their memory
 * until then; where they cannot fit, that is said before any work. */
static int check_room(const struct trainer *t, struct err *e)
{
    const struct slices *s = &t->a->s;
    size_t sum = slices_sum(s, s->rank);
    int two = gradient_buffers(&t->arm, s->n, t->k->sizes.can.own_memory) > 1;
    size_t need = dtype_size(t->arm.grads) *
                  (s->p->n_values * (size_t)(two ? 2 : 1) +
                   (gradient_has_sum(&t->arm, s->n) ? sum : 0));
    struct k_memory m;

    t->k->memory(t->k, &m);
    if (!m.total || m.now + need <= m.total)
        return 0;
    return err_memory(e,
                      "%s: out of memory: %zu MiB asked for (gradients), "
                      "%zu MiB held, %zu MiB free of %zu",
                      t->k->name, need >> 20, m.now >> 20, m.free >> 20,
                      m.total >> 20);
}

int trainer_open(struct trainer *t, const struct trainer_opts *o,
                 int (*master)(void *ctx, struct adamw *a, struct err *e),
                 void *ctx, struct err *e)
{
    struct adamw_opts ao = o->a;
    int r = kernels_open(&t->k, o->device, o->threads, t->arm.order.k, e);

    ao.shard_weights = o->shard_weights;
    ao.seed = arm_noise_seed(&t->arm, o->seed);
    if (!r)
        r = model_open(&t->m, &t->c, &t->arm, t->k,
                       MODEL_TRAIN | MODEL_LATER |
                           (o->recompute ? MODEL_RECOMPUTE : 0),
                       e);
    if (!r)
        r = adamw_open_ranks(&t->a, o->comm, t->k, model_params(t->m), &t->arm,
                             &ao, e);
    if (!r)
        gradient_open(&t->g, t->m, t->k, &t->arm, &t->a->s);
    if (!r && o->timeline) {
        r = timeline_open(&t->timeline, o->comm, e);
        t->g.reduce.timeline = t->a->timeline = t->timeline;
    }
    if (!r)
        r = compute_weights_open(t->m, t->a, e);
    if (!r)
        r = master(ctx, t->a, e);
    if (!r)
        r = compute_weights_update(t->m, t->a, NULL, e);
    if (!r)
        r = check_room(t, e);
    if (r && e->no_memory)
        r = plan_advise_open(e, !o->may_offload || o->a.offload);
    return r;
}

void trainer_say(const struct trainer *t, struct progress *p)
{
    const struct side_stream *x = t->a->s.side;

    engine_say_device(t->k, p);
    if (x && *x->why.text)
        progress_say(p,
                     "ranks exchange through the host's memory, not NCCL: %s",
                     x->why.text);
}

int trainer_finish(struct trainer *t, const char *timeline, struct err *e)
{
    int r = side_stream_finish(t->a->s.side, e);

    return t->timeline && !r ? timeline_write(t->timeline, timeline, e) : r;
}

void trainer_memory(const struct trainer *t, struct k_memory *m)
{
    size_t weights = comm_window_bytes(t->a->compute);

    t->k->memory(t->k, m);
    /* on a device with memory of its own they are in the host's */
    if (t->k->sizes.can.own_memory)
        weights = 0;
    m->now += gradient_shared(&t->g) + weights;
    m->peak += gradient_shared(&t->g) + weights;
}

void trainer_trim(struct trainer *t)
{
    gradient_trim(&t->g);
    model_trim(t->m);
}

void trainer_close(struct trainer *t)
{
    if (t->a)
        side_stream_leave(t->a->s.side);
    gradient_close(&t->g);
    model_close(&t->m); /* before what it gathers from */
    adamw_close(&t->a);
    kernels_close(&t->k);
    timeline_close(&t->timeline);
}
