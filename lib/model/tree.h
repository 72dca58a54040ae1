/* tree - which rows a packed batch has: a prefix tree
 *
 * A row is a token after all those before it. Sequences share the rows of their
 * common prefix: row (pos, [a, b)) is position pos of each of the sequences a
 * to b - 1, which are neighbours. The last token of a sequence is only a
 * target: it has no row. A sequence without a scored token has no rows.
 *
 * The order of rows, which the sums of weight gradients follow: a row comes
 * with the last sequence that has it, those of one sequence by their position.
 *
 * A row is unfinished when sequences of the next micro-batch share it too.
 * Unfinished rows come last. The next pass computes them again. Their gradient
 * goes further down in the pass of the last sequence that has them; until then
 * it is kept (struct kept of layout.h).
 */
#ifndef ULP_MODEL_TREE_H
#define ULP_MODEL_TREE_H
#include <stddef.h>
#include <stdint.h>

struct seqs;

enum tree_how {
    TREE_ALL = 1,   /* every token has a row, the last ones too */
    TREE_SHARE = 2, /* as struct seqs says; else each sequence has its own */
    TREE_UNFINISHED = 4 /* rows may be shared with the next micro-batch */
};

struct tree {
    const struct seqs *s;
    int i, j, how; /* of sequences [i, j) */
    struct tree_row {
        int32_t pos, a, b;
    } * row;
    int n, unfinished; /* rows; the last `unfinished` of them are that */
    int resumed;    /* rows shared with the micro-batch before, where they were
                      unfinished */
    int branching;  /* rows are shared, or were, or are to be */
    int32_t *since; /* scratch: by position, the first sequence of a row */
    size_t cap, since_cap;
};

/* All zero is an empty tree, whose memory tree_make uses again. s is borrowed
 * until the next one. */
void tree_make(struct tree *t, const struct seqs *s, int i, int j, int how);
void tree_free(struct tree *t);

/* Rows of sequence q, shared or not. */
int tree_rows(const struct tree *t, int q);
/* So many of them the sequence after q has too, in this pass or the next. */
int tree_kept(const struct tree *t, int q);
/* Does a row end with q? If not, q has no queries of its own. */
static inline int tree_closes(const struct tree *t, int q)
{
    return tree_rows(t, q) > tree_kept(t, q);
}

#endif
