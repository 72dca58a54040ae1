/* value - msgpack objects: checks and JSON text */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "../base/json_text.h"
#include "../base/utf8.h"
#include "value.h"

const char *value_type(const msgpack_object *o)
{
    switch (o->type) {
    case MSGPACK_OBJECT_NIL:
        return "nil";
    case MSGPACK_OBJECT_BOOLEAN:
        return "bool";
    case MSGPACK_OBJECT_POSITIVE_INTEGER:
    case MSGPACK_OBJECT_NEGATIVE_INTEGER:
        return "int";
    case MSGPACK_OBJECT_FLOAT32:
    case MSGPACK_OBJECT_FLOAT64:
        return "float";
    case MSGPACK_OBJECT_STR:
        return "str";
    case MSGPACK_OBJECT_BIN:
        return "bin";
    case MSGPACK_OBJECT_ARRAY:
        return "array";
    case MSGPACK_OBJECT_MAP:
        return "map";
    default:
        return "ext";
    }
}

static int key_order(const void *a, const void *b)
{
    const msgpack_object_str *x = *(const msgpack_object_str *const *)a;
    const msgpack_object_str *y = *(const msgpack_object_str *const *)b;
    size_t n = x->size < y->size ? x->size : y->size;
    int c = n ? memcmp(x->ptr, y->ptr, n) : 0;

    return c ? c : (x->size > y->size) - (x->size < y->size);
}

static int check_map(const msgpack_object_map *m, const char *where,
                     struct err *e)
{
    const msgpack_object_str **keys = NULL;
    char inner[256];
    int r = 0;

    if (m->size)
        keys = xmalloc(m->size * sizeof *keys);
    for (uint32_t i = 0; i < m->size && !r; i++) {
        const msgpack_object_kv *kv = &m->ptr[i];

        if (kv->key.type != MSGPACK_OBJECT_STR) {
            r = err_set(e, ERR_DATA, "%s: a map key is %s, expected str", where,
                        value_type(&kv->key));
            break;
        }
        keys[i] = &kv->key.via.str;
        r = value_check(&kv->key, where, e);
        if (r)
            break;
        snprintf(inner, sizeof inner, "%s.%.*s", where,
                 (int)(kv->key.via.str.size > 99 ? 99 : kv->key.via.str.size),
                 kv->key.via.str.ptr);
        r = value_check(&kv->val, inner, e);
    }
    if (!r && m->size > 1) {
        qsort(keys, m->size, sizeof *keys, key_order);
        for (uint32_t i = 1; i < m->size && !r; i++)
            if (!key_order(&keys[i - 1], &keys[i]))
                r = err_set(e, ERR_DATA, "%s: key '%.*s' stands twice", where,
                            (int)keys[i]->size, keys[i]->ptr);
    }
    free(keys);
    return r;
}

int value_check(const msgpack_object *o, const char *where, struct err *e)
{
    int r = 0;

    switch (o->type) {
    case MSGPACK_OBJECT_STR:
        if (!utf8_whole(o->via.str.ptr, o->via.str.size))
            return err_set(e, ERR_DATA, "%s: is not valid UTF-8", where);
        return 0;
    case MSGPACK_OBJECT_ARRAY:
        for (uint32_t i = 0; i < o->via.array.size && !r; i++)
            if (o->via.array.ptr[i].type >= MSGPACK_OBJECT_STR &&
                o->via.array.ptr[i].type != MSGPACK_OBJECT_FLOAT32)
                r = value_check(&o->via.array.ptr[i], where, e);
        return r;
    case MSGPACK_OBJECT_MAP:
        return check_map(&o->via.map, where, e);
    case MSGPACK_OBJECT_EXT:
        return err_set(e, ERR_DATA, "%s: is an ext type", where);
    default:
        return 0;
    }
}

