/* tiles - the lists of a batch's tiles, made and uploaded once; see tiles.h */
#include <stdlib.h>
#include "tiles.h"

static int from_of(struct k_seqs q, int i)
{
    return q.from ? q.from[i] : 0;
}

/* Most keys first; among equals the longest sequence, then by rows. */
static int by_keys(const void *a, const void *b)
{
    const struct attn_tile *x = (const struct attn_tile *)a;
    const struct attn_tile *y = (const struct attn_tile *)b;

    if (x->at != y->at)
        return x->at < y->at ? 1 : -1;
    if (x->len != y->len)
        return x->len < y->len ? 1 : -1;
    return (x->row > y->row) - (x->row < y->row);
}

/* Most queries first; among equals by rows. */
static int by_queries(const void *a, const void *b)
{
    const struct attn_tile *x = (const struct attn_tile *)a;
    const struct attn_tile *y = (const struct attn_tile *)b;
    int nx = x->len - x->from, ny = y->len - y->from;

    if (nx != ny)
        return nx < ny ? 1 : -1;
    if (x->row != y->row)
        return x->row < y->row ? -1 : 1;
    return (x->at > y->at) - (x->at < y->at);
}

/* Tiles of each sequence's rows, those before `from` only for keys. */
static unsigned cut(struct attn_tile *p, struct k_seqs q, int rows, int keys)
{
    unsigned n = 0;

    for (int i = 0; i < q.n; i++) {
        int row = q.start_host[i], from = from_of(q, i);
        int len = q.start_host[i + 1] - row;

        for (int at = keys ? 0 : from; at < len; at += rows) {
            struct attn_tile w = {row, len, at, at > from ? at : from};

            p[n++] = w;
        }
    }
    qsort(p, n, sizeof *p, keys ? by_queries : by_keys);
    return n;
}

static int same(const struct cuda *c, int which, struct k_seqs q, int rows)
{
    const struct tile_list *l = &c->tiles[which];

    if (!l->dev || l->dev != c->scratch[S_TILES + which].p ||
        l->rows != rows || l->n != q.n ||
        memcmp(l->start, q.start_host, (size_t)(q.n + 1) * 4) != 0)
        return 0;
    for (int i = 0; i < q.n; i++)
        if (l->start[q.n + 1 + i] != from_of(q, i))
            return 0;
    return 1;
}

/* p has room for `most` tiles. The host's copies may be freed at once: an
 * upload from memory that is not pinned has read it when it returns. */
static void make(struct cuda *c, int which, struct k_seqs q, int rows,
                 int32_t *start, struct attn_tile *p, size_t most)
{
    struct tile_list *l = &c->tiles[which];
    void *dev = CU(cuda_scratch)(c, S_TILES + which, most * sizeof *p);

    if (!dev)
        return;
    l->n_queries = cut(p, q, rows, 0);
    l->n_keys = cut(p + l->n_queries, q, rows, 1);
    CU(cuda_upload)(c, dev, p, (l->n_queries + l->n_keys) * sizeof *p);
    memcpy(start, q.start_host, (size_t)(q.n + 1) * 4);
    for (int i = 0; i < q.n; i++)
        start[q.n + 1 + i] = from_of(q, i);
    free(l->start);
    l->start = start;
    l->rows = rows;
    l->n = q.n;
    l->dev = dev;
}

int CU(cuda_tiles)(struct cuda *c, int which, struct k_seqs q, int rows,
                   struct attn_tiles *t)
{
    struct tile_list *l = &c->tiles[which];
    struct attn_tile *p;
    int32_t *start;

    if (!same(c, which, q, rows)) {
        size_t most = attn_tiles_most(q.start_host[q.n], q.n, rows);

        p = (struct attn_tile *)malloc((most + 1) * sizeof *p);
        start = (int32_t *)malloc((2 * (size_t)q.n + 1) * sizeof *start);
        l->dev = NULL;
        if (p && start)
            make(c, which, q, rows, start, p, most);
        else
            CU(cuda_fail)(c, ERR_IO, "cuda: out of host memory");
        if (!l->dev)
            free(start);
        free(p);
    }
    if (!l->dev)
        return 0;
    t->queries = (const struct attn_tile *)l->dev;
    t->keys = t->queries + l->n_queries;
    t->n_queries = l->n_queries;
    t->n_keys = l->n_keys;
    return 1;
}
