/* st_header - the header of one safetensors file, held against its data
 *
 * Layout: u64 little-endian header length, that many bytes of JSON
 * ({name: {dtype, shape, data_offsets}}, and __metadata__), then the data,
 * which the tensors cover without gap or overlap.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../base/json.h"
#include "st_impl.h"

#define MAX_HEADER 100000000 /* the reference implementation's bound */

/* A tensor of a file, for messages. */
struct where {
    const char *path, *name;
};

static int bad(struct where w, struct err *e, const char *what)
{
    return err_set(e, ERR_DATA, "%s: tensor %.200s: %s", w.path, w.name, what);
}

static int get_type(struct st_tensor *t, const json_t *o, struct where w,
                    struct err *e)
{
    const char *s = json_string_value(json_object_get(o, "dtype"));

    if (!s)
        return bad(w, e, "no dtype");
    if (!strcmp(s, "F32"))
        t->type = DT_F32;
    else if (!strcmp(s, "BF16"))
        t->type = DT_BF16;
    else if (!strcmp(s, "F16"))
        t->type = DT_F16;
    else
        return err_set(e, ERR_DATA,
                       "%s: tensor %.200s: dtype %.40s, expected "
                       "F32, BF16 or F16",
                       w.path, w.name, s);
    return 0;
}

static int get_shape(struct st_tensor *t, const json_t *o, struct where w,
                     struct err *e)
{
    const json_t *shape = json_object_get(o, "shape"), *d;
    size_t i, n = 1;

    if (!json_is_array(shape))
        return bad(w, e, "no shape");
    if (json_array_size(shape) > ST_MAX_DIMS)
        return bad(w, e, "more than 4 dimensions");
    t->n_dims = (int)json_array_size(shape);
    json_array_foreach(shape, i, d) {
        if (!json_is_integer(d) || json_integer_value(d) < 0)
            return bad(w, e, "a dimension is not a whole number");
        t->dims[i] = json_integer_value(d);
        if (__builtin_mul_overflow(n, (size_t)t->dims[i], &n))
            return bad(w, e, "the shape is too large");
    }
    t->n = n;
    return 0;
}

static int get_span(struct entry *x, const json_t *o, size_t n_data,
                    struct where w, struct err *e)
{
    const json_t *span = json_object_get(o, "data_offsets");
    json_int_t at[2];
    size_t bytes;

    if (!json_is_array(span) || json_array_size(span) != 2)
        return bad(w, e, "no data_offsets [begin, end]");
    for (size_t i = 0; i < 2; i++) {
        const json_t *d = json_array_get(span, i);

        at[i] = json_integer_value(d);
        if (!json_is_integer(d) || at[i] < 0)
            return bad(w, e, "data_offsets are not whole numbers");
    }
    if (at[0] > at[1] || (uint64_t)at[1] > n_data)
        return err_set(e, ERR_DATA,
                       "%s: tensor %.200s: data_offsets "
                       "[%" PRId64 ", %" PRId64 "] are outside the file's "
                       "%zu bytes of data",
                       w.path, w.name, (int64_t)at[0], (int64_t)at[1], n_data);
    x->begin = (size_t)at[0];
    x->end = (size_t)at[1];
    if (__builtin_mul_overflow(x->t.n, dtype_size(x->t.type), &bytes) ||
        bytes != x->end - x->begin)
        return err_set(e, ERR_DATA,
                       "%s: tensor %.200s: data_offsets give "
                       "%zu bytes, its shape and dtype %zu",
                       w.path, w.name, x->end - x->begin, bytes);
    return 0;
}

static int add_tensor(struct st_file *f, const struct shard *s,
                      const char *name, const json_t *o, size_t header,
                      struct err *e)
{
    struct where w = {s->path, name};
    struct entry x = {0};
    const uint8_t *data;
    int r = 0;

    if (!json_is_object(o) || json_object_size(o) != 3)
        return bad(w, e, "expected exactly dtype, shape and data_offsets");
    r = get_type(&x.t, o, w, e);
    if (!r)
        r = get_shape(&x.t, o, w, e);
    if (!r)
        r = get_span(&x, o, s->map.size - header, w, e);
    if (r)
        return r;
    data = s->map.data + header + x.begin;
    if (s->delta) {
        x.t.delta = s->delta;
        x.t.at = header + x.begin;
    } else if ((uintptr_t)data % dtype_size(x.t.type)) {
        x.copy = xmalloc(x.end - x.begin);
        memcpy(x.copy, data, x.end - x.begin);
        x.t.data = x.copy;
    } else {
        x.t.data = data;
    }
    x.t.file = s->path;
    x.name = xstrdup(name);
    x.t.name = x.name;
    if (f->n == f->cap) {
        f->cap = f->cap ? 2 * f->cap : 64;
        f->v = xrealloc(f->v, f->cap, sizeof *f->v);
    }
    f->v[f->n++] = x;
    return 0;
}

static int by_span(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;

    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    return x->end < y->end ? -1 : x->end > y->end;
}

/* The tensors from `first` on are one file's: they tile its data. */
static int check_tiling(struct st_file *f, size_t first, const struct shard *s,
                        size_t n_data, struct err *e)
{
    size_t end = 0;

    if (f->n > first)
        qsort(f->v + first, f->n - first, sizeof *f->v, by_span);
    for (size_t i = first; i < f->n; i++) {
        struct where w = {s->path, f->v[i].name};

        if (f->v[i].begin < end)
            return bad(w, e, "overlaps the tensor before it");
        if (f->v[i].begin > end)
            return bad(w, e, "leaves a gap of unused bytes before it");
        end = f->v[i].end;
    }
    if (end != n_data)
        return err_set(e, ERR_DATA,
                       "%s: %zu bytes of data, the tensors "
                       "cover %zu",
                       s->path, n_data, end);
    return 0;
}

static int add_header(struct st_file *f, const struct shard *s, const json_t *o,
                      size_t header, struct err *e)
{
    size_t first = f->n;
    const char *name;
    const json_t *v;

    if (!json_is_object(o))
        return err_set(e, ERR_DATA, "%s: the header is not an object", s->path);
    /* jansson's macro takes the object as writable */
    json_object_foreach((json_t *)(uintptr_t)o, name, v) {
        int r = 0;

        if (strcmp(name, "__metadata__"))
            r = add_tensor(f, s, name, v, header, e);
        else if (!json_is_object(v))
            r = err_set(e, ERR_DATA, "%s: __metadata__ is not an object",
                        s->path);
        if (r)
            return r;
    }
    return check_tiling(f, first, s, s->map.size - header, e);
}

int st_add_mapped(struct st_file *f, const struct shard *s, struct err *e)
{
    const char *path = s->path;
    uint64_t n = 0;
    json_t *o = NULL;
    int r;

    if (s->map.size < 8)
        return err_set(e, ERR_DATA,
                       "%s: %zu bytes, too short for a "
                       "safetensors file",
                       path, s->map.size);
    for (int i = 7; i >= 0; i--)
        n = n << 8 | s->map.data[i];
    if (n > s->map.size - 8 || n > MAX_HEADER)
        return err_set(e, ERR_DATA,
                       "%s: the header claims %" PRIu64
                       " bytes, the file has %zu",
                       path, n, s->map.size - 8);
    r = json_read_text(&o, (const char *)s->map.data + 8, (size_t)n, path, e);
    if (r)
        return err_prefix(e, "header");
    r = add_header(f, s, o, (size_t)n + 8, e);
    json_decref(o);
    return r;
}
