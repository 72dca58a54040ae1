/* rec - one record: parse, pack, copy, find */
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include "impl.h"
#include "unpack.h"

void rec_init(struct rec *r)
{
    memset(r, 0, sizeof *r);
    r->a = arena_open();
    if (!msgpack_zone_init(&r->zone, 1024))
        xmalloc_failed(1024);
}

void rec_drop(struct rec *r)
{
    if (!r->a)
        return;
    arena_close(&r->a);
    msgpack_zone_destroy(&r->zone);
    free(r->f);
    free(r->own);
    memset(r, 0, sizeof *r);
}

void rec_empty(struct rec *r)
{
    arena_reset(r->a);
    msgpack_zone_clear(&r->zone);
    r->n = 0;
}

struct field *rec_add_field(struct rec *r, const char *key, size_t n_key)
{
    struct field *f;

    if (r->n == r->cap) {
        r->cap = r->cap ? 2 * r->cap : 8;
        r->f = xrealloc(r->f, r->cap, sizeof *r->f);
    }
    f = &r->f[r->n++];
    memset(f, 0, sizeof *f);
    f->key = key;
    f->n_key = n_key;
    return f;
}

static int same_key(const struct field *f, const char *key, size_t n)
{
    return f->n_key == n && !memcmp(f->key, key, n);
}

static int order_keys(const void *a, const void *b)
{
    const struct field *x = *(const struct field *const *)a;
    const struct field *y = *(const struct field *const *)b;

    if (x->n_key != y->n_key)
        return x->n_key < y->n_key ? -1 : 1;
    return memcmp(x->key, y->key, x->n_key);
}

static int twice(const struct field *f, struct err *e)
{
    return err_set(e, ERR_DATA, "field '%.*s' stands twice", (int)f->n_key,
                   f->key);
}

static int sorted_keys_differ(struct rec *r, struct err *e)
{
    const struct field **p = arena_alloc(r->a, r->n * sizeof *p);

    for (size_t i = 0; i < r->n; i++)
        p[i] = &r->f[i];
    qsort(p, r->n, sizeof *p, order_keys);
    for (size_t i = 1; i < r->n; i++)
        if (!order_keys(&p[i - 1], &p[i]))
            return twice(p[i], e);
    return 0;
}

/* A bit for each key, by its length and ends: keys with a bit of their own need
 * no comparison, and those of a record nearly all have one. */
static int keys_differ(struct rec *r, struct err *e)
{
    uint64_t seen = 0;

    if (r->n > 64)
        return sorted_keys_differ(r, e);
    for (size_t i = 0; i < r->n; i++) {
        const struct field *f = &r->f[i];
        size_t n = f->n_key;
        unsigned first = n ? (unsigned char)f->key[0] : 0;
        unsigned last = n ? (unsigned char)f->key[n - 1] : 0;
        uint64_t bit = (uint64_t)1 << ((n * 5 + first * 3 + last) & 63);

        for (size_t j = 0; j < i && (seen & bit); j++)
            if (same_key(&r->f[j], f->key, n))
                return twice(f, e);
        seen |= bit;
    }
    return 0;
}

/* An empty string of msgpack-c is a null pointer, to which nothing may be
 * added and which memcmp does not take. */
static void place_empty(msgpack_object *o)
{
    switch (o->type) {
    case MSGPACK_OBJECT_STR:
        o->via.str.ptr = o->via.str.ptr ? o->via.str.ptr : "";
        break;
    case MSGPACK_OBJECT_BIN:
        o->via.bin.ptr = o->via.bin.ptr ? o->via.bin.ptr : "";
        break;
    case MSGPACK_OBJECT_ARRAY:
        for (uint32_t i = 0; i < o->via.array.size; i++)
            if (o->via.array.ptr[i].type >= MSGPACK_OBJECT_STR)
                place_empty(&o->via.array.ptr[i]);
        break;
    case MSGPACK_OBJECT_MAP:
        for (uint32_t i = 0; i < o->via.map.size; i++) {
            place_empty(&o->via.map.ptr[i].key);
            place_empty(&o->via.map.ptr[i].val);
        }
        break;
    default:
        break;
    }
}

/* nil, a bool or a finite number */
static int is_plain(const msgpack_object *o)
{
    return o->type < MSGPACK_OBJECT_FLOAT64 ||
           ((o->type == MSGPACK_OBJECT_FLOAT64 ||
             o->type == MSGPACK_OBJECT_FLOAT32) &&
            isfinite(o->via.f64));
}

/* Plain, or an array of what is: nothing in it is to be checked. */
static int is_all_plain(const msgpack_object *o)
{
    if (o->type != MSGPACK_OBJECT_ARRAY)
        return is_plain(o);
    for (uint32_t i = 0; i < o->via.array.size; i++)
        if (!is_plain(&o->via.array.ptr[i]))
            return 0;
    return 1;
}

static int check_value(struct field *f, struct err *e)
{
    f->finite = is_all_plain(&f->val);
    if (f->finite)
        return 0;
    f->finite = f->val.type == MSGPACK_OBJECT_STR;
    place_empty(&f->val);
    return value_check(&f->val, field_name(f).s, e);
}

