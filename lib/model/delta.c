/* delta - a chain of differences read back: links from the nearest to the
 * farthest, the last one's weights, and the differences in turn upon them
 */
#include "delta.h"
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "../base/arena.h"
#include "../base/hash.h"
#include "../base/json.h"
#include "delta_chain.h"
#include "delta_code.h"
#include "st_impl.h"

enum { MAX_LINKS = 1000, HEX = 32 };

struct link {
    char *dir, *path; /* of its delta */
    struct filemap map;
    json_t *head;
    size_t size; /* of the weights' file */
    const char *digest, *successor, *successor_digest; /* in head */
    size_t at, end;                                    /* chunks in map */
};

struct chain {
    struct link *v;
    size_t n;
    char *base; /* the last one's model.safetensors */
};

/* ---- layout --------------------------------------------------------- */

static void add_spans(struct layout *l, const struct entry *v)
{
    int width = (int)dtype_size(v->t.type);

    for (size_t done = 0; done < v->t.n; done += DELTA_CHUNK) {
        size_t left = v->t.n - done;

        l->v = xrealloc(l->v, l->n + 1, sizeof *l->v);
        l->v[l->n++] = (struct span){l->head + v->begin + done * (size_t)width,
                                     left < DELTA_CHUNK ? left : DELTA_CHUNK,
                                     width};
    }
}

int layout_of(struct layout *l, const struct filemap *m, const char *path,
              struct err *e)
{
    struct st_file f = {0};
    struct shard s = {.map = *m, .path = (char *)(uintptr_t)path};
    int r = st_add_mapped(&f, &s, e);
    size_t data = f.n ? f.v[f.n - 1].end : 0; /* in order of the data */

    memset(l, 0, sizeof *l);
    l->head = m->size - (r ? 0 : data);
    for (size_t i = 0; i < f.n; i++) {
        if (!r)
            add_spans(l, &f.v[i]);
        free(f.v[i].name);
        free(f.v[i].copy);
    }
    free(f.v);
    if (r)
        layout_close(l);
    return r;
}

void layout_close(struct layout *l)
{
    free(l->v);
    l->v = NULL;
}

/* ---- one link ------------------------------------------------------- */

static int damaged(const struct link *x, const char *what, struct err *e)
{
    return err_set(e, ERR_DATA, "%s: damaged: %s", x->path, what);
}

static int check_bytes(struct link *x, struct err *e)
{
    const struct filemap *m = &x->map;
    size_t magic = strlen(DELTA_MAGIC);
    char digest[33];

    if (m->size < magic + 4 + HEX || memcmp(m->data, DELTA_MAGIC, magic))
        return err_set(e, ERR_DATA, "%s: no delta, or truncated", x->path);
    x->end = m->size - HEX;
    hash_hex128(m->data, x->end, digest);
    return memcmp(digest, m->data + x->end, HEX)
               ? damaged(x, "its bytes do not have the digest at its end", e)
               : 0;
}

static int is_digest(const char *s)
{
    return strlen(s) == HEX && strspn(s, "0123456789abcdef") == HEX;
}

static int read_head(struct link *x, struct err *e)
{
    const char *text;
    uint32_t n;
    int64_t size = 0;
    int r;

    x->at = strlen(DELTA_MAGIC);
    if (delta_get_u32(x->map.data, x->end, &x->at, &n) || n > x->end - x->at)
        return damaged(x, "its header is longer than the file", e);
    text = (const char *)x->map.data + x->at;
    x->at += n;
    r = json_read_text(&x->head, text, n, x->path, e);
    if (!r)
        r = json_get_i64(x->head, x->path, "size", 1, &size, e);
    if (!r)
        r = json_get_str(x->head, x->path, "digest", 1, &x->digest, e);
    if (!r)
        r = json_get_str(x->head, x->path, "successor", 1, &x->successor, e);
    if (!r)
        r = json_get_str(x->head, x->path, "successor_digest", 1,
                         &x->successor_digest, e);
    if (r)
        return r;
    x->size = (size_t)size;
    return size > 0 && is_digest(x->digest) && is_digest(x->successor_digest)
               ? 0
               : damaged(x, "no size, or no digests of 32 hex digits", e);
}

static int open_link(struct link *x, const char *dir, struct err *e)
{
    int r;

    memset(x, 0, sizeof *x);
    x->dir = xstrdup(dir);
    x->path = file_in(dir, DELTA_FILE);
    r = file_map(&x->map, x->path, e);
    if (!r)
        r = check_bytes(x, e);
    return r ? r : read_head(x, e);
}

static void close_chain(struct chain *c)
{
    for (size_t i = 0; i < c->n; i++) {
        file_unmap(&c->v[i].map);
        json_decref(c->v[i].head);
        free(c->v[i].dir);
        free(c->v[i].path);
    }
    free(c->v);
    free(c->base);
}

/* ---- the chain ------------------------------------------------------ */

static int is_in(const char *dir, const char *name)
{
    char *path = file_in(dir, name);
    int yes = file_exists(path);

    free(path);
    return yes;
}

static int same_folder(const char *dir, const char *real)
{
    char *other = real ? realpath(dir, NULL) : NULL;
    int yes = other && !strcmp(other, real);

    free(other);
    return yes;
}

