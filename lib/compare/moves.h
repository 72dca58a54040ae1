/* moves - several updates at once: which weights each moved, and which all did
 *
 * An update is two checkpoints, before and after it. A weight is moved by the
 * rule of sparsity.h: with eta < 2^-9, its bf16 cast changed. In one pass over all files: counts of each
 * update, by row and column as well; overlaps of each two updates; and how many
 * weights were moved by exactly 0, 1, 2 ... of a group of them. Overlaps are
 * over the weights that are finite in all files.
 */
#ifndef ULP_COMPARE_MOVES_H
#define ULP_COMPARE_MOVES_H
#include "../model/safetensors.h"

enum { MOVES_MAX = 256 }; /* updates; and files */

/* Indices of files. */
struct update {
    int before, after;
};

/* Updates of which it is counted how many moved a weight. */
struct move_group {
    int n;
    int *member; /* [n] */
};

struct move_counts { /* of one update */
    uint64_t non_finite, unchanged, unchanged_abs;
    uint64_t visible; /* the bf16 cast changed, whatever eta is */
    uint64_t moved;   /* of weights finite in all files */
    uint64_t rows_moved, cols_moved; /* with a moved weight in them */
    double row_most, col_most;       /* largest share of a row, a column */
};

struct moves {
    int n_updates, n_groups;
    uint64_t n, rows, cols; /* rows and cols of matrices: 0 for others */
    uint64_t n_all;         /* finite in all files */
    struct move_counts *of; /* [n_updates] */
    uint64_t *both;         /* [n_updates][n_updates], a < b */
    uint64_t *by; /* [n_groups][n_updates + 1] weights moved by so many */
};

/* Counts of 0, in memory that m owns; m is to be closed. */
void moves_open(struct moves *m, int n_updates, int n_groups);
void moves_close(struct moves *m);
/* Adds the counts of m, which was opened with the same numbers. */
void moves_add(struct moves *to, const struct moves *m);
/* In group g, the weights moved by 0, 1, ... of its members. */
static inline uint64_t *moves_by(const struct moves *m, int g)
{
    return m->by + g * (m->n_updates + 1);
}

struct moves_opts {
    const struct update *update; /* [n_updates] */
    int n_overlap; /* the first of them, which alone enter both, by, n_all */
    const struct move_group *group; /* [n_groups] */
    double eta;
};

/* Of one tensor: t[i] is that of file i, all of one shape, and values[i] its
 * values. m is as opened. */
void moves_count(struct moves *m, const struct st_tensor *const *t,
                 const void *const *values, int n_files,
                 const struct moves_opts *o);

#endif
