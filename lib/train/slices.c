/* slices - cuts of the flat layout; see slices.h */
#include "slices.h"
#include <stdlib.h>
#include "../base/arena.h"
#include "../../kernels/kernels.h"

/* Near `at`, at a multiple of 64 values of a tensor: stochastic rounding takes
 * its words by fours, and vectors begin where they did. */
static size_t near(const struct params *p, size_t at)
{
    int i = 0;

    while (at >= p->v[i].offset + p->v[i].n)
        i++;
    return at - (at - p->v[i].offset) % 64;
}

void slices_plan(struct slices *s, int rank, int n, const struct params *p,
                 enum dtype grads)
{
    *s = (struct slices){NULL, NULL, p, grads, rank, n, NULL};
    s->cut = xcalloc((size_t)n + 1, sizeof *s->cut);
    for (int r = 1; r < n; r++)
        s->cut[r] = near(p, p->n_values / (size_t)n * (size_t)r);
    s->cut[n] = p->n_values;
}

void slices_open(struct slices *s, struct comm *c, const struct params *p,
                 enum dtype grads)
{
    slices_plan(s, comm_rank(c), comm_size(c), p, grads);
    s->c = c;
}

void slices_close(struct slices *s)
{
    free(s->cut);
    s->cut = NULL;
}

size_t slices_part(const struct slices *s, int r, size_t first, size_t n,
                   size_t *from)
{
    size_t end = first + n;

    *from = first > s->cut[r] ? first : s->cut[r];
    end = end < s->cut[r + 1] ? end : s->cut[r + 1];
    return end > *from ? end - *from : 0;
}

/* ---- blocks of the norm ---- */

int slices_stretches(const struct slices *s)
{
    return s->grads == DT_BF16 ? s->p->n : 1;
}

struct stretch slices_stretch(const struct slices *s, int i)
{
    if (s->grads != DT_BF16)
        return (struct stretch){0, s->p->n_values};
    return (struct stretch){s->p->v[i].offset, s->p->v[i].n};
}

/* How many of its blocks begin before value `at`. */
static size_t blocks_before(struct stretch t, size_t at)
{
    size_t all = sumsq_blocks(t.n), n;

    n = at > t.first ? sumsq_blocks(at - t.first) : 0;
    return n < all ? n : all;
}

size_t slices_blocks(const struct slices *s, int r, struct stretch t,
                     size_t *from)
{
    *from = blocks_before(t, s->cut[r]);
    return blocks_before(t, s->cut[r + 1]) - *from;
}

size_t slices_sum_end(const struct slices *s, int r)
{
    size_t end = s->cut[r + 1], from;

    for (int i = 0; i < slices_stretches(s); i++) {
        struct stretch t = slices_stretch(s, i);
        size_t n = slices_blocks(s, r, t, &from);
        size_t to = (from + n) * SUMSQ_BLOCK;

        to = t.first + (to < t.n ? to : t.n);
        if (n && to > end)
            end = to;
    }
    return end;
}
