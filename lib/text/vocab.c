/* vocab - a byte-level BPE's tokens and merges, in hash tables */
#include "vocab.h"
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../base/utf8.h"

#define PAIRS0 (1u << 12)

/* GPT-2's bytes_to_unicode: printable Latin-1 stands for itself, the other
 * 68 bytes for U+0100 onwards. */
static void alphabet(struct vocab *v)
{
    int next = 0x100;

    for (size_t c = 0; c < sizeof v->byte_of / sizeof *v->byte_of; c++)
        v->byte_of[c] = -1;
    for (int b = 0; b < 256; b++) {
        int plain = (b >= '!' && b <= '~') || (b >= 0xa1 && b <= 0xac) ||
                    (b >= 0xae && b <= 0xff);

        v->byte_of[plain ? b : next++] = (int16_t)b;
    }
}

static void clear_slots(struct vocab_slot *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        s[i].id = -1;
}

static void clear_pairs(struct vocab_pair *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        p[i].rank = -1;
}

void vocab_init(struct vocab *v)
{
    memset(v, 0, sizeof *v);
    alphabet(v);
    v->slot_mask = PAIRS0 - 1;
    v->slot = xmalloc(PAIRS0 * sizeof *v->slot);
    clear_slots(v->slot, PAIRS0);
    v->pair_mask = PAIRS0 - 1;
    v->pair = xmalloc(PAIRS0 * sizeof *v->pair);
    clear_pairs(v->pair, PAIRS0);
}

void vocab_free(struct vocab *v)
{
    free(v->token);
    free(v->bytes);
    free(v->slot);
    free(v->pair);
    memset(v, 0, sizeof *v);
}

/* Spelling -> bytes; 1 when a character is outside the alphabet (then out is
 * the spelling itself). out has room for n bytes. */
static int spell(const struct vocab *v, const char *s, size_t n, char *out,
                 size_t *out_n)
{
    const unsigned char *p = (const unsigned char *)s, *end = p + n;
    size_t k = 0;

    while (p < end) {
        uint32_t c;

        p += utf8_next(p, &c);
        if (c >= 0x144 || v->byte_of[c] < 0) {
            memcpy(out, s, n);
            *out_n = n;
            return 1;
        }
        out[k++] = (char)v->byte_of[c];
    }
    *out_n = k;
    return 0;
}

static uint32_t hash_token(const char *s, size_t n, int raw)
{
    uint64_t h = 0x9e3779b97f4a7c15u ^ n ^ (uint64_t)raw << 60, w;

    for (; n >= 8; n -= 8, s += 8) {
        memcpy(&w, s, 8);
        h = (h ^ w) * 0xff51afd7ed558ccdu;
        h ^= h >> 32;
    }
    w = 0;
    for (size_t i = 0; i < n; i++)
        w |= (uint64_t)(unsigned char)s[i] << 8 * i;
    h = (h ^ w) * 0xff51afd7ed558ccdu;
    h ^= h >> 29;
    h *= 0xc4ceb9fe1a85ec53u;
    return (uint32_t)(h >> 32);
}

int32_t vocab_find_bytes(const struct vocab *v, const char *s, size_t n,
                         int raw)
{
    uint32_t tag = hash_token(s, n, raw);
    size_t i = tag & v->slot_mask;

    for (; v->slot[i].id >= 0; i = (i + 1) & v->slot_mask) {
        const struct vocab_token *t = &v->token[v->slot[i].id];

        if (v->slot[i].tag == tag && t->len == n && t->raw == raw &&
            !memcmp(v->bytes + t->off, s, n))
            return v->slot[i].id;
    }
    return -1;
}

int32_t vocab_find(const struct vocab *v, const char *s, size_t n)
{
    char small[256], *out = n <= sizeof small ? small : xmalloc(n);
    size_t k;
    int raw = spell(v, s, n, out, &k);
    int32_t id = vocab_find_bytes(v, out, k, raw);

    if (out != small)
        free(out);
    return id;
}

static void put_slot(struct vocab *v, uint32_t tag, int32_t id)
{
    size_t i = tag & v->slot_mask;

    while (v->slot[i].id >= 0)
        i = (i + 1) & v->slot_mask;
    v->slot[i].tag = tag;
    v->slot[i].id = id;
}

static void grow_slots(struct vocab *v)
{
    struct vocab_slot *old = v->slot;
    size_t n = v->slot_mask + 1;

    v->slot_mask = 4 * n - 1;
    v->slot = xmalloc(4 * n * sizeof *v->slot);
    clear_slots(v->slot, 4 * n);
    for (size_t i = 0; i < n; i++)
        if (old[i].id >= 0)
            put_slot(v, old[i].tag, old[i].id);
    free(old);
}

static void reserve_ids(struct vocab *v, int32_t id)
{
    if ((size_t)id >= v->token_cap) {
        size_t cap = 2 * (size_t)id + 1024;

        v->token = xrealloc(v->token, cap, sizeof *v->token);
        memset(v->token + v->token_cap, 0,
               (cap - v->token_cap) * sizeof *v->token);
        v->token_cap = cap;
    }
    if (id >= v->n_ids)
        v->n_ids = id + 1;
}

