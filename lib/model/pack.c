/* pack - sequences end to end, and views of a run of them; see pack.h */
#include "pack.h"
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "micro.h"

void pack_clear(struct pack *p)
{
    p->n = 0;
    p->n_tokens = 0;
}

void pack_free(struct pack *p)
{
    free(p->start);
    free(p->tokens);
    free(p->first);
    free(p->id);
    free(p->shared);
    free(p->view_start);
    memset(p, 0, sizeof *p);
}

static void grow(struct pack *p, size_t n)
{
    if (p->n + 1 > p->cap) {
        size_t cap = p->cap ? (size_t)p->cap * 2 : 64;

        p->cap = (int)cap;
        p->start = xrealloc(p->start, cap + 1, sizeof *p->start);
        p->first = xrealloc(p->first, cap, sizeof *p->first);
        p->id = xrealloc(p->id, cap, sizeof *p->id);
        p->shared = xrealloc(p->shared, cap + 1, sizeof *p->shared);
        p->view_start = xrealloc(p->view_start, cap + 1, sizeof *p->view_start);
    }
    if (p->n_tokens + n > p->cap_tokens) {
        p->cap_tokens = 2 * (p->n_tokens + n);
        p->tokens = xrealloc(p->tokens, p->cap_tokens, sizeof *p->tokens);
    }
}

void pack_add(struct pack *p, const int32_t *tokens, int n, int first,
              uint64_t id)
{
    grow(p, (size_t)n);
    memcpy(p->tokens + p->n_tokens, tokens, (size_t)n * sizeof *tokens);
    p->start[p->n] = p->n_tokens;
    p->first[p->n] = first;
    p->id[p->n] = id;
    p->shared[p->n] = 0;
    p->shared[++p->n] = 0;
    p->n_tokens += (size_t)n;
    p->start[p->n] = p->n_tokens;
}

void pack_share(struct pack *p)
{
    int i = p->n - 1;
    const size_t *t = p->start + i;

    if (i > 0)
        p->shared[i] = common_rows(p->tokens + t[-1], t[0] - t[-1],
                                   p->first[i - 1], p->tokens + t[0],
                                   t[1] - t[0], p->first[i]);
}

int pack_order(const int32_t *a, int na, const int32_t *b, int nb)
{
    for (int i = 0; i < na && i < nb; i++)
        if (a[i] != b[i])
            return a[i] < b[i] ? -1 : 1;
    return (na > nb) - (na < nb);
}

struct seqs pack_view(struct pack *p, int a, int b)
{
    for (int i = a; i <= b; i++)
        p->view_start[i - a] = (int32_t)(p->start[i] - p->start[a]);
    return (struct seqs){
        .n = b - a,
        .start = p->view_start,
        .tokens = p->tokens + p->start[a],
        .first = p->first + a,
        .id = p->id + a,
        .shared = p->shared + a,
    };
}

int pack_micro(const struct pack *p, int a, int end, size_t max_tokens)
{
    struct micro_batch b = {.max_tokens = max_tokens};

    while (a < end && micro_batch_take(&b, p->start[a + 1] - p->start[a],
                                       p->shared[a], p->shared[a + 1]))
        a++;
    return a;
}
