/* seen - an open-addressing set of 64-bit hashes of normal forms */
#include "seen.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../base/hash.h"

struct entry {
    uint64_t prompt, answer; /* prompt 0: empty */
};

struct seen {
    struct entry *slot;
    size_t cap, n; /* cap is a power of two */
};

static uint64_t normal_hash(const char *s)
{
    size_t n = 0;
    char *buf = xmalloc(strlen(s) + 1);
    uint64_t h;

    for (; *s; s++)
        if (!strchr(" \t\r\n.,;:!?'\"$~", *s))
            buf[n++] = (char)(*s >= 'A' && *s <= 'Z' ? *s + 32 : *s);
    h = hash_bytes(buf, n);
    free(buf);
    return h ? h : 1;
}

struct seen *seen_open(void)
{
    struct seen *s = xcalloc(1, sizeof *s);

    s->cap = 1024;
    s->slot = xcalloc(s->cap, sizeof *s->slot);
    return s;
}

void seen_close(struct seen **s)
{
    if (*s)
        free((*s)->slot);
    free(*s);
    *s = NULL;
}

static struct entry *find(const struct seen *s, uint64_t h)
{
    size_t i = (size_t)h & (s->cap - 1);

    while (s->slot[i].prompt && s->slot[i].prompt != h)
        i = (i + 1) & (s->cap - 1);
    return &s->slot[i];
}

static void grow(struct seen *s)
{
    struct entry *old = s->slot;
    size_t n = s->cap;

    s->cap *= 2;
    s->slot = xcalloc(s->cap, sizeof *s->slot);
    for (size_t i = 0; i < n; i++)
        if (old[i].prompt)
            *find(s, old[i].prompt) = old[i];
    free(old);
}

int seen_add(struct seen *s, const char *prompt, const char *answer)
{
    struct entry new = {normal_hash(prompt),
                        hash_bytes(answer, strlen(answer))};
    struct entry *at;

    if (2 * s->n >= s->cap)
        grow(s);
    at = find(s, new.prompt);
    if (at->prompt)
        return at->answer == new.answer ? 1 : 2;
    *at = new;
    s->n++;
    return 0;
}

int seen_has(const struct seen *s, const char *prompt)
{
    return find(s, normal_hash(prompt))->prompt != 0;
}

size_t seen_count(const struct seen *s)
{
    return s->n;
}
