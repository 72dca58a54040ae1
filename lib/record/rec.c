/* rec - one record: parse, pack, get */
#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include "impl.h"

void rec_init(struct rec *r)
{
    memset(r, 0, sizeof *r);
    r->a = arena_open();
    if (!msgpack_zone_init(&r->zone, 8192))
        abort();
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
        r->cap = r->cap ? 2 * r->cap : 16;
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

static int keys_differ(struct rec *r, struct err *e)
{
    const struct field **p = arena_alloc(r->a, r->n * sizeof *p);

    for (size_t i = 0; i < r->n; i++)
        p[i] = &r->f[i];
    qsort(p, r->n, sizeof *p, order_keys);
    for (size_t i = 1; i < r->n; i++)
        if (!order_keys(&p[i - 1], &p[i]))
            return err_set(e, ERR_DATA, "field '%.*s' stands twice",
                           (int)p[i]->n_key, p[i]->key);
    return 0;
}

int rec_parse(struct rec *r, const char *p, size_t n, struct err *e)
{
    unsigned char c = (unsigned char)p[0];
    const unsigned char *u = (const unsigned char *)p;
    size_t off, n_fields;
    msgpack_object key;

    rec_empty(r);
    if (c == 0xdf) {
        n_fields = (size_t)u[1] << 24 | (size_t)u[2] << 16 |
                   (size_t)u[3] << 8 | u[4];
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
        char where[128];
        int ret, x;

        ret = msgpack_unpack(p, n, &off, &r->zone, &key);
        if (ret != MSGPACK_UNPACK_SUCCESS && ret != MSGPACK_UNPACK_EXTRA_BYTES)
            return err_set(e, ERR_DATA, "is not valid msgpack");
        if (key.type != MSGPACK_OBJECT_STR)
            return err_set(e, ERR_DATA, "a field's name is %s, expected str",
                           value_type(&key));
        if ((x = value_check(&key, "a field's name", e)) < 0)
            return x;
        f = rec_add_field(r, key.via.str.ptr, key.via.str.size);
        f->raw = p + off;
        ret = msgpack_unpack(p, n, &off, &r->zone, &f->val);
        if (ret != MSGPACK_UNPACK_SUCCESS && ret != MSGPACK_UNPACK_EXTRA_BYTES)
            return err_set(e, ERR_DATA, "is not valid msgpack");
        f->n_raw = (size_t)(p + off - f->raw);
        snprintf(where, sizeof where, "%.*s",
                 (int)(f->n_key > 99 ? 99 : f->n_key), f->key);
        if ((x = value_check(&f->val, where, e)) < 0)
            return x;
    }
    return r->n > 1 ? keys_differ(r, e) : 0;
}

int buf_packer_write(void *b, const char *p, size_t n)
{
    buf_put(b, p, n);
    return 0;
}

void rec_pack(const struct rec *r, struct buf *b)
{
    msgpack_packer pk;

    msgpack_packer_init(&pk, b, buf_packer_write);
    msgpack_pack_map(&pk, r->n);
    for (size_t i = 0; i < r->n; i++) {
        const struct field *f = &r->f[i];

        msgpack_pack_str(&pk, f->n_key);
        msgpack_pack_str_body(&pk, f->key, f->n_key);
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

const msgpack_object *rec_find(const struct rec *r, const char *path)
{
    size_t n = strcspn(path, ".");
    const msgpack_object *o = NULL;

    for (size_t i = 0; i < r->n && !o; i++)
        if (same_key(&r->f[i], path, n))
            o = &r->f[i].val;
    while (o && path[n]) {
        path += n + 1;
        n = strcspn(path, ".");
        o = in_map(o, path, n);
    }
    return o;
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

/* ---- getters ---- */

static int found(const struct rec *r, const char *path,
                 const msgpack_object *o, const char *expected,
                 struct err *e)
{
    return rec_bad(r, e, "%s: found %s, expected %s", path, value_type(o),
                   expected);
}

static const msgpack_object *present(const struct rec *r, const char *path)
{
    const msgpack_object *o = rec_find(r, path);

    return o && o->type != MSGPACK_OBJECT_NIL ? o : NULL;
}

int rec_get_str(struct rec *r, const char *path, struct rec_str *out,
                struct err *e)
{
    const msgpack_object *o = present(r, path);

    if (!o)
        return 0;
    if (o->type != MSGPACK_OBJECT_STR)
        return found(r, path, o, "str", e);
    out->s = arena_strndup(r->a, o->via.str.ptr, o->via.str.size);
    out->n = o->via.str.size;
    return 1;
}

static int to_i64(const struct rec *r, const char *path,
                  const msgpack_object *o, int64_t min, int64_t max,
                  int64_t *out, struct err *e)
{
    if (o->type != MSGPACK_OBJECT_POSITIVE_INTEGER &&
        o->type != MSGPACK_OBJECT_NEGATIVE_INTEGER)
        return found(r, path, o, "int", e);
    if ((o->type == MSGPACK_OBJECT_POSITIVE_INTEGER &&
         o->via.u64 > (uint64_t)max) ||
        (o->type == MSGPACK_OBJECT_NEGATIVE_INTEGER && o->via.i64 < min)) {
        if (o->type == MSGPACK_OBJECT_POSITIVE_INTEGER)
            return rec_bad(r, e, "%s: %llu is out of range", path,
                           (unsigned long long)o->via.u64);
        return rec_bad(r, e, "%s: %lld is out of range", path,
                       (long long)o->via.i64);
    }
    *out = o->via.i64;
    return 1;
}

int rec_get_i64(struct rec *r, const char *path, int64_t *out, struct err *e)
{
    const msgpack_object *o = present(r, path);

    return o ? to_i64(r, path, o, INT64_MIN, INT64_MAX, out, e) : 0;
}

int rec_get_u64(struct rec *r, const char *path, uint64_t *out,
                struct err *e)
{
    const msgpack_object *o = present(r, path);

    if (!o)
        return 0;
    if (o->type == MSGPACK_OBJECT_NEGATIVE_INTEGER)
        return rec_bad(r, e, "%s: %lld is out of range", path,
                       (long long)o->via.i64);
    if (o->type != MSGPACK_OBJECT_POSITIVE_INTEGER)
        return found(r, path, o, "int", e);
    *out = o->via.u64;
    return 1;
}

static int to_f64(const struct rec *r, const char *path,
                  const msgpack_object *o, double max, double *out,
                  const char *expected, struct err *e)
{
    switch (o->type) {
    case MSGPACK_OBJECT_POSITIVE_INTEGER:
        *out = (double)o->via.u64;
        return 1;
    case MSGPACK_OBJECT_NEGATIVE_INTEGER:
        *out = (double)o->via.i64;
        return 1;
    case MSGPACK_OBJECT_FLOAT32:
    case MSGPACK_OBJECT_FLOAT64:
        *out = o->via.f64;
        break;
    default:
        return found(r, path, o, expected, e);
    }
    if (!isfinite(*out))
        return rec_bad(r, e, "%s: found %s, expected a finite number", path,
                       isnan(*out) ? "nan" : *out > 0 ? "inf" : "-inf");
    if (fabs(*out) > max)
        return rec_bad(r, e, "%s: %g is out of float32's range", path, *out);
    return 1;
}

int rec_get_f64(struct rec *r, const char *path, double *out, struct err *e)
{
    const msgpack_object *o = present(r, path);

    return o ? to_f64(r, path, o, DBL_MAX, out, "float", e) : 0;
}

int rec_get_bool(struct rec *r, const char *path, int *out, struct err *e)
{
    const msgpack_object *o = present(r, path);

    if (!o)
        return 0;
    if (o->type != MSGPACK_OBJECT_BOOLEAN)
        return found(r, path, o, "bool", e);
    *out = o->via.boolean;
    return 1;
}

/* 1 and the elements, or as the getters */
static int elements(struct rec *r, const char *path, const char *expected,
                    const msgpack_object **v, size_t *n, struct err *e)
{
    const msgpack_object *o = present(r, path);

    if (!o)
        return 0;
    if (o->type != MSGPACK_OBJECT_ARRAY)
        return found(r, path, o, expected, e);
    *v = o->via.array.ptr;
    *n = o->via.array.size;
    return 1;
}

static const char *element(struct rec *r, const char *path, size_t i)
{
    return arena_printf(r->a, "%s[%zu]", path, i);
}

int rec_get_i32s(struct rec *r, const char *path, struct rec_i32s *out,
                 struct err *e)
{
    const msgpack_object *v = NULL;
    size_t n = 0;
    int ret = elements(r, path, "array of int", &v, &n, e);
    int32_t *p;

    if (ret <= 0)
        return ret;
    p = arena_alloc(r->a, n * sizeof *p);
    for (size_t i = 0; i < n; i++) {
        int64_t x;

        /* the path of an element is made only for a message */
        if (v[i].type != MSGPACK_OBJECT_POSITIVE_INTEGER ||
            v[i].via.u64 > INT32_MAX) {
            ret = to_i64(r, element(r, path, i), &v[i], INT32_MIN, INT32_MAX,
                         &x, e);
            if (ret < 0)
                return ret;
        }
        p[i] = (int32_t)v[i].via.i64;
    }
    out->v = p;
    out->n = n;
    return 1;
}

int rec_get_f32s(struct rec *r, const char *path, struct rec_f32s *out,
                 struct err *e)
{
    const msgpack_object *v = NULL;
    size_t n = 0;
    int ret = elements(r, path, "array of float", &v, &n, e);
    float *p;

    if (ret <= 0)
        return ret;
    p = arena_alloc(r->a, n * sizeof *p);
    for (size_t i = 0; i < n; i++) {
        double x = v[i].via.f64;

        if (v[i].type != MSGPACK_OBJECT_FLOAT32 || !isfinite(x)) {
            ret = to_f64(r, element(r, path, i), &v[i], FLT_MAX, &x, "float",
                         e);
            if (ret < 0)
                return ret;
        }
        p[i] = (float)x;
    }
    out->v = p;
    out->n = n;
    return 1;
}

int rec_get_strs(struct rec *r, const char *path, const struct rec_str **out,
                 size_t *n_out, struct err *e)
{
    const msgpack_object *v = NULL;
    size_t n = 0;
    int ret = elements(r, path, "array of str", &v, &n, e);
    struct rec_str *p;

    if (ret <= 0)
        return ret;
    p = arena_alloc(r->a, n * sizeof *p);
    for (size_t i = 0; i < n; i++) {
        if (v[i].type != MSGPACK_OBJECT_STR)
            return found(r, element(r, path, i), &v[i], "str", e);
        p[i].s = arena_strndup(r->a, v[i].via.str.ptr, v[i].via.str.size);
        p[i].n = v[i].via.str.size;
    }
    *out = p;
    *n_out = n;
    return 1;
}

static int need(const struct rec *r, const char *path, int ret,
                struct err *e)
{
    if (ret)
        return ret < 0 ? ret : 0;
    return rec_bad(r, e, "%s is missing", path);
}

int rec_need_str(struct rec *r, const char *path, struct rec_str *out,
                 struct err *e)
{
    return need(r, path, rec_get_str(r, path, out, e), e);
}

int rec_need_i64(struct rec *r, const char *path, int64_t *out,
                 struct err *e)
{
    return need(r, path, rec_get_i64(r, path, out, e), e);
}

int rec_need_f64(struct rec *r, const char *path, double *out,
                 struct err *e)
{
    return need(r, path, rec_get_f64(r, path, out, e), e);
}

int rec_need_i32s(struct rec *r, const char *path, struct rec_i32s *out,
                  struct err *e)
{
    return need(r, path, rec_get_i32s(r, path, out, e), e);
}

int rec_need_f32s(struct rec *r, const char *path, struct rec_f32s *out,
                  struct err *e)
{
    return need(r, path, rec_get_f32s(r, path, out, e), e);
}

/* ---- walking ---- */

size_t rec_n_fields(struct rec *r)
{
    return r->n;
}

const char *rec_field_name(struct rec *r, size_t i)
{
    return arena_strndup(r->a, r->f[i].key, r->f[i].n_key);
}

static const char *as_json(struct rec *r, const msgpack_object *o)
{
    struct buf b = {0};
    const char *s;

    /* not strict: cannot fail */
    if (value_json(&b, o, 0, "", NULL) < 0)
        buf_puts(&b, "null");
    s = arena_strndup(r->a, b.p, b.n);
    buf_free(&b);
    return s;
}

const char *rec_field_json(struct rec *r, size_t i)
{
    return as_json(r, &r->f[i].val);
}

const char *rec_json(struct rec *r, const char *path)
{
    const msgpack_object *o = rec_find(r, path);

    return o ? as_json(r, o) : NULL;
}
