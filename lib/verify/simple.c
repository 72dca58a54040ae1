/* simple - see simple.h */
#include "simple.h"
#include <ctype.h>
#include <string.h>

__extension__ typedef __int128 wide;

struct ratio {
    int neg, decimal;
    long long num, den;
};

static int is_digit(struct text t, size_t i)
{
    return i < t.n && isdigit((unsigned char)t.s[i]);
}

/* Up to 18 digits, with commas between groups of three. */
static int digits(struct text t, size_t *i, long long *v, int *n)
{
    size_t from = *i, run = 0;
    int grouped = 0;

    *v = 0;
    *n = 0;
    while (is_digit(t, *i) || (grouped >= 0 && *i < t.n && t.s[*i] == ',')) {
        if (t.s[*i] == ',') {
            if (run == 0 || run > 3 || (grouped && run != 3) ||
                !is_digit(t, *i + 1) || t.s[from] == '0')
                return 0;
            grouped = 1;
            run = 0;
        } else {
            if (++*n > 18)
                return 0;
            *v = *v * 10 + (t.s[*i] - '0');
            run++;
        }
        ++*i;
    }
    return *n > 0 && (!grouped || run == 3);
}

static int read_ratio(struct text t, struct ratio *r)
{
    size_t i = 0;
    int n, m;
    long long frac;

    memset(r, 0, sizeof *r);
    r->den = 1;
    if (t.n > 64)
        return 0;
    if (i < t.n && (t.s[i] == '-' || t.s[i] == '+'))
        r->neg = t.s[i++] == '-';
    if (text_starts(t, i, "\\frac{")) {
        i += 6;
        if (!digits(t, &i, &r->num, &n) || !text_starts(t, i, "}{"))
            return 0;
        i += 2;
        if (!digits(t, &i, &r->den, &n) || !text_starts(t, i, "}"))
            return 0;
        return i + 1 == t.n && r->den != 0;
    }
    if (!digits(t, &i, &r->num, &n))
        return 0;
    if (i < t.n && t.s[i] == '/') {
        i++;
        return digits(t, &i, &r->den, &m) && i == t.n && r->den != 0;
    }
    if (i < t.n && t.s[i] == '.') {
        i++;
        if (!is_digit(t, i))
            return 0;
        for (frac = 0; is_digit(t, i); i++) {
            if (++n > 18)
                return 0;
            r->num = r->num * 10 + (t.s[i] - '0');
            r->den *= 10;
            r->decimal = 1;
            (void)frac;
        }
    }
    return i == t.n;
}

/* An integer of any length without its sign and leading zeros. */
static int integer(struct text t, int *neg, struct text *d)
{
    size_t i = 0;

    *neg = 0;
    if (t.n && (t.s[0] == '-' || t.s[0] == '+'))
        *neg = t.s[i++] == '-';
    if (i == t.n)
        return 0;
    while (i + 1 < t.n && t.s[i] == '0')
        i++;
    *d = text_of(t.s + i, t.n - i);
    for (; i < t.n; i++)
        if (!isdigit((unsigned char)t.s[i]))
            return 0;
    if (d->n == 1 && d->s[0] == '0')
        *neg = 0;
    return 1;
}

int simple_equal(struct text gold, struct text answer)
{
    struct ratio x, y;
    struct text d, f;
    int nd, nf;

    if (integer(gold, &nd, &d) && integer(answer, &nf, &f))
        return nd == nf && d.n == f.n && !memcmp(d.s, f.s, d.n);
    if (!read_ratio(gold, &x) || !read_ratio(answer, &y))
        return -1;
    wide l = (wide)x.num * y.den, r = (wide)y.num * x.den;
    if ((x.neg && x.num) == (y.neg && y.num) ? l == r : 0)
        return 1;
    return x.decimal || y.decimal ? -1 : 0;
}
