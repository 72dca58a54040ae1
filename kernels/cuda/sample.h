/* sample - how tokens come to the host, in either order of sums */
#ifndef ULP_CUDA_SAMPLE_H
#define ULP_CUDA_SAMPLE_H
#include "cuda.h"

/* The one time that the host waits in a step of decoding. dev: n
 * log-probabilities, then n tokens, -1 where the logits of a row are not
 * finite: that is an error, and the token 0. first: of head_sample. */
void CU(cuda_fetch_draws)(struct cuda *c, const float *dev, float *logp,
                          int32_t *token, size_t n, const int32_t *first);
/* The row of each draw, at dev; first: T + 1 offsets, of head_sample. NULL
 * without memory. */
const int32_t *CU(cuda_draw_rows)(struct cuda *c, void *dev,
                                  const int32_t *first, int T);

#endif
