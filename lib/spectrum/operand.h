/* operand - a matrix as it lies in its file, or the difference of two
 *
 * Values become float64 a panel at a time, so that no copy of the whole is
 * made. Of the two sides the shorter is `n_short`; a panel is a run of indices
 * of the longer one.
 */
#ifndef ULP_SPECTRUM_OPERAND_H
#define ULP_SPECTRUM_OPERAND_H
#include <stddef.h>
#include "../../kernels/kernels.h"

enum { PANEL = 512 }; /* indices of the longer side at once */

struct operand {
    const void *a, *b; /* [rows][cols], borrowed; the values are a - b, or a
                          where b is NULL */
    enum dtype type_a, type_b;
    size_t rows, cols;
};

/* Lengths of the shorter and the longer side. */
size_t operand_short(const struct operand *o);
size_t operand_long(const struct operand *o);
/* The longer side is that of the columns. */
int operand_is_wide(const struct operand *o);

/* Values [at, at + n) in the order of the file. */
void operand_values(const struct operand *o, size_t at, size_t n, double *out);
/* 1 where a value is not 0 or is NaN; *square: the sum of their squares. */
int operand_square(const struct operand *o, double *square);
/* Panel [at, at + n) of the longer side, column-major: n x n_short where the
 * matrix is wide, n_short x n where it is not (either way rows of the file are
 * copied as they lie). */
void operand_panel(const struct operand *o, size_t at, size_t n, double *out);

#endif
