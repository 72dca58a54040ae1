/* delta - a chain of differences read back: the last one's weights, and the
 * differences in turn upon each run of them
 *
 * Runs are independent, so that threads take them in turn, and each is held
 * against its digest at once. Only where that is wrong is it asked which file
 * is damaged.
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

struct delta_pieces {
    struct chain c;
    struct layout l;
    struct filemap base;
    size_t *at; /* [c.n][l.n] where a link has the digest and chunk of a run */
    size_t bad; /* 1 + a link of which a run made no sense */
    /* of delta_piece */
    struct delta_coder *coder;
    uint8_t *run;
    size_t decoded; /* 1 + the number of what is in run */
};

/* Where the digest of each run is in a link; its chunk follows. */
static int index_link(const struct link *x, const struct layout *l, size_t *at,
                      struct err *e)
{
    size_t end = x->at;

    for (size_t i = 0; i < l->n; i++) {
        at[i] = end;
        end += DELTA_HEX;
        if (end > x->end ||
            delta_skip(x->map.data, x->end, &end, l->v[i].width))
            return chain_damaged(x, "a chunk cannot be read", e);
    }
    return end == x->end ? 0
                         : chain_damaged(x, "bytes after the last chunk", e);
}

static size_t run_bytes(const struct delta_pieces *d, size_t i)
{
    return d->l.v[i].n * (size_t)d->l.v[i].width;
}

/* Returns 0, or 1 + the link of which it makes no sense. The digest is taken
 * while the run is in the cache. */
static size_t decode_run(const struct delta_pieces *d,
                         struct delta_coder *coder, size_t i, uint8_t *to)
{
    const struct span *s = &d->l.v[i];
    const struct link *nearest = &d->c.v[0];
    char digest[33];

    memcpy(to, d->base.data + s->at, run_bytes(d, i));
    for (size_t k = d->c.n; k--;) {
        const struct link *x = &d->c.v[k];
        size_t at = d->at[k * d->l.n + i] + DELTA_HEX;

        if (delta_decode(coder, x->map.data, x->end, &at, to, s->n, s->width))
            return k + 1;
    }
    hash_hex128(to, run_bytes(d, i), digest);
    return memcmp(nearest->map.data + d->at[i], digest, DELTA_HEX) != 0;
}

/* ---- opening, and what is damaged --------------------------------------- */

/* The weights that the last link needs, held against its digest. */
static int check_base(const struct delta_pieces *d, struct err *e)
{
    const struct link *x = &d->c.v[d->c.n - 1];
    char digest[33];

    hash_hex128(d->base.data, d->base.size, digest);
    return d->base.size != x->size || strcmp(digest, x->successor_digest)
               ? err_set(e, ERR_DATA,
                         "%s: damaged or changed: its digest is %s, "
                         "%s needs %s",
                         d->c.base, digest, x->path, x->successor_digest)
               : 0;
}

static int check_head(const struct delta_pieces *d, struct err *e)
{
    const struct link *x = &d->c.v[0];
    char digest[33];

    hash_hex128(d->base.data, d->l.head, digest);
    return strcmp(digest, x->head_digest)
               ? chain_damaged(x, "its header does not give its digest", e)
               : 0;
}

static int prepare(struct delta_pieces *d, struct err *e)
{
    int r = file_map(&d->base, d->c.base, e);

    if (!r && d->base.size != d->c.v[d->c.n - 1].size)
        return check_base(d, e);
    if (!r)
        r = layout_of(&d->l, &d->base, d->c.base, e);
    if (!r)
        r = check_head(d, e);
    if (r)
        return r;
    d->at = xcalloc(d->c.n * d->l.n + 1, sizeof *d->at);
    for (size_t k = 0; k < d->c.n && !r; k++)
        r = index_link(&d->c.v[k], &d->l, d->at + k * d->l.n, e);
    return r;
}

/* Something is wrong: of all files, the one that is damaged is named. */
static int find_damage(const struct delta_pieces *d, int r, struct err *e)
{
    struct err of_base;

    if (!d->base.data || !check_base(d, &of_base))
        return r;
    *e = of_base;
    return -ERR_DATA;
}

static int open_chain(struct delta_pieces **out, const char *dir,
                      const char *stem, const char *avoid, struct err *e)
{
    struct delta_pieces *d = xcalloc(1, sizeof *d);
    int r = chain_open(&d->c, dir, stem, avoid, e);

    if (!r) {
        r = prepare(d, e);
        if (r)
            r = find_damage(d, r, e);
    }
    if (r)
        delta_pieces_close(&d);
    *out = d;
    return r;
}

