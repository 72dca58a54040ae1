/* arm - a precision arm: a named setting of every factor (SCIENCE 2)
 *
 * Text form: NAME[,factor=value...]: fp32, bf16, bf16-mixed, bf16-sr,
 * bf16-kahan, fp16-mixed; factors master, compute, adam = fp32|bf16|fp16;
 * rounding = nearest|stochastic; kahan = 0|1; order = canonical|hardware|
 * shuffled:SEED (shuffled alone: the run's seed); dropout = p in [0, 1);
 * prefixes = shared|apart: in training, samples that begin alike share the rows
 * of what they have in common, or have them each, as always with dropout.
 */
#ifndef ULP_MODEL_ARM_H
#define ULP_MODEL_ARM_H
#include <stddef.h>
#include "../../kernels/kernels.h"
#include "../base/buf.h"

struct arm {
    char name[32];
    enum dtype master, compute, adam;
    int stochastic, kahan, loss_scaling;
    struct k_order order;
    int order_from_seed; /* "shuffled" without a seed: the run's seed */
    double dropout;
    int apart; /* training computes each sample by itself */
};

int arm_parse(struct arm *a, const char *text, struct err *e) MUST_CHECK;
/* The full setting, every factor spelt out, parseable by arm_parse. */
void arm_format(const struct arm *a, char *buf, size_t n);
/* The run's seed becomes the order's seed where the text gave none. */
void arm_seed(struct arm *a, uint64_t seed);
const char *dtype_name(enum dtype t); /* "fp32", "bf16", "fp16" */
/* One line per arm, for --help and `make help`. */
const char *arm_list(void);
/* Every arm and every factor, and what each does: what --arm help prints. */
void arm_help(struct buf *out);

#endif
