/* hw_blas - matrix products by cuBLASLt, found when order=hardware is opened
 *
 * The library is not linked: it is half a gigabyte, and an executable must
 * start where it is not. Opening looks for libcublasLt.so.N (N: of the header
 * that this was compiled with) on the loader's path, in $CUDA_HOME/lib64 and
 * in /usr/local/cuda/lib64; ULP_CUBLASLT=FILE names one instead.
 *
 * A plan is an algorithm and the descriptors for one class of shapes: types,
 * layouts, alignments, the sizes of the weights, and a coarse class of the
 * number of tokens (HW_CLASSES). It is made when the class is first met, by
 * the heuristic at the class's reference number of tokens, among algorithms
 * that sum each output in one sequence; so every call of the class runs the
 * same algorithm, and there a row's result does not depend on the rest of the
 * batch. NUMERICS.md tells what that leaves open.
 */
#ifndef ULP_CUDA_HW_BLAS_H
#define ULP_CUDA_HW_BLAS_H
#include "cuda.h"

/* Classes of the number of tokens: the most of each, and where its algorithm
 * is looked for. */
struct hw_class {
    long most, reference;
};
enum { HW_CLASSES = 3 };
static const struct hw_class hw_classes[HW_CLASSES] = {
    {64, 64}, {512, 256}, {(long)1 << 62, 4096}};

/* Fills c->blas. */
int CU(hw_blas_open)(struct cuda *c, struct err *e) MUST_CHECK;
void CU(hw_blas_close)(struct cuda *c);
/* Y = A B (+ bias) or Y += A B, rounded to yt; rt is not looked at. 1 when it
 * was done, or tried and the error kept; 0 when cuBLASLt has nothing for these
 * types, sizes or alignments, and nothing was done. */
int CU(hw_blas_gemm)(struct cuda *c, const struct gemm *g);
/* Scratch on the device of HW_WORKSPACE bytes, which cuBLASLt works in; free
 * for other operations of the stream between products. */
enum {
    HW_COUNTERS = 1024,
    HW_WORKSPACE = CUDA_WORKSPACE - HW_COUNTERS * (int)sizeof(unsigned)
};
void *CU(hw_workspace)(struct cuda *c);
/* HW_COUNTERS zeros on the device, which whoever counts leaves at 0. */
unsigned *CU(hw_counters)(struct cuda *c);

#endif
