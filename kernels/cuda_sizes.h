/* cuda_sizes - what the CUDA backend takes, from shapes alone: known in every
 * build, so that a card can be planned for on any machine */
#ifndef ULP_KERNELS_CUDA_SIZES_H
#define ULP_KERNELS_CUDA_SIZES_H
#include "kernels.h"

/* Bytes that cuBLASLt works in, held under order=hardware. */
enum { CUDA_WORKSPACE = 32 << 20 };

#endif