int vocab_add(struct vocab *v, const char *s, size_t n, int32_t id,
              struct err *e)
{
    struct vocab_token *t;
    char *out;
    size_t k;
    int raw;

    if (v->n_bytes + n > v->bytes_cap) {
        v->bytes_cap = 2 * (v->bytes_cap + n) + 4096;
        v->bytes = xrealloc(v->bytes, v->bytes_cap, 1);
    }
    if (v->n_bytes + n > UINT32_MAX)
        return err_set(e, ERR_DATA, "the tokens take more than 4 GiB");
    out = v->bytes + v->n_bytes;
    raw = spell(v, s, n, out, &k);
    if (vocab_find_bytes(v, out, k, raw) >= 0)
        return err_set(e, ERR_DATA, "the token \"%.*s\" is there twice",
                       (int)(n < 200 ? n : 200), s);
    reserve_ids(v, id);
    t = &v->token[id];
    if (t->present)
        return err_set(e, ERR_DATA, "id %d is given to two tokens", (int)id);
    t->off = (uint32_t)v->n_bytes;
    t->len = (uint32_t)k;
    t->present = 1;
    t->raw = (uint8_t)raw;
    v->n_bytes += k;
    if (2 * ++v->n_slots > v->slot_mask)
        grow_slots(v);
    put_slot(v, hash_token(out, k, raw), id);
    return 0;
}

static void put_pair(struct vocab *v, const struct vocab_pair *p)
{
    size_t i = vocab_pair_hash(p->a, p->b) & v->pair_mask;

    while (v->pair[i].rank >= 0) {
        if (v->pair[i].a == p->a && v->pair[i].b == p->b)
            break; /* the same merge again: the later rank holds, as there */
        i = (i + 1) & v->pair_mask;
    }
    v->pair[i] = *p;
}

static void grow_pairs(struct vocab *v)
{
    struct vocab_pair *old = v->pair;
    size_t n = v->pair_mask + 1;

    v->pair_mask = 4 * n - 1;
    v->pair = xmalloc(4 * n * sizeof *v->pair);
    clear_pairs(v->pair, 4 * n);
    for (size_t i = 0; i < n; i++)
        if (old[i].rank >= 0)
            put_pair(v, &old[i]);
    free(old);
}

/* The token of these bytes; merges mostly make the vocabulary's tokens in
 * order, so the one behind the last is tried first. */
static int32_t find_next(const struct vocab *v, const char *s, size_t n)
{
    const struct vocab_token *t;

    if (v->next < v->n_ids) {
        t = &v->token[v->next];
        if (t->present && !t->raw && t->len == n &&
            !memcmp(v->bytes + t->off, s, n))
            return v->next;
    }
    return vocab_find_bytes(v, s, n, 0);
}

int vocab_merge(struct vocab *v, const char *a, size_t na, const char *b,
                size_t nb, int32_t rank, struct err *e)
{
    char small[512], *out = na + nb <= sizeof small ? small : xmalloc(na + nb);
    size_t ka, kb;
    struct vocab_pair p = {.rank = rank};
    int raw_a = spell(v, a, na, out, &ka);
    int32_t ia = vocab_find_bytes(v, out, ka, raw_a);
    int raw_b = spell(v, b, nb, out + ka, &kb);
    int32_t ib = vocab_find_bytes(v, out + ka, kb, raw_b);

    p.id = raw_a || raw_b ? -1 : find_next(v, out, ka + kb);
    if (out != small)
        free(out);
    if (raw_a || raw_b)
        return err_set(e, ERR_DATA,
                       "the merge \"%.*s %.*s\" has characters outside the "
                       "byte-level alphabet",
                       (int)(na < 100 ? na : 100), a,
                       (int)(nb < 100 ? nb : 100), b);
    if (ia < 0 || ib < 0 || p.id < 0)
        return err_set(e, ERR_DATA,
                       "the merge \"%.*s %.*s\" needs the token \"%.*s%.*s\", "
                       "which the vocabulary lacks",
                       (int)(na < 100 ? na : 100), a,
                       (int)(nb < 100 ? nb : 100), b,
                       (int)(ib < 0 && ia >= 0 ? 0
                             : na < 100        ? na
                                               : 100),
                       a,
                       (int)(ia < 0     ? 0
                             : nb < 100 ? nb
                                        : 100),
                       b);
    v->next = p.id + 1;
    p.a = (uint32_t)ia;
    p.b = (uint32_t)ib;
    if (2 * ++v->n_pairs > v->pair_mask)
        grow_pairs(v);
    put_pair(v, &p);
    return 0;
}

void vocab_finish(struct vocab *v)
{
    for (int b = 0; b < 256; b++) {
        char c = (char)b;

        v->byte_id[b] = vocab_find_bytes(v, &c, 1, 0);
        v->lacks |= v->byte_id[b] < 0;
    }
    for (int a = 0; a < 256; a++)
        for (int b = 0; b < 256; b++) {
            const struct vocab_pair *p = NULL;

            if (v->byte_id[a] >= 0 && v->byte_id[b] >= 0)
                p = vocab_pair_get(v, v->byte_id[a], v->byte_id[b]);
            v->rank0[a][b] = p ? p->rank : -1;
        }
}
