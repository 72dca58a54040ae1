/* arm - a precision arm: a named setting of every factor (SCIENCE 2)
 *
 * Text form: NAME[,factor=value...]. The arms and the factors are the two
 * tables of arm_table.c; arm_help prints them.
 */
#ifndef ULP_MODEL_ARM_H
#define ULP_MODEL_ARM_H
#include <stddef.h>
#include "../../kernels/kernels.h"
#include "../base/buf.h"

/* Room for what arm_format writes. */
enum { ARM_TEXT = 512, ARM_NAME = 32, ARM_SHARDS = 4096 };

/* Order of sums, as a factor gives it. */
struct arm_order {
    struct k_order k;
    int draw; /* ":N" was given, and k.seed is N: the noise draw. Without it
                 arm_seed puts the run's seed there, where shuffled. */
};

/* The arithmetic of the sampler, where it is not the trainer's. */
struct arm_rollout {
    char name[ARM_NAME]; /* the arm that it is taken from; "" = the same */
    enum dtype compute;
    int head_fp32;
    struct arm_order order;
};

struct arm {
    char name[ARM_NAME];
    enum dtype master, compute, grads, adam;
    int step;      /* enum k_step */
    int head_fp32; /* the logits are not rounded to the compute type */
    struct arm_rollout rollout;
    int stochastic, kahan, loss_scaling;
    struct arm_order order;
    double dropout;
    int dropout_model; /* dropout is the model's: arm_resolve sets it */
    int apart;         /* training computes each sample by itself */
    int shards;        /* partial gradients that are joined to one, 1 .. */
};

/* *a becomes the arm of this text. ERR_USAGE: an unknown arm, factor or value;
 * the message lists what there is. */
int arm_parse(struct arm *a, const char *text, struct err *e) MUST_CHECK;
/* dropout=model becomes the probability that config.json names. To be called
 * before the arm is used for training. */
void arm_resolve(struct arm *a, double attention_dropout);
/* The full setting, every factor spelt out, parseable by arm_parse. n at least
 * ARM_TEXT. */
void arm_format(const struct arm *a, char *buf, size_t n);
/* How many factors differ between two texts of arm_format, and which:
 * "master=fp32 and not bf16, ..." in buf, n at least ARM_TEXT. A text of an
 * older version lacks factors, which are then as in fp32; names of arms do not
 * count. */
int arm_difference(const char *was, const char *now, char *buf, size_t n);
/* The run's seed becomes the order's seed where the text gave none. */
void arm_seed(struct arm *a, uint64_t seed);
/* The seed of dropout and of stochastic rounding: the run's, or under a noise
 * draw (order=shuffled:N, hardware:N) another one for each N. */
uint64_t arm_noise_seed(const struct arm *a, uint64_t seed);
/* Do the boundaries of micro-batches determine bits? Then a resume needs the
 * same --micro-batch. */
int arm_micro_batch_matters(const struct arm *a);
/* The arm whose compute, head and order the sampler has. */
struct arm arm_sampler(const struct arm *a);
/* Does the sampler compute as the trainer does? */
int arm_same_sampler(const struct arm *a);

const char *dtype_name(enum dtype t); /* "fp32", "bf16", "fp16" */
/* Every arm and every factor, and what each does: what --arm help prints. */
void arm_help(struct buf *out);

#endif
