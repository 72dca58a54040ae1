/* spectrum - two checkpoints to a stream of spectrum records (SCIENCE 6b)
 *
 * A record per matrix (a tensor of two dimensions), in the order of the second
 * checkpoint, then per kind, per layer, and in total; fields in
 * lib/record/SCHEMA.md. Threads take matrices in turn; the bytes do not
 * depend on their number.
 */
#ifndef ULP_SPECTRUM_SPECTRUM_H
#define ULP_SPECTRUM_SPECTRUM_H
#include <stdio.h>
#include "../record/rec.h"
#include "matrix.h"

/* Checkpoints are directories or safetensors files; borrowed until close. */
struct spectrum_opts {
    const char *base, *ckpt;
    struct matrix_opts matrix;
    int threads; /* 0: one per processor */
    int quiet;
};
struct spectrum;

/* "drift,angles" to SPECTRUM_DRIFT | SPECTRUM_ANGLES; `shown` is the option in
 * messages. */
int spectrum_parts(int *parts, const char *text, const char *shown,
                   struct err *e) MUST_CHECK;

/* Opens the files and sees that they have the same tensors. */
int spectrum_open(struct spectrum **x, const struct spectrum_opts *o,
                  struct err *e) MUST_CHECK;
/* Matrices, memory and operations, as text. */
void spectrum_plan(const struct spectrum *x, FILE *out);
/* The header and all records; does not commit. */
int spectrum_write(struct spectrum *x, struct rec_writer *w,
                   struct err *e) MUST_CHECK;
void spectrum_close(struct spectrum **x);

#endif
