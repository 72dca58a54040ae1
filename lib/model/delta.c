/* delta - a chain of differences read back: the last one's weights, and the
 * differences in turn upon each run of them
 *
 * Runs are independent, so that threads take those of a batch in turn; beside
 * them one adds the batch before to the digest of what comes out. Only where
 * that is wrong is it asked which file is damaged.
 */
#include "delta.h"
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "../base/arena.h"
#include "../base/hash.h"
#include "../base/pool.h"
#include "delta_chain.h"
#include "delta_code.h"

struct rebuild {
    struct chain c;
    struct layout l;
    struct filemap base;
    uint8_t *out;
    size_t *at; /* [c.n][l.n] where a link has the chunk of a run */
    struct delta_coder **coder; /* [threads] */
    size_t *bad;                /* [l.n] 1 + a link that makes no sense there */
    size_t first;               /* run of the batch */
    struct hash128 *digest;
    size_t hashed, done; /* bytes: of out in digest; of earlier batches */
};

/* Where each chunk of a link begins. */
static int index_link(const struct link *x, const struct layout *l, size_t *at,
                      struct err *e)
{
    size_t end = x->at;

    for (size_t i = 0; i < l->n; i++) {
        at[i] = end;
        if (delta_skip(x->map.data, x->end, &end, l->v[i].width))
            return chain_damaged(x, "a chunk cannot be read", e);
    }
    return end == x->end ? 0
                         : chain_damaged(x, "bytes after the last chunk", e);
}

/* The pages of p to p + n at once: cheaper than a fault for each. Where the
 * system cannot, they come as they are touched. */
static void touch(uint8_t *p, size_t n)
{
#ifdef MADV_POPULATE_WRITE
    size_t into = (uintptr_t)p & ((size_t)sysconf(_SC_PAGESIZE) - 1);

    (void)madvise(p - into, n + into, MADV_POPULATE_WRITE);
#else
    (void)p;
    (void)n;
#endif
}

static void one_run(struct rebuild *b, size_t i, int worker)
{
    const struct span *s = &b->l.v[i];
    uint8_t *to = b->out + s->at;

    if (!b->coder[worker])
        b->coder[worker] = delta_coder_open();
    touch(to, s->n * (size_t)s->width);
    memcpy(to, b->base.data + s->at, s->n * (size_t)s->width);
    for (size_t k = b->c.n; k-- && !b->bad[i];) {
        const struct link *x = &b->c.v[k];
        size_t at = b->at[k * b->l.n + i];

        if (delta_decode(b->coder[worker], x->map.data, x->end, &at, to, s->n,
                         s->width))
            b->bad[i] = k + 1;
    }
}

/* The first adds the batch before to the digest. */
static void task(void *ctx, long i, int worker)
{
    struct rebuild *b = ctx;

    if (i)
        one_run(b, b->first + (size_t)i - 1, worker);
    else
        hash128_update(b->digest, b->out + b->hashed, b->done - b->hashed);
}

static void all_runs(struct rebuild *b, char digest[33])
{
    struct pool *pool = pool_open(0);
    int threads = pool_threads(pool);
    size_t end;

    b->coder = xcalloc((size_t)threads, sizeof *b->coder);
    b->bad = xcalloc(b->l.n + 1, sizeof *b->bad);
    b->digest = hash128_open();
    while (b->done < b->base.size) {
        size_t next = layout_batch(&b->l, b->first, b->base.size, &end);

        pool_for(pool, 1 + (long)(next - b->first), task, b);
        b->first = next;
        b->hashed = b->done;
        b->done = end;
    }
    task(b, 0, 0);
    hash128_hex(b->digest, digest);
    hash128_close(&b->digest);
    for (int i = 0; i < threads; i++)
        delta_coder_close(&b->coder[i]);
    pool_close(&pool);
}