/* After the link: the directory of its successor. 1: that has all weights. */
static int follow(struct chain *c, char **dir, const char *avoid, struct err *e)
{
    const struct link *x = &c->v[c->n - 1];
    char *next = file_in(x->dir, x->successor);

    free(*dir);
    *dir = next;
    if (same_folder(next, avoid))
        return err_set(e, ERR_DATA,
                       "%s: its successor's weights come from "
                       "%s itself",
                       x->path, avoid);
    if (is_in(next, DELTA_MODEL)) {
        c->base = file_in(next, DELTA_MODEL);
        return 1;
    }
    if (is_in(next, DELTA_FILE))
        return 0;
    return err_set(e, ERR_DATA,
                   "%s: its successor is missing: %s has "
                   "neither " DELTA_MODEL " nor " DELTA_FILE,
                   x->path, next);
}

static int check_link(const struct chain *c, struct err *e)
{
    const struct link *x = &c->v[c->n - 1], *before = x - 1;

    if (c->n == MAX_LINKS)
        return err_set(e, ERR_DATA, "%s: more than %d links", x->path,
                       MAX_LINKS);
    if (c->n > 1 && (strcmp(before->successor_digest, x->digest) ||
                     before->size != x->size))
        return err_set(e, ERR_DATA,
                       "%s: stands for weights of the digest %s, "
                       "%s needs %s",
                       x->path, x->digest, before->path,
                       before->successor_digest);
    return 0;
}

static int open_chain(struct chain *c, const char *dir, const char *avoid,
                      struct err *e)
{
    char *at = xstrdup(dir);
    int r = 0;

    while (!r) {
        c->v = xrealloc(c->v, c->n + 1, sizeof *c->v);
        r = open_link(&c->v[c->n++], at, e);
        if (!r)
            r = check_link(c, e);
        if (!r)
            r = follow(c, &at, avoid, e);
    }
    free(at);
    return r < 0 ? r : 0;
}

/* The weights that the last link needs, in memory that can be written. */
static int copy_base(uint8_t **out, const struct chain *c, struct err *e)
{
    const struct link *x = &c->v[c->n - 1];
    struct filemap m = {0};
    char digest[33];
    int r = file_map(&m, c->base, e);

    if (r)
        return r;
    hash_hex128(m.data, m.size, digest);
    if (m.size != x->size || strcmp(digest, x->successor_digest))
        r = err_set(e, ERR_DATA,
                    "%s: damaged or changed: its digest is %s, "
                    "%s needs %s",
                    c->base, digest, x->path, x->successor_digest);
    if (!r) {
        void *p = mmap(NULL, m.size, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        if (p == MAP_FAILED)
            xmalloc_failed(m.size);
        *out = memcpy(p, m.data, m.size);
    }
    file_unmap(&m);
    return r;
}

static int apply_link(const struct link *x, uint8_t *bytes,
                      const struct layout *l, struct err *e)
{
    struct delta_coder *c = delta_coder_open();
    size_t at = x->at;
    int r = 0;

    for (size_t i = 0; i < l->n && !r; i++)
        r = delta_decode(c, x->map.data, x->end, &at, bytes + l->v[i].at,
                         l->v[i].n, l->v[i].width);
    delta_coder_close(&c);
    if (r)
        return damaged(x, "a chunk cannot be read", e);
    return at == x->end ? 0 : damaged(x, "bytes after the last chunk", e);
}

static int apply_chain(const struct chain *c, uint8_t *bytes, struct err *e)
{
    struct filemap m = {bytes, c->v[0].size};
    struct layout l;
    char digest[33];
    int r = layout_of(&l, &m, c->base, e);

    for (size_t i = c->n; !r && i--;)
        r = apply_link(&c->v[i], bytes, &l, e);
    if (r)
        return r;
    layout_close(&l);
    hash_hex128(bytes, m.size, digest);
    return strcmp(digest, c->v[0].digest)
               ? damaged(&c->v[0], "what it gives has another digest", e)
               : 0;
}

int delta_rebuild(struct filemap *m, const char *dir, const char *avoid,
                  struct err *e)
{
    struct chain c = {0};
    uint8_t *bytes = NULL;
    int r = open_chain(&c, dir, avoid, e);

    if (!r)
        r = copy_base(&bytes, &c, e);
    if (!r)
        r = apply_chain(&c, bytes, e);
    *m = (struct filemap){bytes, bytes ? c.v[0].size : 0};
    if (r)
        file_unmap(m);
    close_chain(&c);
    return r;
}

/* The directory whose delta gives the file at path, or NULL. */
static char *dir_of_delta(const char *path)
{
    char *dir = xstrdup(path), *slash = strrchr(dir, '/');
    int is_model = !strcmp(slash ? slash + 1 : path, DELTA_MODEL);

    if (slash)
        slash[slash == dir] = 0;
    if (is_model && !file_exists(path) && is_in(slash ? dir : ".", DELTA_FILE))
        return slash ? dir : strcpy(dir, ".");
    free(dir);
    return NULL;
}

int delta_stands_for(const char *path)
{
    char *dir = dir_of_delta(path);
    int yes = dir != NULL;

    free(dir);
    return yes;
}

int delta_map(struct filemap *m, const char *path, struct err *e)
{
    char *dir = dir_of_delta(path);
    int r = dir ? delta_rebuild(m, dir, NULL, e) : file_map(m, path, e);

    free(dir);
    return r;
}
