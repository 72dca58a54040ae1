/* equal_units - quantities: units of measure, currencies, percent, degrees,
 * the base of a numeral, times of day (equal.h)
 *
 * A unit is a product of powers of dimensions with a scale; a word that is
 * no known unit is a dimension of its own. A mark on one side only is
 * dropped; marks on both sides must be of one dimension.
 */
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "equal.h"

/* names, dimension (or '=' with another spelling), how many base units */
static const struct {
    const char *names, *dim;
    long long num, den;
} units[] = {{"mm|millimeter|millimetre", "l", 1, 1000},
             {"cm|centimeter|centimetre", "l", 1, 100},
             {"dm|decimeter|decimetre", "l", 1, 10},
             {"m|meter|metre", "l", 1, 1},
             {"km|kilometer|kilometre", "l", 1000, 1},
             {"in|inch|inche", "l", 254, 10000},
             {"ft|foot|feet", "l", 3048, 10000},
             {"yd|yard", "l", 9144, 10000},
             {"mi|mile", "l", 1609344, 1000},
             {"mg|milligram", "w", 1, 1000},
             {"g|gram", "w", 1, 1},
             {"kg|kilogram", "w", 1000, 1},
             {"lb|pound", "w", 45359237, 100000},
             {"oz|ounce", "w", 45359237, 1600000},
             {"s|sec|second", "t", 1, 1},
             {"min|minute", "t", 60, 1},
             {"h|hr|hour", "t", 3600, 1},
             {"day", "t", 86400, 1},
             {"week", "t", 604800, 1},
             {"month", "month", 1, 1},
             {"yr|year", "month", 12, 1},
             {"ml|milliliter|millilitre", "v", 1, 1000},
             {"l|liter|litre", "v", 1, 1},
             {"cent", "$", 1, 100},
             {"dollar|usd|buck", "$", 1, 1},
             {"euro|eur", "euro", 1, 1},
             {"yen|jpy", "yen", 1, 1},
             {"rmb|yuan", "yuan", 1, 1},
             {"mph", "=mile/hour", 1, 1},
             {"kmh|kph", "=km/hour", 1, 1},
             {"dozen", "", 12, 1}};

enum { MAX_DIMS = 12 };

struct measure {
    int n;
    struct {
        char name[24];
        int power;
    } d[MAX_DIMS];
    long long num, den;
};

static int scale_by(struct measure *m, long long num, long long den, int power)
{
    for (int k = abs(power); k > 0; k--)
        if (__builtin_mul_overflow(m->num, power > 0 ? num : den, &m->num) ||
            __builtin_mul_overflow(m->den, power > 0 ? den : num, &m->den))
            return -1;
    return 0;
}

static int add_dim(struct measure *m, const char *name, size_t n, int power)
{
    int i = 0;

    if (n >= sizeof m->d[0].name)
        return -1;
    while (i < m->n &&
           (strlen(m->d[i].name) != n || memcmp(m->d[i].name, name, n)))
        i++;
    if (i == MAX_DIMS)
        return -1;
    if (i == m->n) {
        memcpy(m->d[i].name, name, n);
        m->d[i].name[n] = 0;
        m->d[m->n++].power = 0;
    }
    m->d[i].power += power;
    return 0;
}

static int find(const char *s, size_t n)
{
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (text_in(text_of(s, n), units[i].names))
            return (int)i;
    return -1;
}

static int read_measure(struct measure *m, const char *s, int money);

/* One word to a power. money: pounds are sterling. */
static int add_word(struct measure *m, const char *s, size_t n, int power,
                    int money)
{
    char w[24];

    if (n >= sizeof w)
        return -1;
    for (size_t i = 0; i < n; i++)
        w[i] = (char)tolower((unsigned char)s[i]);
    w[n] = 0;
    if (money && !strncmp(w, "pound", 5))
        return add_dim(m, "gbp", 3, power);
    int i = find(w, n);
    if (i < 0 && n > 2 && w[n - 1] == 's' && w[n - 2] != 's')
        i = find(w, --n);
    if (i < 0)
        return add_dim(m, w, n, power);
    if (units[i].dim[0] == '=')
        return read_measure(m, units[i].dim + 1, 0);
    return (units[i].dim[0] &&
            add_dim(m, units[i].dim, strlen(units[i].dim), power)) ||
                   scale_by(m, units[i].num, units[i].den, power)
               ? -1
               : 0;
}

