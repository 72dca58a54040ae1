/* spectrum_rig - matrices whose singular values and vectors are known exactly
 *
 * H_m diag(s) H_n' with Hadamard matrices and whole s is a matrix of whole
 * numbers: fp32 holds it, its singular values are s sqrt(m n), and its vectors
 * are the columns of H.
 */
#ifndef ULP_TESTS_SPECTRUM_RIG_H
#define ULP_TESTS_SPECTRUM_RIG_H
#include "../../lib/base/arena.h"
#include "../../lib/spectrum/operand.h"

static inline int hadamard(size_t i, size_t j)
{
    return __builtin_popcountl(i & j) % 2 ? -1 : 1;
}

/* s: as many as the shorter side has. To be freed. */
static inline float *known(size_t rows, size_t cols, const int *s)
{
    size_t n = rows < cols ? rows : cols;
    float *a = xcalloc(rows * cols, sizeof *a);

    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < cols; j++) {
            long sum = 0;

            for (size_t k = 0; k < n; k++)
                sum += (long)s[k] * hadamard(i, k) * hadamard(j, k);
            a[i * cols + j] = (float)sum;
        }
    return a;
}

static inline struct operand operand(const float *a, size_t rows, size_t cols)
{
    return (struct operand){
        .a = a, .type_a = DT_F32, .rows = rows, .cols = cols};
}

#endif
