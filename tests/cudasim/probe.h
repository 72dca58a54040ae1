/* probe - kernels that try kernels/cuda/mma.h, for tests/unit/cuda_mma.c */
#ifndef ULP_CUDASIM_PROBE_H
#define ULP_CUDASIM_PROBE_H
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* d (16 x 8) += A (16 x 16, rows) B; a, b: device, d: host. b has columns,
 * 8 x 16, or with trans rows, 16 x 8. x2: by ld_matrix2. */
void cudasim_probe_mma(int fp16, float *d, const uint16_t *a,
                       const uint16_t *b, int trans, int x2);
/* packed[i] = pack2(x[2 i], x[2 i + 1]) and y[i] = fast_exp2(x[i]), i < n */
void cudasim_probe_pack(int fp16, unsigned *packed, float *y, const float *x,
                        int n);

/* What the hardware leaves undefined; src: 64 bytes of the device. Ends the
 * program; or gives what was read. */
enum cudasim_misuse {
    PROBE_SOUND,       /* waits for its copy: a value of src */
    PROBE_EARLY,       /* reads before it waits: NaN */
    PROBE_NEWEST,      /* waits for the group before only: NaN */
    PROBE_ROW,         /* ld_matrix of a row at 8 bytes */
    PROBE_NOT_SHARED,  /* ld_matrix of a local array */
    PROBE_HALF_WARP,   /* mma by some threads */
    PROBE_OTHER,       /* some threads in mma, some in ld_matrix */
    PROBE_COPY_ROW,    /* cp_async to 8 bytes */
    PROBE_COPY_BEYOND, /* cp_async from past src's end */
    PROBE_ZERO         /* zeros from there: 0 */
};
uint16_t cudasim_probe_misuse(enum cudasim_misuse m, const uint16_t *src);

#ifdef __cplusplus
}
#endif
#endif