int value_finite(const msgpack_object *o, const char *where, struct err *e)
{
    char inner[256];
    int r = 0;

    switch (o->type) {
    case MSGPACK_OBJECT_FLOAT32:
    case MSGPACK_OBJECT_FLOAT64:
        if (isfinite(o->via.f64))
            return 0;
        return err_set(e, ERR_DATA, "%s: found %s, expected a finite number",
                       where,
                       isnan(o->via.f64) ? "nan"
                       : o->via.f64 > 0  ? "inf"
                                         : "-inf");
    case MSGPACK_OBJECT_ARRAY:
        for (uint32_t i = 0; i < o->via.array.size && !r; i++) {
            const msgpack_object *x = &o->via.array.ptr[i];

            /* the place of an element is made only for a message */
            if (x->type < MSGPACK_OBJECT_FLOAT64 ||
                ((x->type == MSGPACK_OBJECT_FLOAT32 ||
                  x->type == MSGPACK_OBJECT_FLOAT64) &&
                 isfinite(x->via.f64)))
                continue;
            snprintf(inner, sizeof inner, "%s[%u]", where, (unsigned)i);
            r = value_finite(x, inner, e);
        }
        return r;
    case MSGPACK_OBJECT_MAP:
        for (uint32_t i = 0; i < o->via.map.size && !r; i++) {
            const msgpack_object_str *k = &o->via.map.ptr[i].key.via.str;

            snprintf(inner, sizeof inner, "%s.%.*s", where,
                     (int)(k->size > 99 ? 99 : k->size), k->ptr);
            r = value_finite(&o->via.map.ptr[i].val, inner, e);
        }
        return r;
    default:
        return 0;
    }
}

static int json_float(struct buf *b, const msgpack_object *o, int strict,
                      const char *where, struct err *e)
{
    char num[32];

    if (strict && !isfinite(o->via.f64))
        return err_set(e, ERR_DATA, "%s: %g has no form in JSON", where,
                       o->via.f64);
    if (o->type == MSGPACK_OBJECT_FLOAT32)
        json_f32(num, (float)o->via.f64);
    else
        json_f64(num, o->via.f64);
    buf_puts(b, num);
    return 0;
}

int value_json(struct buf *b, const msgpack_object *o, int strict,
               const char *where, struct err *e)
{
    int r = 0;

    switch (o->type) {
    case MSGPACK_OBJECT_NIL:
        buf_puts(b, "null");
        break;
    case MSGPACK_OBJECT_BOOLEAN:
        buf_puts(b, o->via.boolean ? "true" : "false");
        break;
    case MSGPACK_OBJECT_POSITIVE_INTEGER:
        buf_printf(b, "%llu", (unsigned long long)o->via.u64);
        break;
    case MSGPACK_OBJECT_NEGATIVE_INTEGER:
        buf_printf(b, "%lld", (long long)o->via.i64);
        break;
    case MSGPACK_OBJECT_FLOAT32:
    case MSGPACK_OBJECT_FLOAT64:
        return json_float(b, o, strict, where, e);
    case MSGPACK_OBJECT_STR:
        json_quote(b, o->via.str.ptr, o->via.str.size);
        break;
    case MSGPACK_OBJECT_ARRAY:
        buf_puts(b, "[");
        for (uint32_t i = 0; i < o->via.array.size && !r; i++) {
            buf_puts(b, i ? "," : "");
            r = value_json(b, &o->via.array.ptr[i], strict, where, e);
        }
        buf_puts(b, "]");
        break;
    case MSGPACK_OBJECT_MAP:
        buf_puts(b, "{");
        for (uint32_t i = 0; i < o->via.map.size && !r; i++) {
            const msgpack_object_kv *kv = &o->via.map.ptr[i];

            buf_puts(b, i ? "," : "");
            json_quote(b, kv->key.via.str.ptr, kv->key.via.str.size);
            buf_puts(b, ":");
            r = value_json(b, &kv->val, strict, where, e);
        }
        buf_puts(b, "}");
        break;
    default:
        if (strict)
            return err_set(e, ERR_DATA, "%s: bin has no form in JSON", where);
        buf_printf(b, "\"<%u bytes>\"", o->via.bin.size);
        break;
    }
    return r;
}
