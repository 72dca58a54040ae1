/* equal_units - units of measure and times of day (equal.h)
 *
 * A unit on one side only is dropped. Units on both sides must be the same
 * or convertible; words that are no unit known here must be the same words.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "equal.h"

/* name, dimension, how many base units (as a rational) */
static const struct {
    const char *name;
    char dim;
    const char *scale;
} units[] = {
    { "mm", 'l', "1/1000" }, { "millimeter", 'l', "1/1000" },
    { "cm", 'l', "1/100" }, { "centimeter", 'l', "1/100" },
    { "dm", 'l', "1/10" }, { "m", 'l', "1" }, { "meter", 'l', "1" },
    { "metre", 'l', "1" }, { "km", 'l', "1000" },
    { "kilometer", 'l', "1000" }, { "in", 'i', "1" }, { "inch", 'i', "1" },
    { "inche", 'i', "1" }, { "ft", 'i', "12" }, { "foot", 'i', "12" },
    { "feet", 'i', "12" }, { "yd", 'i', "36" }, { "yard", 'i', "36" },
    { "mi", 'i', "63360" }, { "mile", 'i', "63360" },
    { "mg", 'w', "1/1000" }, { "g", 'w', "1" }, { "gram", 'w', "1" },
    { "kg", 'w', "1000" }, { "kilogram", 'w', "1000" },
    { "s", 't', "1" }, { "sec", 't', "1" }, { "second", 't', "1" },
    { "min", 't', "60" }, { "minute", 't', "60" }, { "h", 't', "3600" },
    { "hr", 't', "3600" }, { "hour", 't', "3600" }, { "day", 't', "86400" },
    { "week", 't', "604800" }, { "month", 'M', "1" }, { "year", 'M', "12" },
    { "yr", 'M', "12" }, { "ml", 'v', "1/1000" }, { "l", 'v', "1" },
    { "liter", 'v', "1" }, { "litre", 'v', "1" }, { "cent", '$', "1/100" },
    { "dollar", '$', "1" }, { "usd", '$', "1" }, { "buck", '$', "1" },
};

/* Lower case, no blanks, braces or plural s; "square cm" is "cm^2". */
static const char *tidy(struct arena *a, const char *s)
{
    static const struct {
        const char *from, *power;
    } words[] = { { "square", "^2" }, { "sq", "^2" }, { "cubic", "^3" } };
    size_t n = strlen(s), o = 0;
    char *out = arena_alloc(a, n + 8);
    const char *power = "";

    for (size_t i = 0; i < 3; i++) {
        size_t k = strlen(words[i].from);
        if (!strncmp(s, words[i].from, k) && (s[k] == ' ' || s[k] == '.')) {
            power = words[i].power;
            s += k + 1;
            n -= k + 1;
            break;
        }
    }
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        if (isspace(c) || strchr("{}.()\\", c))
            continue;
        if (c == 's' && o > 1 && !isalpha((unsigned char)s[i + 1]) &&
            out[o - 1] != 's')
            continue; /* plural */
        out[o++] = (char)tolower(c);
    }
    out[o] = 0;
    return arena_printf(a, "%s%s", out, power);
}

static int find(const char *s, size_t n)
{
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (strlen(units[i].name) == n && !memcmp(units[i].name, s, n))
            return (int)i;
    return -1;
}

int units_compare(struct arena *a, const char *x, const char *y,
                  const char **scale)
{
    const char *u = tidy(a, x), *v = tidy(a, y);

    *scale = "1";
    if (!strcmp(u, v))
        return 1;
    size_t nu = strcspn(u, "^"), nv = strcspn(v, "^");
    int i = find(u, nu), j = find(v, nv);
    if (i < 0 || j < 0)
        return i >= 0 || j >= 0 ? -1 : 0;
    if (strcmp(u + nu, v + nv) || units[i].dim != units[j].dim)
        return 0;
    *scale = arena_printf(a, "((%s)/(%s))%s", units[i].scale,
                          units[j].scale, u + nu);
    return 1;
}

static int small(const struct expr *e, int *v)
{
    if (e->kind != E_NUM || e->exp10 || strlen(e->name) > 2 ||
        !isdigit((unsigned char)e->name[0]))
        return 0;
    *v = atoi(e->name);
    return 1;
}

int units_time(const struct expr *e, int *minutes, int *marked)
{
    int h, m, pm = 0;

    *marked = 0;
    if (e->kind == E_UNIT) {
        char c = (char)tolower((unsigned char)e->name[0]);
        char d = e->name[0] ? (char)tolower((unsigned char)e->name[1]) : 0;
        char f = d == '.' ? (char)tolower((unsigned char)e->name[2]) : d;
        if ((c != 'a' && c != 'p') || f != 'm')
            return 0;
        *marked = 1;
        pm = c == 'p';
        e = e->a[0];
    } else if (e->kind == E_RATIO && e->n == 2 && e->a[1]->kind == E_UNIT) {
        /* "08:34 p.m.": the words hang on the last number */
        struct expr last = *e->a[1], r = *e;
        struct expr *items[2] = { e->a[0], last.a[0] };
        struct expr *whole[1] = { &r };
        r.a = items;
        last.a = whole;
        return units_time(&last, minutes, marked);
    }
    if (e->kind != E_RATIO || e->n != 2 || !small(e->a[0], &h) ||
        !small(e->a[1], &m) || h > 24 || m > 59 ||
        strlen(e->a[1]->name) != 2)
        return 0;
    if (*marked && (h < 1 || h > 12))
        return 0;
    if (*marked)
        h = h % 12 + (pm ? 12 : 0);
    *minutes = h * 60 + m;
    return 1;
}
