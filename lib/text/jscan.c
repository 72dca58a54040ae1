/* jscan - read a JSON text front to back without building a tree */
#include "jscan.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../base/utf8.h"

#define JSCAN_DEPTH 64

void jscan_init(struct jscan *j, const char *name, const char *text, size_t n)
{
    memset(j, 0, sizeof *j);
    j->name = name;
    j->base = j->p = text;
    j->end = text + n;
}

void jscan_free(struct jscan *j)
{
    free(j->buf);
    j->buf = NULL;
    j->cap = 0;
}

int jscan_error(const struct jscan *j, struct err *e, const char *fmt, ...)
{
    char msg[512];
    size_t line = 1, column = 1;
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(msg, sizeof msg, fmt, ap);
    va_end(ap);
    for (const char *q = j->base; q < j->p; q++) {
        if (*q == '\n') {
            line++;
            column = 1;
        } else if (((unsigned char)*q & 0xc0) != 0x80) {
            column++;
        }
    }
    return err_set(e, ERR_DATA, "%s: line %zu, column %zu: %s", j->name, line,
                   column, msg);
}

char jscan_peek(struct jscan *j)
{
    while (j->p < j->end &&
           (*j->p == ' ' || *j->p == '\n' || *j->p == '\r' || *j->p == '\t'))
        j->p++;
    return j->p < j->end ? *j->p : '\0';
}

static int jscan_found(struct jscan *j, struct err *e, const char *expected)
{
    unsigned char c;

    if (j->p >= j->end)
        return jscan_error(j, e, "the text ends, expected %s", expected);
    c = (unsigned char)*j->p;
    if (c > 0x20 && c < 0x7f)
        return jscan_error(j, e, "found '%c', expected %s", c, expected);
    return jscan_error(j, e, "found byte 0x%02x, expected %s", c, expected);
}

int jscan_expect(struct jscan *j, char c, struct err *e)
{
    char what[4] = {'\'', c, '\'', '\0'};

    if (jscan_peek(j) != c || j->p >= j->end)
        return jscan_found(j, e, what);
    j->p++;
    return 0;
}

int jscan_more(struct jscan *j, char close, struct err *e)
{
    char what[11] = "',' or ' '";
    char c = jscan_peek(j);

    if (j->p < j->end && (c == ',' || c == close)) {
        j->p++;
        return c == ',';
    }
    what[8] = close;
    return jscan_found(j, e, what);
}

static int hex4(const char *p, const char *end, unsigned *v)
{
    *v = 0;
    for (int i = 0; i < 4; i++) {
        unsigned c;

        if (p + i >= end)
            return -1;
        c = (unsigned char)p[i];
        if (c - '0' < 10)
            c -= '0';
        else if ((c | 32) - 'a' < 6)
            c = (c | 32) - 'a' + 10;
        else
            return -1;
        *v = *v << 4 | c;
    }
    return 0;
}

/* p is behind a backslash; gives the bytes used, 0 when it is no escape. */
static int unescape(const char *p, const char *end, uint32_t *cp)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    unsigned hi, lo;
    const char *at;

    if (p >= end || !*p)
        return 0;
    at = strchr(from, *p);
    if (at) {
        *cp = (unsigned char)to[at - from];
        return 1;
    }
    if (*p != 'u' || hex4(p + 1, end, &hi))
        return 0;
    *cp = hi;
    if (hi < 0xd800 || hi > 0xdfff)
        return 5;
    if (hi > 0xdbff || end - p < 11 || p[5] != '\\' || p[6] != 'u' ||
        hex4(p + 7, end, &lo) || lo < 0xdc00 || lo > 0xdfff)
        return 0;
    *cp = 0x10000 + ((hi - 0xd800) << 10) + (lo - 0xdc00);
    return 11;
}

/* The rest of a string from its first escape on. */
static int string_slow(struct jscan *j, const char *from, const char **s,
                       size_t *n, struct err *e)
{
    size_t len = (size_t)(j->p - from);

    for (;;) {
        unsigned char c;
        uint32_t cp;
        int k;

        if (j->cap < len + 8) {
            j->cap = 2 * len + 64;
            j->buf = xrealloc(j->buf, j->cap, 1);
        }
        if (from) {
            memcpy(j->buf, from, len);
            from = NULL;
        }
        if (j->p >= j->end)
            return jscan_error(j, e, "the text ends inside a string");
        c = (unsigned char)*j->p;
        if (c == '"')
            break;
        if (c < 0x20)
            return jscan_error(j, e, "control byte 0x%02x in a string", c);
        if (c == '\\') {
            k = unescape(j->p + 1, j->end, &cp);
            if (!k)
                return jscan_error(j, e, "not an escape sequence");
            k++;
        } else {
            k = utf8_get((const unsigned char *)j->p,
                         (const unsigned char *)j->end, &cp, NULL);
            if (!k)
                return jscan_error(j, e, "not UTF-8 (byte 0x%02x)", c);
        }
        len += (size_t)utf8_put(cp, (unsigned char *)j->buf + len);
        j->p += k;
    }
    j->p++;
    *s = j->buf;
    *n = len;
    return 0;
}

