/* layout - which rows of a packed batch are computed, and who reads them
 *
 * A sequence's last token is only ever a target: it has no row, nor has a
 * sequence without a scored token. Sequences that share their prompt (struct
 * seqs, `shared`) share its rows: those of the tokens before the last of the
 * prompt, which nobody scores. The order of rows, which the sums of weight
 * gradients follow, is: of each run of such sequences the rest of each, then
 * the prompt. Attention sees every sequence whole, the prompt first: its rows
 * are "wide" ones here. Queries of the shared rows are the last sequence's.
 *
 * Rows that nobody scores are only keys and values in the last layer: what
 * comes after its attention is for the R rows that reach the head ("live"
 * ones).
 *
 * A prompt whose sequences go on in the next micro-batch is open: its rows come
 * last, are computed again there, and have no gradient before the last sequence
 * has been; what the earlier ones gave to its keys and values is carried.
 */
#ifndef ULP_MODEL_LAYOUT_H
#define ULP_MODEL_LAYOUT_H
#include <stddef.h>
#include <stdint.h>

struct seqs;

/* How many of each. */
struct acts_shape {
    int T, R, S; /* rows, rows that reach the head, sequences */
    int live;    /* the R are not simply the T */
    int E;       /* wide rows; 0: they are the rows */
    int open;    /* rows of an open prompt, the last of T */
    int carried; /* rows of a prompt that was open before this pass */
    enum acts_keep {
        KEEP_NOTHING,
        KEEP_ALL,
        KEEP_INPUTS /* of the layers: the backward makes the rest again */
    } keep;
};

/* Places in one array of 32-bit integers. A map is rows of terms as sum_rows
 * takes them; those of one term each have `each` for their offsets. */
struct layout {
    size_t tokens, pos, start, target;
    size_t each;         /* 0, 1, 2 ... */
    size_t head;         /* head row <- row */
    size_t back, back_n; /* row <- head row; offsets in back_n */
    size_t wide, narrow; /* wide <- row, row <- wide */
    size_t live;         /* head row <- wide */
    size_t d_wide, d_wide_n; /* of gradients: wide <- row */
    size_t d_live, d_live_n; /* the same: wide <- head row */
    size_t fold, fold_n;     /* row <- wide ones, and what is carried */
    size_t n;                /* of the array */
    /* host only, after them: of k_seqs, and in the last layer; the token that a
     * head row scores */
    size_t from, from_live, want;
    size_t n_host;
};

enum { LAYOUT_ALL = 1, LAYOUT_SHARE = 2 };

/* Of sequences [i, j). ALL: every row reaches the head, the last ones too.
 * SHARE: prompts are shared as s says. */
struct acts_shape layout_shape(const struct seqs *s, int i, int j, int how);
void layout_places(struct layout *l, struct acts_shape a);
/* v: n_host integers */
void layout_fill(const struct layout *l, const struct seqs *s, int i, int j,
                 int how, struct acts_shape a, int32_t *v);

#endif
