/* adamw - the optimizer's state on the device, and one update (SCIENCE 2, 3)
 *
 * Everything is flat, in the order of params.h: master weights in arm.master,
 * moments in arm.adam, the bf16 compensation of Kahan arms, gradients in
 * arm.grads. A rank has the part of each that is its slice; of a process alone
 * that is all.
 * The update itself is the kernel `adamw`, once per tensor, or under offload
 * once per piece of a tensor.
 */
#ifndef ULP_TRAIN_ADAMW_H
#define ULP_TRAIN_ADAMW_H
#include "../model/model.h"
#include "../model/safetensors.h"
#include "slices.h"

/* Of n values, how many move at a time between types. */
static inline size_t adamw_piece(size_t n)
{
    size_t most = (size_t)1 << 22;

    return n < most ? (n + 7) / 8 * 8 : most;
}

/* Bytes on the device of the moments and compensation of such a piece. */
size_t adamw_piece_bytes(const struct arm *a, size_t n);

struct adamw_opts {
    double beta1, beta2, eps, weight_decay;
    double grad_clip; /* largest L2 norm; 0 = no clip */
    uint64_t seed;    /* of stochastic rounding (arm_noise_seed) */
    int offload;      /* moments in host memory, on the device a piece at a
                         time: less of its memory, more time, the same bits */
    /* Of step=fused and foreach: 0, every multiply-add that torch fuses on a
     * processor with vectors or on a GPU is fused; ADAMW_UNFUSED, none is
     * (torch under ATEN_CPU_CAPABILITY=default); n, as torch's fused kernel on
     * a processor with vectors of n values, which treats the rest of a tensor
     * apart. Runs have 0. */
    int lanes;
    int shard_weights; /* of several ranks: the compute weights of each slice lie
                          in memory that all read, in place or by messages */
};

/* See adamw_opts.lanes. */
enum { ADAMW_UNFUSED = -1 };

struct adamw {
    struct kernels *k;      /* borrowed */
    const struct params *p; /* borrowed */
    struct arm arm;
    struct adamw_opts o;
    struct slices s; /* whose first value is the first of what follows */
    void *master;    /* device */
    struct comm_window
        *compute;       /* every rank's slice of the compute weights, or
                                    NULL; the master weights lie there where
                                    they are the same values */
    void *comp, *m, *v; /* device, or host under offload; comp NULL without
                           Kahan */
    char *piece;        /* device, under offload: m, v and comp of a piece */
    struct timeline *timeline; /* borrowed; NULL: none. Of what is read there */
    uint64_t *changed;         /* device: of the running update */
    char *before;        /* NULL but in adamw_update_keeping: where the weights
                           as they were go, */
    enum dtype before_t; /* their type, */
    char *kept;          /* and some of them, until their gradients are read */
    uint64_t updates;    /* done, the skipped ones not among them */
    uint64_t skipped;    /* non-finite gradient norm */
    double loss_scale;   /* 1 without loss scaling */
    int64_t good;        /* updates since the scale last changed */
};

struct adamw_result {
    double norm;      /* of the gradient, before the clip; with bf16 gradients
                         rounded as torch's */
    int skipped;      /* the norm was not finite: nothing changed */
    uint64_t changed; /* stored master values that differ after */
};

/* With shard_weights: are a rank's compute weights its master weights? */
static inline int adamw_shares_master(const struct arm *a, int own_memory)
{
    return !own_memory && a->master == a->compute;
}

/* Zeroed state of this process's slice among the ranks of c (NULL: of all); the
 * initial loss scale is 2^16 where the arm has one. c is borrowed. Where there
 * are other ranks, all of them call each function below, in the same order. */
int adamw_open_ranks(struct adamw **a, struct comm *c, struct kernels *k,
                     const struct params *p, const struct arm *arm,
                     const struct adamw_opts *o, struct err *e) MUST_CHECK;
static inline int adamw_open(struct adamw **a, struct kernels *k,
                             const struct params *p, const struct arm *arm,
                             const struct adamw_opts *o, struct err *e)
{
    return adamw_open_ranks(a, NULL, k, p, arm, o, e);
}
void adamw_close(struct adamw **a);

/* Master weights from host fp32, rounded to the master type. */
int adamw_set_master(struct adamw *a, const float *flat,
                     struct err *e) MUST_CHECK;
/* Master weights from DIR's model.safetensors, whatever type it has. A value
 * that is not finite is an error that names its tensor, here and in the
 * state. */
int adamw_load_master(struct adamw *a, const char *dir,
                      struct err *e) MUST_CHECK;
/* DIR/model.safetensors in the master type; digest as st_commit gives it. Rank
 * 0 writes; dir and digest are not looked at elsewhere. */
int adamw_save_master(const struct adamw *a, const char *dir, char digest[33],
                      struct err *e) MUST_CHECK;
/* DIR/optimizer.safetensors: m.NAME, v.NAME and, in Kahan arms, c.NAME. */
int adamw_save_state(const struct adamw *a, const char *dir, char digest[33],
                     struct err *e) MUST_CHECK;
int adamw_load_state(struct adamw *a, const char *dir,
                     struct err *e) MUST_CHECK;

/* One update at learning rate lr with the device gradients g, of type
 * arm.grads, which are those of loss_scale times the loss, of a rank's slice up
 * to slices_sum_end. The result is the same on every rank. Clip coefficient
 * min(1, max/(norm + 1e-6)); of bf16 gradients as clip_grad_norm_ of torch has
 * it: norms, coefficient and clipped gradient are rounded to bf16. A norm that
 * is not finite skips the update; with loss scaling it also halves the scale,
 * which doubles after 2000 good updates in a row. */
int adamw_update(struct adamw *a, const void *g, double lr,
                 struct adamw_result *r, struct err *e) MUST_CHECK;

/* Does adamw_update_keeping do for compute weights of type t? Where they are no
 * wider than the gradients, in one process, in the host's memory. */
int adamw_can_keep(const struct arm *a, enum dtype t, int ranks,
                   int own_memory);
/* The same, and where the update is not skipped, g has then the compute weights
 * of type t as they were before it (as adamw_compute_weights gives them), and no
 * gradients: they take no memory of their own. */
int adamw_update_keeping(struct adamw *a, void *g, enum dtype t, double lr,
                         struct adamw_result *r, struct err *e) MUST_CHECK;

/* The compute weights as a model of compute type t has them after model_set,
 * in params order: given to rank 0's `take` a piece at a time. */
int adamw_compute_weights(const struct adamw *a, enum dtype t,
                          int (*take)(void *ctx, const void *p, size_t n_bytes,
                                      struct err *e),
                          void *ctx, struct err *e) MUST_CHECK;

#endif
