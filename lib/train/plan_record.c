/* plan_record - the plan as fields of a record (SCHEMA.md) */
#include <string.h>
#include "plan.h"

static void set_trainer(struct rec *r, const struct plan_memory *p)
{
    rec_set_u64(r, "parameters", p->m.n_params);
    rec_set_u64(r, "compute_weight_bytes", p->m.weights);
    rec_set_u64(r, "master_weight_bytes", p->master);
    rec_set_u64(r, "moment_bytes", p->moments);
    rec_set_u64(r, "compensation_bytes", p->compensation);
    rec_set_u64(r, "sent_before_bytes", p->before);
    rec_set_u64(r, "sampler_sent_before_bytes", p->sampler_before);
    rec_set_u64(r, "host_bytes", p->host);
    rec_set_u64(r, "gradient_bytes", p->m.grads + p->sum + p->exchange);
    rec_set_u64(r, "activation_bytes", p->m.acts);
    rec_set_u64(r, "activation_more_bytes", p->m.branching);
    rec_set_u64(r, "scratch_bytes", p->m.scratch);
    rec_set_u64(r, "training_bytes", p->training);
    rec_set_u64(r, "other_training_bytes", p->others);
    rec_set_u64(r, "waiting_bytes", p->waiting);
}

static void set_sampler(struct rec *r, const struct plan_memory *p)
{
    rec_set_u64(r, "sampler_weight_bytes", p->sampler_weights);
    rec_set_u64(r, "sampler_cache_bytes", p->sampler_cache);
    rec_set_i64(r, "sampler_sequences", p->sampler_batch);
    rec_set_u64(r, "sampler_pass_bytes", p->sampler_pass);
    rec_set_u64(r, "together_bytes", p->together);
    rec_set_u64(r, "parked_bytes", p->parked);
}

void plan_set(struct rec *r, const struct arm *a, const char *device,
              const struct plan_memory *p, const struct plan_shape *o)
{
    struct arm sampler = arm_sampler(a);
    const char *compute = dtype_name(a->compute);
    const char *sampling = dtype_name(sampler.compute);
    char arm[ARM_TEXT];

    arm_format(a, arm, sizeof arm);
    rec_set_str(r, "program", "dapo-step", 9);
    rec_set_str(r, "arm", arm, strlen(arm));
    rec_set_str(r, "compute", compute, strlen(compute));
    rec_set_str(r, "sampler_compute", sampling, strlen(sampling));
    rec_set_bool(r, "hardware_order", a->order.k.kind == ORDER_HARDWARE);
    rec_set_str(r, "device", device, strlen(device));
    rec_set_i64(r, "micro_batch_tokens", o->micro_batch);
    rec_set_i64(r, "longest_tokens", o->longest);
    rec_set_i64(r, "batch_sequences", o->batch);
    set_trainer(r, p);
    set_sampler(r, p);
}

void plan_set_traffic(struct rec *r, const struct plan_traffic *t, int ranks)
{
    rec_set_i64(r, "ranks", ranks);
    rec_set_u64(r, "sent_bytes", t->grads_out + t->weights_out);
    rec_set_u64(r, "received_bytes", t->grads_in + t->weights_in);
    rec_set_u64(r, "pass_received_bytes", t->pass_in);
    rec_set_u64(r, "pass_sent_bytes", t->pass_out);
    rec_set_u64(r, "step_sent_bytes", t->step_out);
    rec_set_u64(r, "step_received_bytes", t->step_in);
}
