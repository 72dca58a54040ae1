/* probe - kernels that try kernels/cuda/mma.h; see probe.h */
#include "../../kernels/cuda/mma.h"
#include "probe.h"

/* The fragments as mma.h says that they lie. */
static void multiply(int fp16, float *d, const uint16_t *a, const uint16_t *b,
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
    if (fp16)
        mma(DT_F16, fd, fa, fb);
    else
        mma(DT_BF16, fd, fa, fb);
    for (int i = 0; i < 4; i++)
        d[(lane / 4 + i / 2 * 8) * 8 + lane % 4 * 2 + i % 2] = fd[i];
}

extern "C" void cudasim_probe_mma(int fp16, float *d, const uint16_t *a,
                                  const uint16_t *b, int trans, int x2)
{
    cudasim_launch_fn("multiply", NULL, dim3(1), dim3(32), 0,
                      [=] { multiply(fp16, d, a, b, trans, x2); });
}

extern "C" void cudasim_probe_pack(int fp16, unsigned *packed, float *y,
                                   const float *x, int n)
{
    cudasim_launch_fn("pack", NULL, dim3(1), dim3(1), 0, [=] {
        for (int i = 0; i < n / 2; i++)
            packed[i] = pack2(fp16 ? DT_F16 : DT_BF16, x[2 * i], x[2 * i + 1]);
        for (int i = 0; i < n; i++)
            y[i] = fast_exp2(x[i]);
    });
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

    cudasim_launch_fn("misuse", NULL, dim3(1), dim3(32), 0,
                      [=] { misuse(m, p, src); });
    return got;
}
