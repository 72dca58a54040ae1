/* probe - kernels that try kernels/cuda/mma.h; see probe.h */
#include "probe.h"
#include "probe_dev.h"

extern "C" void cudasim_probe_mma(int fp16, float *d, const uint16_t *a,
                                  const uint16_t *b, int trans, int x2)
{
    enum dtype t = fp16 ? DT_F16 : DT_BF16;

    cudasim_launch_fn("multiply", NULL, dim3(1), dim3(32), 0, NULL,
                      [=] { probe_multiply(t, d, a, b, trans, x2); });
}

extern "C" void cudasim_probe_pack(int fp16, unsigned *packed, float *y,
                                   const float *x, int n)
{
    enum dtype t = fp16 ? DT_F16 : DT_BF16;

    cudasim_launch_fn("pack", NULL, dim3(1), dim3(1), 0, NULL,
                      [=] { probe_pack(t, packed, y, x, n); });
}

static void misuse(enum cudasim_misuse m, uint16_t *got, const uint16_t *src)
{
    __shared__ __align__(16) uint16_t s[128];
    __align__(16) uint16_t local[8] = {0};
    int lane = (int)threadIdx.x;
    unsigned r[4] = {0, 0, 0, 0};
    float d[4] = {0, 0, 0, 0};

    if (lane < 4)
        cp_async(s + lane * 8 + (m == PROBE_COPY_ROW ? 4 : 0),
                 src + lane * 8 +
                     (m == PROBE_COPY_BEYOND || m == PROBE_ZERO ? 32 : 0),
                 m == PROBE_ZERO);
    cp_commit();
    if (m == PROBE_NEWEST)
        cp_wait(1);
    else if (m != PROBE_EARLY)
        cp_wait(0);
    __syncwarp();
    if (lane == 0)
        *got = s[1];
    if (m == PROBE_ROW)
        ld_matrix4(r, s + 4);
    if (m == PROBE_NOT_SHARED)
        ld_matrix4(r, local);
    if (m == PROBE_HALF_WARP && lane < 16)
        mma(DT_BF16, d, r, r);
    if (m == PROBE_OTHER) {
        if (lane < 16)
            mma(DT_BF16, d, r, r);
        else
            ld_matrix4(r, s);
    }
}

extern "C" uint16_t cudasim_probe_misuse(enum cudasim_misuse m,
                                         const uint16_t *src)
{
    uint16_t got = 0, *p = &got;

    cudasim_launch_fn("misuse", NULL, dim3(1), dim3(32), 0, NULL,
                      [=] { misuse(m, p, src); });
    return got;
}
