/* models - whole models with random weights, for the files that train and
 * generate */
#ifndef ULP_BENCH_GPU_MODELS_H
#define ULP_BENCH_GPU_MODELS_H
#include "../../../lib/model/model.h"
#include "gpu.h"

/* Flat weights of type t in params order: near normal(0, 0.02), norms 1,
 * biases 0. malloc'd. */
void *models_weights(const struct params *p, enum dtype t, struct err *e);
/* FLOPs of the products and of causal attention in one forward pass over n
 * sequences of len tokens, the head over all of them (`head`) or none. */
double models_flops(const struct config *c, int n, int len, int head);
/* Values in the matrices that each generated token's pass reads. */
double models_matrices(const struct config *c);

#endif
