/* json - reading through jansson, typed members */
#include <stdlib.h>
#include <string.h>
#include "arena.h"
#include "file.h"
#include "json.h"

void json_use_xmalloc(void)
{
    json_set_alloc_funcs(xmalloc, free);
}

/* The key that ends at text[end - 1], its quotes included, *n bytes long; what
 * comes out is for a message, and is empty where there is none. */
static const char *key_before(const char *text, size_t end, int *n)
{
    size_t at;

    *n = 0;
    if (end < 2 || text[end - 1] != '"')
        return "";
    for (at = end - 2; at > 0; at--)
        if (text[at] == '"' && text[at - 1] != '\\')
            break;
    *n = (int)(end - at > 200 ? 200 : end - at);
    return text + at;
}

int json_read_text(json_t **out, const char *text, size_t n, const char *name,
                   struct err *e)
{
    const char *key = "";
    json_error_t je;
    int n_key = 0;

    *out = NULL;
    if (n >= 3 && !memcmp(text, "\xef\xbb\xbf", 3))
        return err_set(e, ERR_DATA,
                       "%s: line 1, column 1: begins with a "
                       "byte order mark",
                       name);
    *out = json_loadb(n ? text : "", n,
                      JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL,
                      &je);
    if (*out)
        return 0;
    if (json_error_code(&je) == json_error_duplicate_key && je.position > 0 &&
        (size_t)je.position <= n)
        key = key_before(text, (size_t)je.position, &n_key);
    return err_set(e, ERR_DATA, "%s: line %d, column %d: %s%s%.*s", name,
                   je.line < 1 ? 1 : je.line, je.column < 1 ? 1 : je.column,
                   je.text[0] ? je.text : "cannot be parsed", n_key ? " " : "",
                   n_key, key);
}

int json_read_file(json_t **out, const char *path, struct err *e)
{
    struct filemap m;
    int r = file_map(&m, path, e);

    *out = NULL;
    if (r < 0)
        return r;
    r = json_read_text(out, (const char *)m.data, m.size, path, e);
    file_unmap(&m);
    return r;
}

static const char *type_name(const json_t *j)
{
    switch (json_typeof(j)) {
    case JSON_OBJECT:
        return "object";
    case JSON_ARRAY:
        return "array";
    case JSON_STRING:
        return "string";
    case JSON_INTEGER:
        return "integer";
    case JSON_REAL:
        return "number";
    case JSON_NULL:
        return "null";
    default:
        return "boolean";
    }
}

/* 1: *j is the member; 0: missing and not required; negative: error. */
static int member(const json_t *o, const char *where, const char *key,
                  int required, const json_t **j, struct err *e)
{
    if (!json_is_object(o))
        return err_set(e, ERR_DATA, "%s: found %s, expected object", where,
                       o ? type_name(o) : "nothing");
    *j = json_object_get(o, key);
    if (*j && !json_is_null(*j))
        return 1;
    if (required)
        return err_set(e, ERR_DATA, "%s: %s is missing", where, key);
    return 0;
}

static int mismatch(const json_t *j, const char *where, const char *key,
                    const char *expected, struct err *e)
{
    return err_set(e, ERR_DATA, "%s: %s: found %s, expected %s", where, key,
                   type_name(j), expected);
}

int json_get_i64(const json_t *o, const char *where, const char *key,
                 int required, int64_t *out, struct err *e)
{
    const json_t *j = NULL;
    int r = member(o, where, key, required, &j, e);

    if (r <= 0)
        return r;
    if (!json_is_integer(j))
        return mismatch(j, where, key, "integer", e);
    *out = json_integer_value(j);
    return 0;
}

int json_get_f64(const json_t *o, const char *where, const char *key,
                 int required, double *out, struct err *e)
{
    const json_t *j = NULL;
    int r = member(o, where, key, required, &j, e);

    if (r <= 0)
        return r;
    if (!json_is_number(j))
        return mismatch(j, where, key, "number", e);
    *out = json_number_value(j);
    return 0;
}

int json_get_bool(const json_t *o, const char *where, const char *key,
                  int required, int *out, struct err *e)
{
    const json_t *j = NULL;
    int r = member(o, where, key, required, &j, e);

    if (r <= 0)
        return r;
    if (!json_is_boolean(j))
        return mismatch(j, where, key, "boolean", e);
    *out = json_is_true(j);
    return 0;
}

int json_get_str(const json_t *o, const char *where, const char *key,
                 int required, const char **out, struct err *e)
{
    const json_t *j = NULL;
    int r = member(o, where, key, required, &j, e);

    if (r <= 0)
        return r;
    if (!json_is_string(j))
        return mismatch(j, where, key, "string", e);
    if (strlen(json_string_value(j)) != json_string_length(j))
        return err_set(e, ERR_DATA, "%s: %s: has a NUL character", where, key);
    *out = json_string_value(j);
    return 0;
}