/* "^2", "^{-1}" and what expr_show makes of them, at *s. */
static int exponent(const char **s)
{
    int neg = 0, v = 0;

    if (**s != '^')
        return 1;
    for (++*s; **s && strchr("{(* ", **s); ++*s)
        ;
    if (**s == '-') {
        neg = 1;
        ++*s;
        if (!strncmp(*s, "1 ", 2))
            *s += 2;
    }
    for (; isdigit((unsigned char)**s) && v < 10; ++*s)
        v = v * 10 + (**s - '0');
    while (**s && strchr("})", **s))
        ++*s;
    return neg ? -v : v;
}

static int read_measure(struct measure *m, const char *s, int money)
{
    int power = 1, below = 1, last = -1;

    while (*s) {
        size_t n = 0;
        while (isalpha((unsigned char)s[n]) || (unsigned char)s[n] >= 0x80)
            n++;
        if (!n) {
            if (*s == '/')
                below = -1;
            if (*s == '\\') /* a command that only dresses */
                while (isalpha((unsigned char)s[1]))
                    s++;
            s++;
        } else if (text_in(text_of(s, n), "per|square|sq|cubic|cu")) {
            below = s[0] == 'p' ? -1 : below;
            power = s[0] == 's' ? 2 : s[0] == 'c' ? 3 : power;
            s += n;
        } else if (text_in(text_of(s, n), "squared|cubed") && last >= 0) {
            m->d[last].power *= s[0] == 's' ? 2 : 3;
            s += n;
        } else if (text_in(text_of(s, n), "of|the|a")) {
            s += n;
        } else {
            const char *word = s;
            s += n;
            int k = exponent(&s);
            last = m->n;
            if (add_word(m, word, n, below * power * k, money))
                return -1;
            last = last < m->n ? last : -1;
            power = below = 1;
        }
    }
    return 0;
}

static int power_of(const struct measure *m, const char *name)
{
    for (int i = 0; i < m->n; i++)
        if (!strcmp(m->d[i].name, name))
            return m->d[i].power;
    return 0;
}

static int same_dims(const struct measure *x, const struct measure *y)
{
    for (int i = 0; i < x->n; i++)
        if (x->d[i].power != power_of(y, x->d[i].name))
            return 0;
    for (int i = 0; i < y->n; i++)
        if (y->d[i].power != power_of(x, y->d[i].name))
            return 0;
    return 1;
}

/* "$5 dollars": said twice. */
static void once(struct measure *m)
{
    for (int i = 0; i < m->n; i++)
        if (m->d[i].power == 2 && !strcmp(m->d[i].name, "$"))
            m->d[i].power = 1;
}

/* 1 of one dimension, else 0; num / den of y's units make one of x's. */
static int units_compare(const char *x, const char *y, long long *num,
                         long long *den)
{
    for (int way = 0; way < 4; way++) {
        struct measure u = {.num = 1, .den = 1}, v = u;
        if (read_measure(&u, x, way & 1) || read_measure(&v, y, way >> 1))
            continue;
        once(&u);
        once(&v);
        *num = *den = 1;
        if (same_dims(&u, &v) && !__builtin_mul_overflow(u.num, v.den, num) &&
            !__builtin_mul_overflow(u.den, v.num, den))
            return 1;
    }
    *num = *den = 1;
    return !strcmp(x, y);
}

/* ---- times of day ------------------------------------------------------ */

static int small(const struct expr *e, int *v)
{
    if (e->kind != E_NUM || e->exp10 || strlen(e->name) > 2 ||
        !isdigit((unsigned char)e->name[0]))
        return 0;
    *v = atoi(e->name);
    return 1;
}

/* Minutes since midnight of "8:34", "08:34 p.m.", or 0 if e is no time.
 * The words hang on the last number, or on all. */
static int time_of(const struct expr *e, int *minutes, int *marked)
{
    const struct expr *words = e->kind == E_UNIT ? e : NULL, *last;
    int h, m, pm = 0;

    *marked = 0;
    e = words ? e->a[0] : e;
    if (e->kind != E_RATIO || e->n != 2)
        return 0;
    last = e->a[1];
    if (!words && last->kind == E_UNIT) {
        words = last;
        last = last->a[0];
    }
    if (words) {
        char c = (char)tolower((unsigned char)words->name[0]);
        const char *f = words->name + 1 + (words->name[1] == '.');
        if ((c != 'a' && c != 'p') || tolower((unsigned char)*f) != 'm')
            return 0;
        *marked = 1;
        pm = c == 'p';
    }
    if (!small(e->a[0], &h) || !small(last, &m) || h > 24 || m > 59 ||
        strlen(last->name) != 2 || (*marked && (h < 1 || h > 12)))
        return 0;
    if (*marked)
        h = h % 12 + (pm ? 12 : 0);
    *minutes = h * 60 + m;
    return 1;
}

