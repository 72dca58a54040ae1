/* layout - the rows of a pass; see layout.h */
#include "layout.h"
#include "model.h"
#include "../base/larger.h"

static size_t take(size_t *end, size_t n)
{
    size_t at = *end;

    *end = at + n;
    return at;
}

void layout_places(struct layout *l, struct acts_shape a)
{
    size_t T = (size_t)a.T, R = (size_t)a.R, S = (size_t)a.S;
    size_t E = (size_t)a.E, end = 0;
    int split = a.E > 0, keep = a.keep != KEEP_NOTHING;

    l->tokens = take(&end, T);
    l->pos = take(&end, T);
    l->start = take(&end, S + 1);
    l->target = take(&end, R);
    l->each = take(&end, larger(E, larger(T, R)) + 1);
    l->head = take(&end, R);
    l->back_n = take(&end, a.head_rows ? T + 1 : 0);
    l->attn_row = take(&end, E);
    l->row_attn = take(&end, split ? T : 0);
    l->head_attn = split ? take(&end, R) : l->head;
    l->d_attn = take(&end, keep ? E : 0);
    l->d_attn_n = take(&end, keep && split ? E + 1 : 0);
    l->d_attn_heads = l->attn_head = l->each;
    l->d_attn_heads_n = l->attn_head_n = l->back_n;
    if (split && keep) {
        l->d_attn_heads = take(&end, R);
        l->d_attn_heads_n = take(&end, E + 1);
        l->attn_head = take(&end, R);
        l->attn_head_n = take(&end, E + 1);
    }
    l->fold = take(&end, keep && split ? E + (size_t)a.resumed : 0);
    l->fold_n = take(&end, keep && split ? T + 1 : 0);
    l->n = end;
    l->from = take(&end, S);
    l->from_heads = take(&end, S);
    l->scores = take(&end, (size_t)a.tokens);
    l->resumed = take(&end, (size_t)a.resumed_heads);
    l->n_host = end;
}

/* What has been filled so far; v NULL: it is only counted. */
struct filling {
    const struct layout *l;
    const struct tree *t;
    const struct kept *c;
    struct acts_shape a;
    int32_t *v;
    int32_t head;
};

/* ---- head rows ---- */

static int is_resumed(const struct tree *t, const struct tree_row *r)
{
    return r->a == t->i && r->pos < t->resumed;
}

