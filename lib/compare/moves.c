/* moves - masks of some thousand weights at a time, as bits */
#include "moves.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "../../kernels/compare.h"
#include "../base/arena.h"
#include "names.h"
#include "sparsity.h"

enum { RUN = 2048, WORDS = RUN / 64, PLANES = 9 /* count to MOVES_MAX */ };

struct bits {
    uint64_t w[WORDS];
};

struct pass {
    struct moves *m;
    const struct st_tensor *const *t;
    const void *const *values; /* [n_files] of t */
    int n_files, n_overlap;
    const struct update *u;
    const struct move_group *group;
    double eta;
    float (*raw)[RUN], (*cast)[RUN]; /* [n_files] */
    struct bits *moved;              /* [n_updates] */
    uint64_t *row;                   /* [n_updates] moved in this row */
    uint32_t *col;                   /* [n_updates][cols] */
    size_t cols;
};

void moves_open(struct moves *m, int n_updates, int n_groups)
{
    size_t k = (size_t)n_updates;

    memset(m, 0, sizeof *m);
    m->n_updates = n_updates;
    m->n_groups = n_groups;
    m->of = xcalloc(k, sizeof *m->of);
    m->both = xcalloc(k * k, sizeof *m->both);
    m->by = xcalloc((size_t)n_groups * (k + 1) + 1, sizeof *m->by);
}

void moves_close(struct moves *m)
{
    free(m->of);
    free(m->both);
    free(m->by);
    memset(m, 0, sizeof *m);
}

static void add_counts(struct move_counts *to, const struct move_counts *c)
{
    to->non_finite += c->non_finite;
    to->unchanged += c->unchanged;
    to->unchanged_abs += c->unchanged_abs;
    to->visible += c->visible;
    to->moved += c->moved;
    to->rows_moved += c->rows_moved;
    to->cols_moved += c->cols_moved;
    to->row_most = fmax(to->row_most, c->row_most);
    to->col_most = fmax(to->col_most, c->col_most);
}

void moves_add(struct moves *to, const struct moves *m)
{
    int k = m->n_updates;

    to->n += m->n;
    to->rows += m->rows;
    to->cols += m->cols;
    to->n_all += m->n_all;
    for (int i = 0; i < k; i++)
        add_counts(&to->of[i], &m->of[i]);
    for (int i = 0; i < k * k; i++)
        to->both[i] += m->both[i];
    for (int i = 0; i < m->n_groups * (k + 1); i++)
        to->by[i] += m->by[i];
}

static void load(enum dtype t, const void *v, size_t at, size_t n, float *raw,
                 float *cast)
{
    for (size_t i = 0; i < n; i++) {
        raw[i] = tensor_value(t, v, at + i);
        cast[i] = compare_bf16(raw[i]);
    }
}

static void one_update(struct pass *p, int i, size_t n)
{
    const float *a = p->cast[p->u[i].before], *b = p->cast[p->u[i].after];
    const float *x = p->raw[p->u[i].before], *y = p->raw[p->u[i].after];
    struct move_counts *c = &p->m->of[i];
    int exact = compare_is_exact(p->eta);

    memset(&p->moved[i], 0, sizeof p->moved[i]);
    for (size_t j = 0; j < n; j++) {
        int finite = compare_finite(a[j]) && compare_finite(b[j]);
        int same = finite && compare_same(a[j], b[j], p->eta, exact);

        c->non_finite += (uint64_t)!finite;
        c->unchanged += (uint64_t)same;
        c->visible += (uint64_t)(finite && a[j] != b[j]);
        c->unchanged_abs +=
            (uint64_t)(finite && compare_abs_near(x[j], y[j], SPARSITY_ABS));
        p->moved[i].w[j / 64] |= (uint64_t)(finite && !same) << j % 64;
    }
}

/* Weights that are finite in every file that an overlapping update reads. */
static void finite_in_all(const struct pass *p, size_t n, struct bits *all)
{
    memset(all, 0, sizeof *all);
    for (size_t j = 0; j < n; j++) {
        int finite = 1;

        for (int i = 0; i < p->n_overlap; i++)
            finite &= compare_finite(p->cast[p->u[i].before][j]) &&
                      compare_finite(p->cast[p->u[i].after][j]);
        all->w[j / 64] |= (uint64_t)finite << j % 64;
    }
}

static void by_row_and_column(struct pass *p, int i, size_t first)
{
    uint32_t *col = p->col + (size_t)i * p->cols + first;

    for (size_t w = 0; w < WORDS; w++)
        for (uint64_t left = p->moved[i].w[w]; left; left &= left - 1) {
            col[w * 64 + (size_t)__builtin_ctzl(left)]++;
            p->row[i]++;
        }
}