/* ---- quantities -------------------------------------------------------- */

/* "3 m" is read as a product; against a unit it is one. */
static const struct expr *as_unit(struct equal *q, const struct expr *e)
{
    if (e->kind != E_MUL || e->n != 2 || e->a[0]->kind != E_NUM ||
        e->a[1]->kind != E_SYM || strlen(e->a[1]->name) != 1 ||
        !strchr("mgshlL", e->a[1]->name[0]))
        return e;
    struct expr *u = expr_new(q->a, E_UNIT, 1);
    u->name = e->a[1]->name;
    u->a[0] = e->a[0];
    return u;
}

static int unit_pair(struct equal *q, const struct expr *x,
                     const struct expr *y)
{
    long long num, den;

    if (!units_compare(x->name, y->name, &num, &den))
        return 0;
    if (num == den)
        return equal_trees(q, x->a[0], y->a[0]);
    return equal_trees(
        q,
        expr_pair(q->a, E_MUL, x->a[0],
                  expr_over(q->a, expr_num(q->a, num), expr_num(q->a, den))),
        y->a[0]);
}

struct expr *quantities_added(struct equal *q, struct expr *e, int mixed)
{
    struct expr *sum = expr_new(q->a, E_ADD, e->n);
    struct expr *first = e->a[0], *u = expr_new(q->a, E_UNIT, 1);
    long long num, den;

    for (int i = 0; i < e->n; i++) {
        if (e->a[i]->kind != E_UNIT || first->kind != E_UNIT ||
            !units_compare(e->a[i]->name, first->name, &num, &den) ||
            (mixed && i && num == den))
            return NULL;
        sum->a[i] = expr_pair(
            q->a, E_MUL, e->a[i]->a[0],
            expr_over(q->a, expr_num(q->a, num), expr_num(q->a, den)));
    }
    u->name = first->name;
    u->a[0] = sum;
    return u;
}

/* A numeral's base, like a unit, may be left out. */
static int bases(const struct expr *x, const struct expr *y)
{
    if (x->kind == E_BASE && y->kind == E_BASE && x->exp10 != y->exp10)
        return 0;
    return (x->kind == E_BASE || x->kind == E_NUM) &&
           (y->kind == E_BASE || y->kind == E_NUM) &&
           (x->kind == E_BASE || !x->exp10) &&
           (y->kind == E_BASE || !y->exp10) && !strcmp(x->name, y->name);
}

static int mark(const struct expr *e)
{
    return e->kind == E_UNIT || e->kind == E_PERCENT || e->kind == E_DEG ||
                   e->kind == E_BASE
               ? (int)e->kind
               : 0;
}

static const struct expr *plain_unit(struct equal *q, const struct expr *e)
{
    struct expr *u = expr_new(q->a, E_UNIT, 1);

    u->a[0] = (struct expr *)(uintptr_t)e;
    return u;
}

/* 90 degrees are pi/2, but 61 degrees are not 1.06. */
static int radians(struct equal *q, const struct expr *x, const struct expr *y)
{
    return equal_scalar(q, x, y) && strcmp(q->rule, "rounded");
}

int quantities_equal(struct equal *q, const struct expr *x,
                     const struct expr *y)
{
    int m, n, mx, my;

    if (time_of(x, &m, &mx) && time_of(y, &n, &my))
        return m == n || (mx != my && m % 720 == n % 720 && (mx ? n : m) < 780);
    if (x->kind == E_UNIT)
        y = as_unit(q, y);
    else if (y->kind == E_UNIT)
        x = as_unit(q, x);
    mx = mark(x);
    my = mark(y);
    if (!mx && !my)
        return -1;
    if (mx && my && mx != my)
        return 0; /* 50% is not 50 degrees */
    if (mx == E_BASE || my == E_BASE)
        return bases(x, y);
    if (mx == E_UNIT && my == E_UNIT)
        return unit_pair(q, x, y);
    const struct expr *u = mx ? x->a[0] : x, *v = my ? y->a[0] : y;
    if (equal_trees(q, u, v))
        return 1;
    if (mx == E_UNIT || my == E_UNIT) /* "1 million" */
        return unit_pair(q, mx ? x : plain_unit(q, x),
                         my ? y : plain_unit(q, y));
    if (mx == my)
        return 0;
    if (mx == E_DEG || my == E_DEG)
        return radians(q, x, y);
    if (mx)
        return equal_trees(q, expr_over(q->a, u, expr_num(q->a, 100)), v);
    return equal_trees(q, u, expr_over(q->a, v, expr_num(q->a, 100)));
}
