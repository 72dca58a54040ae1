/* tree - which rows a packed batch has: a tree of beginnings
 *
 * A row is a token after all those before it. Sequences that begin alike have
 * the rows of what they have in common once: row (pos, [a, b)) is that of
 * position pos of each of the sequences a to b - 1, which follow each other. A
 * sequence's last token is only ever a target: it has no row, nor has a
 * sequence without a scored token.
 *
 * The order of rows, which the sums of weight gradients follow: a row comes
 * with the last sequence that has it, those of one sequence by their position.
 *
 * Rows that the next micro-batch has too are open. They come last, are computed
 * again there, and have no gradient before the last of their sequences has
 * been.
 */
#ifndef ULP_MODEL_TREE_H
#define ULP_MODEL_TREE_H
#include <stddef.h>
#include <stdint.h>

struct seqs;

enum tree_how {
    TREE_ALL = 1,   /* every token has a row, the last ones too */
    TREE_SHARE = 2, /* as struct seqs says; else each sequence has its own */
    TREE_OPEN = 4   /* rows stay open between micro-batches */
};

struct tree {
    const struct seqs *s;
    int i, j, how; /* of sequences [i, j) */
    struct tree_row {
        int32_t pos, a, b;
    } *row;
    int n, open;   /* rows; the last `open` of them are open */
    int carried;   /* rows of the path that were open before */
    int branching; /* rows are shared, or were, or are to be */
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
