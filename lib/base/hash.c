/* hash - thin wrapper of libxxhash */
#include <stdio.h>
#include <stdlib.h>
#include <xxhash.h>
#include "arena.h"
#include "file.h"
#include "hash.h"

struct hash {
    XXH64_state_t *s;
};

uint64_t hash_bytes(const void *p, size_t n)
{
    return XXH64(p, n, 0);
}

struct hash *hash_open(void)
{
    struct hash *h = xmalloc(sizeof *h);

    h->s = XXH64_createState();
    if (!h->s)
        abort();
    XXH64_reset(h->s, 0);
    return h;
}

void hash_update(struct hash *h, const void *p, size_t n)
{
    if (n)
        XXH64_update(h->s, p, n);
}

uint64_t hash_value(const struct hash *h)
{
    return XXH64_digest(h->s);
}

void hash_close(struct hash **h)
{
    if (!*h)
        return;
    XXH64_freeState((*h)->s);
    free(*h);
    *h = NULL;
}

void hash_hex128(const void *p, size_t n, char out[33])
{
    XXH128_hash_t h = XXH3_128bits(p, n);

    snprintf(out, 33, "%016llx%016llx", (unsigned long long)h.high64,
             (unsigned long long)h.low64);
}

int hash_file_hex128(const char *path, char out[33], struct err *e)
{
    struct filemap m;
    int r = file_map(&m, path, e);

    if (r < 0)
        return r;
    hash_hex128(m.data ? (const void *)m.data : "", m.size, out);
    file_unmap(&m);
    return 0;
}
