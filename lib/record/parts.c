/* parts - a stream written as several; see parts.h */
#include "parts.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "impl.h"

/* Files open at once, and bytes of a value, at most. */
enum { MOST = 500, VALUE = 200 };

struct part {
    char *value;
    struct rec_writer *w;
};

struct pair {
    char *key, *value;
};

struct parts {
    const char *path, *field;
    enum rec_format format;
    struct pair *pair; /* of made_by, this program's */
    size_t n_pairs;
    char kind[32], tool[32];
    char *made_by; /* of the programs before */
    size_t n_bytes;
    uint32_t n_before;
    struct part *part;
    size_t n, last; /* last: where the last record went */
};

int parts_open(struct parts **out, const char *path, const char *field,
               enum rec_format format, struct err *e)
{
    struct parts *s;

    *out = NULL;
    if (!strstr(path, "{}"))
        return err_set(e, ERR_USAGE,
                       "--split %s: found --output %s, expected a name with {} "
                       "where the value stands",
                       field, path);
    s = xcalloc(1, sizeof *s);
    *s = (struct parts){.path = path, .field = field, .format = format};
    *out = s;
    return 0;
}

void parts_made_by(struct parts *s, const char *key, const char *value)
{
    s->pair = xrealloc(s->pair, s->n_pairs + 1, sizeof *s->pair);
    s->pair[s->n_pairs++] = (struct pair){xstrdup(key), xstrdup(value)};
}

int parts_header(struct parts *s, const char *kind, const char *tool,
                 const struct rec_reader *from, struct err *e)
{
    const char *made_by = from ? rec_made_by_of(from, &s->n_before, &s->n_bytes)
                               : NULL;

    (void)e;
    snprintf(s->kind, sizeof s->kind, "%s", kind);
    snprintf(s->tool, sizeof s->tool, "%s", tool);
    s->made_by = xmalloc(s->n_bytes + 1);
    if (s->n_bytes)
        memcpy(s->made_by, made_by, s->n_bytes);
    return 0;
}

/* ---- the header of a part ------------------------------------------------ */

static int is_key(const msgpack_object *o, const char *key, size_t n)
{
    return o->type == MSGPACK_OBJECT_STR && o->via.str.size == n &&
           !memcmp(o->via.str.ptr, key, n);
}

/* The value of KEY.VALUE in a map, or NULL. */
static const msgpack_object *of_value(const msgpack_object_map *m,
                                      const msgpack_object *key,
                                      const char *value)
{
    char name[2 * VALUE];
    int n = snprintf(name, sizeof name, "%.*s.%s", (int)key->via.str.size,
                     key->via.str.ptr, value);

    for (uint32_t i = 0; n < (int)sizeof name && i < m->size; i++)
        if (is_key(&m->ptr[i].key, name, (size_t)n))
            return &m->ptr[i].val;
    return NULL;
}

static int is_of_value(const msgpack_object *key)
{
    return key->type == MSGPACK_OBJECT_STR &&
           memchr(key->via.str.ptr, '.', key->via.str.size);
}

/* A program's entry of made_by as it is for records of one value. */
static void put_entry(struct buf *b, const msgpack_object *entry,
                      const char *value)
{
    const msgpack_object_map *m = &entry->via.map;
    msgpack_packer pk;
    uint32_t n = 0;

    msgpack_packer_init(&pk, b, buf_packer_write);
    if (entry->type != MSGPACK_OBJECT_MAP) {
        msgpack_pack_object(&pk, *entry);
        return;
    }
    for (uint32_t i = 0; i < m->size; i++)
        n += !is_of_value(&m->ptr[i].key);
    msgpack_pack_map(&pk, n);
    for (uint32_t i = 0; i < m->size; i++) {
        const msgpack_object *key = &m->ptr[i].key, *own;

        if (is_of_value(key))
            continue;
        own = key->type == MSGPACK_OBJECT_STR ? of_value(m, key, value) : NULL;
        msgpack_pack_object(&pk, *key);
        msgpack_pack_object(&pk, own ? *own : m->ptr[i].val);
    }
}

static int before(const struct parts *s, struct buf *b, const char *value,
                  struct err *e)
{
    msgpack_zone zone;
    size_t at = 0;
    int r = 0;

