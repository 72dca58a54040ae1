/* peak - the device's rate of fp32 multiply-adds, and its memory */
#ifndef ULP_BENCH_GPU_PEAK_H
#define ULP_BENCH_GPU_PEAK_H
#include "../../../kernels/kernels.h"

#ifdef __cplusplus
extern "C" {
#endif
#ifdef CUDASIM
#define peak_fma cudasim_peak_fma
#define peak_memory cudasim_peak_memory
#endif

/* Enqueues `steps` rounds of independent fused multiply-adds in registers on
 * every multiprocessor (on one block when `small`); the FLOPs it takes. out:
 * 4 bytes of device memory. */
double peak_fma(struct kernels *k, int steps, int small, float *out);
/* Bytes of device memory that are free, and in all. */
void peak_memory(size_t *left, size_t *total);

#ifdef __cplusplus
}
#endif
#endif
