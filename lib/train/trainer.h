/* trainer - what a run trains with: a device, a model on it, its optimizer
 *
 * dapo-step and pretrain open one. The optimizer holds the master weights; the
 * model's compute weights are those of the last model_set.
 */
#ifndef ULP_TRAIN_TRAINER_H
#define ULP_TRAIN_TRAINER_H
#include "../base/progress.h"
#include "adamw.h"
#include "gradient.h"

struct trainer {
    struct arm arm;
    struct config c;
    struct kernels *k;
    struct model *m;
    struct adamw *a;
    struct gradient g;
    struct timeline *timeline; /* NULL: none is asked for */
};

struct trainer_opts {
    const char *device;
    int threads;
    int recompute;
    int shard_weights; /* of several ranks each keeps a slice (compute_weights.h) */
    uint64_t seed;     /* of the run */
    struct adamw_opts a;  /* its seed is made of this one and the arm */
    int may_offload;      /* advise --offload where memory is short */
    struct comm *comm;    /* the ranks that train together; NULL: alone */
    const char *timeline; /* a file for what each rank did when, or NULL */
};

/* The arm of a run of this model: dropout=model and the seed are filled in. */
int trainer_arm(struct arm *a, const char *text, const struct config *c,
                uint64_t seed, struct err *e) MUST_CHECK;
/* t->arm and t->c are filled in already. master: gives t->a its master weights,
 * and its state where there is one; the compute weights follow from them. No
 * room for weights, moments and gradients is an error before any work, with
 * what takes less. t is to be closed after an error, too. */
int trainer_open(struct trainer *t, const struct trainer_opts *o,
                 int (*master)(void *ctx, struct adamw *a, struct err *e),
                 void *ctx, struct err *e) MUST_CHECK;
/* What a user should know of the device, where there is something. */
void trainer_say(const struct trainer *t, struct progress *p);
/* All ranks call, at the end: rank 0 writes that file, unless it is NULL. */
int trainer_finish(struct trainer *t, const char *timeline,
                   struct err *e) MUST_CHECK;
/* Bytes that training holds now: the device's, and what ranks share. */
void trainer_memory(const struct trainer *t, struct k_memory *m);
/* Activations, gradients and scratch go back to the device. */
void trainer_trim(struct trainer *t);
void trainer_close(struct trainer *t); /* accepts a zeroed one */

#endif
