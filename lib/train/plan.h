/* plan - what training takes, from shapes alone
 *
 * Device memory of dapo-step in its three states: opened, waiting for
 * rollouts, and updating; and of the rollout beside it.
 */
#ifndef ULP_TRAIN_PLAN_H
#define ULP_TRAIN_PLAN_H
#include "../model/model.h"
#include "../record/rec.h"

struct plan_shape {
    int micro_batch;   /* tokens in a forward and backward */
    int longest;       /* tokens of the longest sequence */
    int recompute;     /* keep the layers' inputs alone */
    int offload;       /* moments and compensation in host memory */
    int release;       /* activations, scratch and gradients go back while
                        rollouts are made */
    int copies;        /* both keep the weights sent before (not --sync-full) */
    int given;         /* the trainer's are always in the gradients' memory */
    int batch;         /* sequences at once in the rollout beside it */
    int ranks;         /* that train together; 0 is 1 */
    int apart;         /* they share no memory: a launcher starts them */
    int shard_weights; /* each keeps its slice of the compute weights alone */
    size_t device;     /* bytes of the device, or 0: the rollout's cache takes a
                        part of what is left, and fewer run at once */
};

struct plan_memory {                      /* bytes */
    struct model_memory m;                /* of the trainer */
    size_t master, moments, compensation; /* of a rank's slice */
    size_t sum;               /* gradients of the shards, added: of its slice */
    size_t exchange;          /* what is on its way to and from other ranks, a
                                  second shard's gradients among it */
    size_t pieces;            /* of the weights on their way to the sampler */
    size_t before;            /* the weights sent before, in host memory: the
                                 trainer's copy of them, which of several
                                 ranks rank 0 alone has, */
    size_t sampler_before;    /* and the sampler's, of every rank */
    size_t host;              /* of moments and compensation; on the CPU that
                                  is the same memory */
    size_t waiting, training; /* the trainer's whole, of rank 0 */
    size_t others;            /* training of each other rank */
    size_t sampler_weights, sampler_cache;
    int sampler_batch;   /* longest sequences that the cache holds */
    size_t sampler_pass; /* activations and scratch */
    size_t together;     /* the most that both hold at once, */
    size_t parked;       /* and that with rollout --offload */
};

/* Bytes that a rank sends and receives in an update, at most: parts of the
 * shards' gradients, and new weights; and after a step: those that the sampler
 * gets, which rank 0 sends and digests. Without other ranks nothing. With
 * shard_weights what a rank reads of the others' is counted where it is read: once
 * an update, and in the forward and backward of each micro-batch (pass_in). Ranks
 * apart also send it: pass_out to each other rank for a micro-batch of that one, at
 * most, and weights_out is of the rank that does. */
struct plan_traffic {
    size_t grads_out, weights_out, grads_in, weights_in;
    size_t step_out, step_in;
    size_t pass_in, pass_out;
};

/* What a model of shape c in arm a takes on a backend of sizes s. */
void plan_memory(struct plan_memory *p, const struct config *c,
                 const struct arm *a, const struct k_sizes *s,
                 struct plan_shape o);

/* Fills *t for the ranks of o. */
void plan_traffic(struct plan_traffic *t, const struct config *c,
                  const struct arm *a, const struct plan_shape *o);

/* What dapo-step --plan --json says of them, as fields of r. */
void plan_set(struct rec *r, const struct arm *a, const char *device,
              const struct plan_memory *p, const struct plan_shape *o);
void plan_set_traffic(struct rec *r, const struct plan_traffic *t, int ranks);

/* After an error that memory ran out: which options to lower, put after the
 * message; in a pass, or before the first one. Both return -e->code. */
int plan_advise(struct err *e, int micro_batch, int recompute);
int plan_advise_open(struct err *e, int offload);

#endif
