/* rec_get - typed views of fields, and what is wrong when there is none */
#include <float.h>
#include <math.h>
#include <string.h>
#include "impl.h"

static int found(const struct rec *r, const char *path, const msgpack_object *o,
                 const char *expected, struct err *e)
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

int rec_get_text(struct rec *r, const char *path, struct rec_str *out,
                 struct err *e)
{
    const msgpack_object *o = present(r, path);

    if (!o)
        return 0;
    if (o->type == MSGPACK_OBJECT_STR)
        return rec_get_str(r, path, out, e);
    if (o->type == MSGPACK_OBJECT_POSITIVE_INTEGER)
        out->s = arena_printf(r->a, "%llu", (unsigned long long)o->via.u64);
    else if (o->type == MSGPACK_OBJECT_NEGATIVE_INTEGER)
        out->s = arena_printf(r->a, "%lld", (long long)o->via.i64);
    else
        return found(r, path, o, "str or int", e);
    out->n = strlen(out->s);
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

int rec_get_u64(struct rec *r, const char *path, uint64_t *out, struct err *e)
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
                       isnan(*out) ? "nan"
                       : *out > 0  ? "inf"
                                   : "-inf");
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

static int need(const struct rec *r, const char *path, int ret, struct err *e)
{
    if (ret)
        return ret < 0 ? ret : 0;
    return rec_missing(r, path, e);
}

int rec_missing(const struct rec *r, const char *path, struct err *e)
{
    const char *tool = rec_writer_of(path);

    return rec_bad(r, e, "%s is missing%s%s", path, tool ? ": run " : "",
                   tool ? tool : "");
}

int rec_need_str(struct rec *r, const char *path, struct rec_str *out,
                 struct err *e)
{
    return need(r, path, rec_get_str(r, path, out, e), e);
}

int rec_need_text(struct rec *r, const char *path, struct rec_str *out,
                  struct err *e)
{
    return need(r, path, rec_get_text(r, path, out, e), e);
}

int rec_need_i64(struct rec *r, const char *path, int64_t *out, struct err *e)
{
    return need(r, path, rec_get_i64(r, path, out, e), e);
}

int rec_need_f64(struct rec *r, const char *path, double *out, struct err *e)
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
