/* row - a line of JSON as a record
 *
 * jansson parses; its integers end at 2^63 - 1, and seeds use all 64 bits. A
 * line that it refuses for that reason is read again with each wider integer
 * replaced by a 1 and spaces, so that columns stay, and the integers are put
 * back by their place among the line's numbers.
 */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include "impl.h"
#include "scan.h"

struct wide {
    size_t at; /* it is this number of the line, from 0 */
    uint64_t v;
};

struct row {
    struct arena *a;
    size_t numbers; /* seen so far */
    struct wide *wide;
    size_t n_wide, next_wide;
};

static void str_object(msgpack_object *o, const char *s, size_t n,
                       struct arena *a)
{
    o->type = MSGPACK_OBJECT_STR;
    o->via.str.ptr = arena_strndup(a, s, n);
    o->via.str.size = (uint32_t)n;
}

static void number(msgpack_object *o, const json_t *j, struct row *w)
{
    size_t at = w->numbers++;

    if (w->next_wide < w->n_wide && w->wide[w->next_wide].at == at) {
        o->type = MSGPACK_OBJECT_POSITIVE_INTEGER;
        o->via.u64 = w->wide[w->next_wide++].v;
    } else if (json_is_integer(j)) {
        o->via.i64 = json_integer_value(j);
        o->type = o->via.i64 < 0 ? MSGPACK_OBJECT_NEGATIVE_INTEGER
                                 : MSGPACK_OBJECT_POSITIVE_INTEGER;
    } else {
        o->type = MSGPACK_OBJECT_FLOAT64;
        o->via.f64 = json_real_value(j);
    }
}

static int value(msgpack_object *o, json_t *j, int depth, struct row *w,
                 struct err *e)
{
    size_t n, i = 0;
    int r = 0;

    if (depth > REC_MAX_DEPTH)
        return err_set(e, ERR_DATA, "is nested deeper than %d levels",
                       REC_MAX_DEPTH);
    switch (json_typeof(j)) {
    case JSON_OBJECT:
        n = json_object_size(j);
        o->type = MSGPACK_OBJECT_MAP;
        o->via.map.size = (uint32_t)n;
        o->via.map.ptr = arena_alloc(w->a, n * sizeof *o->via.map.ptr);
        for (void *it = json_object_iter(j); it && !r;
             it = json_object_iter_next(j, it), i++) {
            const char *k = json_object_iter_key(it);

            str_object(&o->via.map.ptr[i].key, k, strlen(k), w->a);
            r = value(&o->via.map.ptr[i].val, json_object_iter_value(it),
                      depth + 1, w, e);
        }
        return r;
    case JSON_ARRAY:
        n = json_array_size(j);
        o->type = MSGPACK_OBJECT_ARRAY;
        o->via.array.size = (uint32_t)n;
        o->via.array.ptr = arena_alloc(w->a, n * sizeof *o->via.array.ptr);
        for (; i < n && !r; i++)
            r = value(&o->via.array.ptr[i], json_array_get(j, i), depth + 1, w,
                      e);
        return r;
    case JSON_STRING:
        str_object(o, json_string_value(j), json_string_length(j), w->a);
        return 0;
    case JSON_INTEGER:
    case JSON_REAL:
        number(o, j, w);
        return 0;
    case JSON_NULL:
        o->type = MSGPACK_OBJECT_NIL;
        return 0;
    default:
        o->type = MSGPACK_OBJECT_BOOLEAN;
        o->via.boolean = json_is_true(j);
        return 0;
    }
}

/* Replaces the wide integers of a line; 1 when there were some. */
static int replace_wide(struct row *w, char *s, size_t n)
{
    size_t numbers = 0, i = 0;

    while (i < n) {
        size_t from = i;

        if (s[i] == '"') {
            for (i++; i < n && s[i] != '"'; i++)
                i += s[i] == '\\';
            i++;
        } else if (s[i] == '-' || (s[i] >= '0' && s[i] <= '9')) {
            while (i < n && s[i] && strchr("+-.0123456789Ee", s[i]))
                i++;
            if (i - from == 19 || i - from == 20) {
                char digits[24] = {0}, *end;
                uint64_t v;

                memcpy(digits, s + from, i - from);
                errno = 0;
                v = strtoull(digits, &end, 10);
                if (!*end && !errno && digits[0] >= '1' && v > INT64_MAX) {
                    w->wide = xrealloc(w->wide, w->n_wide + 1, sizeof *w->wide);
                    w->wide[w->n_wide++] = (struct wide){numbers, v};
                    memset(s + from, ' ', i - from);
                    s[from] = '1';
                }
            }
            numbers++;
        } else {
            i++;
        }
    }
    return w->n_wide > 0;
}

static json_t *load(struct row *w, const char *text, size_t n, json_error_t *je)
{
    const size_t flags = JSON_REJECT_DUPLICATES | JSON_DECODE_ANY |
                         JSON_ALLOW_NUL;
    json_t *j = json_loadb(text, n, flags, je);
    char *copy;

    if (j || json_error_code(je) != json_error_numeric_overflow)
        return j;
    copy = memcpy(xmalloc(n), text, n);
    if (replace_wide(w, copy, n))
        j = json_loadb(copy, n, flags, je);
    free(copy);
    return j;
}

int row_parse(struct rec *r, const char *text, size_t n, const char *name,
              uint64_t line, struct err *e)
{
    struct row w = {.a = r->a};
    unsigned long long at = line;
    json_error_t je;
    json_t *j;
    int x = 0;

    rec_empty(r);
    if (n >= 3 && !memcmp(text, "\xef\xbb\xbf", 3))
        return err_set(e, ERR_DATA,
                       "%s: line %llu, column 1: begins with a "
                       "byte order mark",
                       name, at);
    j = load(&w, text, n, &je);
    if (!j) {
        x = err_set(e, ERR_DATA, "%s: line %llu, column %d: %s", name, at,
                    je.column < 1 ? 1 : je.column, je.text);
    } else if (!json_is_object(j)) {
        x = err_set(e, ERR_DATA,
                    "%s: line %llu, column 1: found %s, "
                    "expected an object",
                    name, at, json_is_array(j) ? "an array" : "a scalar");
    } else {
        for (void *it = json_object_iter(j); it && !x;
             it = json_object_iter_next(j, it)) {
            const char *k = json_object_iter_key(it);
            size_t nk = strlen(k);
            struct field *f = rec_add_field(r, arena_strndup(r->a, k, nk), nk);

            x = value(&f->val, json_object_iter_value(it), 1, &w, e);
            if (x)
                err_prefix(e, "%s: line %llu, column 1: %s", name, at, k);
        }
    }
    json_decref(j);
    free(w.wide);
    return x;
}
