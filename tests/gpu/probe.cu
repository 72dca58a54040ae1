/* probe - tests/cudasim/probe.h on a device, for tests/unit/cuda_mma.c there:
 * do tensor cores hold their fragments where kernels/cuda/mma.h says? What the
 * hardware leaves undefined is not tried. */
#include <stdio.h>
#include <stdlib.h>
#include "../../kernels/cuda/mma.h"
#include "../cudasim/probe.h"

static void must(cudaError_t r)
{
    if (r == cudaSuccess)
        return;
    printf("not ok probe: %s\n", cudaGetErrorString(r));
    exit(1);
}

/* The fragments as mma.h says that they lie. */
KERNEL multiply(enum dtype t, float *d, const uint16_t *a, const uint16_t *b,
                int trans, int x2)
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

KERNEL pack(enum dtype t, unsigned *packed, float *y, const float *x, int n)
{
    for (int i = 0; i < n / 2; i++)
        packed[i] = t == DT_F16 ? pack2(DT_F16, x[2 * i], x[2 * i + 1])
                                : pack2(DT_BF16, x[2 * i], x[2 * i + 1]);
    for (int i = 0; i < n; i++)
        y[i] = fast_exp2(x[i]);
}

static void *to_device(const void *host, size_t n)
{
    void *p = NULL;

    must(cudaMalloc(&p, n));
    must(cudaMemcpy(p, host, n, cudaMemcpyHostToDevice));
    return p;
}

static void from_device(void *host, void *p, size_t n)
{
    must(cudaGetLastError());
    must(cudaMemcpy(host, p, n, cudaMemcpyDeviceToHost));
    must(cudaFree(p));
}

extern "C" void cudasim_probe_mma(int fp16, float *d, const uint16_t *a,
                                  const uint16_t *b, int trans, int x2)
{
    size_t n = 128 * sizeof *d;
    float *p = (float *)to_device(d, n);

    multiply<<<1, 32>>>(fp16 ? DT_F16 : DT_BF16, p, a, b, trans, x2);
    from_device(d, p, n);
}

extern "C" void cudasim_probe_pack(int fp16, unsigned *packed, float *y,
                                   const float *x, int n)
{
    size_t bytes = (size_t)n * sizeof *y;
    float *dx = (float *)to_device(x, bytes), *dy = (float *)to_device(x, bytes);
    unsigned *dp = (unsigned *)to_device(x, bytes / 2);

    pack<<<1, 1>>>(fp16 ? DT_F16 : DT_BF16, dp, dy, dx, n);
    from_device(packed, dp, bytes / 2);
    from_device(y, dy, bytes);
    must(cudaFree(dx));
}

extern "C" uint16_t cudasim_probe_misuse(enum cudasim_misuse m,
                                         const uint16_t *src)
{
    (void)m;
    (void)src;
    return 0;
}