int rec_parse(struct rec *r, const char *p, size_t n, struct err *e)
{
    unsigned char c = (unsigned char)p[0];
    const unsigned char *u = (const unsigned char *)p;
    size_t off, n_fields;
    msgpack_object key;

    rec_empty(r);
    if (c == 0xdf) {
        n_fields = (size_t)u[1] << 24 | (size_t)u[2] << 16 | (size_t)u[3] << 8 |
                   u[4];
        off = 5;
    } else if (c == 0xde) {
        n_fields = (size_t)u[1] << 8 | u[2];
        off = 3;
    } else {
        n_fields = c & 0x0f;
        off = 1;
    }
    for (size_t i = 0; i < n_fields; i++) {
        struct field *f;
        int x = unpack_object(p, n, &off, &r->zone, &key, e);

        if (x)
            return x;
        place_empty(&key);
        if (key.type != MSGPACK_OBJECT_STR)
            return err_set(e, ERR_DATA, "a field's name is %s, expected str",
                           value_type(&key));
        if ((x = value_check(&key, "a field's name", e)) < 0)
            return x;
        f = rec_add_field(r, key.via.str.ptr, key.via.str.size);
        f->raw = p + off;
        x = unpack_object(p, n, &off, &r->zone, &f->val, e);
        if (x)
            return x;
        f->n_raw = (size_t)(p + off - f->raw);
        if ((x = check_value(f, e)) < 0)
            return x;
    }
    return r->n > 1 ? keys_differ(r, e) : 0;
}

int buf_packer_write(void *b, const char *p, size_t n)
{
    buf_put(b, p, n);
    return 0;
}

/* As msgpack-c packs it, in one piece where its length is one byte. */
static void pack_key(msgpack_packer *pk, const struct field *f)
{
    struct buf *b = pk->data;
    char *to;

    if (f->n_key > 0x1f) {
        msgpack_pack_str(pk, f->n_key);
        msgpack_pack_str_body(pk, f->key, f->n_key);
        return;
    }
    to = buf_room(b, 1 + f->n_key);
    *to = (char)(0xa0 | f->n_key);
    memcpy(to + 1, f->key, f->n_key);
    b->n += 1 + f->n_key;
}

void rec_pack(const struct rec *r, struct buf *b)
{
    msgpack_packer pk;

    msgpack_packer_init(&pk, b, buf_packer_write);
    msgpack_pack_map(&pk, r->n);
    for (size_t i = 0; i < r->n; i++) {
        const struct field *f = &r->f[i];

        pack_key(&pk, f);
        if (f->raw)
            buf_put(b, f->raw, f->n_raw);
        else
            msgpack_pack_object(&pk, f->val);
    }
}

struct rec *rec_new(void)
{
    struct rec *r = xmalloc(sizeof *r);

    rec_init(r);
    return r;
}

struct rec *rec_copy(const struct rec *from)
{
    struct rec *r = rec_new();
    struct buf b = {0};
    struct err e;

    rec_pack(from, &b);
    r->own = b.p;
    r->number = from->number;
    /* What was packed from a record parses. */
    if (rec_parse(r, b.p, b.n, &e) < 0)
        rec_empty(r);
    /* in the zone, because rec_empty has run already */
    if (from->name)
        r->name = arena_strndup(r->a, from->name, strlen(from->name));
    return r;
}

void rec_clear(struct rec *r)
{
    rec_empty(r);
    r->name = NULL;
}

void rec_free(struct rec **r)
{
    if (!*r)
        return;
    rec_drop(*r);
    free(*r);
    *r = NULL;
}

static const msgpack_object *in_map(const msgpack_object *m, const char *key,
                                    size_t n)
{
    if (m->type != MSGPACK_OBJECT_MAP)
        return NULL;
    for (uint32_t i = 0; i < m->via.map.size; i++) {
        const msgpack_object_str *k = &m->via.map.ptr[i].key.via.str;

        if (k->size == n && !memcmp(k->ptr, key, n))
            return &m->via.map.ptr[i].val;
    }
    return NULL;
}

size_t rec_path_name(const char *path)
{
    size_t n = 0;
    int inside = 0;

    for (; path[n] && (inside || path[n] != '.'); n++)
        inside += path[n] == '(' ? 1 : path[n] == ')' && inside ? -1 : 0;
    return inside ? strcspn(path, ".") : n;
}

const msgpack_object *rec_find(const struct rec *r, const char *path)
{
    size_t n = rec_path_name(path);
    const msgpack_object *o = NULL;

    for (size_t i = 0; i < r->n && !o; i++)
        if (same_key(&r->f[i], path, n))
            o = &r->f[i].val;
    while (o && path[n]) {
        path += n + 1;
        n = rec_path_name(path);
        o = in_map(o, path, n);
    }
    return o;
}

int rec_finite(const struct rec *r, struct err *e)
{
    for (size_t i = 0; i < r->n; i++) {
        const struct field *f = &r->f[i];
        struct err why;

        if (!field_is_finite(f) &&
            value_finite(&f->val, field_name(f).s, &why) < 0)
            return rec_bad(r, e, "%.700s", why.msg);
    }
    return 0;
}

int rec_bad(const struct rec *r, struct err *e, const char *fmt, ...)
{
    char msg[800];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(msg, sizeof msg, fmt, ap);
    va_end(ap);
    if (!r->name)
        return err_set(e, ERR_DATA, "%s", msg);
    return err_set(e, ERR_DATA, "%s: record %llu: %s", r->name,
                   (unsigned long long)r->number, msg);
}
