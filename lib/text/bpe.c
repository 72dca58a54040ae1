/* bpe - byte-pair merges of one piece of text, remembered */
#include "bpe.h"
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"

#define SHORT 96    /* bytes: up to here a scan beats a heap */
#define SET_BITS 16 /* 2 * 2^15 entries of 64 bytes */

struct bpe_node { /* a token of a long piece, in a linked list */
    int32_t id;
    int32_t prev, next; /* -1: none */
    uint32_t len;       /* bytes; 0: merged away */
};
struct bpe_cand {
    uint64_t key; /* rank << 32 | position: lowest rank, leftmost first */
    int32_t a, b; /* the pair as it was; else the candidate is stale */
};

void bpe_init(struct bpe *b, const struct vocab *v, int ignore_merges)
{
    memset(b, 0, sizeof *b);
    b->v = v;
    b->ignore_merges = ignore_merges;
    b->unk = -1;
    b->cache = xcalloc((size_t)2 << SET_BITS, sizeof *b->cache);
}

void bpe_free(struct bpe *b)
{
    free(b->cache);
    free(b->node);
    free(b->heap);
    memset(b, 0, sizeof *b);
}

void tok_ids_reserve(struct tok_ids *ids, size_t more)
{
    if (ids->cap - ids->n >= more)
        return;
    ids->cap = 2 * ids->cap + more + 64;
    ids->v = xrealloc(ids->v, ids->cap, sizeof *ids->v);
}

/* The tokens of single bytes that merging begins with; gives their number. */
static size_t symbols(const struct bpe *b, const unsigned char *p, size_t n,
                      int32_t *id)
{
    size_t k = 0;
    int after_unk = 0;

    for (size_t i = 0; i < n; i++) {
        int32_t x = b->v->byte_id[p[i]];

        if (x >= 0)
            id[k++] = x;
        else if (b->unk >= 0 && !(after_unk && b->fuse_unk))
            id[k++] = b->unk;
        after_unk = x < 0;
    }
    return k;
}

static size_t merge_short(const struct bpe *b, const unsigned char *p, size_t n,
                          int32_t *id)
{
    const struct vocab *v = b->v;
    int32_t rank[SHORT]; /* rank[i]: of the pair (i, i + 1) */
    const struct vocab_pair *m;

    if (v->lacks) {
        n = symbols(b, p, n, id);
        for (size_t i = 0; i + 1 < n; i++) {
            m = vocab_pair_get(v, id[i], id[i + 1]);
            rank[i] = m ? m->rank : -1;
        }
    } else {
        for (size_t i = 0; i + 1 < n; i++)
            rank[i] = v->rank0[p[i]][p[i + 1]];
        for (size_t i = 0; i < n; i++)
            id[i] = v->byte_id[p[i]];
    }
    while (n > 1) {
        uint32_t best = UINT32_MAX; /* -1 as unsigned: no merge */
        size_t at = 0;

        for (size_t i = 0; i + 1 < n; i++)
            if ((uint32_t)rank[i] < best) {
                best = (uint32_t)rank[i];
                at = i;
            }
        if (best == UINT32_MAX)
            break;
        m = vocab_pair_get(v, id[at], id[at + 1]);
        id[at] = m->id;
        n--;
        memmove(id + at + 1, id + at + 2, (n - at - 1) * sizeof *id);
        memmove(rank + at, rank + at + 1, (n - at - 1) * sizeof *rank);
        if (at + 1 < n) {
            m = vocab_pair_get(v, id[at], id[at + 1]);
            rank[at] = m ? m->rank : -1;
        }
        if (at) {
            m = vocab_pair_get(v, id[at - 1], id[at]);
            rank[at - 1] = m ? m->rank : -1;
        }
    }
    return n;
}

static void heap_push(struct bpe *b, size_t *n, struct bpe_cand c)
{
    size_t i = (*n)++;

    if (*n > b->heap_cap) {
        b->heap_cap = 2 * *n + 256;
        b->heap = xrealloc(b->heap, b->heap_cap, sizeof *b->heap);
    }
    for (; i && b->heap[(i - 1) / 2].key > c.key; i = (i - 1) / 2)
        b->heap[i] = b->heap[(i - 1) / 2];
    b->heap[i] = c;
}

static struct bpe_cand heap_pop(struct bpe *b, size_t *n)
{
    struct bpe_cand top = b->heap[0], c = b->heap[--*n];
    size_t i = 0, k;

    while ((k = 2 * i + 1) < *n) {
        if (k + 1 < *n && b->heap[k + 1].key < b->heap[k].key)
            k++;
        if (b->heap[k].key >= c.key)
            break;
        b->heap[i] = b->heap[k];
        i = k;
    }
    b->heap[i] = c;
    return top;
}

static void candidate(struct bpe *b, size_t *n, int32_t at)
{
    const struct bpe_node *x = &b->node[at];
    const struct vocab_pair *m;

    if (at < 0 || x->next < 0)
        return;
    m = vocab_pair_get(b->v, x->id, b->node[x->next].id);
    if (m)
        heap_push(
            b, n,
            (struct bpe_cand){(uint64_t)(uint32_t)m->rank << 32 | (uint32_t)at,
                              x->id, b->node[x->next].id});
}

