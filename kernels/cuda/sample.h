/* sample - how tokens come to the host, in either order of sums */
#ifndef ULP_CUDA_SAMPLE_H
#define ULP_CUDA_SAMPLE_H
#include "cuda.h"

/* The one time that the host waits in a step of decoding. dev: n
 * log-probabilities, then n tokens, -1 where the logits of a row are not
 * finite: that is an error, and the token 0. */
void CU(cuda_fetch_draws)(struct cuda *c, const float *dev, float *logp,
                          int32_t *token, size_t n);

#endif
