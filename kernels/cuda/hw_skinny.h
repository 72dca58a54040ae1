/* hw_skinny - products of a few rows with a weight, the work of generating
 *
 * y[m][n] = round_rt(sum_k x[m][k] w[n][k] + bias[n]) for at most
 * SKINNY_ROWS rows, x and w of one type with k contiguous. What such a product
 * costs is to read w once. A block takes 64 rows of w and a slice of K; the
 * slices of a row are many enough to keep the device busy and depend on N and
 * K alone, never on the number of rows, and each output's sum is cut and
 * added in one fixed way: a row's bits do not depend on the batch.
 */
#ifndef ULP_CUDA_HW_SKINNY_H
#define ULP_CUDA_HW_SKINNY_H
#include "cuda.h"

/* Rows of x, at most. */
enum { SKINNY_ROWS = 64 };
/* 1 when it was done, 0 when it is not a product for it. */
int CU(hw_skinny)(struct cuda *c, const struct gemm *g);

#endif
