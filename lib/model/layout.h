/* layout - the rows of a pass (tree.h) as index maps for the kernels
 *
 * A head row is one scored token of a row. Where sequences continue a shared
 * row with different tokens, the row has a head row for each of these tokens,
 * in the order in which they first occur. In the last layer a row without a
 * scored token gives only its key and value: what follows attention is computed
 * for the R head rows alone (head_rows).
 *
 * Attention works on whole sequences. So a shared row is copied for it, once
 * for each sequence that has the row: these are the E attention rows. The query
 * of a shared row is computed once, in its last sequence. A sequence without a
 * query of its own has no attention row.
 *
 * A row is unfinished when sequences of the next micro-batch share it. Partial
 * gradients of its key, value and log-probabilities are kept for the next pass,
 * which resumes the row and adds its own.
 */
#ifndef ULP_MODEL_LAYOUT_H
#define ULP_MODEL_LAYOUT_H
#include "tree.h"

/* How many of each. */
struct acts_shape {
    int T, R, S;   /* rows, head rows, sequences */
    int head_rows; /* the R are not simply the T */
    int E;         /* attention rows; 0: nothing is shared, T of them */
    /* rows that the next micro-batch shares, the last ones of T, and their head
     * rows, the last of R */
    int unfinished, unfinished_heads;
    int tokens;                 /* of the sequences */
    int resumed, resumed_heads; /* rows, head rows that the micro-batch before
                                   shares with this one */
    enum acts_keep {
        KEEP_NOTHING,
        KEEP_ALL,
        KEEP_INPUTS /* of the layers: the backward makes the rest again */
    } keep;
};

/* Partial gradients of unfinished rows, kept on the host from pass to pass: the
 * number of these rows; how many of them, the first ones, have a sum of
 * gradients; their head rows by position. */
struct kept {
    int rows, summed, n;
    struct kept_head {
        int32_t pos, target;
        float d; /* of its log-probability */
    } * head;
};

/* Places in one array of 32-bit integers. A map is rows of terms as sum_rows
 * takes them; those of one term each have `each` for their offsets. */
struct layout {
    size_t tokens, pos, start, target;
    size_t each;   /* 0, 1, 2 ... */
    size_t head;   /* head row <- row */
    size_t back_n; /* row <- head rows, which follow each other: `each` */
    size_t attn_row, row_attn; /* attention row <- row, row <- attention row */
    size_t head_attn;          /* head row <- attention row */
    /* For gradients: attention row <- row; <- head rows; <- the first of its
     * head rows. None for unfinished rows, which get theirs in a later pass. */
    size_t d_attn, d_attn_n, d_attn_heads, d_attn_heads_n, attn_head,
        attn_head_n;
    size_t fold, fold_n; /* row <- attention rows, and partial gradients
                            of the pass before */
    size_t n;            /* of the array */
    /* host only, after them: of k_seqs, and in the last layer; token of the
     * pass -> head row that scores it, or -1; head row of the pass before ->
     * head row, or -1: sequences of a later pass share its row */
    size_t from, from_heads, scores, resumed;
    size_t n_host;
};

/* The counts of a pass over t that resumes c. `keep` is left at
 * KEEP_NOTHING. */
struct acts_shape layout_shape(const struct tree *t, const struct kept *c);
/* Where each map begins, for a pass of shape a. */
void layout_places(struct layout *l, struct acts_shape a);
/* v: n_host integers */
void layout_fill(const struct layout *l, const struct tree *t,
                 const struct kept *c, struct acts_shape a, int32_t *v);
/* Of the rows that are unfinished after a pass, how many have a sum of
 * gradients. */
int layout_summed(const struct tree *t, int summed);

#endif
