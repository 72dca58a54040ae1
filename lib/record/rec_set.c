/* rec_set - set or replace fields, also inside maps */
#include <string.h>
#include "impl.h"

/* The value at path, made (as nil, and maps on the way) when it is not there.
 * Inner maps may share nothing with the input's bytes, so they are edited in
 * place; growing one copies its pairs into the arena. */
static msgpack_object *slot(struct rec *r, const char *path)
{
    size_t n = rec_path_name(path);
    msgpack_object *o;
    struct field *f = NULL;

    for (size_t i = 0; i < r->n && !f; i++)
        if (r->f[i].n_key == n && !memcmp(r->f[i].key, path, n))
            f = &r->f[i];
    if (!f)
        f = rec_add_field(r, arena_strndup(r->a, path, n), n);
    f->raw = NULL;
    o = &f->val;
    while (path[n]) {
        msgpack_object_kv *kv = NULL;

        path += n + 1;
        n = rec_path_name(path);
        if (o->type != MSGPACK_OBJECT_MAP) {
            o->type = MSGPACK_OBJECT_MAP;
            o->via.map.size = 0;
            o->via.map.ptr = NULL;
        }
        for (uint32_t i = 0; i < o->via.map.size && !kv; i++)
            if (o->via.map.ptr[i].key.via.str.size == n &&
                !memcmp(o->via.map.ptr[i].key.via.str.ptr, path, n))
                kv = &o->via.map.ptr[i];
        if (!kv) {
            uint32_t size = o->via.map.size;
            msgpack_object_kv *p = arena_alloc(r->a, (size + 1) * sizeof *p);

            if (size)
                memcpy(p, o->via.map.ptr, size * sizeof *p);
            kv = &p[size];
            kv->key.type = MSGPACK_OBJECT_STR;
            kv->key.via.str.ptr = arena_strndup(r->a, path, n);
            kv->key.via.str.size = (uint32_t)n;
            o->via.map.ptr = p;
            o->via.map.size++;
        }
        o = &kv->val;
    }
    return o;
}

void rec_set_str(struct rec *r, const char *path, const char *s, size_t n)
{
    msgpack_object *o = slot(r, path);

    o->type = MSGPACK_OBJECT_STR;
    o->via.str.ptr = arena_strndup(r->a, s, n);
    o->via.str.size = (uint32_t)n;
}

static void int_object(msgpack_object *o, int64_t v)
{
    o->type = v < 0 ? MSGPACK_OBJECT_NEGATIVE_INTEGER
                    : MSGPACK_OBJECT_POSITIVE_INTEGER;
    o->via.i64 = v;
}

void rec_set_i64(struct rec *r, const char *path, int64_t v)
{
    int_object(slot(r, path), v);
}

void rec_set_u64(struct rec *r, const char *path, uint64_t v)
{
    msgpack_object *o = slot(r, path);

    o->type = MSGPACK_OBJECT_POSITIVE_INTEGER;
    o->via.u64 = v;
}

void rec_set_f64(struct rec *r, const char *path, double v)
{
    msgpack_object *o = slot(r, path);

    o->type = MSGPACK_OBJECT_FLOAT64;
    o->via.f64 = v;
}

void rec_set_bool(struct rec *r, const char *path, int v)
{
    msgpack_object *o = slot(r, path);

    o->type = MSGPACK_OBJECT_BOOLEAN;
    o->via.boolean = v != 0;
}

static msgpack_object *array_slot(struct rec *r, const char *path, size_t n)
{
    msgpack_object *o = slot(r, path);

    o->type = MSGPACK_OBJECT_ARRAY;
    o->via.array.size = (uint32_t)n;
    o->via.array.ptr = arena_alloc(r->a, n * sizeof *o->via.array.ptr);
    return o->via.array.ptr;
}

void rec_set_i32s(struct rec *r, const char *path, const int32_t *v, size_t n)
{
    msgpack_object *o = array_slot(r, path, n);

    for (size_t i = 0; i < n; i++)
        int_object(&o[i], v[i]);
}

void rec_set_f32s(struct rec *r, const char *path, const float *v, size_t n)
{
    msgpack_object *o = array_slot(r, path, n);

    for (size_t i = 0; i < n; i++) {
        o[i].type = MSGPACK_OBJECT_FLOAT32;
        o[i].via.f64 = (double)v[i];
    }
}

void rec_set_strs(struct rec *r, const char *path, const struct rec_str *v,
                  size_t n)
{
    msgpack_object *o = array_slot(r, path, n);

    for (size_t i = 0; i < n; i++) {
        o[i].type = MSGPACK_OBJECT_STR;
        o[i].via.str.ptr = arena_strndup(r->a, v[i].s, v[i].n);
        o[i].via.str.size = (uint32_t)v[i].n;
    }
}

void rec_unset(struct rec *r, const char *path)
{
    const char *dot = strrchr(path, '.');
    char outer[256];
    const msgpack_object *o;
    msgpack_object *m;

    if (!dot) {
        for (size_t i = 0; i < r->n; i++)
            if (r->f[i].n_key == strlen(path) &&
                !memcmp(r->f[i].key, path, r->f[i].n_key)) {
                memmove(&r->f[i], &r->f[i + 1], (r->n - i - 1) * sizeof *r->f);
                r->n--;
                return;
            }
        return;
    }
    if (!rec_find(r, path) || dot - path >= (long)sizeof outer)
        return;
    memcpy(outer, path, (size_t)(dot - path));
    outer[dot - path] = 0;
    m = slot(r, outer);
    o = m->via.map.ptr ? rec_find(r, path) : NULL;
    for (uint32_t i = 0; o && i < m->via.map.size; i++)
        if (&m->via.map.ptr[i].val == o) {
            memmove(&m->via.map.ptr[i], &m->via.map.ptr[i + 1],
                    (m->via.map.size - i - 1) * sizeof *m->via.map.ptr);
            m->via.map.size--;
            return;
        }
}
