/* mma - stand-ins for the instructions that kernels/cuda/mma.h wraps
 *
 * What the hardware leaves undefined ends the program with a message: a warp
 * that is not whole, an address that is not shared or not a multiple of what
 * is moved, a copy from outside device memory. A copy's destination is NaN
 * until its thread has waited for it.
 */
#ifndef ULP_CUDASIM_MMA_H
#define ULP_CUDASIM_MMA_H

/* d (16 x 8) += a (16 x 16) b (16 x 8); fp16 or bf16 */
void cudasim_mma(int fp16, float d[4], const unsigned a[4],
                 const unsigned b[2]);
/* n = 1, 2, 4 matrices of 8 x 8 halves; row: of lanes 0 .. 8 n - 1 */
void cudasim_ldmatrix(int n, int trans, unsigned *r, const void *row);

/* n = 4 or 16 bytes to shared memory: `bytes` of src, then zeros */
void cudasim_cp_async(int n, void *dst, const void *src, int bytes);
void cudasim_cp_commit(void);
void cudasim_cp_wait(int newest); /* all groups but the newest ones */
void cudasim_cp_forget(int thread); /* a block begins */

#endif
