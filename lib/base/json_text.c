/* json_text - JSON out: shortest numbers that read back the same, sorted keys
 *
 * jansson's own writer gives 17 digits ("0.10000000000000001"); files that
 * people read deserve better.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "arena.h"
#include "file.h"
#include "json.h"
#include "json_text.h"

static void keep_float(char out[32])
{
    if (!strpbrk(out, ".eEn"))
        strcat(out, ".0");
}

void json_f64(char out[32], double v)
{
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(out, 30, "%.*g", digits, v);
        if (!isfinite(v) || strtod(out, NULL) == v)
            break;
    }
    keep_float(out);
}

void json_f32(char out[32], float v)
{
    for (int digits = 6; digits <= 9; digits++) {
        snprintf(out, 30, "%.*g", digits, (double)v);
        if (!isfinite(v) || strtof(out, NULL) == v)
            break;
    }
    keep_float(out);
}

void json_quote(struct buf *b, const char *s, size_t n)
{
    size_t from = 0;

    buf_put(b, "\"", 1);
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        const char *named = "\"\\\b\f\n\r\t", *at;

        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        buf_put(b, s + from, i - from);
        from = i + 1;
        at = c ? strchr(named, c) : NULL;
        if (at)
            buf_printf(b, "\\%c", "\"\\bfnrt"[at - named]);
        else
            buf_printf(b, "\\u%04x", c);
    }
    buf_put(b, s + from, n - from);
    buf_put(b, "\"", 1);
}

static void newline(struct buf *b, int depth)
{
    buf_put(b, "\n", 1);
    for (int i = 0; i < depth; i++)
        buf_put(b, "  ", 2);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void put(struct buf *b, const json_t *j, int depth);

static void put_object(struct buf *b, const json_t *j, int depth)
{
    size_t n = json_object_size(j), i = 0;
    const char **keys = xmalloc(n * sizeof *keys);

    for (void *it = json_object_iter((json_t *)(uintptr_t)j); it;
         it = json_object_iter_next((json_t *)(uintptr_t)j, it))
        keys[i++] = json_object_iter_key(it);
    qsort(keys, n, sizeof *keys, by_name);
    buf_puts(b, n ? "{" : "{}");
    for (i = 0; i < n; i++) {
        newline(b, depth + 1);
        json_quote(b, keys[i], strlen(keys[i]));
        buf_puts(b, ": ");
        put(b, json_object_get(j, keys[i]), depth + 1);
        if (i + 1 < n)
            buf_puts(b, ",");
    }
    if (n) {
        newline(b, depth);
        buf_puts(b, "}");
    }
    free(keys);
}

static void put_array(struct buf *b, const json_t *j, int depth)
{
    size_t n = json_array_size(j);

    buf_puts(b, n ? "[" : "[]");
    for (size_t i = 0; i < n; i++) {
        newline(b, depth + 1);
        put(b, json_array_get(j, i), depth + 1);
        if (i + 1 < n)
            buf_puts(b, ",");
    }
    if (n) {
        newline(b, depth);
        buf_puts(b, "]");
    }
}

static void put(struct buf *b, const json_t *j, int depth)
{
    char num[32];

    switch (json_typeof(j)) {
    case JSON_OBJECT:
        put_object(b, j, depth);
        break;
    case JSON_ARRAY:
        put_array(b, j, depth);
        break;
    case JSON_STRING:
        json_quote(b, json_string_value(j), json_string_length(j));
        break;
    case JSON_INTEGER:
        buf_printf(b, "%lld", (long long)json_integer_value(j));
        break;
    case JSON_REAL:
        json_f64(num, json_real_value(j));
        buf_puts(b, num);
        break;
    case JSON_NULL:
        buf_puts(b, "null");
        break;
    default:
        buf_puts(b, json_is_true(j) ? "true" : "false");
        break;
    }
}

void json_pretty(struct buf *b, const json_t *j)
{
    put(b, j, 0);
}

int json_write_file(const json_t *j, const char *path, struct err *e)
{
    struct buf b = {0};
    int r;

    json_pretty(&b, j);
    buf_puts(&b, "\n");
    r = file_put(path, b.p, b.n, e);
    buf_free(&b);
    return r;
}
