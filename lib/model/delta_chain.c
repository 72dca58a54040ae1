/* delta_chain - links found, opened and held against their digests */
#include "delta_chain.h"
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../base/buf.h"
#include "../base/hash.h"
#include "../base/json.h"
#include "delta_code.h"
#include "st_impl.h"

enum { MAX_LINKS = 1000, BATCH = 8 << 20 /* bytes */ };

char *delta_file_of(const char *dir, const char *stem, const char *ending)
{
    struct buf b = {0};
    char *path;

    buf_printf(&b, "%s%s", stem, ending);
    path = file_in(dir, buf_str(&b));
    buf_free(&b);
    return path;
}

/* ---- layout --------------------------------------------------------- */

/* Small tensors share a run: what a chunk has beside its values would cost more
 * than theirs. */
static void add_spans(struct layout *l, const struct entry *v)
{
    size_t width = dtype_size(v->t.type), at = l->head + v->begin;

    for (size_t left = v->t.n, n; left; left -= n) {
        struct span *s = l->n ? &l->v[l->n - 1] : NULL;

        if (!s || s->n == DELTA_CHUNK || s->width != (int)width ||
            s->at + s->n * width != at) {
            l->v = xrealloc(l->v, l->n + 1, sizeof *l->v);
            s = &l->v[l->n++];
            *s = (struct span){.at = at, .width = (int)width};
        }
        n = left < DELTA_CHUNK - s->n ? left : DELTA_CHUNK - s->n;
        s->n += n;
        at += n * width;
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

size_t layout_batch(const struct layout *l, size_t first, size_t size,
                    size_t *end)
{
    size_t bytes = 0;

    while (first < l->n && bytes < BATCH) {
        bytes += l->v[first].n * (size_t)l->v[first].width;
        first++;
    }
    *end = first < l->n ? l->v[first].at : size;
    return first;
}

/* ---- one link ------------------------------------------------------- */

int chain_damaged(const struct link *x, const char *what, struct err *e)
{
    return err_set(e, ERR_DATA, "%s: damaged: %s", x->path, what);
}

static int check_bytes(struct link *x, struct err *e)
{
    const struct filemap *m = &x->map;
    size_t magic = strlen(DELTA_MAGIC);
    char digest[33];

    if (m->size >= magic && !memcmp(m->data, DELTA_MAGIC, magic - 2) &&
        memcmp(m->data, DELTA_MAGIC, magic))
        return err_set(e, ERR_DATA,
                       "%s: a delta of another version than %c: damaged, or "
                       "made by another ulp, whose `delta --expand` gives the "
                       "weights back",
                       x->path, DELTA_MAGIC[magic - 2]);
    if (m->size < magic + 4 + DELTA_HEX || memcmp(m->data, DELTA_MAGIC, magic))
        return err_set(e, ERR_DATA, "%s: no delta, or truncated", x->path);
    x->end = m->size - DELTA_HEX;
    hash_hex128(m->data, x->end, digest);
    return memcmp(digest, m->data + x->end, DELTA_HEX)
               ? chain_damaged(x, "its bytes do not have the digest at its end",
                               e)
               : 0;
}

static int is_digest(const char *s)
{
    return strlen(s) == DELTA_HEX && strspn(s, "0123456789abcdef") == DELTA_HEX;
}

static int read_head(struct link *x, struct err *e)
{
    const char *text;
    uint32_t n;
    int64_t size = 0;
    int r;

    x->at = strlen(DELTA_MAGIC);
    if (delta_get_u32(x->map.data, x->end, &x->at, &n) || n > x->end - x->at)
        return chain_damaged(x, "its header is longer than the file", e);
    text = (const char *)x->map.data + x->at;
    x->at += n;
    r = json_read_text(&x->head, text, n, x->path, e);
    if (!r)
        r = json_get_i64(x->head, x->path, "size", 1, &size, e);
    if (!r)
        r = json_get_str(x->head, x->path, "digest", 1, &x->digest, e);
    if (!r)
        r = json_get_str(x->head, x->path, "head", 1, &x->head_digest, e);
    if (!r)
        r = json_get_str(x->head, x->path, "successor", 1, &x->successor, e);
    if (!r)
        r = json_get_str(x->head, x->path, "successor_digest", 1,
                         &x->successor_digest, e);
    if (r)
        return r;
    x->size = (size_t)size;
    return size > 0 && is_digest(x->digest) && is_digest(x->head_digest) &&
                   is_digest(x->successor_digest)
               ? 0
               : chain_damaged(x, "no size, or no digests of 32 hex digits", e);
}

static int open_link(struct link *x, const char *dir, const char *stem,
                     struct err *e)
{
    int r;

    memset(x, 0, sizeof *x);
    x->dir = xstrdup(dir);
    x->path = delta_file_of(dir, stem, ".delta");
    r = file_map(&x->map, x->path, e);
    if (!r)
        r = check_bytes(x, e);
    return r ? r : read_head(x, e);
}

void chain_close(struct chain *c)
{
    for (size_t i = 0; i < c->n; i++) {
        file_unmap(&c->v[i].map);
        json_decref(c->v[i].head);
        free(c->v[i].dir);
        free(c->v[i].path);
    }
    free(c->v);
    free(c->base);
    memset(c, 0, sizeof *c);
}

/* ---- the chain ------------------------------------------------------ */

static int same_folder(const char *dir, const char *real)
{
    char *other = real ? realpath(dir, NULL) : NULL;
    int yes = other && !strcmp(other, real);

    free(other);
    return yes;
}

/* path without "NAME/.." in it. */
static char *without_ups(const char *path)
{
    char *s = xstrdup(path), *to = s;

    for (const char *p = path; *p;) {
        size_t n = strcspn(p, "/"), end = n + (p[n] == '/');
        char *name = to - (to > s); /* the one before, without its slash */

        while (name > s && name[-1] != '/')
            name--;
        if (n == 2 && !memcmp(p, "..", 2) && to - name > 1 &&
            memcmp(name, "../", 3) && memcmp(name, "./", 2)) {
            to = name;
        } else {
            memmove(to, p, end);
            to += end;
        }
        p += end;
    }
    *to = 0;
    return s;
}

/* The directory `to` seen from `dir`. A chain's names must not grow by each link:
 * a shorter one of the same folder, which with symbolic links may be another. */
static char *dir_from(const char *dir, const char *to)
{
    char *next = file_in(dir, to), *real = realpath(next, NULL);
    char *less = without_ups(next), *is = realpath(less, NULL);

    if (real && is && !strcmp(real, is)) {
        free(next);
        next = less;
    } else {
        free(less);
        if (real && strlen(next) > PATH_MAX / 2) {
            free(next);
            next = xstrdup(real);
        }
    }
    free(real);
    free(is);
    return next;
}

/* After the link: the directory of its successor. 1: that has all weights. */
static int follow(struct chain *c, char **dir, const char *stem,
                  const char *avoid, struct err *e)
{
    const struct link *x = &c->v[c->n - 1];
    char *next = dir_from(x->dir, x->successor), *model, *delta;
    int r = 0;

    free(*dir);
    *dir = next;
    if (same_folder(next, avoid))
        return err_set(e, ERR_DATA,
                       "%s: its successor's weights come from "
                       "%s itself",
                       x->path, avoid);
    model = delta_file_of(next, stem, ".safetensors");
    delta = delta_file_of(next, stem, ".delta");
    if (file_exists(model)) {
        c->base = xstrdup(model);
        r = 1;
    } else if (!file_exists(delta)) {
        r = err_set(e, ERR_DATA,
                    "%s: its successor is missing: %s has neither "
                    "%s.safetensors nor %s.delta",
                    x->path, next, stem, stem);
    }
    free(model);
    free(delta);
    return r;
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

int chain_open(struct chain *c, const char *dir, const char *stem,
               const char *avoid, struct err *e)
{
    char *at = xstrdup(dir);
    int r = 0;

    memset(c, 0, sizeof *c);
    while (!r) {
        c->v = xrealloc(c->v, c->n + 1, sizeof *c->v);
        r = open_link(&c->v[c->n++], at, stem, e);
        if (!r)
            r = check_link(c, e);
        if (!r)
            r = follow(c, &at, stem, avoid, e);
    }
    free(at);
    return r < 0 ? r : 0;
}
