/* split_regex - a tokenizer.json pattern, checked and put in PCRE2's words
 *
 * Hugging Face runs patterns on Oniguruma with its Ruby syntax; most of what
 * tokenizers use means the same in PCRE2. What does not is rewritten (\s, and
 * \p{..}, which get that engine's exact sets) or refused by name (^ $ . which
 * know lines differently, \h, \w, \b, nested classes, {n,m}+, ...).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "split.h"
#include "uniprop.h"

/* Unicode White_Space, as inside of a class */
#define SPACE                                                                  \
    "\\t-\\r\\x20\\x{85}\\x{a0}\\x{1680}\\x{2000}-\\x{200a}"                   \
    "\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}"

struct out {
    char *s;
    size_t n, cap;
    const char *where, *pattern;
    struct err *e;
};

static void put(struct out *o, const char *s, size_t n)
{
    if (o->n + n + 1 > o->cap) {
        o->cap = 2 * (o->n + n) + 256;
        o->s = xrealloc(o->s, o->cap, 1);
    }
    memcpy(o->s + o->n, s, n);
    o->n += n;
    o->s[o->n] = '\0';
}

static void puts_(struct out *o, const char *s)
{
    put(o, s, strlen(s));
}

static int refuse(struct out *o, const char *what, size_t n)
{
    return err_set(o->e, ERR_DATA,
                   "%s: Regex: %.*s is not supported (in "
                   "%.200s)",
                   o->where, (int)n, what, o->pattern);
}

/* \p{X} or \P{X} at p; gives its length or a negative error. */
static int property(struct out *o, const char *p, int in_class)
{
    const char *close = strchr(p, '}');
    char name[8], item[40];
    const uint32_t *more;
    size_t n;

    if (p[2] != '{' || !close)
        return refuse(o, p, 2);
    n = (size_t)(close - p) - 3;
    if (n >= sizeof name)
        return refuse(o, p, n + 4);
    memcpy(name, p + 3, n);
    name[n] = '\0';
    more = uniprop_more(name);
    if (!more || (in_class && p[1] == 'P'))
        return refuse(o, p, n + 4);
    if (!in_class)
        puts_(o, p[1] == 'P' ? "[^" : "[");
    snprintf(item, sizeof item, "\\p{%s}", name);
    puts_(o, item);
    for (; more[1]; more += 2) {
        snprintf(item, sizeof item, "\\x{%x}-\\x{%x}", (unsigned)more[0],
                 (unsigned)more[1]);
        puts_(o, item);
    }
    if (!in_class)
        puts_(o, "]");
    return (int)n + 4;
}

static int escape(struct out *o, const char *p, int in_class)
{
    if (p[1] == 'p' || p[1] == 'P')
        return property(o, p, in_class);
    if (p[1] == 's') {
        puts_(o, in_class ? SPACE : "[" SPACE "]");
        return 2;
    }
    if (p[1] == 'S' && !in_class) {
        puts_(o, "[^" SPACE "]");
        return 2;
    }
    if (!p[1] || !strchr("rnt\\/.-'\"[](){}*+?|^$#&~!,:;<>=@%_ ", p[1]))
        return refuse(o, p, p[1] ? 2 : 1);
    if (p[1] == '/' || strchr("'\"#&~!,:;<>=@%_ ", p[1]))
        put(o, p + 1, 1);
    else
        put(o, p, 2);
    return 2;
}

/* [...] at p; gives its length or a negative error. */
static int class_(struct out *o, const char *p)
{
    const char *q = p + 1;
    int k;

    put(o, p, 1);
    if (*q == '^')
        put(o, q++, 1);
    if (*q == ']')
        return refuse(o, p, 3);
    while (*q != ']') {
        if (!*q || *q == '[' || (*q == '&' && q[1] == '&'))
            return refuse(o, p, strlen(p));
        if (*q == '\\') {
            k = escape(o, q, 1);
            if (k < 0)
                return k;
            q += k;
        } else {
            put(o, q++, 1);
        }
    }
    put(o, q, 1);
    return (int)(q + 1 - p);
}

/* "(" and what follows it; gives its length or a negative error. */
static int group(struct out *o, const char *p)
{
    static const char *const known[] = {"(?:",  "(?i:", "(?=", "(?!",
                                        "(?<=", "(?<!", "(?>"};

    if (p[1] != '?') {
        if (p[1] == '*')
            return refuse(o, p, 2);
        put(o, p, 1);
        return 1;
    }
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (!strncmp(p, known[i], strlen(known[i]))) {
            puts_(o, known[i]);
            return (int)strlen(known[i]);
        }
    return refuse(o, p, p[2] ? 3 : 2);
}

/* {n}, {n,}, {n,m} at p; {n,m}+ is possessive in one engine only. */
static int braces(struct out *o, const char *p)
{
    size_t n = 1 + strspn(p + 1, "0123456789,");

    if (n < 2 || p[1] == ',' || p[n] != '}' || p[n + 1] == '+')
        return refuse(o, p, n + (p[n] ? 1u + (p[n + 1] == '+') : 0u));
    put(o, p, n + 1);
    return (int)n + 1;
}

int split_translate(const char *pattern, const char *where, char **out,
                    struct err *e)
{
    struct out o = {.where = where, .pattern = pattern, .e = e};
    const char *p = pattern;
    int k = 0;

    *out = NULL;
    put(&o, "", 0);
    if (strlen(pattern) > 65536)
        k = err_set(e, ERR_DATA, "%s: Regex: longer than 65536 bytes", where);
    while (k >= 0 && *p) {
        if (*p == '\\')
            k = escape(&o, p, 0);
        else if (*p == '[')
            k = class_(&o, p);
        else if (*p == '(')
            k = group(&o, p);
        else if (*p == '{')
            k = braces(&o, p);
        else if (strchr("^$.", *p))
            k = refuse(&o, p, 1);
        else
            put(&o, p, (size_t)(k = 1));
        p += k > 0 ? k : 0;
    }
    if (k < 0) {
        free(o.s);
        return k;
    }
    *out = o.s;
    return 0;
}
