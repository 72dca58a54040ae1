/* A few rows at a time under order=hardware, over the model of AVX-512 and vdpbf16ps: all that
 * holds in canonical order (kernels_few.c), with the same bounds. */
#define REF_ORDER ORDER_HARDWARE
#include "kernels_few.c"