/* The weights that the last link needs, held against its digest. */
static int check_base(const struct rebuild *b, struct err *e)
{
    const struct link *x = &b->c.v[b->c.n - 1];
    char digest[33];

    hash_hex128(b->base.data, b->base.size, digest);
    return b->base.size != x->size || strcmp(digest, x->successor_digest)
               ? err_set(e, ERR_DATA,
                         "%s: damaged or changed: its digest is %s, "
                         "%s needs %s",
                         b->c.base, digest, x->path, x->successor_digest)
               : 0;
}

/* Something is wrong: of all files, the one that is damaged is named. */
static int find_damage(const struct rebuild *b, int r, struct err *e)
{
    struct err of_base;

    if (!check_base(b, &of_base))
        return r;
    *e = of_base;
    return -ERR_DATA;
}

static void *writable(size_t n)
{
    void *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                   -1, 0);

    if (p == MAP_FAILED)
        xmalloc_failed(n);
    return p;
}

static int prepare(struct rebuild *b, struct err *e)
{
    int r = file_map(&b->base, b->c.base, e);

    if (!r && b->base.size != b->c.v[b->c.n - 1].size)
        return check_base(b, e);
    if (!r)
        r = layout_of(&b->l, &b->base, b->c.base, e);
    if (r)
        return r;
    b->at = xcalloc(b->c.n * b->l.n + 1, sizeof *b->at);
    for (size_t k = 0; k < b->c.n && !r; k++)
        r = index_link(&b->c.v[k], &b->l, b->at + k * b->l.n, e);
    return r;
}

static int apply(struct rebuild *b, char digest[33], struct err *e)
{
    b->out = writable(b->base.size);
    memcpy(b->out, b->base.data, b->l.head);
    all_runs(b, digest);
    for (size_t i = 0; i < b->l.n; i++)
        if (b->bad[i])
            return chain_damaged(&b->c.v[b->bad[i] - 1],
                                 "a chunk cannot be read", e);
    return strcmp(digest, b->c.v[0].digest)
               ? chain_damaged(&b->c.v[0], "what it gives has another digest",
                               e)
               : 0;
}

int delta_rebuild(struct filemap *m, const char *dir, const char *stem,
                  const char *avoid, char digest[33], struct err *e)
{
    struct rebuild b = {0};
    int r = chain_open(&b.c, dir, stem, avoid, e);

    if (!r) {
        r = prepare(&b, e);
        if (!r)
            r = apply(&b, digest, e);
        if (r && b.base.data)
            r = find_damage(&b, r, e);
    }
    *m = (struct filemap){b.out, b.out ? b.base.size : 0};
    if (r)
        file_unmap(m);
    file_unmap(&b.base);
    layout_close(&b.l);
    chain_close(&b.c);
    free(b.at);
    free(b.bad);
    free(b.coder);
    return r;
}

/* ---- which file a delta stands for -------------------------------------- */

/* DIR/STEM.safetensors taken apart: DIR and STEM, to be freed. 0: no such
 * name. */
static int take_apart(const char *path, char **dir, char **stem)
{
    static const char ending[] = ".safetensors";
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    size_t n = strlen(name), k = sizeof ending - 1;

    if (n <= k || strcmp(name + n - k, ending))
        return 0;
    *dir = xstrdup(slash ? path : ".");
    if (slash)
        (*dir)[slash == path ? 1 : slash - path] = 0;
    *stem = xstrdup(name);
    (*stem)[n - k] = 0;
    return 1;
}

char *delta_path(const char *path)
{
    char *dir, *stem, *delta;

    if (!take_apart(path, &dir, &stem))
        return NULL;
    delta = delta_file_of(dir, stem, ".delta");
    free(dir);
    free(stem);
    return delta;
}

int delta_stands_for(const char *path)
{
    char *delta = delta_path(path);
    int yes = delta && !file_exists(path) && file_exists(delta);

    free(delta);
    return yes;
}

int delta_map(struct filemap *m, const char *path, char digest[33],
              struct err *e)
{
    char *dir, *stem;
    int r;

    *digest = 0;
    if (!delta_stands_for(path) || !take_apart(path, &dir, &stem))
        return file_map(m, path, e);
    r = delta_rebuild(m, dir, stem, NULL, digest, e);
    free(dir);
    free(stem);
    return r;
}