/* The first head row at pos or after, of those kept from the pass before. */
static int kept_from(const struct kept *c, int32_t pos)
{
    int lo = 0, hi = c->n;

    while (lo < hi) {
        int mid = (lo + hi) / 2;

        if (c->head[mid].pos < pos)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static void put_head(struct filling *f, int row, int32_t target)
{
    size_t h = (size_t)f->head++;

    if (!f->v)
        return;
    f->v[f->l->head + h] = row;
    f->v[f->l->target + h] = target;
}

/* A head row kept from the pass before stays kept while its row is unfinished,
 * unless the first sequence scores it. */
static int waits(const struct filling *f, int row, int i)
{
    const struct tree *t = f->t;
    const struct tree_row *r = &t->row[row];
    const struct kept_head *h = &f->c->head[i];

    if (row < t->n - t->unfinished)
        return 0;
    return (i + 1 < f->c->n && h[1].pos == h->pos) ||
           t->s->tokens[t->s->start[r->a] + r->pos + 1] != h->target;
}

/* Those of a row: a new one where the token is not that of the sequence
 * before. */
static void add_heads(struct filling *f, int row)
{
    const struct tree *t = f->t;
    const struct seqs *s = t->s;
    const struct tree_row *r = &t->row[row];
    int32_t last = -1;

    if (is_resumed(t, r))
        for (int i = kept_from(f->c, r->pos);
             i < f->c->n && f->c->head[i].pos == r->pos; i++) {
            int wait = waits(f, row, i);

            if (f->v)
                f->v[f->l->resumed + (size_t)i] = wait ? -1 : f->head;
            last = f->c->head[i].target;
            if (!wait)
                put_head(f, row, last);
        }
    for (int q = r->a; q < r->b; q++) {
        int32_t at = s->start[q] + r->pos + 1, token = 0;
        int ends = at == s->start[q + 1]; /* TREE_ALL: its target is not used */

        if (!(t->how & TREE_ALL) && r->pos + 1 < s->first[q])
            continue;
        if (!ends)
            token = s->tokens[at];
        if (token != last)
            put_head(f, row, last = token);
        if (f->v && !ends)
            f->v[f->l->scores + (size_t)(at - s->start[t->i])] = f->head - 1;
    }
}

/* ---- how many ---- */

struct acts_shape layout_shape(const struct tree *t, const struct kept *c)
{
    struct acts_shape a = {.T = t->n,
                           .S = t->j - t->i,
                           .unfinished = t->unfinished,
                           .resumed = t->resumed};
    struct filling f = {.t = t, .c = c};

    for (int r = 0; r < t->n; r++) {
        int before = f.head;

        add_heads(&f, r);
        if (r >= t->n - t->unfinished)
            a.unfinished_heads += f.head - before;
    }
    a.R = f.head;
    for (int q = t->i; t->branching && q < t->j; q++)
        if (tree_closes(t, q) || q == t->j - 1)
            a.E += tree_rows(t, q);
    a.tokens = t->s->start[t->j] - t->s->start[t->i];
    a.resumed_heads = a.resumed ? c->n : 0;
    a.head_rows = a.E || a.R < a.T;
    return a;
}

int layout_summed(const struct tree *t, int summed)
{
    for (int q = t->i; q < t->j; q++) {
        if (tree_closes(t, q))
            summed = tree_rows(t, q);
        if (summed > tree_kept(t, q))
            summed = tree_kept(t, q);
    }
    return summed;
}

/* ---- rows ---- */

static void add_rows(struct filling *f)
{
    const struct layout *l = f->l;
    const struct tree *t = f->t;

    for (int r = 0; r < t->n; r++) {
        const struct tree_row *row = &t->row[r];

        f->v[l->tokens + (size_t)r] =
            t->s->tokens[t->s->start[row->a] + row->pos];
        f->v[l->pos + (size_t)r] = row->pos;
        add_heads(f, r);
        if (f->a.head_rows)
            f->v[l->back_n + (size_t)r + 1] = f->head;
    }
}

/* Where each sequence begins for attention, and its first query. */
static void add_seqs(struct filling *f)
{
    const struct layout *l = f->l;
    const struct tree *t = f->t;
    int32_t end = 0;

    for (int q = t->i; q < t->j; q++) {
        size_t at = (size_t)(q - t->i);
        int32_t scored = t->how & TREE_ALL ? 0 : t->s->first[q] - 1;
        int32_t from = q == t->j - 1 ? 0 : tree_kept(t, q);

        if (!f->a.E || tree_closes(t, q) || q == t->j - 1)
            end += tree_rows(t, q);
        else
            from = 0;
        f->v[l->start + at + 1] = end;
        f->v[l->from + at] = from;
        f->v[l->from_heads + at] = end == f->v[l->start + at] ? 0
                                   : scored > from            ? scored
                                                              : from;
    }
}

/* Attention rows of all sequences, from the last on: a row that two neighbours
 * share is at the same position in both. */
static void add_attn_rows(struct filling *f)
{
    const struct layout *l = f->l;
    const struct tree *t = f->t;
    int32_t *row = f->v + l->row_attn; /* by position; there is time for it */
    int32_t closed = t->n - t->unfinished;

    for (int p = 0; p < t->unfinished; p++)
        row[p] = closed + p;
    for (int q = t->j - 1; q >= t->i; q--) {
        const int32_t *start = f->v + l->start + (q - t->i);
        int n = tree_rows(t, q), kept = tree_kept(t, q);

        closed -= n - kept;
        for (int p = kept; p < n; p++)
            row[p] = closed + p - kept;
        for (int32_t w = start[0]; w < start[1]; w++)
            f->v[l->attn_row + (size_t)w] = row[w - start[0]];
    }
}

/* Attention row w computes the query of row r. */
static void add_query(struct filling *f, int32_t w, int32_t r)
{
    const struct layout *l = f->l;
    const int32_t *heads = f->v + l->back_n + r;

    f->v[l->row_attn + (size_t)r] = w;
    for (int32_t h = heads[0]; h < heads[1]; h++)
        f->v[l->head_attn + (size_t)h] = w;
}

/* Rows and head rows that give attention row w a gradient: r's, or none. */
static void add_gradients(struct filling *f, int32_t w, int32_t r)
{
    const struct layout *l = f->l;
    int32_t *row = f->v + l->d_attn_n + w;
    int32_t *head = f->v + l->d_attn_heads_n + w;
    int32_t *out = f->v + l->attn_head_n + w;
    const int32_t *heads = f->v + l->back_n + r;

    row[1] = row[0];
    head[1] = head[0];
    out[1] = out[0];
    if (r < 0)
        return;
    f->v[l->d_attn + (size_t)row[1]++] = r;
    for (int32_t h = heads[0]; h < heads[1]; h++)
        f->v[l->d_attn_heads + (size_t)head[1]++] = h;
    if (heads[0] < heads[1])
        f->v[l->attn_head + (size_t)out[1]++] = heads[0];
}

static void add_queries(struct filling *f)
{
    const struct layout *l = f->l;
    const struct tree *t = f->t;

    for (int q = t->i; q < t->j; q++) {
        const int32_t *start = f->v + l->start + (q - t->i);

        for (int32_t w = start[0]; w < start[1]; w++) {
            int32_t r = f->v[l->attn_row + (size_t)w];
            int here = t->row[r].b == q + 1;

            if (here)
                add_query(f, w, r);
            if (f->a.keep)
                add_gradients(f, w, here && r < t->n - t->unfinished ? r : -1);
        }
    }
}

/* Where the gradients of keys and values come from. */
static void add_fold(struct filling *f)
{
    const struct layout *l = f->l;
    const struct tree *t = f->t;
    int32_t *n = f->v + l->fold_n, *fold = f->v + l->fold;

    for (int r = 0; r < t->n; r++) {
        const struct tree_row *row = &t->row[r];

        n[r + 1] = n[r];
        if (is_resumed(t, row) && row->pos < f->c->summed)
            fold[n[r + 1]++] = ~row->pos;
        for (int q = row->a; q < row->b; q++)
            if (tree_closes(t, q))
                fold[n[r + 1]++] = f->v[l->start + (size_t)(q - t->i)] +
                                   row->pos;
    }
}

void layout_fill(const struct layout *l, const struct tree *t,
                 const struct kept *c, struct acts_shape a, int32_t *v)
{
    struct filling f = {.l = l, .t = t, .c = c, .a = a, .v = v};

    v[l->start] = 0;
    for (int32_t r = 0;
         r <= (int32_t)larger((size_t)a.E, larger((size_t)a.T, (size_t)a.R));
         r++)
        v[l->each + (size_t)r] = r;
    for (int i = 0; i < a.tokens; i++)
        v[l->scores + (size_t)i] = -1;
    if (a.head_rows)
        v[l->back_n] = 0;
    add_rows(&f);
    add_seqs(&f);
    if (!a.E)
        return;
    add_attn_rows(&f);
    if (a.keep)
        v[l->d_attn_n] = v[l->d_attn_heads_n] = v[l->attn_head_n] =
            v[l->fold_n] = 0;
    add_queries(&f);
    if (a.keep)
        add_fold(&f);
}
