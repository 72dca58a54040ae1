/* hash - thin wrapper of libxxhash */
#include <stdio.h>
#include <stdlib.h>
#if defined(__x86_64__)
#include <xxh_x86dispatch.h> /* the widest vectors of this processor */
#else
#include <xxhash.h>
#endif
#include "arena.h"
#include "file.h"
#include "hash.h"

struct hash {
    XXH64_state_t *s;
};

struct hash128 {
    XXH3_state_t *s;
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
        xmalloc_failed(0);
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

static void hex(XXH128_hash_t h, char out[33])
{
    snprintf(out, 33, "%016llx%016llx", (unsigned long long)h.high64,
             (unsigned long long)h.low64);
}

void hash_hex128(const void *p, size_t n, char out[33])
{
    hex(XXH3_128bits(p, n), out);
}

struct hash128 *hash128_open(void)
{
    struct hash128 *h = xmalloc(sizeof *h);

    h->s = XXH3_createState();
    if (!h->s)
        xmalloc_failed(0);
    XXH3_128bits_reset(h->s);
    return h;
}

void hash128_update(struct hash128 *h, const void *p, size_t n)
{
    if (n)
        XXH3_128bits_update(h->s, p, n);
}

void hash128_hex(const struct hash128 *h, char out[33])
{
    hex(XXH3_128bits_digest(h->s), out);
}

void hash128_close(struct hash128 **h)
{
    if (!*h)
        return;
    XXH3_freeState((*h)->s);
    free(*h);
    *h = NULL;
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
