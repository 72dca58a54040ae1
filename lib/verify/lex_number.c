/* lex_number - numbers: groups of digits, decimals, exponents (lex.h) */
#include "lex_impl.h"

/* Is the digit string at i grouped by commas as thousands (1,234,567) or
 * as in India (12,34,567)? The length of it all, or 0. */
static size_t grouped(const struct lexer *l, size_t i)
{
    size_t k = run_of_digits(l, i), two = 0, three = 0, j = i + k, last = 0;

    if (k == 0 || k > 3 || at(l, i) == '0')
        return 0;
    while (at(l, j) == ',' && digit(l, j + 1)) {
        size_t g = run_of_digits(l, j + 1);
        if (g != 2 && g != 3)
            return 0;
        two += g == 2;
        three += g == 3;
        last = g;
        j += 1 + g;
    }
    if (!last || last != 3 || (two && (three > 1 || k > 2)))
        return 0;
    return j - i;
}

/* "\,", "{,}", ",\!", "\!" between digits: the length of the gap. */
static size_t tex_gap(const struct lexer *l, size_t i)
{
    static const char *const gaps[] = {"{,}",   "{,}\\!", ",\\!", "\\!", "\\,",
                                       ",\\! ", "\\! ",   "\\, ", "~"};
    size_t best = 0;

    for (size_t k = 0; k < sizeof gaps / sizeof gaps[0]; k++) {
        size_t m = strlen(gaps[k]);
        if (m > best && text_starts(l->t, i, gaps[k]) && digit(l, i + m))
            best = m;
    }
    return best;
}

/* "\\ " or a blank before three digits. */
static size_t space_group(const struct lexer *l, size_t i, size_t before)
{
    size_t k = at(l, i) == '\\' ? 2 : 1;

    return at(l, i + k - 1) == ' ' && before <= 3 &&
                   run_of_digits(l, i + k) == 3 && at(l, i + k + 3) != '/' &&
                   (at(l, i + k + 3) != ',' || l->comma == COMMA_DECIMAL)
               ? k
               : 0;
}

/* "\overline{36}" right behind a decimal: its digits, or NULL. */
static const char *repeating(struct lexer *l)
{
    static const char *const marks[] = {"\\overline{", "\\bar{", "\\dot{"};

    for (size_t k = 0; k < sizeof marks / sizeof marks[0]; k++) {
        size_t m = strlen(marks[k]), n;
        if (!text_starts(l->t, l->i, marks[k]))
            continue;
        n = run_of_digits(l, l->i + m);
        if (n == 0 || n > 50 || at(l, l->i + m + n) != '}')
            continue;
        const char *s = arena_strndup(l->a, l->t.s + l->i + m, n);
        l->i += m + n + 1;
        return s;
    }
    return NULL;
}

/* "1.234.567": the length of digits grouped by points, or 0. */
static size_t pointed(const struct lexer *l, size_t i)
{
    size_t k = run_of_digits(l, i), j = i + k, groups = 0;

    if (k == 0 || k > 3 || at(l, i) == '0')
        return 0;
    for (; at(l, j) == '.' && run_of_digits(l, j + 1) == 3; j += 4)
        groups++;
    return groups >= 2 && at(l, j) != '.' ? j - i : 0;
}

/* A number as it is read: its digits without separators, in d. */
struct number {
    char *d;
    size_t n;
    int places, exp10;
    int joined; /* digits in groups: 1, or 2 where spaces part them */
};

/* The digits before the point; 1: their groups could be parted by commas. */
static int whole_part(struct lexer *l, struct number *x)
{
    size_t g = grouped(l, l->i), k, group = 0;

    if (g && l->comma == COMMA_THOUSANDS && !l->depth) {
        for (k = 0; k < g; k++)
            if (at(l, l->i + k) != ',')
                x->d[x->n++] = at(l, l->i + k);
        l->i += g;
        x->joined = 1;
        return 1;
    }
    k = pointed(l, l->i);
    if (k) {
        for (size_t m = 0; m < k; m++)
            if (at(l, l->i + m) != '.')
                x->d[x->n++] = at(l, l->i + m);
        l->i += k;
        x->joined = 1;
        return g > 0;
    }
    while (digit(l, l->i) || (group && (k = tex_gap(l, l->i))) ||
           (group && !l->depth && (x->joined != 2 || group == 3) &&
            (k = space_group(l, l->i, group)))) {
        if (digit(l, l->i)) {
            x->d[x->n++] = at(l, l->i++);
            group++;
        } else {
            x->joined = at(l, l->i + k - 1) == ' ' ? 2 : 1;
            l->i += k;
            group = 0;
        }
    }
    return g > 0;
}

/* comma: it is the decimal sign. */
static void fraction(struct lexer *l, struct number *x, int comma)
{
    char point = comma ? ',' : '.';

    if (comma && x->n <= 3)
        while (at(l, l->i) == '.' && run_of_digits(l, l->i + 1) == 3) {
            memcpy(x->d + x->n, l->t.s + l->i + 1, 3); /* 1.234,5 */
            x->n += 3;
            l->i += 4;
        }
    if ((at(l, l->i) == point || at(l, l->i) == '.') && digit(l, l->i + 1)) {
        size_t k = run_of_digits(l, l->i + 1);

        memcpy(x->d + x->n, l->t.s + l->i + 1, k);
        x->n += k;
        x->places = (int)(k < 100000 ? k : 100000);
        l->i += k + 1;
    } else if (at(l, l->i) == '.' && at(l, l->i + 1) == '\\') {
        l->i++; /* "0.\overline{3}" */
    } else if (at(l, l->i) == '.' && !isalpha((unsigned char)at(l, l->i + 1)) &&
               at(l, l->i + 1) != '.') {
        l->i++; /* "5." */
    }
}

static void exponent(struct lexer *l, struct number *x)
{
    char c = at(l, l->i);
    size_t j = l->i + 1, neg = at(l, j) == '-', k;
    int sign = at(l, j) == '-' || at(l, j) == '+', product, ex = 0;

    if (c != 'e' && c != 'E')
        return;
    j += (size_t)sign;
    k = run_of_digits(l, j);
    /* "2e-3" is a multiple of e; "1e-3", "1.5e-3", "2e-03" by themselves
     * are no such thing that anybody writes */
    product = c == 'e' && sign &&
              (l->n > 1 || memchr(l->t.s, '\\', l->t.n) ||
               (!x->places && strcmp(x->d, "1") && at(l, j) != '0'));
    if (!k || k >= 7 || product || isalpha((unsigned char)at(l, j + k)))
        return;
    for (size_t m = 0; m < k; m++)
        ex = ex * 10 + (at(l, j + m) - '0');
    x->exp10 = neg ? -ex : ex;
    l->i = j + k;
}

void lex_number(struct lexer *l)
{
    struct number x = {.d = arena_alloc(l->a, l->t.n - l->i + 2)};
    const char *repeat = NULL;
    struct tok *t;
    int by_commas = whole_part(l, &x);

    /* "40,000" is thousands, and what stands in brackets is a row */
    fraction(l, &x, l->comma == COMMA_DECIMAL && !by_commas && !l->depth);
    x.d[x.n] = 0;
    if (l->i && (x.places || at(l, l->i - 1) == '.'))
        repeat = repeating(l);
    exponent(l, &x);
    t = lex_emit(l, T_NUM, x.d);
    t->exp10 = x.exp10 - x.places;
    t->places = x.places;
    t->repeat = repeat;
    t->joined = (char)x.joined;
}
