/* layout - the rows of a pass; see layout.h */
#include "layout.h"
#include "model.h"

/* Sequences of one prompt that are in this pass: [a, b). */
struct family {
    int a, b;
    int prompt; /* shared rows */
    int open, carried;
};

/* Rows that the sequence would have alone. */
static int rows_of(const struct seqs *s, int q, int how)
{
    int n = s->start[q + 1] - s->start[q];

    if (how & LAYOUT_ALL)
        return n;
    if (how & LAYOUT_SHARE && s->shared && s->shared[q])
        return n - 1;
    return s->first[q] < n ? n - 1 : 0;
}

static struct family family_at(const struct seqs *s, int a, int j, int how)
{
    struct family f = {.a = a, .b = a + 1};

    if (!(how & LAYOUT_SHARE) || !s->shared || !s->shared[a])
        return f;
    while (f.b < j && s->shared[f.b - 1] & SHARED_AFTER)
        f.b++;
    f.prompt = s->first[a] - 1;
    f.open = !!(s->shared[f.b - 1] & SHARED_AFTER);
    f.carried = !!(s->shared[a] & SHARED_BEFORE);
    return f;
}

static int scored(const struct seqs *s, int q, int how)
{
    return how & LAYOUT_ALL ? s->start[q + 1] - s->start[q]
                            : s->start[q + 1] - s->start[q] - s->first[q];
}

struct acts_shape layout_shape(const struct seqs *s, int i, int j, int how)
{
    struct acts_shape a = {.S = j - i};
    int wide = 0;

    while (i < j) {
        struct family f = family_at(s, i, j, how);

        for (; i < f.b; i++) {
            a.T += rows_of(s, i, how) - f.prompt;
            wide += rows_of(s, i, how);
            a.R += scored(s, i, how);
        }
        a.T += f.prompt;
        a.E |= f.prompt;
        a.open = f.open ? f.prompt : 0;
        if (f.carried)
            a.carried = f.prompt;
    }
    a.E = a.E ? wide : 0;
    a.live = a.R < a.T;
    return a;
}

static size_t take(size_t *end, size_t n)
{
    size_t at = *end;

    *end = at + n;
    return at;
}

static size_t most(size_t a, size_t b)
{
    return a > b ? a : b;
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
    l->each = take(&end, most(E, most(T, R)) + 1);
    l->head = take(&end, R);
    l->back = take(&end, a.live ? R : 0);
    l->back_n = take(&end, a.live ? T + 1 : 0);
    l->wide = take(&end, E);
    l->narrow = take(&end, split ? T : 0);
    l->live = split ? take(&end, R) : l->head;
    l->d_live = split ? take(&end, keep ? R : 0) : l->back;
    l->d_live_n = split ? take(&end, keep ? E + 1 : 0) : l->back_n;
    l->d_wide = take(&end, keep ? E : 0);
    l->d_wide_n = take(&end, keep && split ? E + 1 : 0);
    l->fold = take(&end, keep && split ? E + (size_t)a.carried : 0);
    l->fold_n = take(&end, keep && split ? T + 1 : 0);
    l->n = end;
    l->from = take(&end, S);
    l->from_live = take(&end, S);
    l->want = take(&end, R);
    l->n_host = end;
}

/* What has been filled so far. */
struct filling {
    const struct layout *l;
    const struct seqs *s;
    int32_t base; /* the token that the pass begins with */
    int32_t *v;
    int how, split, keep, live;
    int32_t row, head, wide, d_wide, d_live, fold;
};

/* A row of position p of sequence q. */
static void add_row(struct filling *f, int q, int p)
{
    const struct layout *l = f->l;
    int n = f->s->start[q + 1] - f->s->start[q], all = f->how & LAYOUT_ALL;
    int32_t at = f->s->start[q] + p, r = f->row++;

    f->v[l->tokens + (size_t)r] = f->s->tokens[at];
    f->v[l->pos + (size_t)r] = p;
    if (all || p + 1 >= f->s->first[q]) {
        size_t h = (size_t)f->head++;

        f->v[l->head + h] = r;
        f->v[l->want + h] = at + 1 - f->base;
        /* with `all`, there is no token after the last: it is not used */
        f->v[l->target + h] = p + 1 < n ? f->s->tokens[at + 1] : 0;
        if (f->live)
            f->v[l->back + h] = (int32_t)h;
    }
    if (f->live)
        f->v[l->back_n + (size_t)r + 1] = f->head;
}

