/* delta - a chain of differences read back: the last one's weights, and the
 * differences in turn upon each run of them
 *
 * Runs are independent, so that threads take them in turn, and each is held
 * against its digest at once. Only where that is wrong is it asked which file
 * is damaged. The runs read last are kept until all their bytes were given: a
 * reader that goes by the tensors' names comes back to a run that small tensors
 * share.
 */
#include "delta.h"
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../base/hash.h"
#include "../base/pool.h"
#include "delta_chain.h"
#include "delta_code.h"

enum { AHEAD = 4, SLOTS = 3 * AHEAD };

/* A run that is decoded. */
struct slot {
    uint8_t *v;
    size_t size;        /* bytes of memory */
    size_t run, bad;    /* 1 + its number; as of delta_decode_run */
    size_t given;       /* bytes, to readers */
    unsigned long used; /* when, of d->clock; 0: not needed any more */
};

struct delta_pieces {
    struct chain c;
    struct layout l;
    struct filemap base;
    size_t *at; /* [c.n][l.n] where a link has the digest and chunk of a run */
    size_t bad; /* 1 + a link of which a run made no sense */
    /* of delta_piece */
    struct slot slot[SLOTS], *fresh[AHEAD]; /* fresh: to be decoded */
    unsigned long clock;
    struct pool *pool;
    struct delta_coder **coder; /* [its threads] */
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
size_t delta_decode_run(const struct delta_pieces *d, struct delta_coder *coder,
                        size_t i, uint8_t *to)
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

int delta_pieces_of(struct delta_pieces **out, const char *dir,
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
    for (int i = 0; (*d)->pool && i < pool_threads((*d)->pool); i++)
        delta_coder_close(&(*d)->coder[i]);
    free((*d)->coder);
    pool_close(&(*d)->pool);
    for (int i = 0; i < SLOTS; i++)
        free((*d)->slot[i].v);
    file_unmap(&(*d)->base);
    layout_close(&(*d)->l);
    chain_close(&(*d)->c);
    free((*d)->at);
    free(*d);
    *d = NULL;
}

int delta_damage(const struct delta_pieces *d, size_t bad, struct err *e)
{
    int r = chain_damaged(&d->c.v[bad - 1], "a run does not give its digest",
                          e);

    return find_damage(d, r, e);
}

int delta_pieces_check(const struct delta_pieces *d, struct err *e)
{
    return d->bad ? delta_damage(d, d->bad, e) : 0;
}

int delta_pieces_check_all(struct delta_pieces *d, struct err *e)
{
    for (size_t at = d->l.head, n; at < d->base.size; at += n) {
        n = d->base.size - at;
        (void)delta_piece(d, at, &n);
    }
    return delta_pieces_check(d, e);
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

static struct slot *find(struct delta_pieces *d, size_t run)
{
    for (int i = 0; i < SLOTS; i++)
        if (d->slot[i].run == run + 1)
            return &d->slot[i];
    return NULL;
}

/* The slot used longest ago, for this run. */
static struct slot *take(struct delta_pieces *d, size_t run)
{
    struct slot *s = &d->slot[0];

    for (int i = 1; i < SLOTS; i++)
        if (d->slot[i].used < s->used)
            s = &d->slot[i];
    if (s->size < run_bytes(d, run)) {
        free(s->v);
        s->size = run_bytes(d, run);
        s->v = xmalloc(s->size);
    }
    s->run = run + 1;
    s->given = 0;
    s->used = ++d->clock;
    return s;
}

static void decode_fresh(void *ctx, long i, int worker)
{
    struct delta_pieces *d = ctx;
    struct slot *s = d->fresh[i];

    if (!d->coder[worker])
        d->coder[worker] = delta_coder_open();
    s->bad = delta_decode_run(d, d->coder[worker], s->run - 1, s->v);
}

/* Run i; and of those after it, up to `end`, some that are read next. */
static struct slot *bring(struct delta_pieces *d, size_t i, size_t end)
{
    long n = 0;

    if (!d->pool) {
        d->pool = pool_open(0);
        d->coder = xcalloc((size_t)pool_threads(d->pool), sizeof *d->coder);
    }
    for (size_t k = i; k < end && n < AHEAD; k++)
        if (!find(d, k))
            d->fresh[n++] = take(d, k);
    pool_for(d->pool, n, decode_fresh, d);
    for (long k = 0; k < n; k++)
        d->bad = d->bad ? d->bad : d->fresh[k]->bad;
    return d->fresh[0];
}

const void *delta_piece(struct delta_pieces *d, size_t at, size_t *n)
{
    size_t i = run_of(&d->l, at), into = at - d->l.v[i].at;
    size_t left = run_bytes(d, i) - into;
    struct slot *s = find(d, i);

    if (!s)
        s = bring(d, i, *n > left ? run_of(&d->l, at + *n - 1) + 1 : i + 1);
    *n = *n < left ? *n : left;
    s->given += *n;
    s->used = s->given < run_bytes(d, i) ? ++d->clock : 0;
    return s->v + into;
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

int delta_pieces_open(struct delta_pieces **d, const char *path, struct err *e)
{
    char *dir, *stem;
    int r;

    *d = NULL;
    if (!delta_stands_for(path) || !take_apart(path, &dir, &stem))
        return 0;
    r = delta_pieces_of(d, dir, stem, NULL, e);
    free(dir);
    free(stem);
    return r;
}
