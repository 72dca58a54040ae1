/* rows - what the gradient of rmsnorm shares between the two orders */
#ifndef ULP_CUDA_ROWS_H
#define ULP_CUDA_ROWS_H
#include "dev.h"

enum { ROW_EIGHTS = 256 }; /* values of a warp's step */

/* dx of rmsnorm_bwd; it may be dy. */
void CU(cuda_norm_dx)(struct cuda *c, enum dtype t, void *dx, const void *dy,
                      const void *x, const void *w, const float *rstd, int T,
                      int H);

#endif
