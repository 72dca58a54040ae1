/* hw - order=hardware: what libraries and tensor cores do
 *
 * cuda_open fills the table with the canonical operations; under
 * order=hardware hw_open then puts those that ops.h marks in their place. An
 * operation that a hw_ file cannot do at some shape or type calls the
 * canonical one. The order of its sums is nobody's promise, but the result
 * of a call is a function of its arguments alone: no atomics on floats, no
 * algorithm chosen by timing.
 */
#ifndef ULP_CUDA_HW_H
#define ULP_CUDA_HW_H
#include "cuda.h"

/* Definitions and declarations of the operations marked HARDWARE. */
#define HW(ret, name) ret CU(hw_##name)
#define DECLARE(op, scratch, hw) K_IF(hw)(K_FUNCTION(op) CU(hw_##op);)
K_OPS(DECLARE)
#undef DECLARE

/* struct gemm as cuda_gemm has it, by the fastest of what can do it: a kernel
 * of our own for few rows, cuBLASLt, the canonical one. */
void CU(hw_gemm)(struct cuda *c, struct gemm g);

/* Called by cuda_open and close under order=hardware. */
int CU(hw_open)(struct cuda *c, struct err *e) MUST_CHECK;
void CU(hw_close)(struct cuda *c);

#endif