    if (!msgpack_zone_init(&zone, 4096))
        return err_memory(e, "out of memory for a header");
    for (uint32_t i = 0; i < s->n_before && !r; i++) {
        msgpack_object entry;
        int got = msgpack_unpack(s->made_by, s->n_bytes, &at, &zone, &entry);

        if (got < 0)
            r = err_set(e, ERR_DATA, "made_by: not msgpack");
        else
            put_entry(b, &entry, value);
    }
    msgpack_zone_destroy(&zone);
    return r;
}

static void own_pairs(const struct parts *s, struct rec_writer *w,
                      const char *value)
{
    char name[2 * VALUE];

    for (size_t i = 0; i < s->n_pairs; i++) {
        const struct pair *p = &s->pair[i], *use = p;

        if (strchr(p->key, '.'))
            continue;
        snprintf(name, sizeof name, "%.100s.%s", p->key, value);
        for (size_t j = 0; j < s->n_pairs; j++)
            if (!strcmp(s->pair[j].key, name))
                use = &s->pair[j];
        rec_made_by(w, p->key, use->value);
    }
}

/* ---- parts --------------------------------------------------------------- */

static char *path_of(const struct parts *s, const char *value)
{
    const char *at = strstr(s->path, "{}");
    struct buf b = {0};
    char *path;

    buf_put(&b, s->path, (size_t)(at - s->path));
    buf_printf(&b, "%s%s", value, at + 2);
    path = xstrdup(buf_str(&b));
    buf_free(&b);
    return path;
}

static int new_part(struct parts *s, const char *value, struct err *e)
{
    struct buf made_by = {0};
    struct part *p;
    char *path;
    int r;

    if (s->n == MOST)
        return err_set(e, ERR_DATA,
                       "--split %s: found more than %d values, expected fewer",
                       s->field, MOST);
    s->part = xrealloc(s->part, s->n + 1, sizeof *s->part);
    p = &s->part[s->n++];
    *p = (struct part){.value = xstrdup(value)};
    path = path_of(s, value);
    r = rec_create(&p->w, path, s->format, e);
    if (!r)
        r = before(s, &made_by, value, e);
    if (!r) {
        own_pairs(s, p->w, value);
        r = rec_header_after(p->w, s->kind, s->tool, made_by.p, made_by.n,
                             s->n_before, e);
    }
    buf_free(&made_by);
    free(path);
    return r;
}

/* It becomes a part of a file's name. */
static int check_value(const struct parts *s, const struct rec *r,
                       const struct rec_str *v, struct err *e)
{
    static const char good[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                               "abcdefghijklmnopqrstuvwxyz0123456789_.,+@=-";

    if (v->n && v->n < VALUE && *v->s != '.' && strspn(v->s, good) == v->n)
        return 0;
    return rec_bad(r, e,
                   "%s: found '%.60s', expected letters, digits and _.,+@=-, "
                   "of which --split makes a file's name",
                   s->field, v->s);
}

int parts_write(struct parts *s, const struct rec *rec, struct err *e)
{
    struct rec *r = (struct rec *)(uintptr_t)rec;
    struct rec_str v;
    int x = rec_need_text(r, s->field, &v, e);

    if (!x)
        x = check_value(s, rec, &v, e);
    if (x)
        return x;
    for (size_t i = 0; i < s->n; i++) {
        size_t at = (s->last + i) % s->n;

        if (!strcmp(s->part[at].value, v.s)) {
            s->last = at;
            return rec_write(s->part[at].w, rec, e);
        }
    }
    s->last = s->n;
    x = new_part(s, v.s, e);
    return x ? x : rec_write(s->part[s->last].w, rec, e);
}

/* ---- the end ------------------------------------------------------------- */

void parts_abort(struct parts **sp)
{
    struct parts *s = *sp;

    if (!s)
        return;
    for (size_t i = 0; i < s->n; i++) {
        rec_abort(&s->part[i].w);
        free(s->part[i].value);
    }
    for (size_t i = 0; i < s->n_pairs; i++) {
        free(s->pair[i].key);
        free(s->pair[i].value);
    }
    free(s->part);
    free(s->pair);
    free(s->made_by);
    free(s);
    *sp = NULL;
}

int parts_commit(struct parts **sp, struct err *e)
{
    struct parts *s = *sp;
    int r = 0;

    for (size_t i = 0; i < s->n && !r; i++)
        r = rec_commit(&s->part[i].w, e);
    parts_abort(sp);
    return r;
}