/* Rows of a prompt reach no head, though the last sequence's would. */
static void add_prompt(struct filling *f, const struct family *m)
{
    const struct layout *l = f->l;

    for (int p = 0; p < m->prompt; p++) {
        size_t r = (size_t)f->row++;

        f->v[l->tokens + r] = f->s->tokens[f->s->start[m->a] + p];
        f->v[l->pos + r] = p;
        f->v[l->back_n + r + 1] = f->head;
    }
}

/* The wide rows of sequence q, whose own rows begin at `row`. */
static void add_wide(struct filling *f, const struct family *m, int q,
                     int32_t row, int32_t prompt_row)
{
    const struct layout *l = f->l;
    int n = rows_of(f->s, q, f->how), last = q == m->b - 1;

    for (int p = 0; p < n; p++) {
        int32_t r = p < m->prompt ? prompt_row + p : row + p - m->prompt;
        size_t w = (size_t)f->wide++;
        const int32_t *back = f->v + l->back_n + r;

        f->v[l->wide + w] = r;
        if (p >= m->prompt || last)
            f->v[l->narrow + (size_t)r] = (int32_t)w;
        if (back[1] > back[0])
            f->v[l->live + (size_t)back[0]] = (int32_t)w;
        if (!f->keep)
            continue;
        if (back[1] > back[0])
            f->v[l->d_live + (size_t)f->d_live++] = back[0];
        f->v[l->d_live_n + w + 1] = f->d_live;
        if (p >= m->prompt || (last && !m->open))
            f->v[l->d_wide + (size_t)f->d_wide++] = r;
        f->v[l->d_wide_n + w + 1] = f->d_wide;
    }
}

/* Where the gradients of the family's rows come from; its wide rows begin at
 * `wide`. */
static void add_fold(struct filling *f, const struct family *m, int32_t wide,
                     int32_t row)
{
    int32_t *fold = f->v + f->l->fold, *n = f->v + f->l->fold_n + 1;
    int32_t w = wide;

    for (int q = m->a; q < m->b; w += rows_of(f->s, q++, f->how))
        for (int p = m->prompt; p < rows_of(f->s, q, f->how); p++) {
            fold[f->fold++] = w + p;
            n[row++] = f->fold;
        }
    for (int p = 0; p < m->prompt; p++) {
        if (m->carried)
            fold[f->fold++] = ~p;
        w = wide;
        for (int q = m->a; q < m->b; w += rows_of(f->s, q++, f->how))
            fold[f->fold++] = w + p;
        n[row++] = f->fold;
    }
}

static void add_family(struct filling *f, const struct family *m, int i)
{
    int32_t first = f->row, wide = f->wide, row = first;

    for (int q = m->a; q < m->b; q++)
        for (int p = m->prompt; p < rows_of(f->s, q, f->how); p++)
            add_row(f, q, p);
    add_prompt(f, m);
    for (int q = m->a; q < m->b; q++) {
        int n = rows_of(f->s, q, f->how);

        f->v[f->l->from + (size_t)(q - i)] = q < m->b - 1 ? m->prompt : 0;
        f->v[f->l->from_live + (size_t)(q - i)] =
            f->how & LAYOUT_ALL || !n ? 0 : f->s->first[q] - 1;
        if (f->split)
            add_wide(f, m, q, row, f->row - m->prompt);
        else
            f->wide += n;
        row += n - m->prompt;
        f->v[f->l->start + (size_t)(q - i) + 1] = f->wide;
    }
    if (f->split && f->keep)
        add_fold(f, m, wide, first);
}

void layout_fill(const struct layout *l, const struct seqs *s, int i, int j,
                 int how, struct acts_shape a, int32_t *v)
{
    struct filling f = {.l = l, .s = s, .base = s->start[i], .v = v,
                        .how = how, .split = a.E > 0,
                        .keep = a.keep != KEEP_NOTHING,
                        .live = a.live};

    v[l->start] = 0;
    for (int32_t r = 0; r <= (a.E > a.T ? a.E : a.T); r++)
        v[l->each + (size_t)r] = r;
    if (f.live)
        v[l->back_n] = 0;
    if (f.keep && f.split)
        v[l->d_wide_n] = v[l->d_live_n] = v[l->fold_n] = 0;
    for (int q = i; q < j;) {
        struct family m = family_at(s, q, j, how);

        add_family(&f, &m, i);
        q = m.b;
    }
}
