/* item - JSON whose numbers keep their text */
#include "item.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../base/json.h"

/* The first place from i on that is no digit. */
static size_t after_digits(const char *s, size_t i, size_t n)
{
    while (i < n && s[i] >= '0' && s[i] <= '9')
        i++;
    return i;
}

static int may_go_on(char c)
{
    return c && strchr("+-.0123456789eE", c);
}

/* Length of the number that s begins with, by the grammar of RFC 8259; 0 when
 * it is none: the parser then says what is wrong. */
static size_t number_length(const char *s, size_t n)
{
    size_t whole = n && *s == '-', i = after_digits(s, whole, n), from;

    if (i == whole || (s[whole] == '0' && i > whole + 1))
        return 0;
    if (i < n && s[i] == '.') {
        from = i + 1;
        i = after_digits(s, from, n);
        if (i == from)
            return 0;
    }
    if (i < n && (s[i] == 'e' || s[i] == 'E')) {
        from = i + 1;
        from += from < n && (s[from] == '+' || s[from] == '-');
        i = after_digits(s, from, n);
        if (i == from)
            return 0;
    }
    return i < n && may_go_on(s[i]) ? 0 : i;
}

/* Puts the numbers of a text into it->text and a 0 and spaces in their place,
 * so that columns stay. */
static void take_numbers(struct item *it, char *s, size_t n)
{
    size_t i = 0, k;

    while (i < n) {
        if (s[i] == '"') {
            for (i++; i < n && s[i] != '"'; i++)
                i += s[i] == '\\';
            i++;
        } else if (s[i] == '-' || (s[i] >= '0' && s[i] <= '9')) {
            k = number_length(s + i, n - i);
            if (k) {
                buf_put(&it->text, s + i, k);
                buf_put(&it->text, "", 1);
                memset(s + i, ' ', k);
                s[i] = '0';
            }
            /* what is no number is left whole to the parser */
            i += k ? k : 1;
            while (i < n && may_go_on(s[i]))
                i++;
        } else {
            i++;
        }
    }
}

/* Each number, in the order of the text, is told where its text stands. */
static void point(json_t *v, const struct item *it, size_t *at)
{
    const char *key;
    json_t *child;
    size_t i;

    if (json_is_integer(v)) {
        json_integer_set(v, (json_int_t)*at);
        *at += strlen(it->text.p + *at) + 1;
    } else if (json_is_array(v)) {
        json_array_foreach(v, i, child)
            point(child, it, at);
    } else if (json_is_object(v)) {
        json_object_foreach(v, key, child)
            point(child, it, at);
    }
}

int item_read(struct item *it, const char *text, size_t n, const char *name,
              struct err *e)
{
    char *copy = memcpy(xmalloc(n + 1), text, n);
    size_t at = 0;
    int r;

    item_clear(it);
    take_numbers(it, copy, n);
    r = json_read_text(&it->json, copy, n, name, e);
    free(copy);
    if (r < 0)
        return r;
    point(it->json, it, &at);
    return 0;
}

void item_clear(struct item *it)
{
    json_decref(it->json);
    it->json = NULL;
    it->text.n = 0;
}

void item_free(struct item *it)
{
    item_clear(it);
    buf_free(&it->text);
}

const char *item_number_text(const struct item *it, const json_t *v)
{
    return json_is_integer(v) ? it->text.p + json_integer_value(v) : NULL;
}

static int has_number(const json_t *v)
{
    const char *key;
    json_t *child;
    size_t i;

    if (json_is_array(v)) {
        json_array_foreach(v, i, child)
            if (has_number(child))
                return 1;
    } else if (json_is_object(v)) {
        json_object_foreach((json_t *)(uintptr_t)v, key, child)
            if (has_number(child))
                return 1;
    }
    return json_is_integer(v);
}

static int put_plain(const json_t *v, struct buf *b, struct err *e)
{
    char *s = json_dumps(v, JSON_ENCODE_ANY | JSON_COMPACT);

    if (!s)
        return err_set(e, ERR_DATA, "row is not valid UTF-8");
    buf_puts(b, s);
    free(s);
    return 0;
}

static int put_key(const char *key, struct buf *b, struct err *e)
{
    json_t *k = json_string(key);
    int r = put_plain(k, b, e);

    json_decref(k);
    buf_puts(b, ":");
    return r;
}

static int put_value(const struct item *it, const json_t *v, struct buf *b,
                     struct err *e)
{
    int r = 0, first = 1;
    const char *key;
    json_t *child;
    size_t i;

    if (json_is_object(v)) {
        buf_puts(b, "{");
        json_object_foreach((json_t *)(uintptr_t)v, key, child) {
            buf_puts(b, first ? "" : ",");
            first = 0;
            if ((r = put_key(key, b, e)) < 0 ||
                (r = put_value(it, child, b, e)) < 0)
                return r;
        }
        buf_puts(b, "}");
    } else if (json_is_array(v)) {
        buf_puts(b, "[");
        json_array_foreach(v, i, child) {
            buf_puts(b, i ? "," : "");
            if ((r = put_value(it, child, b, e)) < 0)
                return r;
        }
        buf_puts(b, "]");
    } else if (json_is_integer(v)) {
        buf_puts(b, item_number_text(it, v));
    } else {
        r = put_plain(v, b, e);
    }
    return r;
}

int item_write(const struct item *it, const json_t *v, struct buf *b,
               struct err *e)
{
    return has_number(v) ? put_value(it, v, b, e) : put_plain(v, b, e);
}