void delta_pieces_close(struct delta_pieces **d)
{
    if (!*d)
        return;
    file_unmap(&(*d)->base);
    layout_close(&(*d)->l);
    chain_close(&(*d)->c);
    delta_coder_close(&(*d)->coder);
    free((*d)->at);
    free((*d)->run);
    free(*d);
    *d = NULL;
}

int delta_pieces_check(const struct delta_pieces *d, struct err *e)
{
    int r;

    if (!d->bad)
        return 0;
    r = chain_damaged(&d->c.v[d->bad - 1], "a run does not give its digest", e);
    return find_damage(d, r, e);
}

/* ---- some of the bytes --------------------------------------------------- */

const struct filemap *delta_pieces_base(const struct delta_pieces *d)
{
    return &d->base;
}

const char *delta_pieces_digest(const struct delta_pieces *d)
{
    return d->c.v[0].digest;
}

/* The run that has the byte `at` of the data. */
static size_t run_of(const struct layout *l, size_t at)
{
    size_t lo = 0, hi = l->n;

    while (hi - lo > 1) {
        size_t mid = lo + (hi - lo) / 2;

        if (l->v[mid].at <= at)
            lo = mid;
        else
            hi = mid;
    }
    return lo;
}

const void *delta_piece(struct delta_pieces *d, size_t at, size_t *n)
{
    size_t i = run_of(&d->l, at), into = at - d->l.v[i].at;
    size_t left = run_bytes(d, i) - into, bad;

    if (!d->coder) {
        d->coder = delta_coder_open();
        d->run = xmalloc((size_t)4 * DELTA_CHUNK);
    }
    if (d->decoded != i + 1) {
        bad = decode_run(d, d->coder, i, d->run);
        d->bad = d->bad ? d->bad : bad;
        d->decoded = i + 1;
    }
    *n = *n < left ? *n : left;
    return d->run + into;
}

/* ---- all of them --------------------------------------------------------- */

struct rebuild {
    struct delta_pieces *d;
    uint8_t *out;
    struct delta_coder **coder; /* [threads] */
    size_t *bad;                /* [d->l.n] as of decode_run */
};

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

static void one_run(void *ctx, long run, int worker)
{
    struct rebuild *b = ctx;
    size_t i = (size_t)run;
    uint8_t *to = b->out + b->d->l.v[i].at;

    if (!b->coder[worker])
        b->coder[worker] = delta_coder_open();
    touch(to, run_bytes(b->d, i));
    b->bad[i] = decode_run(b->d, b->coder[worker], i, to);
}

static void all_runs(struct rebuild *b)
{
    struct pool *pool = pool_open(0);
    int threads = pool_threads(pool);
    size_t n = b->d->l.n;

    b->coder = xcalloc((size_t)threads, sizeof *b->coder);
    b->bad = xcalloc(n + 1, sizeof *b->bad);
    pool_for(pool, (long)n, one_run, b);
    for (size_t i = 0; i < n && !b->d->bad; i++)
        b->d->bad = b->bad[i];
    for (int i = 0; i < threads; i++)
        delta_coder_close(&b->coder[i]);
    pool_close(&pool);
    free(b->coder);
    free(b->bad);
}

/* In large pages where the system has them: one is cheaper than the faults of
 * the small ones. */
static void *writable(size_t n)
{
    void *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                   -1, 0);

    if (p == MAP_FAILED)
        xmalloc_failed(n);
#ifdef MADV_HUGEPAGE
    (void)madvise(p, n, MADV_HUGEPAGE);
#endif
    return p;
}

int delta_rebuild(struct filemap *m, const char *dir, const char *stem,
                  const char *avoid, char digest[33], struct err *e)
{
    struct rebuild b = {0};
    int r = open_chain(&b.d, dir, stem, avoid, e);

    *m = (struct filemap){0};
    if (r)
        return r;
    b.out = writable(b.d->base.size);
    memcpy(b.out, b.d->base.data, b.d->l.head);
    all_runs(&b);
    *m = (struct filemap){b.out, b.d->base.size};
    r = delta_pieces_check(b.d, e);
    strcpy(digest, delta_pieces_digest(b.d));
    if (r)
        file_unmap(m);
    delta_pieces_close(&b.d);
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

int delta_pieces_open(struct delta_pieces **d, const char *path, struct err *e)
{
    char *dir, *stem;
    int r;

    *d = NULL;
    if (!delta_stands_for(path) || !take_apart(path, &dir, &stem))
        return 0;
    r = open_chain(d, dir, stem, NULL, e);
    free(dir);
    free(stem);
    return r;
}
