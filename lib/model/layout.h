/* layout - the rows of a pass (tree.h) as the kernels see them: who reads whom
 *
 * A head row is a row with a token that is scored after it: a row that several
 * tokens follow has as many, in the order in which they first come. In the last
 * layer rows that nobody scores are only keys and values: what comes after its
 * attention is for the R head rows ("live" ones).
 *
 * Attention sees every sequence whole: its rows are "wide" ones where sequences
 * share some. The queries of a row are those of its last sequence; a sequence
 * without a query has no wide row.
 *
 * Of open rows, what the sequences so far gave is carried to the next pass: the
 * gradients of their keys and values, and of their head rows'
 * log-probabilities.
 */
#ifndef ULP_MODEL_LAYOUT_H
#define ULP_MODEL_LAYOUT_H
#include "tree.h"

/* How many of each. */
struct acts_shape {
    int T, R, S; /* rows, head rows, sequences */
    int live;    /* the R are not simply the T */
    int E;       /* wide rows; 0: they are the rows */
    int open, open_heads; /* of open rows, the last ones of T and of R */
    int tokens;  /* of the sequences */
    int carried, carried_heads; /* rows, head rows open before this pass */
    enum acts_keep {
        KEEP_NOTHING,
        KEEP_ALL,
        KEEP_INPUTS /* of the layers: the backward makes the rest again */
    } keep;
};

/* What an open path carries from pass to pass, on the host: its rows; so many
 * of them, the first ones, have a sum of gradients; its head rows by
 * position. */
struct carry {
    int rows, summed, n;
    struct carry_head {
        int32_t pos, target;
        float d; /* of its log-probability */
    } *head;
};

/* Places in one array of 32-bit integers. A map is rows of terms as sum_rows
 * takes them; those of one term each have `each` for their offsets. */
struct layout {
    size_t tokens, pos, start, target;
    size_t each;         /* 0, 1, 2 ... */
    size_t head;         /* head row <- row */
    size_t back_n;       /* row <- head rows, which follow each other: `each` */
    size_t wide, narrow; /* wide <- row, row <- wide */
    size_t live;         /* head row <- wide */
    /* wide <- row, for gradients; wide <- head rows, for gradients; wide <- the
     * first of its head rows. None for open rows. */
    size_t d_wide, d_wide_n, d_live, d_live_n, o_live, o_live_n;
    size_t fold, fold_n; /* row <- wide ones, and what is carried */
    size_t n;            /* of the array */
    /* host only, after them: of k_seqs, and in the last layer; token of the
     * pass -> head row that scores it, or -1; carried head -> head row, or -1:
     * it waits for the pass that closes its row */
    size_t from, from_live, scores, carried;
    size_t n_host;
};

struct acts_shape layout_shape(const struct tree *t, const struct carry *c);
void layout_places(struct layout *l, struct acts_shape a);
/* v: n_host integers */
void layout_fill(const struct layout *l, const struct tree *t,
                 const struct carry *c, struct acts_shape a, int32_t *v);
/* Rows with a sum of gradients among those that are open after a pass. */
int layout_summed(const struct tree *t, int summed);

#endif
