/* Every operation in canonical and shuffled order, over the model of AVX-512:
 * the bits of AVX2. */
#define ISA_ALONE "x86-64-v3"
#include "kernels_isa.c"
