/* The wrappers of kernels/cuda/mma.h in the simulator: fragments lie as the
 * header says, products agree with float64, rounding is to nearest, and what
 * the hardware leaves undefined does not pass. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include "cuda_hw.h"
#include "../cudasim/probe.h"

/* A product has 17 terms, taken in two steps of 9; each term is cut at the
 * 24th bit of the largest and the sum again: under (9 + 1) 2^-23 of the
 * largest partial sum of |terms|, twice. */
static const double CUT = 20 * 0x1p-23;

static void one_product(enum dtype t, double scale, int trans, int x2)
{
    struct hw_t a = hw_random(t, 256, scale), b = hw_random(t, 128, scale);
    float c[128], d[128];

    for (int i = 0; i < 128; i++)
        d[i] = c[i] = (float)ref_normal();
    cudasim_probe_mma(t == DT_F16, d, a.dev, b.dev, trans, x2);
    for (int m = 0; m < 16; m++)
        for (int n = 0; n < 8; n++) {
            double want = c[m * 8 + n], size = fabs(want), off;

            for (int k = 0; k < 16; k++) {
                double x = hw_at(&a, (size_t)(m * 16 + k)) *
                           hw_at(&b, (size_t)(trans ? k * 8 + n : n * 16 + k));

                want += x;
                size += fabs(x);
            }
            off = fabs(d[m * 8 + n] - want);
            T_CHECKF(off <= CUT * size,
                     "type %d, trans %d, x2 %d: %d, %d: "
                     "%.9g, float64 %.9g",
                     (int)t, trans, x2, m, n, (double)d[m * 8 + n], want);
        }
    hw_drop(&a);
    hw_drop(&b);
}

static void products_agree_with_float64(void)
{
    if (!hw_sim())
        return;
    for (int i = 0; i < 8; i++) {
        cudasim_set_order((enum cudasim_order)(i % 3), 5);
        one_product(i & 1 ? DT_F16 : DT_BF16, i < 4 ? 1 : 0.01, i >> 1 & 1,
                    i >> 2);
    }
    cudasim_set_order(CUDASIM_FORWARD, 0);
    hw_done();
}

/* A NaN and an infinity reach their row of the product, and no other. */
static void what_is_not_finite_stays_in_its_row(void)
{
    uint16_t A[256], B[128];
    struct hw_t a, b;
    float d[128] = {0};

    if (!hw_sim())
        return;
    for (int i = 0; i < 256; i++)
        A[i] = 0x3F80; /* 1 in bf16 */
    for (int i = 0; i < 128; i++)
        B[i] = 0x3F80;
    A[3 * 16 + 5] = 0x7FC0;
    A[9 * 16 + 15] = 0xFF80;
    a = hw_of(DT_BF16, 256, memcpy(malloc(sizeof A), A, sizeof A));
    b = hw_of(DT_BF16, 128, memcpy(malloc(sizeof B), B, sizeof B));
    cudasim_probe_mma(0, d, a.dev, b.dev, 0, 0);
    for (int i = 0; i < 128; i++)
        T_CHECKF(i / 8 == 3   ? isnan(d[i])
                 : i / 8 == 9 ? isinf(d[i]) && d[i] < 0
                              : d[i] == 16,
                 "row %d column %d is %g", i / 8, i % 8, (double)d[i]);
    hw_drop(&a);
    hw_drop(&b);
    hw_done();
}

#ifdef ON_GPU
#define EXP2_ERROR 0x1p-22
#else
#define EXP2_ERROR 0x1p-23
#endif

static void pairs_are_rounded_to_nearest(void)
{
    enum { N = 64 };
    float x[N], y[N];
    unsigned p[N / 2];

    for (int i = 0; i < N; i++)
        x[i] = i == 0   ? 0.0f
               : i == 1 ? -300.0f
               : i == 2 ? 1e30f
               : i == 3 ? 1.00390625f /* half way in bf16 */
                        : (float)(20 * ref_normal());
    for (int f = 0; f < 2; f++) {
        cudasim_probe_pack(f, p, y, x, N);
        for (int i = 0; i < N; i++) {
            unsigned h = p[i / 2] >> (i % 2 * 16) & 0xFFFF;

            T_EQ_INT(h, f ? canon_round_f16(x[i]) : canon_round_bf16(x[i]));
            /* flushes; the stand-in rounds once, a device is within what
             * mma.h says */
            T_CHECKF(x[i] <= -126 ? y[i] == 0
                     : x[i] > 128 ? isinf(y[i])
                                  : fabs(y[i] / exp2(x[i]) - 1) <= EXP2_ERROR,
                     "exp2(%g) = %g", (double)x[i], (double)y[i]);
        }
    }
}

/* Does the simulator end the program? */
static int ends(enum cudasim_misuse m, const uint16_t *src)
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        if (!freopen("/dev/null", "w", stderr))
            _exit(1);
        cudasim_probe_misuse(m, src);
        _exit(0);
    }
    return pid > 0 && waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) &&
           WTERMSIG(status) == SIGABRT;
}

static void what_is_undefined_does_not_pass(void)
{
    struct hw_t src;

    if (!hw_sim())
        return;
    src = hw_random(DT_BF16, 32, 1);
    T_CHECK(!ends(PROBE_SOUND, src.dev));
    T_EQ_INT(cudasim_probe_misuse(PROBE_SOUND, src.dev),
             ((uint16_t *)src.host)[1]);
    T_EQ_INT(cudasim_probe_misuse(PROBE_EARLY, src.dev), 0xFFFF);
    T_EQ_INT(cudasim_probe_misuse(PROBE_NEWEST, src.dev), 0xFFFF);
    T_EQ_INT(cudasim_probe_misuse(PROBE_ZERO, src.dev), 0);
    T_CHECK(ends(PROBE_ROW, src.dev));
    T_CHECK(ends(PROBE_NOT_SHARED, src.dev));
    T_CHECK(ends(PROBE_HALF_WARP, src.dev));
    T_CHECK(ends(PROBE_OTHER, src.dev));
    T_CHECK(ends(PROBE_COPY_ROW, src.dev));
    T_CHECK(ends(PROBE_COPY_BEYOND, src.dev));
    hw_drop(&src);
    hw_done();
}

int main(void)
{
    T_RUN(products_agree_with_float64);
    T_RUN(what_is_not_finite_stays_in_its_row);
    T_RUN(pairs_are_rounded_to_nearest);
    T_RUN(what_is_undefined_does_not_pass);
    T_DONE();
}