static void merge_long(struct bpe *b, const unsigned char *p, size_t n,
                       struct tok_ids *ids)
{
    size_t n_heap = 0;
    const int32_t *id;

    tok_ids_reserve(ids, n);
    id = ids->v + ids->n;
    n = symbols(b, p, n, ids->v + ids->n);
    if (!n)
        return;
    if (n > b->node_cap) {
        b->node_cap = n + n / 2;
        b->node = xrealloc(b->node, b->node_cap, sizeof *b->node);
    }
    for (size_t i = 0; i < n; i++)
        b->node[i] = (struct bpe_node){id[i], (int32_t)i - 1,
                                       i + 1 < n ? (int32_t)i + 1 : -1, 1};
    for (size_t i = 0; i + 1 < n; i++)
        candidate(b, &n_heap, (int32_t)i);
    while (n_heap) {
        struct bpe_cand c = heap_pop(b, &n_heap);
        int32_t at = (int32_t)(uint32_t)c.key;
        struct bpe_node *x = &b->node[at], *y;

        if (!x->len || x->id != c.a || x->next < 0)
            continue;
        y = &b->node[x->next];
        if (y->id != c.b)
            continue;
        x->id = vocab_pair_get(b->v, c.a, c.b)->id;
        x->len += y->len;
        y->len = 0;
        x->next = y->next;
        if (x->next >= 0)
            b->node[x->next].prev = at;
        candidate(b, &n_heap, at);
        if (x->prev >= 0)
            candidate(b, &n_heap, x->prev);
    }
    for (int32_t i = 0; i >= 0; i = b->node[i].next)
        ids->v[ids->n++] = b->node[i].id;
}

static void piece_uncached(struct bpe *b, const unsigned char *p, size_t n,
                           struct tok_ids *ids)
{
    if (b->ignore_merges) {
        int32_t id = vocab_find_bytes(b->v, (const char *)p, n, 0);

        if (id >= 0 && !b->v->token[id].outside) {
            tok_ids_reserve(ids, 1);
            ids->v[ids->n++] = id;
            return;
        }
    }
    if (n > SHORT) {
        merge_long(b, p, n, ids);
        return;
    }
    tok_ids_reserve(ids, SHORT);
    ids->n += merge_short(b, p, n, ids->v + ids->n);
}

static uint64_t word8(const unsigned char *p, size_t n,
                      const unsigned char *end)
{
    uint64_t w = 0;

    if (end - p >= 8) {
        memcpy(&w, p, 8);
        return n >= 8 ? w : w & (((uint64_t)1 << 8 * n) - 1);
    }
    memcpy(&w, p, n < 8 ? n : 8);
    return w;
}

void bpe_prepare(const struct bpe *b, const unsigned char *p, size_t n,
                 const unsigned char *end, struct bpe_piece *x)
{
    uint64_t h;

    x->p = p;
    x->n = n;
    x->key[1] = x->key[2] = 0;
    if (n == 1 || n > 8 * BPE_KEY)
        return;
    x->key[0] = word8(p, n, end);
    if (n > 8)
        x->key[1] = word8(p + 8, n - 8, end);
    if (n > 16)
        x->key[2] = word8(p + 16, n - 16, end);
    h = (x->key[0] ^ n) * 0x9e3779b97f4a7c15u ^
        x->key[1] * 0xc2b2ae3d27d4eb4fu ^ x->key[2] * 0x165667b19e3779f9u;
    h ^= h >> 32;
    h *= 0xff51afd7ed558ccdu;
    x->set = &b->cache[h >> (64 - SET_BITS) << 1];
    __builtin_prefetch(x->set);
}

void bpe_finish(struct bpe *b, const struct bpe_piece *x, struct tok_ids *ids)
{
    struct bpe_entry *c = x->set;
    size_t before = ids->n;

    if (x->n == 1) {
        tok_ids_reserve(ids, 1);
        ids->n += symbols(b, x->p, 1, ids->v + ids->n);
        return;
    }
    if (x->n > 8 * BPE_KEY) {
        piece_uncached(b, x->p, x->n, ids);
        return;
    }
    for (int way = 0; way < 2; way++)
        if (c[way].key[0] == x->key[0] && c[way].len == x->n &&
            c[way].key[1] == x->key[1] && c[way].key[2] == x->key[2]) {
            tok_ids_reserve(ids, BPE_IDS);
            memcpy(ids->v + ids->n, c[way].id, sizeof c[way].id);
            ids->n += c[way].n;
            return;
        }
    piece_uncached(b, x->p, x->n, ids);
    if (ids->n - before > BPE_IDS)
        return;
    c[1] = c[0];
    memcpy(c->key, x->key, sizeof c->key);
    c->len = (uint8_t)x->n;
    c->n = (uint8_t)(ids->n - before);
    memcpy(c->id, ids->v + before, c->n * sizeof *c->id);
}
