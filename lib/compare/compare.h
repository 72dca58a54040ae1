/* compare - two checkpoints to a stream of sparsity records (SCIENCE 6)
 *
 * A record per tensor, in the order of the second checkpoint, then per kind,
 * per layer, and in total; fields in lib/record/SCHEMA.md. The bytes are the
 * same from any device.
 */
#ifndef ULP_COMPARE_COMPARE_H
#define ULP_COMPARE_COMPARE_H
#include "../../kernels/kernels.h"
#include "../record/rec.h"

/* Checkpoints are directories or safetensors files; borrowed until close. */
struct compare_opts {
    const char *base, *ckpt;
    const char *against; /* a second checkpoint, for the overlap; or NULL */
    double eta;          /* of the rule, see sparsity.h */
    struct kernels *k;   /* what compares; borrowed */
};
struct compare;

/* Opens the files and sees that they have the same tensors. */
int compare_open(struct compare **x, const struct compare_opts *o,
                 struct err *e) MUST_CHECK;
/* The header and all records; does not commit. */
int compare_write(struct compare *x, struct rec_writer *w,
                  struct err *e) MUST_CHECK;
void compare_close(struct compare **x);

#endif
