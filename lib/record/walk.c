/* walk - look at a record without knowing its fields */
#include <math.h>
#include <string.h>
#include "impl.h"
#include "walk.h"

/* A struct rec_value is a msgpack_object that callers cannot see into. */
static const msgpack_object *object(const struct rec_value *v)
{
    return (const msgpack_object *)(const void *)v;
}

static const struct rec_value *lend(const msgpack_object *o)
{
    return (const struct rec_value *)(const void *)o;
}

struct walk {
    struct rec *r;
    void (*leaf)(void *ctx, const char *path, const struct rec_value *v);
    void *ctx;
};

static void visit(struct walk *w, const char *path, const msgpack_object *o)
{
    if (o->type != MSGPACK_OBJECT_MAP || !o->via.map.size) {
        w->leaf(w->ctx, path, lend(o));
        return;
    }
    for (uint32_t i = 0; i < o->via.map.size; i++) {
        const msgpack_object_str *k = &o->via.map.ptr[i].key.via.str;

        visit(w, arena_printf(w->r->a, "%s.%.*s", path, (int)k->size, k->ptr),
              &o->via.map.ptr[i].val);
    }
}

void rec_walk(struct rec *r,
              void (*leaf)(void *ctx, const char *path,
                           const struct rec_value *v),
              void *ctx)
{
    struct walk w = {r, leaf, ctx};

    for (size_t i = 0; i < r->n; i++)
        visit(&w, rec_field_name(r, i), &r->f[i].val);
}

const struct rec_value *rec_value(struct rec *r, const char *path)
{
    return lend(rec_find(r, path));
}

enum rec_type rec_value_type(const struct rec_value *v)
{
    switch (object(v)->type) {
    case MSGPACK_OBJECT_BOOLEAN:
        return REC_BOOL;
    case MSGPACK_OBJECT_POSITIVE_INTEGER:
    case MSGPACK_OBJECT_NEGATIVE_INTEGER:
        return REC_INT;
    case MSGPACK_OBJECT_FLOAT32:
        return REC_F32;
    case MSGPACK_OBJECT_FLOAT64:
        return REC_F64;
    case MSGPACK_OBJECT_STR:
        return REC_STR;
    case MSGPACK_OBJECT_BIN:
        return REC_BIN;
    case MSGPACK_OBJECT_ARRAY:
        return REC_ARRAY;
    case MSGPACK_OBJECT_MAP:
        return REC_MAP;
    default:
        return REC_NIL;
    }
}

const char *rec_type_name(enum rec_type t)
{
    static const char *const name[] = {"nil",     "bool",    "int",
                                       "float32", "float64", "str",
                                       "bin",     "array",   "map"};

    return name[t];
}

size_t rec_value_n(const struct rec_value *v)
{
    const msgpack_object *o = object(v);

    switch (o->type) {
    case MSGPACK_OBJECT_STR:
        return o->via.str.size;
    case MSGPACK_OBJECT_BIN:
        return o->via.bin.size;
    case MSGPACK_OBJECT_ARRAY:
        return o->via.array.size;
    case MSGPACK_OBJECT_MAP:
        return o->via.map.size;
    default:
        return 0;
    }
}

const struct rec_value *rec_value_at(const struct rec_value *v, size_t i)
{
    return lend(&object(v)->via.array.ptr[i]);
}

double rec_value_f64(const struct rec_value *v)
{
    const msgpack_object *o = object(v);

    switch (o->type) {
    case MSGPACK_OBJECT_BOOLEAN:
        return o->via.boolean;
    case MSGPACK_OBJECT_POSITIVE_INTEGER:
        return (double)o->via.u64;
    case MSGPACK_OBJECT_NEGATIVE_INTEGER:
        return (double)o->via.i64;
    case MSGPACK_OBJECT_FLOAT32:
    case MSGPACK_OBJECT_FLOAT64:
        return o->via.f64;
    default:
        return (double)NAN;
    }
}

long double rec_value_number(const struct rec_value *v)
{
    const msgpack_object *o = object(v);

    if (o->type == MSGPACK_OBJECT_POSITIVE_INTEGER)
        return (long double)o->via.u64;
    if (o->type == MSGPACK_OBJECT_NEGATIVE_INTEGER)
        return (long double)o->via.i64;
    return (long double)rec_value_f64(v);
}

int rec_len_path(const char *text, char *path, size_t cap)
{
    size_t n = strlen(text);

    if (n < 6 || n - 5 >= cap || strncmp(text, "len(", 4) || text[n - 1] != ')')
        return 0;
    memcpy(path, text + 4, n - 5);
    path[n - 5] = 0;
    return 1;
}

const char *rec_value_str(const struct rec_value *v)
{
    return object(v)->via.str.ptr;
}

const char *rec_value_json(struct rec *r, const struct rec_value *v)
{
    struct buf b = {0};
    const char *s;

    if (value_json(&b, object(v), 0, "", NULL) < 0)
        buf_puts(&b, "null");
    s = arena_strndup(r->a, b.p, b.n);
    buf_free(&b);
    return s;
}

const char *rec_field_name(struct rec *r, size_t i)
{
    return arena_strndup(r->a, r->f[i].key, r->f[i].n_key);
}

const char *rec_field_json(struct rec *r, size_t i)
{
    return rec_value_json(r, lend(&r->f[i].val));
}

const char *rec_json(struct rec *r, const char *path)
{
    const msgpack_object *o = rec_find(r, path);

    return o ? rec_value_json(r, lend(o)) : NULL;
}
