/* once - open addressing, at most half full */
#include "once.h"
#include <stdlib.h>
#include "../base/arena.h"

static int put(struct once *s, uint64_t key)
{
    size_t i = (size_t)(key * 0x9E3779B97F4A7C15u) & (s->cap - 1);

    while (s->key[i] && s->key[i] != key)
        i = (i + 1) & (s->cap - 1);
    if (s->key[i])
        return 1;
    s->key[i] = key;
    s->n++;
    return 0;
}

int once_add(struct once *s, uint64_t key)
{
    if (2 * s->n >= s->cap) {
        struct once more = {.cap = s->cap ? 2 * s->cap : 256};

        more.key = xcalloc(more.cap, sizeof *more.key);
        for (size_t i = 0; i < s->cap; i++)
            if (s->key[i])
                put(&more, s->key[i]);
        free(s->key);
        *s = more;
    }
    return put(s, key ? key : 1);
}

void once_free(struct once *s)
{
    free(s->key);
    *s = (struct once){0};
}