int jscan_string(struct jscan *j, const char **s, size_t *n, struct err *e)
{
    const char *from;

    if (jscan_peek(j) != '"')
        return jscan_found(j, e, "a string");
    from = ++j->p;
    for (; j->p < j->end; j->p++) {
        unsigned char c = (unsigned char)*j->p;
        uint32_t cp;
        int k;

        if (c == '"') {
            *s = from;
            *n = (size_t)(j->p++ - from);
            return 0;
        }
        if (c == '\\' || c < 0x20)
            break;
        if (c < 0x80)
            continue;
        k = utf8_get((const unsigned char *)j->p, (const unsigned char *)j->end,
                     &cp, NULL);
        if (!k)
            break;
        j->p += k - 1;
    }
    return string_slow(j, from, s, n, e);
}

int jscan_int(struct jscan *j, int64_t max, int64_t *v, struct err *e)
{
    char c = jscan_peek(j);
    const char *from = j->p;

    if (c < '0' || c > '9')
        return jscan_found(j, e, "a whole number");
    *v = 0;
    while (j->p < j->end && *j->p >= '0' && *j->p <= '9') {
        *v = *v * 10 + (*j->p - '0');
        if (*v > max)
            return jscan_error(j, e, "a number above %lld", (long long)max);
        j->p++;
    }
    if (*from == '0' && j->p - from > 1)
        return jscan_error(j, e, "a number with leading zeros");
    if (j->p < j->end && (*j->p == '.' || *j->p == 'e' || *j->p == 'E'))
        return jscan_found(j, e, "a whole number");
    return 0;
}

static int digits(struct jscan *j)
{
    const char *from = j->p;

    while (j->p < j->end && *j->p >= '0' && *j->p <= '9')
        j->p++;
    return j->p > from;
}

static int skip_number(struct jscan *j, struct err *e)
{
    const char *from;

    if (*j->p == '-')
        j->p++;
    from = j->p;
    if (!digits(j))
        return jscan_found(j, e, "a digit");
    if (*from == '0' && j->p - from > 1)
        return jscan_error(j, e, "a number with leading zeros");
    if (j->p < j->end && *j->p == '.') {
        j->p++;
        if (!digits(j))
            return jscan_found(j, e, "a digit");
    }
    if (j->p < j->end && (*j->p | 32) == 'e') {
        j->p++;
        if (j->p < j->end && (*j->p == '+' || *j->p == '-'))
            j->p++;
        if (!digits(j))
            return jscan_found(j, e, "a digit");
    }
    return 0;
}

static int skip_word(struct jscan *j, const char *word, struct err *e)
{
    size_t n = strlen(word);

    if ((size_t)(j->end - j->p) < n || memcmp(j->p, word, n))
        return jscan_found(j, e, "a value");
    j->p += n;
    return 0;
}

static int skip_depth(struct jscan *j, int depth, struct err *e)
{
    const char *s;
    size_t n;
    int r;
    char c = jscan_peek(j);

    if (depth > JSCAN_DEPTH)
        return jscan_error(j, e, "nested deeper than %d", JSCAN_DEPTH);
    if (c == '"')
        return jscan_string(j, &s, &n, e);
    if (c == '-' || (c >= '0' && c <= '9'))
        return skip_number(j, e);
    if (c == 't')
        return skip_word(j, "true", e);
    if (c == 'f')
        return skip_word(j, "false", e);
    if (c == 'n')
        return skip_word(j, "null", e);
    if (c != '{' && c != '[')
        return jscan_found(j, e, "a value");
    j->p++;
    if (jscan_peek(j) == c + 2) { /* '{' + 2 is '}', '[' + 2 is ']' */
        j->p++;
        return 0;
    }
    do {
        if (c == '{') {
            r = jscan_string(j, &s, &n, e);
            if (r)
                return r;
            r = jscan_expect(j, ':', e);
            if (r)
                return r;
        }
        r = skip_depth(j, depth + 1, e);
        if (r)
            return r;
        r = jscan_more(j, (char)(c + 2), e);
    } while (r > 0);
    return r;
}

int jscan_skip(struct jscan *j, struct err *e)
{
    return skip_depth(j, 1, e);
}