/* 64 weights at once: bit j of their counts of members that moved them is in
 * plane j. */
static void count_members(const struct pass *p, const struct move_group *g,
                          size_t w, uint64_t all, uint64_t *by)
{
    uint64_t plane[PLANES] = {0};

    for (int i = 0; i < g->n; i++) {
        uint64_t carry = p->moved[g->member[i]].w[w] & all;

        for (int j = 0; j < PLANES && carry; j++) {
            uint64_t both = plane[j] & carry;

            plane[j] ^= carry;
            carry = both;
        }
    }
    for (int k = 0; k <= g->n; k++) {
        uint64_t are = all;

        for (int j = 0; j < PLANES && are; j++)
            are &= k >> j & 1 ? plane[j] : ~plane[j];
        by[k] += (uint64_t)__builtin_popcountl(are);
    }
}

static void overlaps(struct pass *p, size_t n)
{
    struct moves *m = p->m;
    struct bits all;

    finite_in_all(p, n, &all);
    for (size_t w = 0; w < WORDS; w++) {
        m->n_all += (uint64_t)__builtin_popcountl(all.w[w]);
        for (int a = 0; a < p->n_overlap; a++) {
            uint64_t x = p->moved[a].w[w] & all.w[w];

            m->of[a].moved += (uint64_t)__builtin_popcountl(x);
            for (int b = a + 1; b < p->n_overlap && x; b++)
                m->both[a * m->n_updates + b] += (uint64_t)__builtin_popcountl(
                    x & p->moved[b].w[w]);
        }
        for (int g = 0; g < m->n_groups; g++)
            count_members(p, &p->group[g], w, all.w[w], moves_by(m, g));
    }
}

static void end_of_row(struct pass *p)
{
    for (int i = 0; i < p->m->n_updates; i++) {
        struct move_counts *c = &p->m->of[i];

        c->rows_moved += p->row[i] > 0;
        c->row_most = fmax(c->row_most, (double)p->row[i] / (double)p->cols);
        p->row[i] = 0;
    }
}

static void end_of_columns(struct pass *p, size_t rows)
{
    for (int i = 0; i < p->m->n_updates; i++)
        for (size_t j = 0; j < p->cols; j++) {
            uint32_t c = p->col[(size_t)i * p->cols + j];
            struct move_counts *of = &p->m->of[i];

            of->cols_moved += c > 0;
            of->col_most = fmax(of->col_most, (double)c / (double)rows);
        }
}

static void one_row(struct pass *p, size_t row)
{
    for (size_t at = 0; at < p->cols; at += RUN) {
        size_t n = p->cols - at < RUN ? p->cols - at : RUN;

        for (int f = 0; f < p->n_files; f++)
            load(p->t[f]->type, p->values[f], row * p->cols + at, n, p->raw[f],
                 p->cast[f]);
        for (int i = 0; i < p->m->n_updates; i++) {
            one_update(p, i, n);
            by_row_and_column(p, i, at);
        }
        overlaps(p, n);
    }
}

/* A tensor that is no matrix has rows and columns to go through, and none to
 * count. */
void moves_count(struct moves *m, const struct st_tensor *const *t,
                 const void *const *values, int n_files,
                 const struct moves_opts *o)
{
    int matrix = t[0]->n_dims == 2;
    size_t cols = matrix ? (size_t)t[0]->dims[1] : t[0]->n, k;
    size_t rows = cols ? t[0]->n / cols : 0;
    struct pass p = {.m = m,
                     .t = t,
                     .values = values,
                     .n_files = n_files,
                     .u = o->update,
                     .n_overlap = o->n_overlap,
                     .group = o->group,
                     .eta = o->eta,
                     .cols = cols};

    k = (size_t)m->n_updates;
    m->n = t[0]->n;
    p.raw = xcalloc((size_t)n_files, sizeof *p.raw);
    p.cast = xcalloc((size_t)n_files, sizeof *p.cast);
    p.moved = xcalloc(k, sizeof *p.moved);
    p.row = xcalloc(k, sizeof *p.row);
    p.col = xcalloc(k * (cols + RUN), sizeof *p.col);
    for (size_t r = 0; r < rows; r++) {
        one_row(&p, r);
        if (matrix)
            end_of_row(&p);
    }
    if (matrix) {
        m->rows = rows;
        m->cols = cols;
        end_of_columns(&p, rows);
    }
    free(p.raw);
    free(p.cast);
    free(p.moved);
    free(p.row);
    free(p.col);
}
