/* names - a growing table of texts with open addressing */
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../base/hash.h"
#include "names.h"

static size_t *place(const struct names *t, const char *s)
{
    size_t i = hash_bytes(s, strlen(s)) & (t->n_slots - 1);

    while (t->slot[i] && strcmp(t->v[t->slot[i] - 1], s))
        i = (i + 1) & (t->n_slots - 1);
    return &t->slot[i];
}

static void grow(struct names *t)
{
    t->cap = t->cap ? 2 * t->cap : 32;
    t->v = xrealloc(t->v, t->cap, sizeof *t->v);
    free(t->slot);
    t->n_slots = 4 * t->cap;
    t->slot = xcalloc(t->n_slots, sizeof *t->slot);
    for (size_t i = 0; i < t->n; i++)
        *place(t, t->v[i]) = i + 1;
}

size_t names_add(struct names *t, const char *s)
{
    size_t *p;

    if (t->n == t->cap)
        grow(t);
    p = place(t, s);
    if (!*p) {
        t->v[t->n++] = xstrdup(s);
        *p = t->n;
    }
    return *p - 1;
}

long names_find(const struct names *t, const char *s)
{
    return t->n ? (long)*place(t, s) - 1 : -1;
}

void names_free(struct names *t)
{
    for (size_t i = 0; i < t->n; i++)
        free(t->v[i]);
    free(t->v);
    free(t->slot);
    memset(t, 0, sizeof *t);
}
