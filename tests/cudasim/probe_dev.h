/* probe_dev - what the kernels of probe.h do, in the simulator and on a device
 * (tests/gpu/probe.cu) */
#ifndef ULP_CUDASIM_PROBE_DEV_H
#define ULP_CUDASIM_PROBE_DEV_H
#include "../../kernels/cuda/mma.h"

/* The fragments as mma.h says that they lie. One warp. */
DEV void probe_multiply(enum dtype t, float *d, const uint16_t *a,
                        const uint16_t *b, int trans, int x2)
{
    __shared__ __align__(16) uint16_t A[16 * 16], B[8 * 16];
    int lane = (int)threadIdx.x, wide = trans ? 8 : 16;
    unsigned fa[4], fb[4];
    float fd[4];

    cp_async(A + lane * 8, a + lane * 8, 0);
    if (lane < 16)
        cp_async(B + lane * 8, b + lane * 8, 0);
    cp_commit();
    cp_wait(0);
    __syncwarp();
    ld_matrix4(fa, A + lane % 16 * 16 + lane / 16 * 8);
    if (trans && x2)
        ld_matrix2_t(fb, B + lane % 16 * wide);
    else if (trans)
        ld_matrix4_t(fb, B + lane % 16 * wide);
    else if (x2)
        ld_matrix2(fb, B + lane % 8 * wide + lane / 8 % 2 * 8);
    else
        ld_matrix4(fb, B + lane % 8 * wide + lane / 8 % 2 * 8);
    for (int i = 0; i < 4; i++)
        fd[i] = d[(lane / 4 + i / 2 * 8) * 8 + lane % 4 * 2 + i % 2];
    if (t == DT_F16)
        mma(DT_F16, fd, fa, fb);
    else
        mma(DT_BF16, fd, fa, fb);
    for (int i = 0; i < 4; i++)
        d[(lane / 4 + i / 2 * 8) * 8 + lane % 4 * 2 + i % 2] = fd[i];
}

/* One thread. */
DEV void probe_pack(enum dtype t, unsigned *packed, float *y, const float *x,
                    int n)
{
    for (int i = 0; i < n / 2; i++)
        packed[i] = t == DT_F16 ? pack2(DT_F16, x[2 * i], x[2 * i + 1])
                                : pack2(DT_BF16, x[2 * i], x[2 * i + 1]);
    for (int i = 0; i < n; i++)
        y[i] = fast_exp2(x[i]);
}

#endif
