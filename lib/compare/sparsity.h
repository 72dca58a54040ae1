/* sparsity - which weights an update left as they were (SCIENCE 6)
 *
 * bf16-aware rule (arXiv 2511.08567): cast both values to bf16; unchanged iff
 * |w - w'| <= eta max(|w|, |w'|). With eta < 2^-9 that is equality of the bf16
 * values, +0 and -0 being equal. A value that is NaN or Inf on either side is
 * neither changed nor unchanged: it is counted apart. A finite value that bf16
 * cannot hold rounds to Inf there, and is non-finite too. The kernel `compare`
 * (kernels/compare.h) counts.
 */
#ifndef ULP_COMPARE_SPARSITY_H
#define ULP_COMPARE_SPARSITY_H
#include <stddef.h>
#include <stdint.h>
#include "../../kernels/kernels.h"

/* The default of eta, and the tolerance of unchanged_abs. */
#define SPARSITY_ETA 1e-3
#define SPARSITY_ABS 1e-5

struct sparsity {
    uint64_t n, non_finite;
    uint64_t unchanged;
    uint64_t unchanged_f32; /* the same rule on the values as stored */
    uint64_t unchanged_abs; /* |w - w'| <= SPARSITY_ABS, as stored */
    /* with a second checkpoint (b), over values finite in all three: */
    uint64_t n_both, changed_a, changed_b, changed_both;
};

/* From what the kernel `compare` counted of n values. */
void sparsity_of(struct sparsity *s, const uint64_t count[CMP_N], uint64_t n);
void sparsity_sum(struct sparsity *to, const struct sparsity *s);

/* Overlap of the two changed masks: |A and B| / |A or B|; NaN when neither
 * changed anything. */
double sparsity_jaccard(const struct sparsity *s);
/* Its value for independent masks of the same densities p and q:
 * p q / (p + q - p q). */
double sparsity_chance(const struct sparsity *s);

#endif
