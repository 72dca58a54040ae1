/* tree - the rows of a packed batch; see tree.h */
#include "tree.h"
#include <stdlib.h>
#include "../base/arena.h"
#include "model.h"

int tree_rows(const struct tree *t, int q)
{
    int n = t->s->start[q + 1] - t->s->start[q];

    if (t->how & TREE_ALL)
        return n;
    return t->s->first[q] < n ? n - 1 : 0;
}

/* Rows that q has in common with the sequence before it. */
static int common(const struct tree *t, int q)
{
    return t->how & TREE_SHARE && t->s->shared ? t->s->shared[q] : 0;
}

int tree_kept(const struct tree *t, int q)
{
    return q == t->j - 1 ? t->unfinished : common(t, q + 1);
}

static void add(struct tree *t, int pos, int end)
{
    if ((size_t)t->n == t->cap) {
        t->cap = t->cap ? 2 * t->cap : 1024;
        t->row = xrealloc(t->row, t->cap, sizeof *t->row);
    }
    t->row[t->n++] = (struct tree_row){pos, t->since[pos], end};
}

static int deepest(const struct tree *t)
{
    int most = 0;

    for (int q = t->i; q < t->j; q++)
        if (tree_rows(t, q) > most)
            most = tree_rows(t, q);
    return most;
}

void tree_make(struct tree *t, const struct seqs *s, int i, int j, int how)
{
    t->s = s;
    t->i = i;
    t->j = j;
    t->how = how;
    t->n = 0;
    t->resumed = i < j && how & TREE_UNFINISHED ? common(t, i) : 0;
    t->unfinished = i < j && how & TREE_UNFINISHED ? common(t, j) : 0;
    t->branching = t->resumed || t->unfinished;
    if ((size_t)deepest(t) > t->since_cap) {
        t->since_cap = 2 * (size_t)deepest(t);
        t->since = xrealloc(t->since, t->since_cap, sizeof *t->since);
    }
    for (int q = i; q < j; q++) {
        int before = q > i ? common(t, q) : 0, n = tree_rows(t, q);

        t->branching |= before;
        for (int p = before; p < n; p++)
            t->since[p] = q;
        for (int p = tree_kept(t, q); p < n; p++)
            add(t, p, q + 1);
    }
    for (int p = 0; p < t->unfinished; p++)
        add(t, p, j);
}

void tree_free(struct tree *t)
{
    free(t->row);
    free(t->since);
    *t = (struct tree){0};
}
