/* tiles - the list of a batch's tiles, made and uploaded once; see tiles.h */
#include <stdlib.h>
#include "tiles.h"

struct seq {
    int row, len;
};

/* Longest first; among equals in the order of their rows. */
static int by_length(const void *a, const void *b)
{
    const struct seq *x = (const struct seq *)a, *y = (const struct seq *)b;

    return x->len != y->len ? (x->len < y->len) - (x->len > y->len)
                            : (x->row > y->row) - (x->row < y->row);
}

static size_t cut(struct attn_tile *p, struct seq *s, int n, int rows)
{
    size_t m = 0;

    qsort(s, (size_t)n, sizeof *s, by_length);
    while (n > 0 && s[n - 1].len == 0)
        n--;
    if (n == 0)
        return 0;
    for (int at = (s[0].len - 1) / rows * rows; at >= 0; at -= rows)
        for (int i = 0; i < n && s[i].len > at; i++) {
            struct attn_tile w = {s[i].row, s[i].len, at};

            p[m++] = w;
        }
    return m;
}

static int same(const struct cuda *c, int which, struct k_seqs q, int rows)
{
    const struct tile_list *l = &c->tiles[which];

    return l->dev && l->dev == c->scratch[S_TILES + which].p &&
           l->rows == rows && l->n == q.n &&
           !memcmp(l->start, q.start_host, (size_t)(q.n + 1) * 4);
}

/* The host's copies may be freed at once: an upload from memory that is not
 * pinned has read it when it returns. */
static void make(struct cuda *c, int which, struct k_seqs q, int rows,
                 int32_t *start, struct seq *s, struct attn_tile *p)
{
    struct tile_list *l = &c->tiles[which];
    size_t most = (size_t)(q.start_host[q.n] / rows + q.n);
    void *dev = CU(cuda_scratch)(c, S_TILES + which, most * sizeof *p);

    if (!dev)
        return;
    for (int i = 0; i < q.n; i++) {
        s[i].row = q.start_host[i];
        s[i].len = q.start_host[i + 1] - q.start_host[i];
    }
    l->n_tiles = cut(p, s, q.n, rows);
    CU(cuda_upload)(c, dev, p, l->n_tiles * sizeof *p);
    memcpy(start, q.start_host, (size_t)(q.n + 1) * 4);
    free(l->start);
    l->start = start;
    l->rows = rows;
    l->n = q.n;
    l->dev = dev;
}

const struct attn_tile *CU(cuda_tiles)(struct cuda *c, int which,
                                       struct k_seqs q, int rows, size_t *n)
{
    struct tile_list *l = &c->tiles[which];
    size_t seqs = (size_t)q.n + 1, most;
    struct attn_tile *p;
    struct seq *s;
    int32_t *start;

    *n = 0;
    if (!same(c, which, q, rows)) {
        most = (size_t)(q.start_host[q.n] / rows + q.n);
        p = (struct attn_tile *)malloc((most + 1) * sizeof *p);
        s = (struct seq *)malloc(seqs * sizeof *s);
        start = (int32_t *)malloc(seqs * sizeof *start);
        l->dev = NULL;
        if (p && s && start)
            make(c, which, q, rows, start, s, p);
        else
            CU(cuda_fail)(c, ERR_IO, "cuda: out of host memory");
        if (!l->dev)
            free(start);
        free(p);
        free(s);
    }
    if (l->dev)
        *n = l->n_tiles;
    return (const struct attn_tile *)l->dev;
}
