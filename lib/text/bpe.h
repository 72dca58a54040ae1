/* bpe - byte-pair merges of one piece of text, remembered
 *
 * Of all adjacent pairs the one with the lowest rank is merged, the leftmost
 * first, until none is left. A piece of up to 24 bytes and 9 tokens is kept in
 * a two-way cache; nothing is allocated for a piece but scratch that grows.
 */
#ifndef ULP_TEXT_BPE_H
#define ULP_TEXT_BPE_H
#include "tok.h"
#include "vocab.h"

#define BPE_KEY 3 /* words of 8 bytes */
#define BPE_IDS 9 /* tokens of a piece in the cache */

struct bpe_entry { /* one cache line */
    uint64_t key[BPE_KEY];
    uint8_t len, n; /* len 0: empty */
    uint8_t pad[2];
    int32_t id[BPE_IDS];
};
struct bpe_node;
struct bpe_cand;

struct bpe {
    const struct vocab *v;
    int ignore_merges;
    int fuse_unk; /* one unk for bytes without a token that adjoin */
    int32_t unk;  /* for a byte without a token, or -1: nothing */
    struct bpe_entry *cache;
    struct bpe_node *node; /* long pieces */
    struct bpe_cand *heap;
    size_t node_cap, heap_cap;
};

/* v is borrowed until bpe_free. ignore_merges: a piece that is a token is
 * taken whole, as in tokenizer.json. */
void bpe_init(struct bpe *b, const struct vocab *v, int ignore_merges);
void bpe_free(struct bpe *b);
/* A piece [p, p + n), n >= 1, in two steps, so that the next piece can be
 * looked for while this one's cache line is fetched: its place in the cache
 * (end >= p + n is how far reading is safe), then its ids, appended. */
struct bpe_piece {
    const unsigned char *p;
    size_t n;
    uint64_t key[BPE_KEY];
    struct bpe_entry *set; /* two of them */
};
void bpe_prepare(const struct bpe *b, const unsigned char *p, size_t n,
                 const unsigned char *end, struct bpe_piece *x);
void bpe_finish(struct bpe *b, const struct bpe_piece *x, struct tok_ids *ids);
void tok_ids_reserve(struct tok_ids *ids, size_t more);

#endif
