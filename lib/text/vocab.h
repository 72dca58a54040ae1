/* vocab - a byte-level BPE's tokens and merges, in hash tables
 *
 * tokenizer.json writes each byte of a token as one printable character (the
 * GPT-2 alphabet); here a token is its bytes again. A token spelt with other
 * characters cannot come out of the merges: it is only decoded, as its own
 * UTF-8 ("raw").
 */
#ifndef ULP_TEXT_VOCAB_H
#define ULP_TEXT_VOCAB_H
#include <stddef.h>
#include <stdint.h>
#include "../base/err.h"

/* The largest id of a token. */
#define VOCAB_MAX_ID 0x3fffff

struct vocab_token {
    uint32_t off; /* into bytes */
    uint32_t len;
    uint8_t present, raw, added, special;
    uint8_t outside; /* of the model: merges never make it */
};
struct vocab_slot {
    uint32_t tag;
    int32_t id; /* -1: free */
};
struct vocab_pair { /* rank of merging (a, b), and the token it makes */
    uint32_t a, b;
    int32_t rank; /* -1: free */
    int32_t id;
};

struct vocab {
    struct vocab_token *token; /* n_ids of them */
    int n_ids;
    size_t token_cap;
    char *bytes;
    size_t n_bytes, bytes_cap;
    struct vocab_slot *slot;
    size_t slot_mask, n_slots;
    struct vocab_pair *pair;
    size_t pair_mask, n_pairs;
    int32_t next;            /* a guess: the token that the next merge makes */
    int32_t byte_id[256];    /* or -1 */
    int lacks;               /* some byte has no token */
    int16_t byte_of[0x144];  /* character of the alphabet -> byte, or -1 */
    int32_t rank0[256][256]; /* of two single bytes, or -1 */
};

/* Without tokens; vocab_free frees what it comes to hold. */
void vocab_init(struct vocab *v);
void vocab_free(struct vocab *v);
/* Puts a token at its id; negative when id or spelling is taken (the error
 * lacks the place, which the caller knows). */
int vocab_add(struct vocab *v, const char *s, size_t n, int32_t id,
              struct err *e) MUST_CHECK;
/* Id of a token, by spelling or by bytes, or -1. */
int32_t vocab_find(const struct vocab *v, const char *s, size_t n);
int32_t vocab_find_bytes(const struct vocab *v, const char *s, size_t n,
                         int raw);
/* The next merge in rank order. */
int vocab_merge(struct vocab *v, const char *a, size_t na, const char *b,
                size_t nb, int32_t rank, struct err *e) MUST_CHECK;
/* Fills byte_id, lacks and rank0, once the model's tokens and merges are
 * there. */
void vocab_finish(struct vocab *v);

/* The slot of (a, b) before the mask. */
static inline uint64_t vocab_pair_hash(uint32_t a, uint32_t b)
{
    uint64_t x = ((uint64_t)a << 32 | b) * 0x9e3779b97f4a7c15u;

    return x ^ x >> 29;
}

/* The merge of tokens a and b, or NULL; lent until the next vocab_merge. */
static inline const struct vocab_pair *vocab_pair_get(const struct vocab *v,
                                                      int32_t a, int32_t b)
{
    size_t i = vocab_pair_hash((uint32_t)a, (uint32_t)b) & v->pair_mask;

    while (v->pair[i].rank >= 0) {
        if (v->pair[i].a == (uint32_t)a && v->pair[i].b == (uint32_t)b)
            return &v->pair[i];
        i = (i + 1) & v->pair_mask;
    }
    return NULL;
}

#endif
