/* broadcast - a batch as bytes, and back; see broadcast.h */
#include "broadcast.h"
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../base/buf.h"

/* ---- as bytes: structs as they lie here, each array behind its owner ---- */

/* n bytes, and what makes them a multiple of 8. */
static void put(struct buf *b, const void *p, size_t n)
{
    static const char zeros[8];

    buf_put(b, p, n);
    buf_put(b, zeros, (8 - n % 8) % 8);
}

static void put_groups(struct buf *b, const struct group *g, int n)
{
    for (int i = 0; i < n; i++) {
        put(b, &g[i], sizeof g[i]);
        for (int j = 0; j < g[i].n; j++) {
            const struct sample *s = &g[i].v[j];
            size_t n_logp = (size_t)(s->n - s->n_prompt);

            put(b, s, sizeof *s);
            put(b, s->tokens, (size_t)s->n * sizeof *s->tokens);
            put(b, s->logp, n_logp * sizeof *s->logp);
            put(b, s->input, strlen(s->input) + 1);
        }
    }
}

/* Rank 0's bytes to the others, where they are *bytes, owned. */
static int broadcast_bytes(struct comm *c, struct buf *all, char **bytes,
                           struct err *e)
{
    uint64_t n = all->n;
    int r = comm_bcast(c, 0, &n, sizeof n, e);

    if (r)
        return r;
    if (comm_rank(c))
        *bytes = xmalloc((size_t)n);
    return comm_bcast(c, 0, *bytes ? *bytes : all->p, (size_t)n, e);
}

/* ---- and back ---- */

static void *get(char **at, size_t n)
{
    char *p = *at;

    *at += (n + 7) / 8 * 8;
    return p;
}

static struct group *get_groups(char **at, int n)
{
    struct group *g = xcalloc((size_t)n + 1, sizeof *g);

    for (int i = 0; i < n; i++) {
        memcpy(&g[i], get(at, sizeof *g), sizeof *g);
        g[i].v = xcalloc((size_t)g[i].n, sizeof *g[i].v);
        for (int j = 0; j < g[i].n; j++) {
            struct sample *s = &g[i].v[j];

            memcpy(s, get(at, sizeof *s), sizeof *s);
            s->tokens = get(at, (size_t)s->n * sizeof *s->tokens);
            s->logp = get(at, (size_t)(s->n - s->n_prompt) * sizeof *s->logp);
            s->input = *at;
            (void)get(at, strlen(s->input) + 1);
        }
    }
    return g;
}

int broadcast_batch(struct broadcast *s, struct batch *b, struct err *e)
{
    struct buf all = {0};
    char *at;
    int r;

    if (comm_size(s->c) == 1)
        return 0;
    if (!comm_rank(s->c)) {
        put(&all, b, sizeof *b);
        put_groups(&all, b->v, b->n);
        put_groups(&all, b->rest, b->n_rest);
    }
    r = broadcast_bytes(s->c, &all, &s->bytes, e);
    if (!r && s->bytes) {
        at = s->bytes;
        memcpy(b, get(&at, sizeof *b), sizeof *b);
        b->v = get_groups(&at, b->n);
        b->rest = get_groups(&at, b->n_rest);
    }
    buf_free(&all);
    return r;
}

void broadcast_free(struct broadcast *s, struct batch *b)
{
    if (!s->bytes) {
        batch_free(b);
        return;
    }
    for (int i = 0; i < b->n; i++)
        free(b->v[i].v);
    for (int i = 0; i < b->n_rest; i++)
        free(b->rest[i].v);
    free(b->v);
    free(b->rest);
    free(s->bytes);
    s->bytes = NULL;
    memset(b, 0, sizeof *b);
}

/* ---- sequences ---- */

static void put_pack(struct buf *b, const struct pack *p)
{
    uint64_t n = (uint64_t)p->n;

    put(b, &n, sizeof n);
    put(b, p->start, ((size_t)n + 1) * sizeof *p->start);
    put(b, p->first, (size_t)n * sizeof *p->first);
    put(b, p->id, (size_t)n * sizeof *p->id);
    put(b, p->tokens, p->n_tokens * sizeof *p->tokens);
}

static void get_pack(char *at, struct pack *p)
{
    uint64_t *n = get(&at, sizeof *n);
    size_t *start = get(&at, ((size_t)*n + 1) * sizeof *start);
    int32_t *first = get(&at, (size_t)*n * sizeof *first);
    uint64_t *id = get(&at, (size_t)*n * sizeof *id);
    int32_t *tokens = get(&at, start[*n] * sizeof *tokens);

    for (uint64_t i = 0; i < *n; i++)
        pack_add(p, tokens + start[i], (int)(start[i + 1] - start[i]), first[i],
                 id[i]);
}

int broadcast_pack(struct comm *c, struct pack *p, struct err *e)
{
    struct buf all = {0};
    char *bytes = NULL;
    int r;

    if (comm_size(c) == 1)
        return 0;
    if (!comm_rank(c))
        put_pack(&all, p);
    r = broadcast_bytes(c, &all, &bytes, e);
    if (!r && bytes)
        get_pack(bytes, p);
    free(bytes);
    buf_free(&all);
    return r;
}
