/* probe - tests/cudasim/probe.h on a device, for tests/unit/cuda_mma.c there:
 * do tensor cores hold their fragments where kernels/cuda/mma.h says? What the
 * hardware leaves undefined is not tried. */
#include <stdio.h>
#include <stdlib.h>
#include "../cudasim/probe.h"
#include "../cudasim/probe_dev.h"

static void must(cudaError_t r)
{
    if (r == cudaSuccess)
        return;
    printf("not ok probe: %s\n", cudaGetErrorString(r));
    exit(1);
}

KERNEL multiply(enum dtype t, float *d, const uint16_t *a, const uint16_t *b,
                int trans, int x2)
{
    probe_multiply(t, d, a, b, trans, x2);
}

KERNEL pack(enum dtype t, unsigned *packed, float *y, const float *x, int n)
{
    probe_pack(t, packed, y, x, n);
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
