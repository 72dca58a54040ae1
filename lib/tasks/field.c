/* field - the fields of an upstream row */
#include "field.h"
#include <stdint.h>
#include <string.h>
#include <strings.h>

json_t *field(const json_t *o, const char *name)
{
    json_t *v = json_object_get(o, name);
    const char *key;

    if (v && !json_is_null(v))
        return v;
    json_object_foreach((json_t *)(uintptr_t)o, key, v)
        if (!strcasecmp(key, name) && !json_is_null(v))
            return v;
    return NULL;
}

/* Bytes of the space that s begins with, 0 when it begins with another
 * character: white space, U+00A0, U+200B, U+3000, U+FEFF. */
static size_t space_length(const char *s, size_t n)
{
    static const char *const wide[] = {"\xc2\xa0", "\xe2\x80\x8b",
                                       "\xe3\x80\x80", "\xef\xbb\xbf"};

    if (n && *s && strchr(" \t\r\n\v\f", *s))
        return 1;
    for (size_t i = 0; i < sizeof wide / sizeof *wide; i++)
        if (n >= strlen(wide[i]) && !memcmp(s, wide[i], strlen(wide[i])))
            return strlen(wide[i]);
    return 0;
}

int text_is_blank(const char *s, size_t n)
{
    size_t i = 0, k;

    while (i < n && (k = space_length(s + i, n - i)))
        i += k;
    return i >= n;
}

const char *field_text(const json_t *o, const char *name)
{
    const json_t *v = field(o, name);
    const char *s = json_string_value(v);

    if (!s || text_is_blank(s, json_string_length(v)) ||
        strlen(s) != json_string_length(v))
        return NULL;
    return s;
}

const char *field_problem(const json_t *o)
{
    const char *p = field_text(o, "problem");

    if (!p)
        p = field_text(o, "question");
    return p ? p : field_text(o, "prompt");
}

json_t *text_trimmed(const char *s, size_t n)
{
    while (n && strchr(" \t\r\n", *s))
        s++, n--;
    while (n && strchr(" \t\r\n", s[n - 1]))
        n--;
    return json_stringn(s, n);
}

/* "27.0" has 2 digits that count; "0.10" and "1e3" are left alone. */
static size_t without_zero_fraction(const char *s)
{
    size_t n = strlen(s), i = n;

    while (i && s[i - 1] == '0')
        i--;
    return i > 1 && i < n && s[i - 1] == '.' && !strpbrk(s, "eE") ? i - 1 : n;
}

json_t *field_answer(const struct item *it, const json_t *v, const char **why)
{
    const char *s = item_number_text(it, v);

    if (s)
        return json_stringn(s, without_zero_fraction(s));
    s = json_string_value(v);
    *why = !v   ? "no answer"
           : !s ? "an answer that is neither text nor a number"
                : "an empty answer";
    if (!s || text_is_blank(s, json_string_length(v)))
        return NULL;
    *why = "a NUL character in the answer";
    return strlen(s) == json_string_length(v) ? json_string(s) : NULL;
}
